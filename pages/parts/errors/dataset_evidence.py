"""Evidence over the documents that the filter leaves: the command ``faithfulness`` as a panel.

Asked for, measured with a progress bar, and kept.
"""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import saying
from pages.parts.errors import cached as kept
from pages.parts.figure_export import figure_export
from pages.parts.hook import hooked
from pages.parts.kept import carry

if TYPE_CHECKING:
    from han_core.figures.faithfulness import Question
    from pages.parts.errors.bench import Bench

DOCUMENTS = [20, 50, 100, 200, 500]
NARROWEST = 380  # pixels of a figure
TITLES: "dict[Question, str]" = {
    "comprehensiveness": "Taken out",
    "sufficiency": "Kept alone",
    "tau": "Order of the words",
    "attention": "Other attention",
    "flip": "Attention set to 0",
}


def panel(bench: "Bench") -> None:
    """The button, the progress, and the intervals of every question."""
    st.subheader("Evidence over these documents", anchor=False)
    if bench.checkpoint is None:
        st.info("The checkpoint is gone, so nothing more can be measured.")
        return
    st.caption(saying.DATASET)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        carry("evidence_documents", DOCUMENTS[0])
        number = st.selectbox(
            "Documents to measure", DOCUMENTS, key="evidence_documents", width=200,
            persist_state="session",
        )  # fmt: skip
        data = bench.store.scores.folder.name
        key = (bench.checkpoint, bench.device, data, bench.filter, number)
        st.button("Measure", key="measure_dataset", on_click=_ask, args=(key,))
    if st.session_state.get("dataset_evidence") == key:
        _figures(_measured(bench, bench.checkpoint, number))


def _ask(key: tuple) -> None:
    st.session_state["dataset_evidence"] = key


def _measured(bench: "Bench", checkpoint: str, number: int) -> dict:
    from han_core.errors.asked.table import texts
    from han_core.evidence.sampling import sample_of_scored

    chosen = sample_of_scored(bench.outcomes.predicted, bench.outcomes.tokens, number)
    bar = st.empty()

    def progress(done: int, of: int) -> None:
        bar.progress(done / of, f"Measured {done:,} of {of:,} documents")

    try:
        documents = texts(bench.store, bench.rows[chosen])
        return kept.faithfulness(checkpoint, bench.device, documents, progress)
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
