"""The documents that somebody put aside while reading, to stand in a report.

They last as long as the session, for each data set by itself. It knows nothing about reports.

The document that is being read: its way to the next one, what came of it, its picture.
"""

import numpy as np
import streamlit as st

from han_core.analysis.document_table import ScoredDocument, read_document, stored_explanation
from han_core.explanation.explanation import Explanation
from pages.errors import context, neighbours, sentences, tag_editor
from pages.errors.context import ErrorsContext
from pages.shared import cache, explanation_panels
from pages.shared.wording import plain

COLLECTED = "errors_collected"


def beside(bench: ErrorsContext, reading: ScoredDocument) -> None:
    """The button under the document that is read."""
    data, there = _data(bench), reading.row in rows(bench)
    st.button(
        "Take out of the report" if there else "Put into the report",
        key="collect",
        icon=":material/bookmark_remove:" if there else ":material/bookmark_add:",
        on_click=_toggle,
        args=(data, reading.row),
        help="The view Take away makes a page of these documents.",
    )


def rows(bench: ErrorsContext) -> list[int]:
    """Rows of the store, in the order in which they were put aside."""
    return st.session_state.get(COLLECTED, {}).get(_data(bench), [])


def clear(bench: ErrorsContext) -> None:
    """None of them any longer; made to be a callback."""
    st.session_state.get(COLLECTED, {}).pop(_data(bench), None)


def _toggle(data: str, row: int) -> None:
    held = st.session_state.setdefault(COLLECTED, {})
    before = held.get(data, [])
    held[data] = [one for one in before if one != row] if row in before else [*before, row]


def _data(bench: ErrorsContext) -> str:
    return bench.store.scores.manifest.data_sha256


FORWARD, BACK = "next", "previous"
NARROW = 34  # columns of a sentence above its bar: all that a window of 900 pixels leaves here
KEYS = {"j": FORWARD, "ArrowRight": FORWARD, "k": BACK, "ArrowLeft": BACK}


def panel(bench: ErrorsContext, order: np.ndarray, now: context.Here) -> None:
    """The document at ``now``, coding beside it, and the training documents nearest to it."""
    read = read_document(bench.store, now.row)
    with st.container(horizontal=True, vertical_alignment="center"):
        _way(bench, order, now)
        beside(bench, read)
    st.subheader(f"Document {plain(read.id)}", anchor=False)
    st.markdown(heading(read))
    st.caption(figures_line(read))
    words, said = st.columns([3, 2], gap="large")
    with said:  # first: figures take their time, and nobody waits for them to write
        tag_editor.beside(bench, read)
    shown = _explanation(bench, read)
    with words:
        explanation_panels.prediction(shown)
        st.subheader("Words", anchor=False)
        explanation_panels.words(shown, explanation_panels.attention_colour(shown))
    with said:
        explanation_panels.sentences([("", shown)], NARROW)
    if bench.checkpoint is not None:
        explanation_panels.evidence(cache.Question(bench.checkpoint, bench.device, read.text))
    neighbours.beside(bench, read)


def heading(read: ScoredDocument) -> str:
    """True class, predicted class, and the second model's, as Markdown."""
    said = f"True **{plain(read.true)}**, predicted {_coloured(read.predicted, read.true)}"
    if read.other is None:
        return said
    return f"{said}, by the second model {_coloured(read.other, read.true)}"


def figures_line(read: ScoredDocument) -> str:
    """The numbers and the data's own columns in one line, as Markdown."""
    numbers = f"Confidence {read.confidence:.3f} · loss {read.loss:.3f}"
    own = [f"{plain(name)}: {plain(str(cell))}" for name, cell in read.columns.items()]
    return " · ".join([numbers, *own])


def _coloured(predicted: str, true: str) -> str:
    return f":{'green' if predicted == true else 'red'}[**{plain(predicted)}**]"


def _way(bench: ErrorsContext, order: np.ndarray, now: context.Here) -> None:
    """Previous and next, by button and key, and where one is."""
    data, held = bench.store.scores.manifest.data_sha256, context.current()

    def go(action: str) -> None:
        if context.current() == held:  # else a key came before the new list was drawn
            context.step(data, order, now, action == FORWARD)

    after = now.at + (1 if now.within else 0)
    st.button("◀ Previous", key="previous_error", on_click=go, args=(BACK,),
              disabled=now.at < 1, help="Key k or ←")  # fmt: skip
    st.button("Next ▶", key="next_error", on_click=go, args=(FORWARD,),
              disabled=after >= len(order), help="Key j or →")  # fmt: skip
    st.caption(where(now, len(order)), width="stretch")
    tag_editor.listener(KEYS, key="reading_keys", on_press=go)


def where(now: context.Here, of: int) -> str:
    """ "3 of 88", or that the document has left the filter."""
    if now.within:
        return f"{now.at + 1:,} of {of:,}"
    return f"No longer under this filter, which leaves {of:,}; it stays until you go on."


def _explanation(bench: ErrorsContext, read: ScoredDocument) -> Explanation:
    """As the model sees it now; as it was stored where the model is gone."""
    if bench.checkpoint is not None:
        question = cache.Question(bench.checkpoint, bench.device, read.text)
        return cache.probe(question).explanation

    st.caption(sentences.GONE)
    return stored_explanation(read, bench.store.labels)
