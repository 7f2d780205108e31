"""The scored data set that every panel of Errors receives, and what all panels share."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import streamlit as st

from han_core.analysis.dataset import Outcomes, Store
from han_core.analysis.filters import Filter, Marks
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from pages.shared.page import restore_value

TROUBLE, WARNING = "coding_trouble", "errors_notice"
KEYS_SCRIPT = Path(__file__).parents[1] / "shared" / "assets" / "keys.js"
_KEYS = st.components.v2.component("hanscope_keys", js=KEYS_SCRIPT.read_text(encoding="utf-8"))


class ErrorsContext(NamedTuple):
    """The scored data set, and the documents that the filter selects.

    Attributes:
        checkpoint: name of the checkpoint; None if it was deleted and only its scores are left.
        other: name of the second checkpoint, or None.
        marks: tags and flags as of now.
        rows: (documents,) rows that the filter selects, ascending.
        outcomes: of these rows.
        analyst: name of the reader, "" if there is none or it is locked.
    """

    checkpoint: str | None
    other: str | None
    device: str
    store: Store
    marks: Marks
    filter: Filter
    rows: np.ndarray
    outcomes: Outcomes
    analyst: str

    @property
    def data(self) -> str:
        """Hash of the documents and their labels."""
        return self.store.scores.manifest.data_sha256


def warn_later(sentence: str) -> None:
    """Show a warning once, above the filter, when the page is next drawn."""
    st.session_state[WARNING] = sentence


def keep_trouble(sentence: str) -> None:
    """Show an error once, where annotations and tags are edited."""
    st.session_state[TROUBLE] = sentence


def attempt(write: Callable[[], object], report: Callable[[str], None] = keep_trouble) -> bool:
    """Call ``write``; if it fails, report the message. Return whether it succeeded."""
    try:
        write()
    except UserError as error:
        report(str(error))
        return False
    return True


def pending_warning() -> str:
    """Return the warning since the page was last drawn, or ""."""
    return st.session_state.pop(WARNING, "")


@contextmanager
def progress_bar(verb: str, every: int = 1) -> Iterator[Callable[[int, int], None]]:
    """Open a bar that shows "``verb`` 3 of 88 documents" until the block ends.

    Args:
        every: number of documents after which it is drawn again.
    """
    bar = st.empty()

    def progress(done: int, of: int) -> None:
        if not done % every:
            bar.progress(
                done / max(1, of),
                tr("{verb} {done:,} of {of:,} documents", verb=verb, done=done, of=of),
            )

    try:
        yield progress
    finally:
        bar.empty()


def two_sentences(first: str, second: str) -> str:
    """Return two messages, one after the other."""
    return tr("{first} {second}", first=tr(first), second=tr(second))


def select_rows(key: str, rows: list[int], **others: list) -> None:
    """Make the table of this key, drawn next, select ``rows`` and ``others``, and nothing else."""
    wanted = {"rows": rows, **others}
    table = st.session_state.get(key)
    if not table or any(wanted.get(name, []) != at for name, at in table["selection"].items()):
        st.session_state[key] = {"selection": wanted}


Choice = TypeVar("Choice", bound=str)


def switch(label: str, names: Mapping[Choice, str], key: str, hidden: bool = False) -> Choice:
    """Draw a row of buttons of which one is always on, and return its value.

    Args:
        names: message that names each value; the first one is on at the start.
        hidden: whether only screen readers get ``label``.
    """
    first = next(iter(names))
    restore_value(key, first, names)
    chosen = st.segmented_control(
        label,
        list(names),
        format_func=lambda value: tr(names[value]),
        key=key,
        required=True,
        wrap=True,
        label_visibility="collapsed" if hidden else "visible",
        persist_state="session",
    )
    return first if chosen is None else chosen


COLUMN_TITLES = {
    "id": mark("id"),
    "label": mark("label"),
    "true": mark("true"),
    "likely": mark("likely"),
    "predicted": mark("predicted"),
    "before": mark("before"),
    "wrong": mark("wrong"),
    "confidence": mark("confidence"),
    "margin": mark("margin"),
    "p_true": mark("p(true)"),
    "loss": mark("loss"),
    "tokens": mark("tokens"),
    "unknown": mark("unknown"),
    "entropy": mark("entropy"),
    "other": mark("second model"),
    "coded": mark("coded"),
    "documents": mark("documents"),
    "excerpt": mark("text"),
}
"""Titles of our own columns of tables of documents; the data's have their names."""


def document_columns() -> dict:
    """Return titles, widths and digits of the columns of a table of scored documents."""
    number = st.column_config.NumberColumn
    formats = {
        "wrong": st.column_config.CheckboxColumn(width="small"),
        "confidence": number(format="%.3f", width=96),
        "margin": number(format="%.3f"),
        "p_true": number(format="%.3f", width="small"),
        "loss": number(format="%.2f", width="small"),
        "tokens": number(format="localized", width="small"),
        "unknown": number(format="percent", width="small"),
        "entropy": number(format="%.2f", width="small"),
        "excerpt": st.column_config.TextColumn(width="large"),
    }
    return {
        name: formats.get(name, st.column_config.Column()) | {"label": tr(title)}
        for name, title in COLUMN_TITLES.items()
    }


def key_listener(
    keys: Mapping[str, str],
    key: str,
    on_press: Callable[[str], None] | None = None,
    elements: Mapping[str, str] | None = None,
) -> str | None:
    """Listen to keys of the keyboard while this is drawn; return the action of the one pressed.

    Args:
        keys: name of a key in browsers ("j", "1", "ArrowLeft"; case counts) → its action.
        key: widget key.
        on_press: called with the action before the next run of the page, as callbacks are.
        elements: name of a key → CSS selector of the field that gets the focus, or of the button
            that is pressed, without a run of the page.
    """

    def pressed() -> None:
        action = st.session_state[key].get("act")
        if isinstance(action, str) and action in keys.values() and on_press is not None:
            on_press(action)

    data = {"keys": dict(keys), "elements": dict(elements or {})}
    action = _KEYS(key=key, data=data, on_act_change=pressed).act
    return action if isinstance(action, str) and action in keys.values() else None
