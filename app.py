"""Hanscope's pages in their groups. It draws nothing else: each page stands for itself."""

import streamlit as st

from han_core.runtime.messages import current_locale, speaking, tr
from pages.shared.navigation import group_labels, serves_class
from pages.shared.page import RENDERS, has_visited

if not has_visited():  # later the page that is on the screen says what the browser's title is
    st.set_page_config(page_title="Hanscope", page_icon="🔦", layout="wide")
learn = st.Page("pages/0_Learn.py", title=tr("Learn"))
explore = st.Page("pages/1_Explore.py", title=tr("Explore"))
groups = {
    tr("Texts"): [
        explore,
        st.Page("pages/2_Compare.py", title=tr("Compare")),
        st.Page("pages/3_Errors.py", title=tr("Errors")),
        st.Page("pages/4_Train.py", title=tr("Train")),
    ],
    tr("Other attention"): [
        st.Page("pages/5_Series.py", title=tr("Series")),
        st.Page("pages/6_Translate.py", title=tr("Translate")),
        st.Page("pages/7_Pictures.py", title=tr("Pictures")),
    ],
}
class_rooms = [st.Page("pages/9_Classroom.py", title=tr("Classroom"))] if serves_class() else []
# A default page loses its own address, and Explore is to keep one.
start = st.Page(
    lambda: st.switch_page(explore),
    title="Hanscope",
    url_path="start",
    default=True,
    visibility="hidden",
)
chosen = st.navigation(
    [start, learn, *class_rooms, *(page for group in groups.values() for page in group)],
    position="top",
)
st.html(group_labels({label: group[0].url_path for label, group in groups.items()}))
# The language is asked for once a run: a page has some two hundred messages.
with RENDERS.turn(), speaking(current_locale()):
    chosen.run()
    if st.session_state.get("runs_seen_live") or st.session_state.get("runs_ended"):
        from pages.train.run_notice import announce

        announce()
