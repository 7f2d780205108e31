"""What is looked at on Errors: documents, one checkpoint or two, and who looks."""

from typing import NamedTuple

import streamlit as st

from han_core.analysis.dataset import Store
from han_core.analysis.filters import Marks
from han_core.analysis.sources import Scores, Source
from han_core.runtime.errors import UserError
from pages.errors import cached_scores, filter_bar, links, scoring
from pages.errors.context import ErrorsContext
from pages.shared import cache, controls, data_picker, wording
from pages.shared.page import restore_value
from pages.shared.wording import plain

LONGEST_NAME = 80
NARROWEST = 190  # pixels of a picker


class Asked(NamedTuple):
    """What the pickers say.

    Attributes:
        checkpoint: as its picker says (``scored.present``).
        other: the checkpoint beside the first, None for none.
        analyst: "" if not said.
    """

    source: str
    checkpoint: str
    other: str | None
    device: str
    analyst: str


def asked() -> Asked:
    """The pickers.

    Raises:
        UserError: if there is no checkpoint.
    """
    pickers = st.grid(5, min_column_width=NARROWEST)
    with pickers.cell():
        source = data_picker.source()
    with pickers.cell():
        checkpoint = scoring.checkpoint(source)
    with pickers.cell():
        other = _beside(checkpoint)
    with pickers.cell():
        device = controls.device()
    with pickers.cell():
        analyst = _analyst()
    return Asked(source, checkpoint, other, device, analyst)


def opened(asked: Asked) -> Store | None:
    """The scored documents; None while there is no file, or they are being scored.

    Raises:
        UserError: as ``labelled.documents`` and ``scored.scored`` do.
    """
    documents = data_picker.documents(asked.source)
    if documents is None:
        return None
    scores = scoring.scored(asked.checkpoint, asked.device, documents)
    if scores is None:
        return None
    store = _with_other(asked, scores, documents)
    links.arrive(store)
    return store


def bench(asked: Asked, store: Store) -> ErrorsContext:
    """What the panels are given: the filter bar is drawn, and what it leaves is found."""
    there = marks()
    filter, rows, outcomes = filter_bar.bar(store, there, asked.analyst)
    return ErrorsContext(
        checkpoint=scoring.present(asked.checkpoint),
        other=asked.other if store.other is not None else None,
        device=asked.device,
        store=store,
        marks=there,
        filter=filter,
        rows=rows,
        outcomes=outcomes,
        analyst=asked.analyst,
    )


def marks() -> Marks:
    """What is marked now; nothing, with the reason, where the notes cannot be read."""
    from han_core.analysis.annotations.agreement import marks

    try:
        return marks(cached_scores.notes())
    except UserError as error:
        st.error(plain(str(error)))
        return Marks()


def _with_other(asked: Asked, scores: Scores, documents: Source) -> Store:
    """The store with the second model's scores, once they are whole and fit."""
    if asked.other is None:
        return cached_scores.store(scores)
    try:
        other = scoring.scored(asked.other, asked.device, documents, beside=True)
        return cached_scores.store(scores, other)
    except UserError as error:
        st.error(plain(str(error)))
        return cached_scores.store(scores)


def _beside(checkpoint: str) -> str | None:
    """The picker of the second checkpoint."""
    there = {name: one for name, one in cache.listings().items() if name != checkpoint}
    if st.session_state.get("beside") not in there:
        st.session_state["beside"] = None
    restore_value("beside", None)
    return st.selectbox(
        "Beside it",
        list(there),
        index=None,
        format_func=lambda name: wording.short_name(there[name]),
        placeholder="No second one",
        key="beside",
        persist_state="session",
    )


def _analyst() -> str:
    """Who is at work; tags and notes carry this name."""
    restore_value("analyst", "")
    said = st.text_input(
        "Your name",
        key="analyst",
        max_chars=LONGEST_NAME,
        placeholder="For tags and notes",
        persist_state="session",
    )
    return " ".join(said.split())
