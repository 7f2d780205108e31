"""Evidence over the whole data set, on Errors: the command ``faithfulness`` as a panel.

Asked for, measured with a progress bar, and kept.
"""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import saying
from pages.parts.errors import cached as kept
from pages.parts.figure_export import figure_export
from pages.parts.hook import hooked

if TYPE_CHECKING:
    from han_core.corpora.corpus import Corpus
    from han_core.figures.faithfulness import Question

DOCUMENTS = [20, 50, 100, 200, 500]
NARROWEST = 380  # pixels of a figure
TITLES: "dict[Question, str]" = {
    "comprehensiveness": "Taken out",
    "sufficiency": "Kept alone",
    "tau": "Order of the words",
    "attention": "Other attention",
    "flip": "Attention set to 0",
}


def panel(checkpoint: str, device: str, corpus_key: str, corpus: "Corpus") -> None:
    """The button, the progress, and the intervals of every question."""
    st.subheader("Evidence over these documents", anchor=False)
    st.caption(saying.DATASET)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            "Documents to measure", DOCUMENTS, key="evidence_documents", width=200
        )
        key = (checkpoint, device, corpus_key, number)
        st.button("Measure", key="measure_dataset", on_click=_ask, args=(key,))
    if st.session_state.get("dataset_evidence") == key:
        _figures(_measured(checkpoint, device, corpus_key, corpus, number))


def _ask(key: tuple) -> None:
    st.session_state["dataset_evidence"] = key


def _measured(checkpoint: str, device: str, corpus_key: str, corpus: "Corpus", number: int) -> dict:
    bar = st.empty()

    def progress(done: int, of: int) -> None:
        bar.progress(done / of, f"Measured {done:,} of {of:,} documents")

    try:
        return kept.faithfulness(checkpoint, device, corpus, corpus_key, number, progress)
    finally:
        bar.empty()


def _figures(found: dict) -> None:
    from han_core.figures.faithfulness import intervals

    with hooked("dataset-evidence", key="dataset_evidence_figures"):
        st.caption(f"{found['n']:,} documents; points are means, lines their 95% intervals.")
        grid = st.grid(2, min_column_width=NARROWEST, gap=("small", "medium"))
        for question, title in TITLES.items():
            with grid.cell():
                st.markdown(f"**{title}**")
                st.plotly_chart(
                    intervals(found, question),
                    key=f"dataset_{question}",
                    config={"displayModeBar": False},
                    alt=title,
                )
    figure_export("dataset_evidence_figures", "evidence")
