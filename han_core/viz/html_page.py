"""HTML files that need nothing else: one heatmap, or the report of an error analysis.

They open from disk without a network: style, script and data stand in them. A Content Security
Policy in their head lets only these run, by their hashes, and nothing be loaded or sent. All
text is escaped by the templates; without script they still show it.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from han_core.viz.heatmap import Heatmap
from han_core.viz.markup import REPORT_STYLESHEET, SCRIPT, STYLE, STYLESHEET, html_text

_DRAW_ONE = """
const data = JSON.parse(document.getElementById("data").textContent);
draw(document.getElementById("heatmap"), data, null);
"""

_DRAW_ALL = """
const all = JSON.parse(document.getElementById("data").textContent);
document.querySelectorAll("[data-heatmap]").forEach((place) => {
  draw(place, all[Number(place.dataset.heatmap)], null);
});
"""


@dataclass(frozen=True)
class Grid:
    """A table in words.

    Attributes:
        header: a name for each column; the first column holds names, the others numbers.

    Raises:
        ValueError: if a row is not as wide as the header.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"rows of {len(self.header)} cells are expected")


@dataclass(frozen=True)
class Entry:
    """A document in the report.

    Attributes:
        name: its id in words.
        right: whether the predicted class is the true one.
        line: confidence, loss and columns in one line.
        tags: each in words, with who gave it; flags stand among them.
        notes: (author and time, the note) each.
        heatmap: its text, coloured.
    """

    name: str
    true: str
    predicted: str
    right: bool
    line: str
    tags: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]
    heatmap: Heatmap


def standalone(heatmap: Heatmap, legend_html: str, title: str, notes: Sequence[str]) -> str:
    """Return the page of one heatmap: title, notes (plain text, a paragraph each), legend."""
    context = {"title": title, "notes": notes, "heatmap": heatmap}
    return _render("heatmap.html", context, legend_html, heatmap.data, _DRAW_ONE, STYLESHEET)


def report(
    title: str,
    notes: Sequence[str],
    facts: Sequence[tuple[str, str]],
    grids: Sequence[Grid],
    legend_html: str,
    entries: Sequence[Entry],
) -> str:
    """Return the report of a data set: figures, and documents one under another.

    Args:
        notes: paragraphs under the title.
        facts: (name, figure) each.
        legend_html: of the scale that all heatmaps share; already HTML.
    """
    context = {
        "title": title, "notes": notes, "facts": facts, "grids": grids, "entries": entries,
    }  # fmt: skip
    heatmaps = [entry.heatmap.data for entry in entries]
    return _render("report.html", context, legend_html, heatmaps, _DRAW_ALL, REPORT_STYLESHEET)


def _render(
    template: str, context: dict, legend_html: str, data: object, draw: str, stylesheet: str
) -> str:
    """Fill a template.

    Args:
        legend_html: brings ``STYLE``, which stands once in the head instead.
        data: JSON, in the element ``data``.
        draw: runs after the heatmap's script, in the same module.
        stylesheet: the only style of the page.
    """
    script = SCRIPT + draw
    return _environment().get_template(template).render(
        **context,
        legend=legend_html.replace(STYLE, ""),
        data=json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
        script=script,
        stylesheet=stylesheet,
        policy=_policy(script, stylesheet),
    )  # fmt: skip


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # 50 ms of a page's first paint

    return Environment(
        loader=PackageLoader("han_core.viz"),
        autoescape=True,
        finalize=_escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def _escaped(value: object) -> object:
    """Escape text as ``html_text`` does, which also replaces what UTF-8 cannot carry."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return Markup(html_text(value))
    return value


def _policy(script: str, stylesheet: str) -> str:
    style = f"\n{stylesheet}"  # what the element holds
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src-elem '{_hash(style)}'; "
        # The legend's lengths and colours stand in attributes, which can load nothing here.
        "style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )


def _hash(code: str) -> str:
    """Name code as a policy does (Content Security Policy Level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
