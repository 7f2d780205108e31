"""The address of the page: models, series and the stretch that is wiped.

It is read when somebody arrives, and written from then on, so that a link opens the same view.
"""

import re
from collections.abc import Collection, Mapping

import streamlit as st

from pages.shared.page import plain, set_value

NAMES = ("model", "second", "data", "series", "wipe")
_WIPE = re.compile(r"(\d{1,5})-(\d{1,5})-(line|mean)", re.ASCII)


def read(models: Collection[str], sources: Collection[str]) -> None:
    """Take from the address, once a visit, what can be shown; say what cannot.

    Args:
        models, sources: what can be chosen.
    """
    visit = st.session_state["visit"]
    if st.session_state.get("series_address") == visit:
        return
    st.session_state["series_address"] = visit
    named = {name: st.query_params[name] for name in NAMES if name in st.query_params}
    missing = []
    for name, key, there in (
        ("model", "series_checkpoint", models),
        ("second", "series_second", models),
        ("data", "series_source", sources),
    ):
        if name in named and named[name] in there:
            set_value(key, named[name])
        elif name in named:
            missing.append(f"{name} {named[name][:60]}")
    if missing:
        st.warning(plain(f"The link names what is not on this server: {', '.join(missing)}."))
    st.session_state["series_named"] = named


def named_row(ids: list[str]) -> int | None:
    """Return the place of the series that the address names, once; None where it names none."""
    wanted = st.session_state.get("series_named", {}).pop("series", None)
    return ids.index(wanted) if wanted in ids else None


def named_stretch(last: int) -> tuple[int, int, str] | None:
    """Return the stretch to wipe that the address names, once: first and last step, and filling."""
    match = _WIPE.fullmatch(st.session_state.get("series_named", {}).pop("wipe", ""))
    if match is None or not int(match[1]) <= int(match[2]) <= last:
        return None
    return int(match[1]), int(match[2]), match[3]


def write(values: Mapping[str, str]) -> None:
    """Let the address say what is shown; an empty value is left out."""
    for name in NAMES:
        value = values.get(name, "")
        if value and st.query_params.get(name) != value:
            st.query_params[name] = value
        elif not value and name in st.query_params:
            del st.query_params[name]
