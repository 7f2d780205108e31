"""Hanscope's pages in their order. It draws nothing: each page stands for itself."""

import streamlit as st

st.set_page_config(page_title="Hanscope", page_icon="🔦", layout="wide")
st.navigation(
    [
        st.Page("pages/1_Explore.py", title="Explore"),
        st.Page("pages/2_Compare.py", title="Compare"),
        st.Page("pages/3_Errors.py", title="Errors"),
    ],
    position="top",
).run()
