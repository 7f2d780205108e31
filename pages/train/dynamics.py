"""Training dynamics of one run: easy, ambiguous and hard documents, and the hardest to read."""

from pathlib import Path

import pandas as pd
import streamlit as st

from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.training.dynamics import FEWEST, data_map, read_dynamics, version_stamp
from han_core.training.runs.view import RunView
from han_core.viz.charts.document_map import data_map_chart
from pages.shared.components import chart
from pages.shared.page import plain

HARDEST = 100
"""Documents in the table."""

HELP = mark(
    "Each dot is a training document. Up: how likely the model thought its label, on "
    "average over the epochs; to the right: how much that changed. Easy documents "
    "are learnt early; hard ones never, and among them wrong labels are frequent; "
    "ambiguous ones go to and fro (Swayamdipta et al. 2020). Ambiguous: the third "
    "that changes most."
)
HARD_HELP = mark(
    "The documents whose label the model found least likely while it trained. Read "
    "them: the label may be wrong. Of long texts the beginning is kept."
)


def panel(run: RunView) -> None:
    """Draw the data map and the table; nothing before the second epoch is over."""
    stamp = version_stamp(run.folder)
    if stamp is None:
        return
    try:
        table, of = _data_map(str(run.folder), stamp)
    except UserError as error:
        st.warning(plain(str(error)))
        return
    if not len(table) or table["epochs"].max() < FEWEST:
        return
    st.subheader(tr("Training dynamics"), anchor=False, help=tr(HELP))
    if len(table) < of:
        st.caption(
            tr("A sample of {count:,} of {of:,} training documents.", count=len(table), of=of)
        )
    chart(
        data_map_chart(table), "data_map_figure", "data_map", "training-dynamics",
        tr("Confidence by variability of training documents"), testid="data-map",
    )  # fmt: skip
    _hardest(table)


@st.cache_resource(max_entries=8, show_spinner=False)
def _data_map(folder: str, stamp: tuple) -> tuple[pd.DataFrame, int]:
    """The data map of a run, and how many documents it trained on."""
    dynamics = read_dynamics(Path(folder))
    return (pd.DataFrame(), 0) if dynamics is None else (data_map(dynamics), dynamics.of)


def _hardest(table: pd.DataFrame) -> None:
    shown = table.drop(columns="epochs").head(HARDEST)
    st.markdown(tr("**The {count:,} hardest documents**", count=len(shown)), help=tr(HARD_HELP))
    number = st.column_config.NumberColumn
    event = st.dataframe(
        shown,
        key="hardest_documents",
        hide_index=True,
        height=300,
        on_select="rerun",
        selection_mode="single-row",
        alt=tr("Training documents of the lowest confidence"),
        column_config={
            "confidence": number(format="%.3f", help=tr("Mean probability of the label.")),
            "variability": number(
                format="%.3f", help=tr("Its standard deviation over the epochs.")
            ),
            "text": st.column_config.TextColumn(width="large"),
        },
    )
    if (rows := event["selection"]["rows"]) and rows[0] < len(shown):
        row = shown.iloc[rows[0]]
        with st.container(border=True):
            st.markdown(
                tr(
                    "**{document}**, labelled **{label}**",
                    document=plain(row["id"]),
                    label=plain(row["label"]),
                )
            )
            st.markdown(plain(row["text"]))
