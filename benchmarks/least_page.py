"""A minimal Streamlit page that shows what Explore does: a text's words, and bars by Plotly.

There is no model. ``pasted`` measures it beside Explore: its time is Streamlit's, Plotly's and
the browser's.
"""

import html

import plotly.graph_objects as go
import streamlit as st

st.text_area("Text", key="document")
st.button("Analyse", key="analyze")
text = st.session_state.document or "nothing"
sentences = text.split(". ")
with st.container(key="words"):
    st.html("".join(f"<span>{html.escape(word)} </span>" for word in text.split()))
with st.container(key="sentence_bars"):
    bars = go.Bar(x=[len(each) for each in sentences], y=sentences, orientation="h")
    st.plotly_chart(go.Figure(bars), key="sentence_figure", config={"displayModeBar": False})
