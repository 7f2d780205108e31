"""The document that is read on Errors: steps and keys, heatmap, annotations, folded evidence.

While reading, a document can be added to the report of the view Export; this collection lasts as
long as the session, for each data set separately.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import streamlit as st

from han_core.analysis.annotations.agreement import tagged_documents
from han_core.analysis.document_table import ScoredDocument, read_document, stored_explanation
from han_core.explanation.explanation import Explanation
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.viz.markup import chance, html_text
from pages.errors import (
    annotation_editor,
    annotation_sentences,
    bulk_tags,
    cached_scores,
    neighbours,
    selection,
    sentences,
)
from pages.errors.context import ErrorsContext, key_listener, warn_later
from pages.errors.selection import Position
from pages.shared import cache, explanation_panels
from pages.shared.wording import plain

COLLECTED = "errors_collected"
FORWARD, BACK, SELECT, UNTAGGED = "next", "previous", "select", "untagged"
KEYS = {"j": FORWARD, "ArrowRight": FORWARD, "k": BACK, "ArrowLeft": BACK, "u": UNTAGGED}
ELEMENTS = {
    "n": ".st-key-coding_note textarea",  # not shown
    "?": ".st-key-errors_keys button",  # not shown
}
"""Keys that put the focus into a field, or press a button, without a run of the page."""
LIKELIEST = 3  # classes with their probabilities
NARROW = 34  # columns of a sentence above its bar: all that a pane leaves


def panel(errors: ErrorsContext, order: np.ndarray, now: Position, selects: bool = False) -> None:
    """Draw the document at ``now``, its annotations and its heatmap; evidence is folded.

    Args:
        selects: whether the list beside it has documents that can be selected.
    """
    document = read_document(errors.store, now.row)
    go = _goer(errors, order, now)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _steps(order, now, go)
        _keys_popover(selects)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(tr("Document {id}", id=plain(document.id)), anchor=False, width="stretch")
        collect_button(errors, document)
    st.html(answer_line(document, errors.store.labels))
    explanation = _explanation(errors, document)
    text = st.container()
    annotation_editor.panel(errors, document, lambda: go(FORWARD))
    with st.expander(tr("Colours of the words")):
        colour = explanation_panels.attention_colour(explanation)
    with text:
        explanation_panels.words(explanation, colour)
    _folded(errors, document, explanation)
    st.caption(figures_line(document))
    key_listener(
        _listened(KEYS | ({"x": SELECT} if selects else {})),
        key="reading_keys",
        on_press=go,
        elements=_listened(ELEMENTS),
    )


def _folded(errors: ErrorsContext, document: ScoredDocument, explanation: Explanation) -> None:
    """What takes long or much room; none of it is made before it is opened."""
    checkpoint = errors.checkpoint
    with _fold(tr("Sentences"), "sentences") as fold:
        if fold.open:
            explanation_panels.sentences([("", explanation)], NARROW)
    if checkpoint is not None:
        with _fold(tr("Evidence"), "evidence") as fold:
            if fold.open:
                question = cache.Question(checkpoint, errors.device, document.text)
                explanation_panels.evidence(question)
    with _fold(tr("Documents like this one"), "nearest") as fold:
        if fold.open:
            neighbours.panel(errors, document)


def _fold(title: str, name: str):
    return st.expander(title, on_change="rerun", key=f"errors_fold_{name}")


def _listened(keys: Mapping[str, str]) -> dict[str, str]:
    """The page's keys; one that somebody gave to a tag is the tag's."""
    taken = annotation_editor.keys_of_tags()
    return {key: action for key, action in keys.items() if key not in taken}


def answer_line(document: ScoredDocument, labels: Sequence[str]) -> str:
    """Return true class, prediction, the next likeliest classes and the second model, as HTML."""
    likeliest = np.argsort(-document.probabilities, kind="stable")[1:LIKELIEST]
    predicted = f'<strong data-testid="prediction">{html_text(document.predicted)}</strong>'
    answers = [(predicted, document.confidence)]
    answers += [(html_text(labels[at]), float(document.probabilities[at])) for at in likeliest]
    ranked = tr(", then ").join(f"{name} {html_text(chance(share))}" for name, share in answers)
    parts = [
        tr("True class {label}", label=f"<b>{html_text(document.true)}</b>"),
        tr("{mark} predicted {classes}", mark=_mark(document.right), classes=ranked),
    ]
    if document.other is not None:
        is_right = document.other == document.true
        other = f"<b>{html_text(document.other)}</b>"
        parts.append(tr("{mark} second model: {label}", mark=_mark(is_right), label=other))
    return f"<p>{' · '.join(parts)}</p>"


def _mark(is_right: bool) -> str:
    if is_right:
        return '<span style="color:light-dark(#1c6b35,#8fd6a4)">✓</span>'
    return '<span style="color:light-dark(#a3241c,#f39b93)">✗</span>'


def figures_line(document: ScoredDocument) -> str:
    """Return confidence, loss and the data's own columns in one line, as Markdown."""
    numbers = tr(
        "Confidence {confidence:.3f} · loss {loss:.3f}",
        confidence=document.confidence,
        loss=document.loss,
    )
    own = [f"{plain(name)}: {plain(str(cell))}" for name, cell in document.columns.items()]
    return " · ".join([numbers, *own])


