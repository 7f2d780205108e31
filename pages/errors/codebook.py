"""How far two annotators agree, tag by tag.

The codebook: the tags, what they mean, how often they are used; and who agrees on them.
"""

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
from pages.errors import cached_scores
from pages.errors.context import TROUBLE, ErrorsContext, attempt
from pages.shared.page import restore_value
from pages.shared.wording import plain

FIRST, SECOND, FILTERED = "agreement_first", "agreement_second", "agreement_filtered"
KAPPA = (
    "Cohen's kappa: 1 is agreement on every document, 0 what chance alone would give, below 0 less "
    "than that. Only documents count that both tagged, flagged, noted or marked as read. A tag "
    "that is rarely used can have a low kappa at high agreement, so look at the counts too."
)


def agreement_panel(bench: ErrorsContext) -> None:
    """The two people, and a row for each tag and flag that either of them used."""
    st.subheader("Agreement", anchor=False)
    people = annotators(cached_scores.notes())
    if len(people) < 2:
        st.caption("When two people have coded the same documents, this says how far they agree.")
        return
    names = sorted(people, key=lambda name: (-people[name], name))
    restore_value(FIRST, names[0], names)
    restore_value(SECOND, names[1], names)
    restore_value(FILTERED, False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = _person("First", FIRST, people)
        second = _person("Second", SECOND, people)
        filtered = st.toggle(
            "Only documents that the filter leaves", key=FILTERED, persist_state="session"
        )
    if first == second:
        st.caption("Choose two people.")
        return
    among = _among(bench, first, second) if filtered else None
    _shown(agreement(cached_scores.notes(), first, second, among), first, second)


def agreement_table(found: Sequence[Agreement], first: str, second: str) -> pd.DataFrame:
    """Counts, kappa and its interval; the reason where one of them is missing."""
    rows = [
        (one.name, one.both, one.only_first, one.only_second, one.neither, one.kappa,
         interval(one), one.reason)
        for one in found
    ]  # fmt: skip
    columns = ["tag", "both", f"only {first}", f"only {second}", "neither", "kappa",
               "95% interval", "why not"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def interval(one: Agreement) -> str:
    """ "0.12 to 0.84"; "" where there is none."""
    return "" if one.low is None or one.high is None else f"{one.low:.2f} to {one.high:.2f}"


def _person(label: str, key: str, people: dict[str, int]) -> str:
    return st.selectbox(
        label,
        list(people),
        format_func=lambda name: f"{name} ({people[name]:,} documents)",
        key=key,
        persist_state="session",
    )


def _among(bench: ErrorsContext, first: str, second: str) -> list[str]:
    """Those of the two people's documents that the filter leaves."""
    both = annotated_documents(cached_scores.notes(), first) & annotated_documents(
        cached_scores.notes(), second
    )
    left = np.intersect1d(bench.store.documents.rows_of(sorted(both)), bench.rows)
    return bench.store.documents.contents(left)


def _shown(found: Sequence[Agreement], first: str, second: str) -> None:
    if not found:
        st.caption("Neither used a tag or flag on a document that both have looked at.")
        return
    st.dataframe(
        agreement_table(found, first, second),
        key="agreement_table",
        hide_index=True,
        column_config={"kappa": st.column_config.NumberColumn(format="%.2f")},
    )
    st.caption(f"{found[0].n:,} documents that {plain(first)} and {plain(second)} both looked at.")
    st.caption(KAPPA)


CHOSEN, SEEN, INTO = "codebook_tag", "codebook_seen", "codebook_into"
NAME, ABOUT, COLOUR, KEY = "codebook_name", "codebook_about", "codebook_colour", "codebook_key"
NEW = 0  # in the place of a tag's number, which begin at 1
ONLY_NAMED = "Say your name at the top of the page; then you can edit the codebook."
SCOPE = (
    "One codebook serves all data sets and models of this server. Renaming a tag renames it "
    "wherever it stands; a retired tag keeps its documents and is no longer offered."
)


def panel(bench: ErrorsContext) -> None:
    """The tags and their editor, then agreement."""
    st.subheader("Codebook", anchor=False)
    if sentence := st.session_state.pop(TROUBLE, None):
        st.error(plain(sentence))
    offered, retired = (
        codebook(cached_scores.notes()),
        codebook(cached_scores.notes(), retired=True),
    )
    counts = documents_by_tag(cached_scores.notes())
    left, right = st.columns([3, 2], gap="large")
    with left:
        _table([*offered, *retired], counts)
        st.caption(SCOPE)
    with right:
        if bench.analyst:
            _starters(bench.analyst, bool(offered))
            _editor(bench.analyst, offered, retired)
        else:
            st.info(ONLY_NAMED)
    agreement_panel(bench)


def table(tags: Sequence[Tag], uses: dict[str, int]) -> pd.DataFrame:
    """A row a tag; the colour stands beside its name."""
    columns = {
        "colour": [tag.colour for tag in tags],
        "tag": [tag.name for tag in tags],
        "key": [tag.key for tag in tags],
        "documents": [uses.get(tag.name, 0) for tag in tags],
        "description": [tag.description for tag in tags],
        "made by": [tag.created_by for tag in tags],
        "made": [tag.created_at.replace(tzinfo=None) for tag in tags],
        "retired": [tag.retired for tag in tags],
    }
    return pd.DataFrame(columns)


def _table(tags: Sequence[Tag], uses: dict[str, int]) -> None:
    if not tags:
        st.info("The codebook is empty. Make the first tag, or begin with the starters.")
        return
    rows = table(tags, uses)
    painted = rows.style.map("background-color: {0}; color: {0}".format, subset=["colour"])
    st.dataframe(
        painted,
        key="codebook_table",
        hide_index=True,
        column_config={
            "colour": st.column_config.TextColumn("", width=20),
            "key": st.column_config.TextColumn(width="small"),
            "documents": st.column_config.NumberColumn(width=90),
            "description": st.column_config.TextColumn(width="large"),
            "made": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "retired": st.column_config.CheckboxColumn(width="small"),
        },
    )


def _starters(analyst: str, some: bool) -> None:
    """Offered first where there is nothing yet."""
    names = ", ".join(one.name for one in STARTER_TAGS)
    st.button(
        "Add tags to begin with",
        key="codebook_starters",
        type="tertiary" if some else "primary",
        help=f"{names}. Those that are there already stay as they are.",
        on_click=_add_starters,
        args=(analyst,),
    )


def _add_starters(analyst: str) -> None:
    attempt(lambda: add_starter_tags(cached_scores.notes(), analyst))


def _editor(analyst: str, offered: Sequence[Tag], retired: Sequence[Tag]) -> None:
    """One tag, new or there: its fields, and what else can be done with it."""
    tags = {tag.id: tag for tag in (*offered, *retired)}
    if st.session_state.get(CHOSEN) not in tags:  # somebody merged it away
        st.session_state[CHOSEN] = NEW
    for key, usual in ((CHOSEN, NEW), (NAME, ""), (ABOUT, ""), (COLOUR, DEFAULT_COLOUR), (KEY, "")):
        restore_value(key, usual)
    st.session_state.setdefault(SEEN, tags.get(st.session_state[CHOSEN]))
    st.selectbox(
        "Tag",
        [NEW, *tags],
        format_func=lambda id: tags[id].name if id in tags else "A new tag",
        key=CHOSEN,
        on_change=lambda: _fill(tags.get(st.session_state[CHOSEN])),
        persist_state="session",
    )
    st.text_input("Name", key=NAME, max_chars=80, persist_state="session")
    st.text_area("Description", key=ABOUT, height=90, max_chars=2_000, persist_state="session",
                 placeholder="When does it apply, and when not? An example helps.")  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.color_picker("Colour", key=COLOUR, persist_state="session")
        st.text_input("Key", key=KEY, max_chars=1, width=80, help="A letter or digit; not j or k.",
                      persist_state="session")  # fmt: skip
        st.button("Save", key="codebook_save", type="primary", on_click=_save, args=(analyst,))
    if chosen := tags.get(st.session_state[CHOSEN]):
        _more(analyst, chosen, [tag for tag in offered if tag.id != chosen.id])


def _fill(tag: Tag | None) -> None:
    """The fields as the tag is; empty for a new one."""
    st.session_state[SEEN] = tag
    st.session_state[NAME] = tag.name if tag else ""
    st.session_state[ABOUT] = tag.description if tag else ""
    st.session_state[COLOUR] = tag.colour if tag else DEFAULT_COLOUR
    st.session_state[KEY] = tag.key if tag else ""


def _save(analyst: str) -> None:
    """What cannot be saved stays in the fields; who saves again has seen the other's change."""
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
    """Retire or bring back; merge into another one."""

    def take(change: Callable, *given: object) -> None:
        if attempt(lambda: change(cached_scores.notes(), *given, analyst)):
            st.session_state[CHOSEN] = NEW
            _fill(None)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        if tag.retired:
            st.button("Offer again", key="codebook_restore", on_click=take, args=(restore_tag, tag))
        else:
            st.button("Retire", key="codebook_retire", on_click=take, args=(retire_tag, tag))
        if not others:
            return
        by_id = {one.id: one for one in others}
        if st.session_state.get(INTO) not in by_id:
            st.session_state[INTO] = others[0].id
        into = st.selectbox("Merge into", list(by_id), key=INTO,
                            format_func=lambda id: by_id[id].name)  # fmt: skip
        st.button("Merge", key="codebook_merge", on_click=take, args=(merge_tags, tag, by_id[into]),
                  help="The other tag stands wherever this one stood, and this one goes. It "
                  "cannot be undone.")  # fmt: skip
