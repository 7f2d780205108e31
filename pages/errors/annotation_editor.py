"""What one analyst says of the document that is read: tags, flags, a note.

Everything is saved at once. What others said is shown on request only, so that people can annotate
independently.
"""

from collections.abc import Callable, Sequence
from typing import cast

import streamlit as st

from han_core.analysis.annotations.codebook import (
    Tag,
    codebook,
    in_key_order,
    save_tag,
)
from han_core.analysis.annotations.document_annotations import (
    Annotation,
    document_annotations,
)
from han_core.analysis.annotations.schema import checked_name
from han_core.analysis.annotations.writing import (
    add_tag,
    history,
    remove_tag,
    set_flag,
    set_read,
)
from han_core.analysis.document_table import ScoredDocument
from han_core.analysis.filters import Flag
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr, trn
from pages.errors import annotation_sentences, cached_scores, note_field, sentences
from pages.errors.context import TROUBLE, ErrorsContext, attempt, key_listener
from pages.errors.note_field import Reader
from pages.shared.page import restore_value
from pages.shared.wording import plain

TAGS, MARKS, MEANT, NEW_TAG = "coding_tags", "coding_marks", "coding_meant", "coding_new_tag"
GO_ON, KEYS = "coding_go_on", "coding_tag_keys"
READ = "read"
MARK_NAMES = {**sentences.FLAGS, READ: mark("Read, nothing to add")}
LATEST_CHANGES = 100


def panel(
    errors: ErrorsContext, document: ScoredDocument, go_on: Callable[[], None] | None = None
) -> None:
    """Draw tags, flags and note of the document, and what others said of it.

    Args:
        go_on: goes to the next document, after a key that tagged this one, if the reader wants.
    """
    st.subheader(tr("Your annotations"), anchor=False)
    st.session_state[KEYS] = frozenset()
    if sentence := st.session_state.pop(TROUBLE, None):
        st.error(plain(sentence))
    reader = Reader(document.content, _valid_name(errors.analyst))
    try:
        database = cached_scores.notes()
        annotations = document_annotations(database, document.content)
        tags = in_key_order(codebook(database))
    except UserError as error:
        st.error(plain(str(error)))
        if reader.analyst:
            note_field.without_database(reader)
        return
    if reader.analyst:
        own = next((one for one in annotations if one.annotator == reader.analyst), None)
        _tags(reader, tags, own, go_on)
        _marks(reader, document.true, errors.store.labels, own)
        note_field.panel(reader, own.note if own else None)
    else:
        st.info(tr(annotation_sentences.NAME_TO_ANNOTATE))
    others = [one for one in annotations if one.annotator != reader.analyst]
    _others(others, document.content)


def _valid_name(analyst: str) -> str:
    """The name as it is stored; "" and a message if it cannot be a name."""
    try:
        return checked_name(analyst, tr("An analyst's name")) if analyst else ""
    except UserError as error:
        st.error(plain(str(error)))
        return ""


def keys_of_tags() -> frozenset[str]:
    """Return the keys of tags that listened when the panel was last drawn."""
    return st.session_state.get(KEYS, frozenset())


def _tags(
    reader: Reader,
    codebook: Sequence[Tag],
    own: Annotation | None,
    go_on: Callable[[], None] | None,
) -> None:
    """The tags as buttons, also under their keys, and a field for a new tag."""
    present = tuple(tag.name for tag in own.tags) if own else ()
    offered = {tag.name: tag for tag in codebook}
    names = [*offered, *(name for name in present if name not in offered)]
    st.session_state[TAGS] = list(present)
    st.pills(
        tr("Tags"),
        names,
        selection_mode="multi",
        format_func=lambda name: annotation_sentences.tag_label(offered.get(name), name),
        wrap=True,
        key=TAGS,
        on_change=_take_tags,
        args=(reader, present),
    )
    if not names:
        st.caption(tr(annotation_sentences.NO_TAG))

    def press(name: str) -> None:
        change = ([], [name]) if name in present else ([name], [])
        written = _change_tags(reader, *change)
        if go_on is not None and written and name not in present and st.session_state.get(GO_ON):
            go_on()

    keys = {tag.key: tag.name for tag in codebook if tag.key}
    st.session_state[KEYS] = frozenset(keys)
    key_listener(keys, key="coding_keys", on_press=press)
    with st.container(horizontal=True, vertical_alignment="center"):
        _new_tag(reader)
        if go_on is not None:
            restore_value(GO_ON, False)
            st.toggle(tr("Go on after a key"), key=GO_ON, persist_state="session",
                      help=tr(annotation_sentences.GO_ON))  # fmt: skip


