"""Documents whose attention is kept while the model learns: from the data, or pasted."""

import re
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.kept import carry
from pages.parts.training import saying

if TYPE_CHECKING:
    from han_core.preparation.look import Look

OFFERED = 30
"""Documents of the data that can be picked from."""

BETWEEN = re.compile(r"^[-=]{3,}\s*$", re.MULTILINE)


def watched(look: "Look | None") -> tuple[tuple[str, ...], int | None]:
    """The texts, at most ``MOST_WATCHED``, and the steps between two looks; None for 1, 2, 4, …"""
    from han_core.runs.plan import LONGEST_WATCHED, MOST_WATCHED

    offered = {} if look is None else offers(look, LONGEST_WATCHED)
    with st.expander("Watch attention form", key="train_watch"):
        st.caption(saying.WATCHED)
        picked = _picker(offered, MOST_WATCHED) if offered else []
        carry("train_watched_text", "")
        pasted = st.text_area(
            "Texts of your own, with a line of hyphens between two", key="train_watched_text",
            max_chars=MOST_WATCHED * LONGEST_WATCHED, height=100, persist_state="session",
        )  # fmt: skip
        carry("train_watch_every", None)
        every = st.number_input(
            "Steps between two looks", min_value=1, value=None, step=1, key="train_watch_every",
            placeholder="1, 2, 4, 8, … and after each epoch", persist_state="session", width=320,
        )  # fmt: skip
        own = [text.strip()[:LONGEST_WATCHED] for text in BETWEEN.split(pasted)]
        texts = [*(text for text in own if text), *(offered[name] for name in picked)]
        if len(texts) > MOST_WATCHED:
            st.caption(f"The first {MOST_WATCHED} of these {len(texts)} are watched.")
    return tuple(texts[:MOST_WATCHED]), every


def _picker(offered: dict[str, str], most: int) -> list[str]:
    usual = list(offered)[:2]
    if any(name not in offered for name in st.session_state.get("train_watched", ())):
        st.session_state["train_watched"] = usual  # other documents
    carry("train_watched", usual)
    return st.multiselect(
        "Documents of the data", list(offered), key="train_watched", max_selections=most,
        persist_state="session",
    )  # fmt: skip


def offers(look: "Look", longest: int) -> dict[str, str]:
    """Name → text of some documents, one class after the other, so that the first two differ."""
    by_class: dict[str, list[str]] = {}
    for text, label in zip(look.texts, look.labels, strict=True):
        if text.strip() and len(text) <= longest:
            by_class.setdefault(label, []).append(text)
    found: dict[str, str] = {}
    for place in range(max(map(len, by_class.values()), default=0)):
        for label, texts in by_class.items():
            if place < len(texts) and len(found) < OFFERED:
                beginning = " ".join(texts[place][:90].split())
                found.setdefault(plain_name(label, beginning), texts[place])
    return found


def plain_name(label: str, beginning: str) -> str:
    """One line for a picker."""
    return f"{label[:40]} · {beginning[:60]}…"
