"""The document that is being read: next and previous, its figures, its annotations.

A reader can also collect documents here for the report of the view Export. They last as long as
the session, for each data set separately.
"""

import numpy as np
import streamlit as st

from han_core.analysis.document_table import ScoredDocument, read_document, stored_explanation
from han_core.explanation.explanation import Explanation
from pages.errors import annotation_editor, cross_filter, cursor, neighbours, sentences
from pages.errors.context import ErrorsContext, key_listener
from pages.errors.cursor import Position
from pages.shared import cache, explanation_panels
from pages.shared.wording import plain

COLLECTED = "errors_collected"
FORWARD, BACK = "next", "previous"
KEYS = {"j": FORWARD, "ArrowRight": FORWARD, "k": BACK, "ArrowLeft": BACK}
NARROW = 34  # columns of a sentence above its bar: all that a window of 900 pixels leaves here


def panel(errors: ErrorsContext, order: np.ndarray, now: Position) -> None:
    """Draw the document at ``now``, its annotations, and the training documents nearest to it."""
    document = read_document(errors.store, now.row)
    with st.container(horizontal=True, vertical_alignment="center"):
        _steps(errors, order, now)
        collect_button(errors, document)
    st.subheader(f"Document {plain(document.id)}", anchor=False)
    st.markdown(heading(document))
    st.caption(figures_line(document))
    left, right = st.columns([3, 2], gap="large")
    with right:  # before the figures, which take longer: nobody waits for them to write
        annotation_editor.panel(errors, document)
    explanation = _explanation(errors, document)
    with left:
        explanation_panels.prediction(explanation)
        st.subheader("Words", anchor=False)
        explanation_panels.words(explanation, explanation_panels.attention_colour(explanation))
    with right:
        explanation_panels.sentences([("", explanation)], NARROW)
    if errors.checkpoint is not None:
        explanation_panels.evidence(cache.Question(errors.checkpoint, errors.device, document.text))
    neighbours.panel(errors, document)


def heading(document: ScoredDocument) -> str:
    """Return true and predicted class, and the second model's prediction, as Markdown."""
    first = _coloured(document.predicted, document.true)
    line = f"True class **{plain(document.true)}**, predicted {first}"
    if document.other is None:
        return line
    return f"{line}, by the second model {_coloured(document.other, document.true)}"


def figures_line(document: ScoredDocument) -> str:
    """Return confidence, loss and the data's own columns in one line, as Markdown."""
    numbers = f"Confidence {document.confidence:.3f} · loss {document.loss:.3f}"
    own = [f"{plain(name)}: {plain(str(cell))}" for name, cell in document.columns.items()]
    return " · ".join([numbers, *own])


def place_line(now: Position, of: int) -> str:
    """Return "3 of 88", or that the document no longer fits the filter."""
    if now.within:
        return f"{now.at + 1:,} of {of:,}"
    return f"This document no longer fits the filter ({of:,} do). It stays until you go on."


def _coloured(predicted: str, true: str) -> str:
    return f":{'green' if predicted == true else 'red'}[**{plain(predicted)}**]"


def _steps(errors: ErrorsContext, order: np.ndarray, now: Position) -> None:
    """Previous and next, by button and key, and the place in the order."""
    filter = cross_filter.current()

    def go(action: str) -> None:
        if cross_filter.current() == filter:  # else a key came before the new list was drawn
            cursor.step(errors.data, order, now, action == FORWARD)

    following = now.at + (1 if now.within else 0)
    st.button("◀ Previous", key="previous_error", on_click=go, args=(BACK,),
              disabled=now.at < 1, help="Key k or ←")  # fmt: skip
    st.button("Next ▶", key="next_error", on_click=go, args=(FORWARD,),
              disabled=following >= len(order), help="Key j or →")  # fmt: skip
    st.caption(place_line(now, len(order)), width="stretch")
    key_listener(KEYS, key="reading_keys", on_press=go)


def _explanation(errors: ErrorsContext, document: ScoredDocument) -> Explanation:
    """By the model as it is now; as it was stored if the checkpoint was deleted."""
    if errors.checkpoint is not None:
        question = cache.Question(errors.checkpoint, errors.device, document.text)
        return cache.probe(question).explanation
    st.caption(sentences.CHECKPOINT_DELETED)
    return stored_explanation(document, errors.store.labels)


def collect_button(errors: ErrorsContext, document: ScoredDocument) -> None:
    """Draw the button that puts the document into the report, or removes it."""
    collected = document.row in collected_rows(errors)
    st.button(
        "Remove from the report" if collected else "Add to the report",
        key="collect",
        icon=":material/bookmark_remove:" if collected else ":material/bookmark_add:",
        on_click=_toggle,
        args=(errors.data, document.row),
        help="The view Export makes a report of these documents.",
    )


def collected_rows(errors: ErrorsContext) -> list[int]:
    """Return rows of the store, in the order in which they were collected."""
    return st.session_state.get(COLLECTED, {}).get(errors.data, [])


def clear_collected(errors: ErrorsContext) -> None:
    """Empty the collection; made to be a callback."""
    st.session_state.get(COLLECTED, {}).pop(errors.data, None)


def _toggle(data: str, row: int) -> None:
    collections = st.session_state.setdefault(COLLECTED, {})
    rows = collections.get(data, [])
    collections[data] = [one for one in rows if one != row] if row in rows else [*rows, row]
