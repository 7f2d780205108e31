"""Classroom: a question to a class, its answers as they come, the reveal, and a second vote."""

import streamlit as st

from han_core.runtime.messages import mark, tr
from pages.shared.navigation import serves_class
from pages.shared.page import begin, user_errors_shown

begin(
    mark("Classroom"),
    mark("Ask a class, see its answers as they come, reveal them, and vote again."),
)
if not serves_class():
    st.info(tr("Rooms for a class are there when the server was started by make class."))
else:
    from pages.classroom import live, make

    with user_errors_shown():
        if (key := make.room_key()) is None:
            make.form()
        else:
            live.show(key)
