"""HTML files that need nothing else: of one heatmap here, of many in ``report``.

They open from disk without a network: style, script and data stand in them. A policy in
their head lets only these run, by their hashes, and nothing be loaded or sent. Without
script they still show the text.

A report as one HTML file: figures of a data set, and documents one under another.

Everything that it says is plain text and is escaped here; like a single heatmap's page it
opens offline and can neither load nor send anything (``page``). It knows nothing about
where the figures and the words come from.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from han_core.viz.heatmap import Heatmap
from han_core.viz.markup import REPORT_STYLESHEET, SCRIPT, STYLE, STYLESHEET, html_text

_BEGIN = """
const data = JSON.parse(document.getElementById("data").textContent);
draw(document.getElementById("heatmap"), data, null);
"""


def standalone(heatmap: Heatmap, legend_html: str, title: str, notes: Sequence[str]) -> str:
    """The page: title, notes (plain text, a paragraph each), legend, heatmap."""
    paragraphs = "".join(f"<p>{html_text(note)}</p>" for note in notes)
    body = f"""<h1>{html_text(title)}</h1>
{paragraphs}
{legend_html}
<div id="heatmap"></div>
{without_script(heatmap.text)}"""
    return sealed(title, body, heatmap.data, _BEGIN)


def without_script(text: str) -> str:
    """What stands in a heatmap's place where no script runs."""
    return f"<noscript><pre>\n{html_text(text)}</pre></noscript>"


def sealed(title: str, body: str, data: object, begin: str, stylesheet: str = STYLESHEET) -> str:
    """A whole file, under a policy that names its one style and its one script.

    Args:
        title: plain text.
        body: HTML, escaped by the caller; pieces may bring ``STYLE``, which stands once.
        data: JSON, in the element ``data``.
        begin: runs after the heatmap's script, in the same module.
    """
    script = SCRIPT + begin
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(script, stylesheet)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{html_text(title)}</title>
<style>
{stylesheet}</style>
</head>
<body class="hs hs-page">
{body.replace(STYLE, "")}
<script type="application/json" id="data">{_json(data)}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def _policy(script: str, stylesheet: str) -> str:
    style = f"\n{stylesheet}"  # what the element holds
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src-elem '{_hash(style)}'; "
        # The legend's lengths and colours stand in attributes, which can load nothing here.
        "style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )


def _hash(code: str) -> str:
    """As a policy names it (Content Security Policy Level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


def _json(data: object) -> str:
    """The data, which no sign in them can end."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


_REPORT_BEGIN = """
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
        name: how people call it.
        right: whether the predicted class is the true one.
        line: what else is to be said of it in one line.
        tags: each in words, with who gave it; flags stand among them.
        notes: (who and when, the note) each.
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


def report(
    title: str,
    notes: Sequence[str],
    facts: Sequence[tuple[str, str]],
    grids: Sequence[Grid],
    legend_html: str,
    entries: Sequence[Entry],
) -> str:
    """The whole file.

    Args:
        notes: paragraphs under the title.
        facts: (name, figure) each.
        legend_html: of the scale that all heatmaps share; already HTML.
    """
    body = "".join(
        [
            f'<div class="hs-report"><h1>{html_text(title)}</h1>',
            *(f"<p>{html_text(note)}</p>" for note in notes),
            _facts(facts),
            *map(_grid, grids),
            f"<h2>Documents</h2>{_contents(entries)}{legend_html}" if entries else "",
            *(_document(entry, number) for number, entry in enumerate(entries)),
            "</div>",
        ]
    )
    drawn = [entry.heatmap.data for entry in entries]
    return sealed(title, body, drawn, _REPORT_BEGIN, REPORT_STYLESHEET)


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    rows = (f"<dt>{html_text(name)}</dt><dd>{html_text(fact)}</dd>" for name, fact in facts)
    return f'<dl class="hs-facts">{"".join(rows)}</dl>' if facts else ""


def _grid(grid: Grid) -> str:
    head = "".join(_cell("th", name, at) for at, name in enumerate(grid.header))
    rows = "".join(
        f"<tr>{''.join(_cell('td', cell, at) for at, cell in enumerate(row))}</tr>"
        for row in grid.rows
    )
    return (
        f'<h2>{html_text(grid.title)}</h2><div class="hs-scroll"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(element: str, text: str, at: int) -> str:
    return f"<{element}{' class=hs-number' * (at > 0)}>{html_text(text)}</{element}>"


def _contents(entries: Sequence[Entry]) -> str:
    """A line for each document that leads to it."""
    rows = "".join(
        f'<tr><td><a href="#document-{number}">{html_text(entry.name)}</a></td>'
        f"<td>{_outcome(entry)}</td><td>{html_text(', '.join(entry.tags))}</td></tr>"
        for number, entry in enumerate(entries, start=1)
    )
    head = "<tr><th>Document</th><th>Predicted</th><th>Tags</th></tr>"
    return f'<div class="hs-scroll"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _outcome(entry: Entry) -> str:
    kind = "right" if entry.right else "wrong"
    return f'<span class="hs-{kind}">{html_text(entry.predicted)}</span>'


def _document(entry: Entry, at: int) -> str:
    tags = "".join(f"<span>{html_text(tag)}</span>" for tag in entry.tags)
    notes = "".join(
        f'<div class="hs-note-text"><b>{html_text(who)}</b>{html_text(note)}</div>'
        for who, note in entry.notes
    )
    return (
        f'<section class="hs-document" id="document-{at + 1}"><h2>{html_text(entry.name)}</h2>'
        f"<p>True {html_text(entry.true)}, predicted {_outcome(entry)}. {html_text(entry.line)}</p>"
        f"{f'<p class=hs-tags>{tags}</p>' if tags else ''}{notes}"
        f'<div data-heatmap="{at}"></div>{without_script(entry.heatmap.text)}</section>'
    )
