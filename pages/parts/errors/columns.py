"""How the columns of documents look in a table."""

import streamlit as st


def config() -> dict:
    """For ``st.dataframe``: heads, widths and digits of what every scored document has."""
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "wrong": st.column_config.CheckboxColumn(width="small"),
        "confidence": number(format="%.3f", width=96),
        "p_true": number("p(true)", format="%.3f", width="small"),
        "loss": number(format="%.2f", width="small"),
        "tokens": number(format="localized", width="small"),
        "unknown": number("unknown", format="percent", width="small"),
        "entropy": number(format="%.2f", width="small"),
        "other": text("second model"),
        "excerpt": text("text", width="large"),
    }
