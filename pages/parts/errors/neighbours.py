"""The training documents nearest to the one that is being read, with their labels."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.errors import cached as kept
from pages.parts.errors import labels_saying, training_documents
from pages.parts.hook import hooked
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.errors.asked.table import Reading
    from han_core.errors.labels.neighbours import Neighbours
    from pages.parts.errors.bench import Bench

TABLE = "nearest_table"
LONGEST = 20_000  # characters of a training document that are shown


def beside(bench: "Bench", read: "Reading") -> None:
    """What is near the document, once the training documents were read."""
    from han_core.wrong_input import WrongInput

    # The inner container keeps the page's distances, which a hooked one has not.
    with hooked("nearest", key="nearest"), st.container():
        st.subheader("Nearest training documents", anchor=False)
        if bench.checkpoint is None:
            st.caption(labels_saying.GONE)
            return
        st.caption(labels_saying.NEAREST)
        try:
            key = training_documents.key(bench, bench.checkpoint)
            if key is not None:
                _nearest(bench, bench.checkpoint, read, key)
        except WrongInput as error:  # of a file: the rest of the page goes on
            st.error(plain(str(error)))


def _nearest(bench: "Bench", checkpoint: str, read: "Reading", key: str) -> None:
    from han_core.errors.labels.neighbours import neighbour_table

    found = kept.neighbours(checkpoint, bench.device, key, read.text)
    if found is None:
        st.info(labels_saying.LOST)
        return
    st.markdown(labels_saying.votes(found, read))
    if said := labels_saying.same_text(found, read):
        st.markdown(said)
    column = st.column_config
    event = st.dataframe(
        neighbour_table(found, read.true),
        # Another document has other neighbours, and no row of them is chosen.
        key=f"{TABLE}_{read.content}", hide_index=True, on_select="rerun",
        selection_mode="single-row", alt="Nearest training documents",
        column_config={
            "similarity": column.NumberColumn(format="%.3f", width="small"),
            "differs": column.CheckboxColumn("other label", width="small"),
            "same_text": column.CheckboxColumn("same text", width="small"),
            "excerpt": column.TextColumn("text", width="large"),
        },
    )  # fmt: skip
    if rows := event["selection"]["rows"]:
        _whole(found, rows[0])


def _whole(found: "Neighbours", row: int) -> None:
    """The text of a training document."""
    if row < len(found.found):
        document = found.found[row].document
        with st.container(border=True, height=240):
            st.markdown(f"**{plain(document.id)}**, labelled **{plain(document.label)}**")
            st.markdown(plain(document.text[:LONGEST]))