def place_line(now: Position, of: int) -> str:
    """Return "3 of 88", or that the document no longer fits the filter."""
    if now.within:
        return tr("{number:,} of {of:,}", number=now.at + 1, of=of)
    return tr(
        "This document no longer fits the filter ({of:,} do). It stays until you go on.", of=of
    )


def _goer(errors: ErrorsContext, order: np.ndarray, now: Position) -> Callable[[str], None]:
    """What a button or key does: go on, go back, select, or go to the next untagged document."""
    filter = selection.current()

    def go(action: str) -> None:
        if selection.current() != filter:
            return  # a key came before the new list was drawn
        if action == SELECT:
            bulk_tags.toggle(errors.data, now.row)
        elif action == UNTAGGED:
            _go_to_untagged(errors, order, now)
        else:
            selection.step(errors.data, order, now, action == FORWARD)

    return go


def _go_to_untagged(errors: ErrorsContext, order: np.ndarray, now: Position) -> None:
    """Go to the next document without a tag by this analyst, or by anybody without a name."""
    try:
        contents = tagged_documents(cached_scores.notes(), errors.analyst or None)
    except UserError as error:
        warn_later(str(error))
        return
    tagged = errors.store.documents.rows_of(contents)
    at = selection.next_without(order, tagged, now.at + 1)
    if at is None:
        warn_later(tr(annotation_sentences.ALL_TAGGED))
    else:
        selection.go_to(errors.data, order[at], at)


def _steps(order: np.ndarray, now: Position, go: Callable[[str], None]) -> None:
    """Previous and next, and the place in the order."""
    following = now.at + (1 if now.within else 0)
    st.button(tr("◀ Previous"), key="previous_error", on_click=go, args=(BACK,),
              disabled=now.at < 1, help=tr("Key k or ←"))  # fmt: skip
    st.button(tr("Next ▶"), key="next_error", on_click=go, args=(FORWARD,),
              disabled=following >= len(order), help=tr("Key j or →"))  # fmt: skip
    st.caption(place_line(now, len(order)), width="stretch")


def _keys_popover(selects: bool) -> None:
    with st.popover(tr("Keys"), icon=":material/keyboard:", key="errors_keys", help=tr("Key ?")):
        st.markdown(annotation_sentences.keys_table(selects))


def _explanation(errors: ErrorsContext, document: ScoredDocument) -> Explanation:
    """By the model as it is now; as it was stored if the checkpoint was deleted."""
    if errors.checkpoint is not None:
        question = cache.Question(errors.checkpoint, errors.device, document.text)
        return cache.probe(question).explanation
    st.caption(tr(sentences.CHECKPOINT_DELETED))
    return stored_explanation(document, errors.store.labels)


def collect_button(errors: ErrorsContext, document: ScoredDocument) -> None:
    """Draw the button that puts the document into the report, or removes it."""
    collected = document.row in collected_rows(errors)
    st.button(
        tr("Remove from the report") if collected else tr("Add to the report"),
        key="collect",
        type="tertiary",
        icon=":material/bookmark_remove:" if collected else ":material/bookmark_add:",
        on_click=_toggle,
        args=(errors.data, document.row),
        help=tr("The view Export makes a report of these documents."),
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