def _new_tag(reader: Reader) -> None:
    with st.popover(tr("New tag"), icon=":material/add:", key="coding_new_tag_popover"):
        st.text_input(tr("Name of the tag"), key=NEW_TAG, max_chars=80)
        st.button(
            tr("Create it and tag this document"), key="coding_make_tag",
            on_click=_create_tag, args=(reader,),
        )  # fmt: skip


def _take_tags(reader: Reader, present: tuple[str, ...]) -> None:
    """Only what changed since the buttons were drawn: another window may have changed the rest."""
    wanted = st.session_state[TAGS]
    new = [name for name in wanted if name not in present]
    _change_tags(reader, new, [name for name in present if name not in wanted])


def _change_tags(reader: Reader, new: Sequence[str], removed: Sequence[str]) -> bool:
    def write() -> None:
        for name in new:
            add_tag(cached_scores.notes(), reader.content, name, reader.analyst)
        for name in removed:
            remove_tag(cached_scores.notes(), reader.content, name, reader.analyst)

    return attempt(write)


def _create_tag(reader: Reader) -> None:
    def write() -> None:
        tag = save_tag(cached_scores.notes(), st.session_state[NEW_TAG], reader.analyst)
        add_tag(cached_scores.notes(), reader.content, tag.name, reader.analyst)

    if attempt(write):
        st.session_state[NEW_TAG] = ""


def _marks(reader: Reader, true: str, labels: Sequence[str], own: Annotation | None) -> None:
    """The two flags, the mark "read", and the class that the label should be."""
    flags = {flag.kind: flag for flag in own.flags} if own else {}
    present = (*flags, *([READ] if own and own.read else []))
    st.session_state[MARKS] = list(present)
    st.pills(
        tr("Flags"),
        list(MARK_NAMES),
        selection_mode="multi",
        format_func=lambda mark: tr(MARK_NAMES[mark]),
        wrap=True,
        key=MARKS,
        on_change=_take_marks,
        args=(reader, true, present),
    )
    if wrong := flags.get("label_is_wrong"):
        classes = [label for label in labels if label != true]
        st.session_state[MEANT] = wrong.meant if wrong.meant in classes else None
        st.selectbox(
            tr("Labelled {true}; it should be", true=plain(true)),
            classes,
            index=None,
            placeholder=tr("Not given"),
            key=MEANT,
            on_change=_take_meant,
            args=(reader, true),
        )


def _take_marks(reader: Reader, true: str, present: tuple[str, ...]) -> None:
    def write() -> None:
        for kind in set(st.session_state[MARKS]).symmetric_difference(present):
            on, database = kind not in present, cached_scores.notes()
            if kind == READ:
                set_read(database, *reader, on)
            else:
                set_flag(database, reader.content, cast("Flag", kind), reader.analyst, on, true)

    attempt(write)


def _take_meant(reader: Reader, true: str) -> None:
    database, meant = cached_scores.notes(), st.session_state[MEANT] or ""
    text, analyst = reader.content, reader.analyst
    attempt(lambda: set_flag(database, text, "label_is_wrong", analyst, True, true, meant))


def _others(annotations: Sequence[Annotation], content: str) -> None:
    """The switch, and behind it names, tags, notes and the history."""
    restore_value("coding_others", False)
    on = st.toggle(
        tr("Show what others said"),
        key="coding_others",
        persist_state="session",
        help=tr(
            "Leave it off while you annotate: agreement means little between people who have "
            "seen each other's answers."
        ),
    )
    if not on:
        return
    if not annotations:
        st.caption(tr("Nobody else has annotated this document."))
    for one in annotations:
        st.markdown(annotation_sentences.annotation_line(one))
        if one.note:
            st.text(one.note.text)
    _history(content)


def _history(content: str) -> None:
    try:
        changes = history(cached_scores.notes(), content)
    except UserError as error:
        st.caption(plain(str(error)))
        return
    if changes:
        lines = [annotation_sentences.change_line(change) for change in changes[-LATEST_CHANGES:]]
        with st.expander(
            trn("History: {count:,} change", "History: {count:,} changes", len(changes))
        ):
            st.caption("  \n".join(lines))
