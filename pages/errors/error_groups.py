"""The view Error groups: wrong documents that are alike for the model, to filter and to tag."""

import numpy as np
import streamlit as st

from han_core.analysis import document_map as maps
from han_core.analysis.document_table import excerpt
from han_core.analysis.error_groups import ErrorGroup, ErrorGroups, find_error_groups
from han_core.analysis.filters import DocumentSet
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.viz.markup import beginning
from pages.errors import annotation_sentences, bulk_tags, document_map, selection
from pages.errors.context import ErrorsContext
from pages.shared.components import hooked
from pages.shared.wording import plain

FOUND = "error_groups_found"
HELP = mark(
    "Wrong documents whose vectors are alike for the model are in one group: they may have one "
    "cause. The words are clearly more frequent in the group than in all other errors (log-odds "
    "with an informative prior). Read some documents before you believe in a cause."
)
APART = mark(
    "Silhouette: 1 if every error is much closer to its own group than to the next one, near 0 "
    "if the groups run into each other."
)
# A button centres its text, which shows where an example takes two lines.
STYLE = """<style>.st-key-error_groups [data-testid=stBaseButton-tertiary] {
  justify-content: flex-start; text-align: start }</style>"""
NO_ERROR = mark("The filter selects no wrong prediction, so there is nothing to group.")


def panel(errors: ErrorsContext) -> None:
    """Draw the groups of the wrong documents that the filter selects."""
    st.header(tr("Groups of similar errors"), anchor=False, help=tr(HELP))
    if errors.checkpoint is None:
        st.info(tr(document_map.NO_MODEL))
        return
    request = document_map.request_of(errors, errors.checkpoint, "pca")
    if document_map.open_map(errors, request) is None:
        return
    found = _groups(errors, request)
    if not found.groups:
        st.info(tr(NO_ERROR))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(groups_line(found), help=tr(APART), width="content")
        if errors.analyst:
            bulk_tags.undo_button(errors)
    if sentence := st.session_state.pop(bulk_tags.TROUBLE, None):
        st.error(plain(sentence))
    st.html(STYLE)
    with hooked("error-groups", key="error_groups"):
        grid = st.grid(2, min_column_width=380, gap="small")
        for number, group in enumerate(found.groups):
            with grid.cell(), st.container(border=True, key=f"error_group_{number}"):
                _group(errors, group, number)


def _groups(errors: ErrorsContext, request: maps.DocumentMapRequest) -> ErrorGroups:
    """The groups, from the session where the same errors were grouped before."""
    on_map = maps.sample_rows(errors.store.rows)
    wrong = np.intersect1d(on_map, errors.rows[~errors.outcomes.right])
    key = (errors.store.scores.manifest.key, wrong.tobytes())
    kept = st.session_state.get(FOUND)
    if kept is None or kept[0] != key:
        vectors = maps.map_vectors(request)
        if vectors is None:
            return ErrorGroups((), None)
        with st.spinner(tr("Grouping the errors …")):
            places = np.searchsorted(on_map, wrong)
            kept = key, find_error_groups(errors.store, wrong, vectors.unit[places])
        st.session_state[FOUND] = kept
    return kept[1]


def groups_line(found: ErrorGroups) -> str:
    """Return how many errors and groups there are, and how far apart, as Markdown."""
    errors = sum(len(group.rows) for group in found.groups)
    line = tr(
        "**{errors}** in {groups}",
        errors=counted(errors, "error"),
        groups=counted(len(found.groups), "group"),
    )
    if found.silhouette is None:
        return line
    return f"{line} · {tr('silhouette {value:.2f}', value=found.silhouette)}"


def group_line(group: ErrorGroup) -> str:
    """Return the size of a group and its most frequent confusion, as Markdown."""
    pattern = f"{plain(group.true)} → {plain(group.predicted)}"
    return tr(
        "**{documents}**, {share:.0%} {pattern}",
        documents=counted(len(group.rows), "document"),
        share=group.share,
        pattern=pattern,
    )


def _group(errors: ErrorsContext, group: ErrorGroup, number: int) -> None:
    st.markdown(group_line(group))
    words = tr(", ").join(plain(word) for word in group.words)
    st.markdown(
        tr("Words: {words}", words=words) if words else tr("No word is clearly more frequent here.")
    )
    texts = errors.store.documents.texts(np.array(group.examples))
    for row, text in zip(group.examples, texts, strict=True):
        st.button(
            plain(beginning(excerpt(text), 90)), key=f"group_{number}_{row}", type="tertiary",
            on_click=selection.open_document, args=(errors.data, row),
            help=tr("Reads this document"),
        )  # fmt: skip
    with st.container(horizontal=True):
        st.button(
            tr("Select these"), key=f"group_select_{number}", icon=":material/filter_alt:",
            on_click=_select, args=(errors, group),
            help=tr("Becomes a filter, which holds in every view and for exports."),
        )  # fmt: skip
        with st.popover(tr("Tag these"), icon=":material/sell:", key=f"group_tag_{number}"):
            _tag_form(errors, group, number)


def _select(errors: ErrorsContext, group: ErrorGroup) -> None:
    name = tr("similar errors ({tag})", tag=group.tag)
    selection.change(chosen=DocumentSet.of(name, errors.data, group.rows))


def _tag_form(errors: ErrorsContext, group: ErrorGroup, number: int) -> None:
    if not errors.analyst:
        st.info(tr(annotation_sentences.NAME_TO_ANNOTATE))
        return
    # Another group has another suggestion.
    key = f"group_name_{number}_{len(group.rows)}_{group.rows[0]}"
    st.session_state.setdefault(key, group.tag)
    st.text_input(tr("Name of the tag"), key=key, max_chars=80)
    st.button(
        tr("Tag {documents}", documents=counted(len(group.rows), "document")),
        key=f"group_tag_all_{number}",
        type="primary", on_click=_tag, args=(errors, group, key),
    )  # fmt: skip


def _tag(errors: ErrorsContext, group: ErrorGroup, key: str) -> None:
    bulk_tags.tag_with_new(errors, group.rows, st.session_state[key])
