"""The panels' component: it lines up their sentences, and makes them compact."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from han_core.explanation.comparison import Column, sentence_starts


def _read(name: str) -> str:
    return (Path(__file__).with_name("assets") / name).read_text(encoding="utf-8")


_ALIGNED = st.components.v2.component(
    "hanscope_aligned_rows",
    css=_read("panels.css"),
    js=_read("aligned_rows.js"),
    isolate_styles=False,
)


def align_rows(columns: Sequence[Column], container: str, panels: Sequence[str]) -> None:
    """Line up sentences of the heatmaps in ``panels`` that stand side by side.

    Args:
        container: widget key of the container around all panels.
        panels: widget keys of the panels, one for each column.
    """
    rows = [list(row) for row in zip(*sentence_starts(columns), strict=True)]
    data = {"container": container, "panels": list(panels), "rows": rows}
    _ALIGNED(key=f"{container}_rows", data=data)
