"""The view Map: documents that are alike for the model lie close together; a lasso selects some."""

from functools import partial

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from han_core.analysis import document_map as maps
from han_core.analysis.document_map import DocumentMap, DocumentMapRequest, Projection
from han_core.analysis.document_table import excerpt
from han_core.analysis.filters import DocumentSet
from han_core.analysis.map_colours import colour_names, map_colours
from han_core.analysis.query import select
from han_core.runtime.errors import counted
from han_core.runtime.messages import current_locale, mark, tr
from han_core.viz.charts import document_map as charts
from han_core.viz.markup import beginning, plotly_text
from pages.errors import scoring_queue, selection
from pages.errors.context import ErrorsContext, attempt, switch, warn_later
from pages.shared import cache
from pages.shared.components import chart
from pages.shared.page import restore_value
from pages.shared.wording import plain

PROJECTION, COLOUR, DRAWN, CHART = "map_projection", "map_colour", "map_drawn", "document_map"
PROJECTIONS: dict[Projection, str] = {"pca": "PCA", "umap": "UMAP"}
CHOSEN = mark("chosen on the map")
HELP = mark(
    "Each dot is a document. Documents whose vectors are alike for the model lie close together. "
    "PCA keeps distances as far as a plane can; UMAP keeps neighbours together, and the distance "
    "of two groups or the size of a group says little."
)
LASSO = mark(
    "Draw a line around documents to select them. They become a filter, which holds in every "
    "view until you remove its chip above."
)
NO_MODEL = mark("The map needs the model, which was deleted. Score the documents again.")
READ = mark(
    "The model reads all documents once, in the background. You can close this page meanwhile; "
    "what was read is kept."
)


def panel(errors: ErrorsContext) -> None:
    """Draw the switches and the map, or how far it is."""
    st.header(tr("Map of documents"), anchor=False, help=tr(HELP))
    if errors.checkpoint is None:
        st.info(tr(NO_MODEL))
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        projection = switch(tr("Projection"), PROJECTIONS, PROJECTION)
        by = _colour_picker(errors)
    if projection == "umap" and not maps.has_umap():
        st.info(tr(maps.NO_UMAP))
        return
    drawn = open_map(errors, request_of(errors, errors.checkpoint, projection))
    if drawn is not None:
        _map(errors, drawn, projection, by)


def request_of(
    errors: ErrorsContext, checkpoint: str, projection: Projection
) -> DocumentMapRequest:
    """Return the request for the map of all documents, whatever the filter."""
    folder = cache.checkpoints_root() / checkpoint
    return DocumentMapRequest(folder, errors.device, errors.store.scores, projection)


def open_map(errors: ErrorsContext, request: DocumentMapRequest) -> DocumentMap | None:
    """Return the map; of many documents None, with a button or the progress, until it is made."""
    if (made := maps.open_map(request)) is not None:
        return made
    if maps.is_quick(errors.store, request.projection):
        with st.spinner(tr("The model reads the documents …")):
            return maps.make_map(request, errors.store)
    _make(request)
    return None


def _make(request: DocumentMapRequest) -> None:
    """The button that begins the work, or how far it is."""
    current = maps.state(request)
    if current is not None and current.kind == "working":
        _progress(request)
        return
    if current is not None:
        (st.error if current.kind == "failed" else st.info)(plain(current.text))
    st.button(
        tr("Make the map") if current is None else tr("Start again"), key="begin_map",
        help=tr(READ), on_click=_begin, args=(request,), type="primary",
    )  # fmt: skip


def _begin(request: DocumentMapRequest) -> None:
    attempt(lambda: maps.begin(request), warn_later)


@st.fragment(run_every=1.0)
def _progress(request: DocumentMapRequest) -> None:
    current = maps.state(request)
    if current is None or current.kind != "working":
        st.rerun()
    st.progress(current.share, scoring_queue.progress_line(current))
    st.button(tr("Stop"), key="stop_map", on_click=maps.stop, args=(request,))


def _colour_picker(errors: ErrorsContext) -> str:
    names = colour_names(errors.store)
    if st.session_state.get(COLOUR) not in names:
        st.session_state[COLOUR] = next(iter(names))  # a column of other data
    restore_value(COLOUR, next(iter(names)))
    return st.selectbox(
        tr("Colour by"), list(names), key=COLOUR, format_func=lambda key: plain(tr(names[key])),
        persist_state="session", width=260,
    )  # fmt: skip


