"""How a weight was computed: a dialog with one step of the model's attention."""

import numpy as np
import streamlit as st

from han_core.explanation.anatomy import Anatomy
from han_core.runtime.errors import UserError
from han_core.runtime.messages import current_locale, mark, tr
from han_core.viz.anatomy import anatomy_figure
from pages.explore.analysis import Analysis
from pages.shared import cache, wording
from pages.shared.components import draw_anatomy
from pages.shared.page import plain

TITLE = mark("How was this weight computed?")
STEP = "anatomy_step"
LEVELS = {
    "word": mark("Words within a sentence"),
    "sentence": mark("Sentences within the document"),
}


def ask(start: int | None = None) -> None:
    """Open the dialog in the next run.

    Args:
        start: character of the shown text where the word begins; the strongest word otherwise.
    """
    st.session_state.pop(STEP, None)
    st.session_state["anatomy_asked"] = -1 if start is None else start


def offer(analysis: Analysis) -> None:
    """Draw the button that opens the dialog, and the dialog where it was asked for."""
    st.button(
        tr("How is a weight computed?"),
        key="anatomy",
        type="tertiary",
        on_click=ask,
        help=tr(wording.ANATOMY),
    )
    if (start := st.session_state.pop("anatomy_asked", None)) is not None:
        document = analysis.now.document
        begins = [span.start for span in document.tokens]
        strongest = int(analysis.now.explanation.document_weights.argmax())
        dialog = st.dialog(tr(TITLE), width="large")(_dialog)
        dialog(analysis, begins.index(start) if start in begins else strongest)


def _dialog(analysis: Analysis, token: int) -> None:
    found = cache.anatomy(analysis.question)
    if analysis.tampered is not None:
        st.caption(tr(wording.ANATOMY_TAMPERED))
    sentence = int(analysis.now.explanation.sentence_of_token[token])
    step, segment, item = 0, 0, token
    if len(found.steps) == 2:
        step, segment, item = _place(analysis, found, token, sentence)
    try:
        draw_anatomy(
            anatomy_figure(found, step, segment, item, current_locale()), key="anatomy_figure"
        )
    except UserError as error:
        st.info(plain(str(error)))


def _place(analysis: Analysis, found: Anatomy, token: int, sentence: int) -> tuple[int, int, int]:
    """Draw the choice of the level and the sentence; return step, segment and item."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        level = st.radio(
            tr("Attention over"),
            list(LEVELS),
            format_func=lambda level: tr(LEVELS[level]),
            key=STEP,
            horizontal=True,
        )
        if level == "sentence":
            return 1, 0, sentence
        chosen = st.selectbox(
            tr("Sentence"),
            range(analysis.now.sentences),
            index=sentence,
            format_func=lambda at: wording.sentence_name(analysis.now, at),
            key=f"anatomy_sentence_{token}",
        )
    if chosen == sentence:
        return 0, sentence, token
    words = found.steps[0]
    rows = words.rows(chosen)
    return 0, chosen, int(words.items[rows][np.argmax(words.weights[rows])])
