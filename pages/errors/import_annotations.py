"""A table that was taken away, brought back: what people said, and what a new model changed."""

import numpy as np
import streamlit as st

from han_core.analysis.annotation_columns import (
    FileAnnotations,
    import_file_annotations,
    missing_tags,
    read_annotation_columns,
)
from han_core.analysis.reimport import (
    MatchedTable,
    PredictionChanges,
    changes_page,
    match_documents,
    prediction_changes,
)
from han_core.runtime.errors import UserError
from pages.errors import cached_scores, context, reading, sentences
from pages.errors.context import ErrorsContext, config, switch
from pages.shared import files
from pages.shared import files as uploading
from pages.shared.components import hooked
from pages.shared.wording import plain

SAID = "bring_said"
MOST_ROWS = 200


def panel(bench: ErrorsContext) -> None:
    """The file, what it says, and what became right and broke since."""
    if SAID in st.session_state:
        st.success(plain(st.session_state.pop(SAID)))
    try:
        sent = uploading.upload("bring_upload", "A table taken away before")
        if sent is None:
            return
        name, spec = sent
        matched = match_documents(bench.store, files.table(spec))
        st.markdown(plain(f"{name}: {sentences.matched(matched, bench.store.rows)}"))
        _bring(bench, matched)
    except UserError as error:
        st.error(plain(str(error)))
        return
    if matched.has_predictions:
        _turned(bench, matched)


def _bring(bench: ErrorsContext, matched: MatchedTable) -> None:
    """What the file says, and the button that adds it to the notes."""
    if not bench.analyst:
        st.info(sentences.NOBODY)
        return
    found = read_annotation_columns(matched, bench.analyst)
    st.markdown(plain(sentences.carried(found)))
    if not found.said:
        return
    new = missing_tags(cached_scores.notes(), found.tags)
    wanted = list(new)
    if new:
        wanted = st.multiselect(
            "Tags that the codebook lacks, to be made", new, default=new, key="bring_tags"
        )
    st.button(
        "Bring them in", key="bring", type="primary", on_click=_write,
        args=(found, bench.analyst, tuple(wanted)),
    )  # fmt: skip


def _write(found: FileAnnotations, who: str, make: tuple[str, ...]) -> None:
    """Before the page is drawn, so that everything on it knows."""
    try:
        st.session_state[SAID] = sentences.brought(
            import_file_annotations(cached_scores.notes(), found, who, make)
        )
    except UserError as error:
        st.session_state[SAID] = str(error)


def _turned(bench: ErrorsContext, matched: MatchedTable) -> None:
    """What became right and what broke, as counts and as lists to read."""
    found = prediction_changes(bench.store, matched).within(bench.rows)
    st.caption(sentences.TURNED)
    if said := sentences.relabelled(int(np.count_nonzero(found.relabelled))):
        st.caption(said)
    with hooked("turned", key="turned_tiles"):
        tiles = st.grid(4, min_column_width=150)
        for name, number in found.counts().items():
            tiles.metric(name.capitalize(), f"{number:,}", border=True)
    lists = {"right": "Became right", "broke": "Broke"}
    chosen = switch("List", lists, "turned_list", hidden=True)
    rows = found.became_right if chosen == "right" else found.broke
    if len(rows):
        _list(bench, found, rows)
    else:
        st.caption("None of the documents that the filter leaves.")


def _list(bench: ErrorsContext, found: PredictionChanges, rows: np.ndarray) -> None:
    """The surest of them; a row is read underneath."""
    shown = changes_page(bench.store, found, rows, MOST_ROWS)
    there, data = shown["row"].tolist(), bench.store.scores.manifest.data_sha256

    def choose() -> None:
        for at in st.session_state["turned_table"]["selection"]["rows"]:
            if at < len(there):
                context.go_to(data, there[at], at)

    st.dataframe(
        shown[["id", "true", "before", "predicted", "confidence", "excerpt"]],
        key="turned_table", hide_index=True, on_select=choose, selection_mode="single-row",
        height=min(380, 40 + 35 * len(shown)), column_config=config(),
        alt="Documents whose prediction changed",
    )  # fmt: skip
    if len(rows) > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS} of {len(rows):,}.")
    order = np.array(there, dtype=np.int64)
    now = context.here(data, order)
    if now is not None and not now.within:
        now = context.Here(there[0], 0, True)
    if now is not None:
        reading.panel(bench, order, now)
