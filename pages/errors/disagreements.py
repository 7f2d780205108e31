"""The view Disagreements: documents to which annotators gave different tags or labels."""

import numpy as np
import pandas as pd
import streamlit as st

from han_core.analysis.annotations.disagreement import disagreement_columns, find_disagreements
from han_core.analysis.document_table import table_page
from han_core.analysis.filters import MOST_CHOSEN, DocumentSet
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from pages.errors import cached_scores, selection
from pages.errors.context import ErrorsContext, document_columns
from pages.shared.components import hooked

TABLE, FOUND = "disagreements_table", "disagreements_found"
MOST_SHOWN = 500
HELP = mark(
    "A document is listed if two people looked at it and gave different tags or "
    "flags. 100%: they have nothing in common; 50%: of what either gave, they share "
    "half. Somebody who read or noted a document without a tag has answered “no "
    "tag”. Read the list when all have annotated: whoever sees the others' answers "
    "first no longer judges alone."
)
NONE = mark(
    "No disagreement among the documents that the filter selects. You see one here "
    "when two people have annotated the same document differently."
)


def panel(errors: ErrorsContext) -> None:
    """Draw the documents in dispute, most disagreement first; a row opens its document."""
    st.header(tr("Annotators disagree"), anchor=False, help=tr(HELP))
    disputed = disputed_documents(errors)
    if disputed.empty:
        st.info(tr(NONE))
        return
    rows = disputed["row"].tolist()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            tr("**{documents}** in dispute", documents=counted(len(rows), "document")),
            width="content",
        )
        st.button(
            tr("Select only these"), key="only_disputed", on_click=_select, args=(errors, rows),
            disabled=len(rows) > MOST_CHOSEN,
            help=tr("Becomes a filter, which holds in every view and for exports."),
        )  # fmt: skip
    _table(errors, disputed.head(MOST_SHOWN))
    if len(rows) > MOST_SHOWN:
        st.caption(tr("You see the first {count:,}.", count=MOST_SHOWN))


def disputed_documents(errors: ErrorsContext) -> pd.DataFrame:
    """Return row, disagreement, annotators and answers of the filter's documents in dispute.

    A text that stands several times in the data is listed once.
    """
    found = disagreement_columns(find_disagreements(cached_scores.notes()))
    documents = errors.store.documents
    rows = np.intersect1d(documents.rows_of(found["content"]), errors.rows)
    first = dict(zip(reversed(documents.contents(rows)), reversed(rows.tolist()), strict=True))
    found["row"] = found.pop("content").map(first)
    return found.dropna(subset="row").astype({"row": int}).reset_index(drop=True)


def _select(errors: ErrorsContext, rows: list[int]) -> None:
    selection.change(chosen=DocumentSet.of(tr("annotators disagree"), errors.data, rows))


def _table(errors: ErrorsContext, disputed: pd.DataFrame) -> None:
    rows = disputed["row"].to_numpy()
    page = table_page(errors.store, rows, None, 0, len(rows))
    shown = disputed.drop(columns="row").assign(
        **{name: page[name].to_numpy() for name in ("id", "true", "predicted", "excerpt")}
    )

    def choose() -> None:
        clicked = st.session_state[TABLE]["selection"]
        for at in [*clicked["rows"], *(at for at, _ in clicked["cells"])][:1]:
            if at < len(rows):
                selection.open_document(errors.data, int(rows[at]))

    column = st.column_config
    with hooked("disagreements", key="disagreements_place"):
        st.dataframe(
            shown, key=TABLE, hide_index=True, on_select=choose, height="auto",
            selection_mode=["single-row", "single-cell"],
            alt=tr("Documents on which annotators disagree"),
            column_config={
                **document_columns(),
                "disagreement": column.NumberColumn(
                    tr("disagreement"), format="%.0f%%", width="small"
                ),
                "annotators": column.NumberColumn(tr("people"), width="small"),
                "answers": column.TextColumn(tr("who gave which tags"), width="large"),
            },
        )  # fmt: skip
