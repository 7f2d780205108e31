"""Where the models for other inputs than texts are, for the pages that work with texts alone."""

from pathlib import Path

import streamlit as st

from han_core.models.listing import list_systems
from han_core.models.systems import SYSTEMS
from han_core.runtime.messages import tr
from han_core.runtime.paths import checkpoints_root
from pages.shared.navigation import page_scripts

PAGES = Path(__file__).parents[1]


def system_pages() -> dict[str, str]:
    """Return the title of each system that has a page, with the page's address."""
    there = page_scripts(PAGES)
    return {one.title: one.page for one in SYSTEMS.values() if one.page in there}


def sentence() -> str:
    """Name the pages of the other systems; "" where there are none."""
    pages = tr(", ").join(
        tr("{page} ({input})", page=tr(page), input=tr(title).lower())
        for title, page in system_pages().items()
    )
    if not pages:
        return ""
    return tr("Models for other inputs than texts have their own pages: {pages}.", pages=pages)


def links() -> None:
    """Draw the sentence, and a link to each of the pages."""
    scripts, pages = page_scripts(PAGES), set(system_pages().values())
    if not pages:
        return
    st.caption(sentence())
    with st.container(horizontal=True, key="system_pages"):
        for page in (page for page in scripts if page in pages):
            st.page_link(f"pages/{scripts[page]}", label=tr(page))


def absence(name: str) -> str:
    """Say why a page of texts cannot show the model of this name, as the end of a sentence."""
    systems = {one.name: SYSTEMS[one.system] for one in list_systems(checkpoints_root())}
    if name in systems:
        system = systems[name]
        return tr("is for {input} (page {page})", input=tr(system.title).lower(),
                  page=tr(system.page))  # fmt: skip
    return tr("is not on this server")
