"""One series: its lines and attention, the prediction, a stretch wiped, and the evidence."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import streamlit as st

from han_core.data.series import SeriesSet
from han_core.explanation.series import (
    DeletionEvidence,
    Fill,
    SeriesExplanation,
    deletion_evidence,
    explain_series,
    wiped,
)
from han_core.models.system_folder import SystemCheckpoint
from han_core.runtime.atomic_io import safe_name
from han_core.runtime.messages import mark, tr
from han_core.viz.series import (
    MOST_LINES,
    VERDICTS,
    around_peak,
    evidence_rows,
    explanation_json,
    prediction_sentence,
    series_figure,
    series_page,
    steps_csv,
)
from pages.series.choose import Chosen, named_stretch, write_address
from pages.shared.components import chart, hooked
from pages.shared.language import in_language
from pages.shared.page import plain, set_value

FILLS: dict[Fill, str] = {"line": mark("A straight line"), "mean": mark("The mean of the rest")}


def show(checkpoint: SystemCheckpoint, chosen: Chosen, second: SystemCheckpoint | None) -> None:
    """Draw everything about one series, and what a second model says of it.

    Raises:
        UserError: if a model reads other channels.
    """
    left, right = st.columns([8, 5], gap="medium")
    panel = _Panel(checkpoint, chosen, "series")
    with right:
        prediction = st.container()
        _evidence(panel)
        wipe = _what_if(chosen.values, panel.explanation.attention, panel.evidence)
        with prediction:
            _prediction(panel, wipe)
        _share(panel)
    with left:
        _figure(panel, wipe)
    names = {"model": checkpoint.name, "second": second.name if second else ""}
    write_address({**names, **chosen.place, "wipe": wipe.name if wipe and chosen.place else ""})
    if second is not None:
        _second(second, chosen, wipe)


def _second(checkpoint: SystemCheckpoint, chosen: Chosen, wipe: "Wipe | None") -> None:
    """Draw a second model below the first: the same series, and the same stretch wiped."""
    st.header(plain(checkpoint.name), anchor=False)
    panel = _Panel(checkpoint, chosen, "series_second")
    left, right = st.columns([8, 5], gap="medium")
    with right:
        _prediction(panel, wipe)
        _evidence(panel)
    with left:
        _figure(panel, wipe)


@dataclass(frozen=True)
class Wipe:
    """What is wiped: first and last step, and the series without them (steps, channels)."""

    start: int
    end: int
    fill: Fill
    values: np.ndarray

    @property
    def name(self) -> str:
        """As the address has it."""
        return f"{self.start}-{self.end}-{self.fill}"


class _Panel:
    """One model on one series.

    Args:
        key: of its widgets, unique on the page.
    """

    def __init__(self, checkpoint: SystemCheckpoint, chosen: Chosen, key: str):
        self.checkpoint, self.chosen, self.key = checkpoint, chosen, key
        self.explanation = self.explain(chosen.values)
        self.evidence = deletion_evidence(checkpoint, chosen.values, self.explanation.attention)

    def explain(self, values: np.ndarray) -> SeriesExplanation:
        data = SeriesSet(self.chosen.name, self.chosen.channels, (values,))
        return explain_series(self.checkpoint, data)[0]


def _figure(panel: _Panel, wipe: Wipe | None) -> None:
    chosen, changed = panel.chosen, None if wipe is None else wipe.values
    attention, top = panel.explanation.attention, panel.evidence.steps
    figure = series_figure(chosen.values, chosen.channels, attention, top, changed)
    testid = f"{panel.key}-figure".replace("_", "-")
    chart(figure, f"{panel.key}_chart", f"{panel.key}_figure", plain(chosen.name),
          tr("The series and the attention over its steps"), testid=testid)  # fmt: skip
    if len(chosen.channels) <= MOST_LINES:
        st.caption(tr("Shaded: the tenth of the steps with most attention."))
        return
    st.caption(
        tr(
            "Shaded: the tenth of the steps with most attention. The first {most} of {count} "
            "channels are drawn.",
            most=MOST_LINES,
            count=len(chosen.channels),
        )
    )


def _what_if(series: np.ndarray, attention: np.ndarray, evidence: DeletionEvidence) -> Wipe | None:
    """Draw what can be wiped; return what is, None where nothing is."""
    if len(series) < 3:
        return None
    st.header(
        tr("Wipe a stretch"),
        help=tr(
            "The steps within are replaced, and the model reads the series again. Steps are "
            "counted from 0."
        ),
        anchor=False,
    )
    last = len(series) - 1
    if named := named_stretch(last):
        set_value("series_wipe", True)
        set_value(f"series_stretch_{last}", named[:2])
        set_value("series_fill", named[2])
    if not st.toggle(tr("Wipe"), key="series_wipe"):
        return None
    st.session_state.setdefault(f"series_stretch_{last}", around_peak(attention, evidence.steps))
    start, end = cast(
        "tuple[int, int]",  # not shown
        st.slider(tr("Steps"), 0, last, key=f"series_stretch_{last}"),
    )
    st.session_state.setdefault("series_fill", "line")
    st.segmented_control(
        tr("Replace by"),
        list(FILLS),
        format_func=lambda fill: tr(FILLS[fill]),
        required=True,
        key="series_fill",
    )
    fill: Fill = st.session_state["series_fill"]
    steps = np.zeros(len(series), bool)
    steps[start : end + 1] = True
    return Wipe(start, end, fill, wiped(series, steps, fill))


def _prediction(panel: _Panel, wipe: Wipe | None) -> None:
    st.header(tr("Prediction"), anchor=False)
    with hooked(_testid(panel, "prediction"), key=f"{panel.key}_prediction"):
        now = prediction_sentence(panel.explanation)
        if wipe is not None:
            now = f"{now} → {prediction_sentence(panel.explain(wipe.values))}"
        st.markdown(f"**{plain(now)}**")
    if panel.chosen.target:
        st.caption(tr("The file says: {target}", target=plain(panel.chosen.target)))


def _testid(panel: _Panel, name: str) -> str:
    """The first model has the ids of every page; the second its own."""
    return name if panel.key == "series" else f"second-{name}"


def _evidence(panel: _Panel) -> None:
    """Draw the verdict and what it rests on."""
    evidence = panel.evidence
    title, sentence = VERDICTS[evidence.verdict]
    st.header(
        tr("Deletion test"),
        anchor=False,
        help=tr(
            "The tenth of the steps that a ranking puts first is replaced by a straight line "
            "between the steps that stay. It is compared with the same pattern of steps "
            "moved to other places."
        ),
    )
    with hooked(_testid(panel, "verdict"), key=f"{panel.key}_verdict"):
        st.markdown(tr("**{title}.** {sentence}", title=tr(title), sentence=tr(sentence)))
    if evidence.count:
        st.table(evidence_rows(evidence, regression=not panel.checkpoint.config.labels))


def _share(panel: _Panel) -> None:
    """Draw the downloads; a file is made when it is asked for."""
    chosen, shown = panel.chosen, (panel.explanation, panel.evidence)
    notes = [f"{panel.checkpoint.name}, {datetime.date.today().isoformat()}."]
    title = tr("{series}: attention of {model}", series=chosen.name, model=panel.checkpoint.name)
    content: dict[str, tuple[Callable[[], bytes], str, str]] = {
        tr("Page (HTML)"): (
            in_language(lambda: series_page(title, notes, chosen.values, chosen.channels, *shown)),
            "html",
            "text/html",
        ),
        tr("Steps (CSV)"): (
            lambda: steps_csv(chosen.values, chosen.channels, panel.explanation.attention),
            "csv",
            "text/csv",
        ),
        tr("Explanation (JSON)"): (lambda: explanation_json(*shown), "json", "application/json"),
    }
    name = safe_name(f"{panel.checkpoint.name}-{chosen.name}")
    with st.popover(tr("Share"), icon=":material/share:", key="series_share"):
        with st.container(horizontal=True):
            for label, (make, ending, mime) in content.items():
                st.download_button(label, make, file_name=f"{name}.{ending}", mime=mime,
                                   on_click="ignore", key=f"series_get_{ending}")  # fmt: skip
        st.caption(
            tr("The address of this page opens the same view.")
            if chosen.place
            else tr("A file of yours is not kept on the server, so no link can open it.")
        )
