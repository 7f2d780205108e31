"""Two buttons that save the figures of a container as SVG or PNG, made in the browser.

The picture is what stands on the page, in the theme that is on. It does not know
what the figures show.
"""

import re
from pathlib import Path

import streamlit as st


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


SCRIPT = _read("figure_export.js") + _read("figure_export_html.js")
"""One module, with ``svgOf(container)`` and ``pngBlob(svg)``."""

_EXPORT = st.components.v2.component(
    "hanscope_figure_export", css=_read("figure_export.css"), js=SCRIPT, isolate_styles=False
)


def figure_export(container_key: str, filename: str) -> None:
    """The buttons for everything drawn in the container, chart or component of this key.

    Args:
        filename: without extension; what no file system likes becomes an underscore.
    """
    name = re.sub(r"[^\w.-]+", "_", filename)[:80].strip("._") or "figure"
    _EXPORT(key=f"{container_key}_export", data={"container": container_key, "filename": name})
