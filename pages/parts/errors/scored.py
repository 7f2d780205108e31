"""A scored data set on the page: progress, figures, table, the chosen document."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import cached, drawing, wording
from pages.parts.errors import cached as kept
from pages.parts.errors import filtering
from pages.parts.wording import plain

if TYPE_CHECKING:
    import pandas as pd

    from han_core.corpora.corpus import Corpus
    from han_core.errors.predictions import Predictions


def scored(checkpoint: str, device: str, corpus_key: str, corpus: "Corpus") -> "Predictions":
    """The predictions, with a progress bar while they are made.

    Raises:
        WrongInput: as ``score`` does, or if the checkpoint cannot be loaded.
    """
    bar = st.empty()

    def progress(done: int, of: int) -> None:
        bar.progress(done / of, f"Scored {done:,} of {of:,} documents")

    try:
        return kept.predictions(checkpoint, device, corpus, corpus_key, progress)
    finally:
        bar.empty()


def figures(predictions: "Predictions") -> None:
    """How good the model is on these documents, and what was left out of them."""
    found = predictions.metrics()
    tiles = st.grid(4, min_column_width=150)
    tiles.metric("Documents", f"{len(predictions.true):,}", border=True)
    tiles.metric("Accuracy", f"{found['accuracy']:.1%}", border=True)
    tiles.metric("Macro F1", f"{found['macro_f1']:.3f}", border=True)
    tiles.metric("Loss", f"{found['loss']:.3f}", border=True)
    for note in predictions.corpus.notes:
        st.caption(plain(note))


def table(predictions: "Predictions", cell: filtering.Cell | None) -> "pd.Series | None":
    """The table under its filter, and its export; returns the chosen row."""
    from han_core.corpora.spreadsheet import to_csv
    from han_core.errors.predictions import table

    bar = st.container(horizontal=True, vertical_alignment="center")
    with bar:
        only_wrong = filtering.only_wrong(cell)
    true, predicted = cell or (None, None)
    rows = table(predictions, true, predicted, only_wrong)
    bar.caption(counted(len(rows), len(predictions.true)), width="stretch")
    bar.download_button(
        "Export as CSV",
        lambda: to_csv(rows),
        file_name="errors.csv",
        mime="text/csv",
        on_click="ignore",
        key="export",
    )
    place = filtering.errors_table(rows)
    st.caption(wording.ERRORS_TABLE)
    return None if place is None else rows.iloc[place]


def counted(rows: int, of: int) -> str:
    """How many documents the table holds, and how many of them are drawn."""
    part = f"{rows:,} of {of:,} documents" if rows != of else f"{of:,} documents"
    drawn = filtering.MOST_ROWS
    return f"{part}; the first {drawn:,} are shown" if rows > drawn else part


def document(row: "pd.Series", checkpoint: str, device: str) -> None:
    """The chosen document with its prediction, bars, heatmap and evidence."""
    st.subheader(f"Document {plain(row['id'])}", anchor=False)
    st.markdown(heading(row))
    drawing.document(cached.Question(checkpoint, device, row["text"]))


def heading(row: "pd.Series") -> str:
    """True and predicted class, and the tags where there are any, as Markdown."""
    colour = "red" if row["wrong"] else "green"
    said = f"True **{plain(row['true'])}**, predicted :{colour}[**{plain(row['predicted'])}**]"
    tags = [tag.strip() for tag in str(row.get("tags", "")).split(",") if tag.strip()]
    return " ".join([said, *(f":gray-badge[{plain(tag)}]" for tag in tags)])
