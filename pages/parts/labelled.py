"""The choice of labelled documents: a bundled part, or a file of one's own.

An upload stays for the session, because a file picker forgets its file when the
page changes.
"""

import hashlib
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import files
from pages.parts.kept import carry
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.corpora.corpus import Corpus
    from han_core.corpora.table import Table

UPLOAD = "upload"
SOURCES = {
    "bundled:classroom@test": "Classroom, English, test",
    "bundled:classroom@train": "Classroom, English, train",
    "bundled:classroom/zh@all": "Classroom, Chinese, all",
    "bundled:classroom/all@all": "Classroom, all of it",
    UPLOAD: "A file of my own",
}
KINDS = ["csv", "tsv", "jsonl", "parquet"]


def source() -> str:
    """What the picker says: a bundled part's spec, or ``UPLOAD``."""
    carry("source", next(iter(SOURCES)))
    return st.selectbox(
        "Documents",
        list(SOURCES),
        format_func=lambda spec: SOURCES[spec],
        key="source",
        persist_state="session",
    )


def labelled(source: str) -> "tuple[str, Corpus] | None":
    """(a key that says all that they were made from, the documents); None without a file.

    Raises:
        WrongInput: if the file cannot be read, or the columns do not fit.
    """
    if source != UPLOAD:
        return source, files.bundled(source)
    st.file_uploader("CSV, TSV, JSONL or Parquet", type=KINDS, key="upload", on_change=_take_file)
    if "uploaded" not in st.session_state:
        st.caption("A file needs a column with texts and one with their labels.")
        return None
    name, data = st.session_state["uploaded"]
    table = files.uploaded(data, name)
    text, label = _columns(table)
    return corpus_key(data, text, label), corpus_of(table, text, label)


def corpus_of(table: "Table", text: str, label: str) -> "Corpus":
    from han_core.corpora.corpus import corpus_from_table

    return corpus_from_table(table, text, label)


def corpus_key(data: bytes, text: str, label: str) -> str:
    return repr((hashlib.sha256(data).hexdigest(), text, label))


def guessed_column(columns: tuple[str, ...], name: str, otherwise: int) -> str:
    """The column called ``name`` in any case, else the one at ``otherwise``, else the last."""
    alike = [column for column in columns if column.strip().casefold() == name]
    return alike[0] if alike else columns[min(otherwise, len(columns) - 1)]


def _take_file() -> None:
    file = st.session_state["upload"]
    if file is None:
        st.session_state.pop("uploaded", None)
    else:
        st.session_state["uploaded"] = (file.name, file.getvalue())


def _columns(table: "Table") -> tuple[str, str]:
    """The pickers of the two columns."""
    st.caption(f"{plain(table.name)}: {table.rows:,} rows.")
    pickers = st.columns(2)
    with pickers[0]:
        text = _column(table, "text", "Column of the texts", 0)
    with pickers[1]:
        label = _column(table, "label", "Column of the labels", 1)
    return text, label


def _column(table: "Table", name: str, title: str, otherwise: int) -> str:
    guess = guessed_column(table.columns, name, otherwise)
    key = f"{name}_column"
    if st.session_state.get(key) not in table.columns:
        st.session_state[key] = guess  # another file
    carry(key, guess)
    return st.selectbox(title, table.columns, key=key, persist_state="session")
