"""One series: its lines and attention, the prediction, a stretch wiped, and the evidence."""

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
from han_core.viz.series import (
    MOST_LINES,
    VERDICTS,
    around_peak,
    evidence_rows,
    prediction_sentence,
    series_figure,
)
from pages.series.choose import Chosen
from pages.shared.components import chart, hooked
from pages.shared.page import plain

FILLS: dict[Fill, str] = {"line": "A straight line", "mean": "The mean of the rest"}


def show(checkpoint: SystemCheckpoint, chosen: Chosen) -> None:
    """Draw everything about one series.

    Raises:
        UserError: if the model reads other channels.
    """
    explanation = _explain(checkpoint, chosen, chosen.values)
    evidence = deletion_evidence(checkpoint, chosen.values, explanation.attention)
    left, right = st.columns([8, 5], gap="medium")
    with right:
        prediction = st.container()
        _evidence(evidence, regression=not checkpoint.config.labels)
        changed = _what_if(chosen.values, explanation.attention, evidence)
        after = None if changed is None else _explain(checkpoint, chosen, changed)
        with prediction:
            _prediction(chosen, explanation, after)
    with left:
        figure = series_figure(
            chosen.values, chosen.channels, explanation.attention, evidence.steps, changed
        )
        chart(figure, "series_chart", "series_figure", plain(chosen.name), "The series and the "
              "attention over its steps", testid="series-figure")  # fmt: skip
        st.caption(
            "Shaded: the tenth of the steps with most attention."
            + (
                f" The first {MOST_LINES} of {len(chosen.channels)} channels are drawn."
                if len(chosen.channels) > MOST_LINES
                else ""
            )
        )


def _explain(checkpoint: SystemCheckpoint, chosen: Chosen, values: np.ndarray) -> SeriesExplanation:
    return explain_series(checkpoint, SeriesSet(chosen.name, chosen.channels, (values,)))[0]


def _what_if(
    series: np.ndarray, attention: np.ndarray, evidence: DeletionEvidence
) -> np.ndarray | None:
    """Draw what can be wiped; return the series without it, None where nothing is."""
    if len(series) < 3:
        return None
    st.header("Wipe a stretch", help="The steps within are replaced, and the model reads the "
                 "series again. Steps are counted from 0.", anchor=False)  # fmt: skip
    if not st.toggle("Wipe", key="series_wipe"):
        return None
    last = len(series) - 1
    start, end = st.slider(
        "Steps", 0, last, around_peak(attention, evidence.steps), key=f"series_stretch_{last}"
    )
    fill = st.segmented_control(
        "Replace by", list(FILLS), default="line", format_func=FILLS.__getitem__,
        required=True, key="series_fill",
    )  # fmt: skip
    steps = np.zeros(len(series), bool)
    steps[start : end + 1] = True
    return wiped(series, steps, fill)


def _prediction(
    chosen: Chosen, explanation: SeriesExplanation, after: SeriesExplanation | None
) -> None:
    st.header("Prediction", anchor=False)
    with hooked("prediction", key="series_prediction"):
        now = prediction_sentence(explanation)
        if after is not None:
            now = f"{now} → {prediction_sentence(after)}"
        st.markdown(f"**{plain(now)}**")
    if chosen.target:
        st.caption(f"The file says: {plain(chosen.target)}")


def _evidence(evidence: DeletionEvidence, regression: bool) -> None:
    """Draw the verdict and what it rests on."""
    title, sentence = VERDICTS[evidence.verdict]
    st.header("Deletion test", anchor=False, help="The tenth of the steps that a ranking puts "
                 "first is replaced by a straight line between the steps that stay. It is compared "
                 "with the same pattern of steps moved to other places.")  # fmt: skip
    with hooked("verdict", key="series_verdict"):
        st.markdown(f"**{title}.** {sentence}")
    if evidence.count:
        st.table(evidence_rows(evidence, regression))
