"""A zip that somebody else made, loaded as a run that is done."""

import streamlit as st

from pages.parts.training import cached, switching
from pages.parts.wording import plain


def loader() -> None:
    """The popover with the file picker; a run that came is shown at once."""
    with st.popover("Load a zip"):
        file = st.file_uploader("A checkpoint as a zip, as Download makes it", type=["zip"],
                                key="zip_upload")  # fmt: skip
        if file is not None and st.session_state.get("zip_loaded") != file.file_id:
            _load(file)


def _load(file) -> None:
    from han_core.runs.archive import import_archive
    from han_core.wrong_input import WrongInput

    try:
        with st.spinner("Looking at the zip …"):
            id = import_archive(file.getvalue())
    except WrongInput as error:
        st.error(plain(str(error)))
        return
    st.session_state["zip_loaded"] = file.file_id
    switching.show(id)
    cached.forget_runs()
    st.rerun()
