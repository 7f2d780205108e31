"""Import of an exported table: tags, flags and notes, and which predictions have changed."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from han_core.analysis.annotations.import_annotations import (
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
from han_core.runtime.errors import UserError, joined
from han_core.runtime.messages import mark, tr, trn
from pages.errors import (
    annotation_sentences,
    annotator,
    cached_scores,
    reading,
    selection,
    sentences,
)
from pages.errors.context import ErrorsContext, document_columns, switch, two_sentences
from pages.shared import data_picker
from pages.shared.components import hooked
from pages.shared.wording import plain

MESSAGE, LIST = "bring_said", "turned_table"
MOST_ROWS = 200
COUNTS = {
    "became right": mark("Became right"),
    "broke": mark("Broke"),
    "right both times": mark("Right both times"),
    "wrong both times": mark("Wrong both times"),
}
"""Labels of ``PredictionChanges.counts``."""


def panel(errors: ErrorsContext) -> None:
    """Draw the upload, what the file has, and which predictions became right or wrong."""
    if MESSAGE in st.session_state:
        st.success(plain(st.session_state.pop(MESSAGE)))
    try:
        upload = data_picker.upload("bring_upload", tr("A table that was exported before"))
        if upload is None:
            return
        name, spec = upload
        matched = match_documents(errors.store, data_picker.table(spec))
        st.markdown(
            plain(tr("{name}: {line}", name=name, line=match_line(matched, errors.store.rows)))
        )
        _annotations(errors, matched)
    except UserError as error:
        st.error(plain(str(error)))
        return
    if matched.has_predictions:
        _changes(errors, matched)


def _annotations(errors: ErrorsContext, matched: MatchedTable) -> None:
    """What the file says of the documents, and the button that imports it."""
    if not errors.analyst:
        st.info(tr(annotation_sentences.NAME_TO_IMPORT))
        return
    file = read_annotation_columns(matched, errors.analyst)
    if locked := annotator.locked_names(file.annotators):
        st.warning(plain(locked_line(locked)))
        file = file.without(locked)
    st.markdown(plain(file_annotations_line(file)))
    if not file.annotations:
        return
    missing = missing_tags(cached_scores.notes(), file.tags)
    wanted = list(missing)
    if missing:
        wanted = st.multiselect(
            tr("New tags to create in the codebook"),
            missing,
            default=missing,
            key="bring_tags",
            placeholder=tr("Choose options"),
        )
    st.button(
        tr("Import"), key="bring", type="primary", on_click=_import,
        args=(file, errors.analyst, tuple(wanted)),
    )  # fmt: skip


def _import(file: FileAnnotations, analyst: str, new_tags: tuple[str, ...]) -> None:
    try:
        file = file.without(annotator.locked_names(file.annotators))
        result = import_file_annotations(cached_scores.notes(), file, analyst, new_tags)
        st.session_state[MESSAGE] = imported_line(result)
    except UserError as error:
        st.session_state[MESSAGE] = str(error)


def _changes(errors: ErrorsContext, matched: MatchedTable) -> None:
    """Predictions that became right or wrong, as counts and as a list to read."""
    changes = prediction_changes(errors.store, matched).within(errors.rows)
    st.caption(tr(sentences.CHANGED_PREDICTIONS))
    if line := relabelled_line(int(np.count_nonzero(changes.relabelled))):
        st.caption(line)
    with hooked("turned", key="turned_tiles"):
        tiles = st.grid(4, min_column_width=150)
        for name, number in changes.counts().items():
            tiles.metric(tr(COUNTS[name]), f"{number:,}", border=True)
    lists = {"right": mark("Became right"), "broke": mark("Became wrong")}
    chosen = switch(tr("List"), lists, "turned_list", hidden=True)
    rows = changes.became_right if chosen == "right" else changes.broke
    if len(rows):
        _list(errors, changes, rows)
    else:
        st.caption(tr("None of the documents that the filter selects."))


def _list(errors: ErrorsContext, changes: PredictionChanges, rows: np.ndarray) -> None:
    """The most confident of them; the selected row is read below."""
    page = changes_page(errors.store, changes, rows, MOST_ROWS)
    order = page["row"].to_numpy(np.int64)

    def choose() -> None:
        for at in st.session_state[LIST]["selection"]["rows"]:
            if at < len(order):
                selection.go_to(errors.data, order[at], at)

    st.dataframe(
        page[["id", "true", "before", "predicted", "confidence", "excerpt"]],
        key=LIST, hide_index=True, on_select=choose, selection_mode="single-row",
        height=min(380, 40 + 35 * len(page)), column_config=document_columns(),
        alt=tr("Documents whose prediction changed"),
    )  # fmt: skip
    if len(rows) > MOST_ROWS:
        st.caption(tr("The first {most} of {count:,}.", most=MOST_ROWS, count=len(rows)))
    now = selection.position(errors.data, order)
    if now is not None and not now.within:
        now = selection.Position(int(order[0]), 0, True)
    if now is not None:
        reading.panel(errors, order, now)


def match_line(matched: MatchedTable, documents: int) -> str:
    """Return how many documents of a file are in this data set."""
    parts = [
        tr(
            "{count:,} of its texts are among these {documents:,} documents",
            count=len(matched.rows),
            documents=documents,
        )
    ]
    if matched.strange:
        parts.append(tr("texts that are not: {count:,}", count=matched.strange))
    if matched.repeated:
        parts.append(tr("rows that repeat a text: {count:,}", count=matched.repeated))
    if matched.missing:
        parts.append(tr("documents missing in the file: {count:,}", count=matched.missing))
    return tr("{parts}.", parts=tr("; ").join(parts))


def locked_line(names: Sequence[str]) -> str:
    """Return that the annotations by protected names are left out, and what to do."""
    if len(names) == 1:
        return tr(
            "Left out are the annotations by {name}: a passphrase protects this name. Enter the "
            "name and its passphrase at the top of the page first, then they are imported too.",
            name=names[0],
        )
    return tr(
        "Left out are the annotations by {names}: a passphrase protects these names. Enter the "
        "name and its passphrase at the top of the page first, then they are imported too.",
        names=joined(names),
    )


def file_annotations_line(file: FileAnnotations) -> str:
    """Return how many documents a file has annotations of, and by whom."""
    if not file.annotations:
        return tr("The file has no tags, flags or notes on them.")
    number, who = len(file.annotations), tr(", ").join(file.annotators)
    if not file.own:
        return tr("The file has annotations of {count:,} of them, by {who}.", count=number, who=who)
    return tr(
        "The file has annotations of {count:,} of them, by {who} ({own:,} without a name, so "
        "imported as yours).",
        count=number,
        who=who,
        own=file.own,
    )


def imported_line(result) -> str:
    """Return what an import has added."""
    new = [
        trn("{count:,} tag", "{count:,} tags", result.tags) if result.tags else "",
        trn("{count:,} note", "{count:,} notes", result.notes) if result.notes else "",
        trn("{count:,} flag", "{count:,} flags", result.flags) if result.flags else "",
        trn("{count:,} mark as read", "{count:,} marks as read", result.read)
        if result.read
        else "",
    ]
    some = tr(", ").join(filter(None, new))
    line = tr("Imported: {items}.", items=some) if some else tr("Nothing was new.")
    if result.joined:
        below = tr(
            "{count:,} notes were added below another one by the same author.", count=result.joined
        )
        line = two_sentences(line, below)
    if result.unknown_tags:
        left_out = tr(
            "Left out, as the codebook has no such tag: {tags}.",
            tags=tr(", ").join(result.unknown_tags),
        )
        line = two_sentences(line, left_out)
    return line


def relabelled_line(number: int) -> str:
    """Return how many documents have another label than in the file; "" for none."""
    if not number:
        return ""
    return tr("{count:,} of them have another label now than in the file.", count=number)
