"""A report as one HTML file: figures of a data set, and documents one under another.

Everything that it says is plain text and is escaped here; like a single heatmap's page it
opens offline and can neither load nor send anything (``page``). It knows nothing about
where the figures and the words come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from han_core.figures.assets import REPORT_STYLESHEET
from han_core.figures.escape import html_text
from han_core.figures.heatmap import Heatmap
from han_core.figures.page import sealed, without_script

_BEGIN = """
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
    return sealed(title, body, drawn, _BEGIN, REPORT_STYLESHEET)


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
