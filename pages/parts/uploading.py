"""A file that somebody sends: kept on this machine for the processes that work on it."""

import streamlit as st

from pages.parts.kept import carry

KINDS = ["csv", "tsv", "jsonl", "parquet"]


def upload(key: str, title: str) -> tuple[str, str] | None:
    """(name for people, spec) of the file that was sent under ``key``, kept for the session.

    Raises:
        WrongInput: if it cannot be read; what was sent before stays.
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
    """``spec``, or how it is named where somebody says that its texts are raw messages."""
    from han_core.corpora.messages import PREFIX

    carry(key, False)
    raw = st.checkbox(
        "The texts are raw messages", key=key, persist_state="session",
        help="Mail or newsgroup posts: their headers, quotes and signatures are left out.",
    )  # fmt: skip
    return PREFIX + spec if raw else spec


def _keep(file) -> str:
    """Where the file is kept from now on; what nobody needs makes room for it."""
    from han_core.corpora.uploads import LARGEST_STORE, keep_upload
    from han_core.runs.manage import forget_unused_uploads

    forget_unused_uploads(LARGEST_STORE // 2)
    with st.spinner("Reading the file …"):
        return str(keep_upload(file.getvalue(), file.name))
