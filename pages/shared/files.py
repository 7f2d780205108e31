"""Files, bundled corpora and stored scores, read once for everybody; and uploads.

Bounded, and keyed by content. Tables and corpora are shared without copies: they do not
change, and may lie in a mapped file.
"""

import streamlit as st

from han_core.analysis import score_cache
from han_core.data.corpus import Corpus, read_corpus, read_file
from han_core.data.table import Table
from han_core.data.text_files import PREFIX, PastedTexts, read_pasted_file
from han_core.data.uploads import LARGEST_STORE, store_upload
from han_core.runtime.paths import scores_root
from han_core.training.runs.manage import forget_unused_uploads
from pages.shared.page import restore_value
from pages.shared.wording import example_name


@st.cache_resource(max_entries=8, show_spinner=False)
def bundled(spec: str) -> Corpus:
    return read_corpus(spec)


@st.cache_resource(max_entries=2, show_spinner=False)
def examples(spec: str) -> dict[str, tuple[str, str]]:
    """Return id → (name for a picker, text) of a bundled corpus."""
    corpus = bundled(spec)
    rows = zip(corpus.ids, corpus.extra["topic"], corpus.extra["tags"], corpus.texts, strict=True)
    return {id: (example_name(topic, tags, text), text) for id, topic, tags, text in rows}


@st.cache_resource(max_entries=8, show_spinner="Reading the file …")
def table(spec: str) -> Table:
    """Return the columns of a file on this machine.

    Raises:
        UserError: if it cannot be read.
    """
    return read_file(spec)


@st.cache_data(max_entries=4, show_spinner="Reading the file …")
def texts(data: bytes, filename: str) -> PastedTexts:
    return read_pasted_file(data, filename)


def list_scores() -> list[score_cache.CachedScores]:
    """Return stored scores, as they were at most two seconds ago, last used first."""
    return _list_scores(str(scores_root()))


def forget_scores() -> None:
    """List stored scores anew, after some were stored or deleted."""
    _list_scores.clear()


@st.cache_resource(ttl=2, max_entries=2, show_spinner=False)
def _list_scores(root: str) -> list[score_cache.CachedScores]:
    return score_cache.list_scores()


KINDS = ["csv", "tsv", "jsonl", "parquet"]


def upload(key: str, title: str) -> tuple[str, str] | None:
    """Draw an upload; return the name of the file and its spec, kept for the session.

    Raises:
        UserError: if it cannot be read; the file before it stays.
    """
    held = f"{key}_kept"

    def changed() -> None:
        if st.session_state[key] is None:
            st.session_state.pop(held, None)

    file = st.file_uploader(title, type=KINDS, key=key, on_change=changed)
    if file is not None:
        before = st.session_state.get(held)
        if before is None or before[2] != file.file_id:
            spec = _keep(file)
            st.session_state[held] = (file.name, spec, file.file_id)
    if held not in st.session_state:
        return None
    name, spec, _ = st.session_state[held]
    return name, spec


def as_messages(key: str, spec: str) -> str:
    """Draw the switch for raw messages, and return the spec that reads them so."""
    restore_value(key, False)
    raw = st.checkbox(
        "Raw messages", key=key, persist_state="session",
        help="For mail or newsgroup posts: headers, quotes and signatures are left out.",
    )  # fmt: skip
    return PREFIX + spec if raw else spec


def _keep(file) -> str:
    """Store the file, after deleting uploads that no run needs; return its spec."""
    forget_unused_uploads(LARGEST_STORE // 2)
    with st.spinner("Reading the file …"):
        return str(store_upload(file.getvalue(), file.name))