def _map(errors: ErrorsContext, drawn: DocumentMap, projection: Projection, by: str) -> None:
    rows = _shown_rows(errors, drawn)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(map_line(drawn, len(rows), errors.store.rows), help=tr(LASSO), width="content")
        if errors.filter.chosen is not None:
            st.button(
                tr("Read {documents}", documents=counted(len(errors.rows), "selected document")),
                key="read_chosen",
                type="primary", disabled=not len(errors.rows), on_click=_read,
                icon=":material/article:",
            )  # fmt: skip
    if not len(rows):
        return
    key = chart_key(errors.filter.chosen)
    chart(
        _figure(errors, drawn, rows, (projection, by)), key, "document_map_figure",
        "document-map", tr("Map of documents"), testid="document-map",
        on_select=partial(choose, key, errors.data), modes=("box", "lasso"),
    )  # fmt: skip


def _shown_rows(errors: ErrorsContext, drawn: DocumentMap) -> np.ndarray:
    """Rows on the map that all conditions but the lasso select."""
    others = selection.without_fields(errors.filter, ("chosen",))
    same = others == errors.filter
    return np.intersect1d(
        drawn.rows, errors.rows if same else select(errors.store, others, errors.marks)
    )


def map_line(drawn: DocumentMap, shown: int, of: int) -> str:
    """Return how many documents the map shows, and how much of the vectors, as Markdown."""
    documents = counted(shown, "document")
    if len(drawn.rows) < of:
        line = tr(
            "**{documents}** on the map, of a random sample of {sample:,} of {of:,}",
            documents=documents, sample=len(drawn.rows), of=of,
        )  # fmt: skip
    else:
        line = tr("**{documents}** on the map", documents=documents)
    if drawn.explained is None:
        return line
    explained = tr("it shows {share:.0%} of the variance of their vectors", share=drawn.explained)
    return f"{line} · {explained}"


def chart_key(chosen: DocumentSet | None) -> str:
    """Return a key that changes with the chosen documents, so that an old lasso disappears."""
    return CHART if chosen is None else f"{CHART}_{hash(chosen.steps) & 0xFFFF_FFFF}"


def choose(key: str, data: str) -> None:
    """Make the documents in the lasso a condition of the filter; a callback."""
    rows = [int(row) for row, *_ in selection.clicked(key)]
    if rows:
        selection.change(chosen=DocumentSet.of(tr(CHOSEN), data, rows))


def _read() -> None:
    st.session_state[selection.VIEW] = selection.DOCUMENTS


def _figure(
    errors: ErrorsContext, drawn: DocumentMap, rows: np.ndarray, options: tuple[str, str]
) -> go.Figure:
    """The figure, from the session where nothing that it shows has changed."""
    manifest = errors.store.scores.manifest
    filter, by = errors.filter, options[1]
    other = errors.store.other and errors.store.other.manifest.key
    marks = errors.marks if by == "tags" or selection.depends_on_marks(filter) else None
    key = (manifest.key, other, filter, marks, options, current_locale())
    kept = st.session_state.get(DRAWN)
    if kept is None or kept[0] != key:
        kept = key, _draw(errors, drawn, rows, by)
        st.session_state[DRAWN] = kept
    return kept[1]


def _draw(errors: ErrorsContext, drawn: DocumentMap, rows: np.ndarray, by: str) -> go.Figure:
    chosen = errors.filter.chosen
    return charts.document_map(
        rows,
        drawn.places[np.searchsorted(drawn.rows, rows)],
        map_colours(errors.store, rows, by, errors.marks),
        hover_texts(errors, rows),
        None if chosen is None else np.isin(rows, chosen.rows),
    )


def hover_texts(errors: ErrorsContext, rows: np.ndarray) -> list[str]:
    """Return id, classes, confidence and the beginning of each text, escaped for Plotly."""
    cells = errors.store.documents.take(rows, ["id", "text"]).to_pydict()
    outcomes, labels = errors.store.outcomes.take(rows), errors.store.labels
    return [
        f"<b>{plotly_text(beginning(id, 40))}</b><br>"
        + tr(
            "{true} → {predicted}, confidence {confidence:.2f}",
            true=plotly_text(labels[true]), predicted=plotly_text(labels[predicted]),
            confidence=confidence,
        )
        + f"<br>{plotly_text(beginning(excerpt(text), 60))}"
        for id, text, true, predicted, confidence in zip(
            cells["id"], cells["text"], outcomes.true, outcomes.predicted, outcomes.confidence,
            strict=True,
        )
    ]  # fmt: skip
