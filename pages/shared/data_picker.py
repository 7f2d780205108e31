"""The picker of labelled documents: bundled, scored before, your own file, or the hub."""

import time

import streamlit as st

from han_core.analysis.score_cache import CachedScores
from han_core.analysis.sources import Source, source_of
from han_core.data.hub import HubName
from han_core.data.table import Table
from pages.shared import files
from pages.shared.page import plain, restore_value

UPLOAD, HUB, KEPT = "upload", "hub", "kept:"
BUNDLED = {
    "bundled:classroom@test": "Classroom, English, test",
    "bundled:classroom@train": "Classroom, English, train",
    "bundled:classroom/zh@all": "Classroom, Chinese, all",
    "bundled:classroom/all@all": "Classroom, everything",
}
OWN = {UPLOAD: "Your own file", HUB: "A data set on the Hugging Face hub"}


def source() -> str:
    """Draw the picker; return a bundled spec, ``UPLOAD``, ``HUB``, or ``KEPT`` with a hash.

    The hash is the ``data_sha256`` of documents that were scored before.
    """
    _follow()
    options = BUNDLED | {KEPT + sha256: title for sha256, title in before().items()} | OWN
    if st.session_state.get("source", UPLOAD) not in options:
        st.warning("The scores of these documents were deleted. Choose documents again.")
        st.session_state["source"] = next(iter(options))
    restore_value("source", next(iter(options)))
    return st.selectbox(
        "Documents",
        list(options),
        format_func=lambda spec: options.get(spec, spec),
        key="source",
        persist_state="session",
    )


def documents(source: str) -> Source | None:
    """Draw what else the choice needs, and return the documents; None without a file.

    Raises:
        UserError: if the file cannot be read.
    """
    if source == UPLOAD:
        return _upload()
    if source == HUB:
        return _of_hub()
    if source.startswith(KEPT):
        return _anew(kept_of(source)[0].origin.source)
    return source_of(source)


def before() -> dict[str, str]:
    """Return data hash → name of own documents scored before, the latest first."""
    found: dict[str, CachedScores] = {}
    for each in files.list_scores():
        if each.origin.source.data not in BUNDLED:
            found.setdefault(each.scores.manifest.data_sha256, each)
    names = [each.origin.source.name for each in found.values()]
    return {
        sha256: before_name(each, alone=names.count(each.origin.source.name) == 1)
        for sha256, each in found.items()
    }


def before_name(kept: CachedScores, alone: bool) -> str:
    """Return one line for the picker; with the time of scoring where names are equal."""
    rows = f"{kept.scores.manifest.rows:,} documents"
    when = "" if alone else time.strftime(", %d %B %Y, %H:%M", time.localtime(kept.origin.at))
    return f"Scored before: {kept.origin.source.name} ({rows}{when})"


def take_anew(source: Source) -> None:
    """Use the file of ``source`` as it is now, not as it was when it was scored."""
    anew = st.session_state.get("source_anew", ())
    st.session_state["source_anew"] = (*anew, source)


def _follow() -> None:
    """Switch to the file as it is now, once it has been scored."""
    if not (held := kept_of(st.session_state.get("source", ""))):
        return
    was = held[0].origin.source
    if (now := _anew(was)) != was:
        for each in files.list_scores():
            if each.origin.source.same_as(now):
                st.session_state["source"] = KEPT + each.scores.manifest.data_sha256


def _anew(source: Source) -> Source:
    if source not in st.session_state.get("source_anew", ()):
        return source
    return source_of(source.data, source.text_column, source.label_column)


def kept_of(source: str) -> list[CachedScores]:
    """Return stored scores of the documents that the picker names, last used first."""
    sha256 = source.removeprefix(KEPT)
    return [
        each
        for each in files.list_scores()
        if sha256 == each.scores.manifest.data_sha256 or source == each.origin.source.data
    ]


def _upload() -> Source | None:
    uploaded = files.upload("upload", "CSV, TSV, JSONL or Parquet")
    if uploaded is None:
        st.caption("A file with a column of texts and a column of labels is expected.")
        return None
    columns = _columns(files.table(uploaded[1]))
    return source_of(files.as_messages("messages", uploaded[1]), *columns)


def _of_hub() -> Source | None:
    name = _typed("hub_data", "Name: OWNER/NAME, with /CONFIG and @SPLIT where it has several", "")
    columns = st.columns(2)
    with columns[0]:
        text = _typed("hub_text_column", "Column of the texts", "text")
    with columns[1]:
        label = _typed("hub_label_column", "Column of the labels", "label")
    if not name:
        st.caption("It is downloaded once, in the background.")
        return None
    spec = name if name.startswith("hf:") else f"hf:{name}"
    HubName.parse(spec)
    return source_of(spec, text, label)


def _typed(key: str, title: str, usual: str) -> str:
    restore_value(key, usual)
    return st.text_input(title, key=key, max_chars=300, persist_state="session").strip()


def guessed_column(columns: tuple[str, ...], name: str, otherwise: int) -> str:
    """Return the column called ``name`` in any case, else number ``otherwise``, else the last."""
    alike = [column for column in columns if column.strip().casefold() == name]
    return alike[0] if alike else columns[min(otherwise, len(columns) - 1)]


def _columns(table: Table) -> tuple[str, str]:
    """Draw the pickers of the two columns."""
    st.caption(f"{plain(table.name)}: {table.rows:,} rows.")
    pickers = st.columns(2)
    with pickers[0]:
        text = _column(table, "text", "Column of the texts", 0)
    with pickers[1]:
        label = _column(table, "label", "Column of the labels", 1)
    return text, label


def _column(table: Table, name: str, title: str, otherwise: int) -> str:
    guess = guessed_column(table.columns, name, otherwise)
    key = f"{name}_column"
    if st.session_state.get(key) not in table.columns:
        st.session_state[key] = guess  # another file
    restore_value(key, guess)
    return st.selectbox(title, table.columns, key=key, persist_state="session")
