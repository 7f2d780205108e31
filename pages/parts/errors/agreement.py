"""How far two annotators agree, tag by tag."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.errors import cached
from pages.parts.kept import carry
from pages.parts.wording import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from han_core.coding.agreement import Agreement
    from pages.parts.errors.bench import Bench

FIRST, SECOND, FILTERED = "agreement_first", "agreement_second", "agreement_filtered"
KAPPA = (
    "Cohen's kappa: 1 is agreement on every document, 0 what chance alone would give, below 0 less "
    "than that. Only documents count that both tagged, flagged, noted or marked as read. A tag "
    "that is rarely used can have a low kappa at high agreement, so look at the counts too."
)


def panel(bench: "Bench") -> None:
    """The two people, and a row for each tag and flag that either of them used."""
    from han_core.coding.agreement import agreement, annotators

    st.subheader("Agreement", anchor=False)
    people = annotators(cached.notes())
    if len(people) < 2:
        st.caption("When two people have coded the same documents, this says how far they agree.")
        return
    names = sorted(people, key=lambda name: (-people[name], name))
    carry(FIRST, names[0], names)
    carry(SECOND, names[1], names)
    carry(FILTERED, False)
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
    _shown(agreement(cached.notes(), first, second, among), first, second)


def table(found: "Sequence[Agreement]", first: str, second: str) -> "pd.DataFrame":
    """Counts, kappa and its interval; the reason where one of them is missing."""
    import pandas as pd

    rows = [
        (one.name, one.both, one.only_first, one.only_second, one.neither, one.kappa,
         interval(one), one.reason)
        for one in found
    ]  # fmt: skip
    columns = ["tag", "both", f"only {first}", f"only {second}", "neither", "kappa",
               "95% interval", "why not"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def interval(one: "Agreement") -> str:
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


def _among(bench: "Bench", first: str, second: str) -> list[str]:
    """Those of the two people's documents that the filter leaves."""
    import numpy as np

    from han_core.coding.marked import coded
    from han_core.errors.asked.table import contents, rows_of

    both = coded(cached.notes(), first) & coded(cached.notes(), second)
    left = np.intersect1d(rows_of(bench.store, sorted(both)), bench.rows)
    return contents(bench.store, left)


def _shown(found: "Sequence[Agreement]", first: str, second: str) -> None:
    if not found:
        st.caption("Neither used a tag or flag on a document that both have looked at.")
        return
    st.dataframe(
        table(found, first, second),
        key="agreement_table",
        hide_index=True,
        column_config={"kappa": st.column_config.NumberColumn(format="%.2f")},
    )
    st.caption(f"{found[0].n:,} documents that {plain(first)} and {plain(second)} both looked at.")
    st.caption(KAPPA)
