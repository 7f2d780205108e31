"""The view Codebook: the tags with an editor, and the agreement of two annotators on them."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from han_core.analysis.annotations.agreement import (
    Agreement,
    agreement,
    annotated_documents,
    annotators,
)
from han_core.analysis.annotations.codebook import (
    STARTER_TAGS,
    StaleTagError,
    Tag,
    add_starter_tags,
    codebook,
    documents_by_tag,
    merge_tags,
    restore_tag,
    retire_tag,
    save_tag,
)
from han_core.analysis.annotations.schema import DEFAULT_COLOUR
from han_core.runtime.errors import counted
from han_core.runtime.messages import tr
from pages.errors import annotation_sentences, cached_scores
from pages.errors.context import TROUBLE, ErrorsContext, attempt
from pages.shared.page import restore_value
from pages.shared.wording import plain

FIRST, SECOND, FILTERED = "agreement_first", "agreement_second", "agreement_filtered"


def agreement_panel(errors: ErrorsContext) -> None:
    """Draw the pickers of two people, and a row for each tag and flag that either used."""
    st.header(tr("Agreement"), anchor=False)
    people = annotators(cached_scores.notes())
    if len(people) < 2:
        st.caption(
            tr(
                "When two people have annotated the same documents, you see here how far they "
                "agree."
            )
        )
        return
    names = sorted(people, key=lambda name: (-people[name], name))
    restore_value(FIRST, names[0], names)
    restore_value(SECOND, names[1], names)
    restore_value(FILTERED, False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = _person(tr("First"), FIRST, people)
        second = _person(tr("Second"), SECOND, people)
        filtered = st.toggle(
            tr("Only documents that the filter selects"), key=FILTERED, persist_state="session"
        )
    if first == second:
        st.caption(tr("Choose two people."))
        return
    among = _among(errors, first, second) if filtered else None
    _agreement(agreement(cached_scores.notes(), first, second, among), first, second)


def agreement_table(agreements: Sequence[Agreement], first: str, second: str) -> pd.DataFrame:
    """Return counts, kappa and its interval; the reason where one of them is missing."""
    rows = [
        (one.name, one.both, one.only_first, one.only_second, one.neither, one.kappa,
         interval(one), one.reason)
        for one in agreements
    ]  # fmt: skip
    columns = [
        tr("tag"), tr("both"), tr("only {name}", name=first), tr("only {name}", name=second),
        tr("neither"), tr("kappa"), tr("95% interval"), tr("why not"),
    ]  # fmt: skip
    if not any(one.reason for one in agreements):
        return pd.DataFrame([row[:-1] for row in rows], columns=columns[:-1])
    return pd.DataFrame(rows, columns=columns)


def interval(one: Agreement) -> str:
    """Return "0.12 to 0.84"; "" if there is no interval."""
    if one.low is None or one.high is None:
        return ""
    return tr("{low:.2f} to {high:.2f}", low=one.low, high=one.high)


def _person(label: str, key: str, people: dict[str, int]) -> str:
    return st.selectbox(
        label,
        list(people),
        format_func=lambda name: tr(
            "{name} ({documents})", name=name, documents=counted(people[name], "document")
        ),
        key=key,
        persist_state="session",
    )


def _among(errors: ErrorsContext, first: str, second: str) -> list[str]:
    """The documents of both people that the filter selects."""
    both = annotated_documents(cached_scores.notes(), first) & annotated_documents(
        cached_scores.notes(), second
    )
    left = np.intersect1d(errors.store.documents.rows_of(sorted(both)), errors.rows)
    return errors.store.documents.contents(left)


def _agreement(rows: Sequence[Agreement], first: str, second: str) -> None:
    if not rows:
        st.caption(tr("Neither used a tag or flag on a document that both have read."))
        return
    st.dataframe(
        agreement_table(rows, first, second),
        key="agreement_table",
        hide_index=True,
        column_config={tr("kappa"): st.column_config.NumberColumn(format="%.2f")},
    )
    st.caption(
        tr(
            "{n:,} documents that {first} and {second} both have read.",
            n=rows[0].n,
            first=plain(first),
            second=plain(second),
        )
    )
    st.caption(tr(annotation_sentences.KAPPA))


CHOSEN, SEEN, INTO = "codebook_tag", "codebook_seen", "codebook_into"
NAME, ABOUT, COLOUR, KEY = "codebook_name", "codebook_about", "codebook_colour", "codebook_key"
NEW = 0  # instead of the number of a tag; those start at 1


def panel(errors: ErrorsContext) -> None:
    """Draw the tags and their editor, then agreement."""
    st.header(tr("Codebook"), anchor=False)
    if sentence := st.session_state.pop(TROUBLE, None):
        st.error(plain(sentence))
    database = cached_scores.notes()
    offered, retired = codebook(database), codebook(database, retired=True)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _table([*offered, *retired], documents_by_tag(database))
        st.caption(tr(annotation_sentences.CODEBOOK))
    with right:
        if errors.analyst:
            _starters(errors.analyst, bool(offered))
            _editor(errors.analyst, offered, retired)
        else:
            st.info(tr(annotation_sentences.NAME_TO_EDIT))
    agreement_panel(errors)


def table(tags: Sequence[Tag], uses: dict[str, int]) -> pd.DataFrame:
    """Return a table with one row a tag."""
    columns = {
        "colour": [tag.colour for tag in tags],
        "tag": [tag.name for tag in tags],
        "key": [tag.key for tag in tags],
        "documents": [uses.get(tag.name, 0) for tag in tags],
        "description": [tag.description for tag in tags],
        "made by": [tag.created_by for tag in tags],  # not shown
        "made": [tag.created_at.replace(tzinfo=None) for tag in tags],
        "retired": [tag.retired for tag in tags],
    }
    return pd.DataFrame(columns)


def _table(tags: Sequence[Tag], uses: dict[str, int]) -> None:
    if not tags:
        st.info(tr("The codebook is empty. Create the first tag, or add some common ones."))
        return
    rows = table(tags, uses)
    coloured = rows.style.map("background-color: {0}; color: {0}".format, subset=["colour"])
    st.dataframe(
        coloured,
        key="codebook_table",
        hide_index=True,
        column_config={
            "colour": st.column_config.TextColumn("", width=20),
            "tag": st.column_config.TextColumn(tr("tag")),
            "key": st.column_config.TextColumn(tr("key"), width="small"),
            "documents": st.column_config.NumberColumn(tr("documents"), width=90),
            "description": st.column_config.TextColumn(tr("description"), width="large"),
            "made by": st.column_config.TextColumn(tr("made by")),
            "made": st.column_config.DatetimeColumn(
                tr("made"),
                format="YYYY-MM-DD HH:mm",  # not shown
            ),
            "retired": st.column_config.CheckboxColumn(tr("retired"), width="small"),
        },
    )


def _starters(analyst: str, some: bool) -> None:
    names = ", ".join(one.name for one in STARTER_TAGS)
    st.button(
        tr("Add common tags"),
        key="codebook_starters",
        type="tertiary" if some else "primary",
        help=tr("{names}. Existing tags stay as they are.", names=names),
        on_click=_add_starters,
        args=(analyst,),
    )


def _add_starters(analyst: str) -> None:
    attempt(lambda: add_starter_tags(cached_scores.notes(), analyst))


def _editor(analyst: str, offered: Sequence[Tag], retired: Sequence[Tag]) -> None:
    """The fields of one tag, new or not, and the buttons to retire or merge it."""
    tags = {tag.id: tag for tag in (*offered, *retired)}
    if st.session_state.get(CHOSEN) not in tags:  # somebody merged it away
        st.session_state[CHOSEN] = NEW
    for key, usual in ((CHOSEN, NEW), (NAME, ""), (ABOUT, ""), (COLOUR, DEFAULT_COLOUR), (KEY, "")):
        restore_value(key, usual)
    st.session_state.setdefault(SEEN, tags.get(st.session_state[CHOSEN]))
    st.selectbox(
        tr("Tag"),
        [NEW, *tags],
        format_func=lambda id: tags[id].name if id in tags else tr("A new tag"),
        key=CHOSEN,
        on_change=lambda: _fill(tags.get(st.session_state[CHOSEN])),
        persist_state="session",
    )
    st.text_input(tr("Name"), key=NAME, max_chars=80, persist_state="session")
    st.text_area(tr("Description"), key=ABOUT, height=90, max_chars=2_000, persist_state="session",
                 placeholder=tr("When does it apply, and when not? An example helps."))  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.color_picker(tr("Colour"), key=COLOUR, persist_state="session")
        st.text_input(
            tr("Key"), key=KEY, max_chars=1, width=80, help=tr(annotation_sentences.TAG_KEY),
            persist_state="session",
        )  # fmt: skip
        st.button(tr("Save"), key="codebook_save", type="primary", on_click=_save, args=(analyst,))
    if chosen := tags.get(st.session_state[CHOSEN]):
        _more(analyst, chosen, [tag for tag in offered if tag.id != chosen.id])


def _fill(tag: Tag | None) -> None:
    """Fill the fields with the tag; empty for a new one."""
    st.session_state[SEEN] = tag
    st.session_state[NAME] = tag.name if tag else ""
    st.session_state[ABOUT] = tag.description if tag else ""
    st.session_state[COLOUR] = tag.colour if tag else DEFAULT_COLOUR
    st.session_state[KEY] = tag.key if tag else ""


def _save(analyst: str) -> None:
    """Save the fields; what cannot be saved stays in them.

    After a message that somebody else has changed the tag, a second save overwrites it.
    """
    name, about, colour, key = (st.session_state[field] for field in (NAME, ABOUT, COLOUR, KEY))
    seen = st.session_state[SEEN]

    def write() -> None:
        try:
            save_tag(cached_scores.notes(), name, analyst, about, colour, key, tag=seen)
        except StaleTagError:
            del st.session_state[SEEN]
            raise

    if attempt(write):
        st.session_state[CHOSEN] = NEW
        _fill(None)


def _more(analyst: str, tag: Tag, others: Sequence[Tag]) -> None:
    """Retire or restore the tag; merge it into another one."""

    def take(change: Callable, *args: object) -> None:
        if attempt(lambda: change(cached_scores.notes(), *args, analyst)):
            st.session_state[CHOSEN] = NEW
            _fill(None)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        if tag.retired:
            st.button(
                tr("Offer again"), key="codebook_restore", on_click=take, args=(restore_tag, tag)
            )
        else:
            st.button(tr("Retire"), key="codebook_retire", on_click=take, args=(retire_tag, tag))
        if not others:
            return
        by_id = {one.id: one for one in others}
        if st.session_state.get(INTO) not in by_id:
            st.session_state[INTO] = others[0].id
        into = st.selectbox(tr("Merge into"), list(by_id), key=INTO,
                            format_func=lambda id: by_id[id].name)  # fmt: skip
        st.button(
            tr("Merge"),
            key="codebook_merge",
            on_click=take,
            args=(merge_tags, tag, by_id[into]),
            help=tr(
                "Replaces this tag by the other one on every document and deletes it. This cannot "
                "be undone."
            ),
        )
