"""What Explore, Compare and Errors export: HTML files, and weights as tables and JSON.

The HTML files need nothing else: one heatmap, or the report of an error analysis.

They open from disk without a network: style, script and data stand in them. A Content Security
Policy in their head lets only these run, by their hashes, and nothing be loaded or sent. All
text is escaped by the templates; without script they still show it.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
from markupsafe import Markup

from han_core.data.delimited import to_csv
from han_core.explanation.agreement import align
from han_core.explanation.attribution import Attribution
from han_core.explanation.explanation import Explanation, ranks
from han_core.runtime.messages import TAGS, current_locale, tr
from han_core.text.document import Span
from han_core.viz.heatmap import Heatmap
from han_core.viz.markup import REPORT_STYLESHEET, SCRIPT, STYLESHEET, html_text

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
            raise ValueError(f"rows of {len(self.header)} cells are expected")  # not shown


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
    script = SCRIPT + _DRAW_ONE
    return render_page("heatmap.html", context, legend_html, heatmap.data, script, STYLESHEET)


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
        "labels": _report_labels(),
    }  # fmt: skip
    heatmaps = [entry.heatmap.data for entry in entries]
    script = SCRIPT + _DRAW_ALL
    return render_page("report.html", context, legend_html, heatmaps, script, REPORT_STYLESHEET)


def _report_labels() -> dict[str, str]:
    """What the template of a report writes; ``line`` fills its places there."""
    return {
        "comma": tr(", "),
        "documents": tr("Documents"),
        "document": tr("Document"),
        "predicted": tr("Predicted"),
        "tags": tr("Tags"),
        "line": Markup(html_text(tr("True {true}, predicted {predicted}."))),
    }


def render_page(
    template: str, context: dict, legend_html: str, data: object, script: str, stylesheet: str
) -> str:
    """Fill a template: one page with all that it needs.

    Args:
        data: JSON, in the element ``data``.
        script: the only module of the page.
        stylesheet: the only style of the page.
    """
    return _environment().get_template(template).render(
        **context,
        language=TAGS[current_locale()],
        legend=legend_html,
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


__all__ = ["comparison_table", "to_csv", "to_json", "weights_table"]


def weights_table(
    explanation: Explanation, attributions: Sequence[Attribution] = ()
) -> pd.DataFrame:
    """Return a row for each token, in reading order; a last column for each of ``attributions``.

    Columns: sentence and token number (from 1; tokens are counted over the document),
    start and end (characters), token, known, "weight in sentence" (α_w), "weight in
    document" (α_s · α_w), lift (tokens · α_s · α_w), rank (of the weight in the
    document, 1 for the largest; equal weights share the better rank), "sentence
    weight" (α_s); then such as "gradient for positive".

    Raises:
        ValueError: if an attribution is of another document.
    """
    document, sentence = explanation.document, explanation.sentence_of_token
    columns = {
        "sentence": sentence + 1,
        "token number": range(1, len(document.tokens) + 1),  # not shown
        **_places(document.text, document.tokens, "token"),
        "known": explanation.known,
        "weight in sentence": explanation.weights("sentence"),  # not shown
        "weight in document": explanation.weights("document"),  # not shown
        "lift": explanation.weights("lift"),
        "rank": ranks(explanation.document_weights),
        "sentence weight": explanation.sentence_weights[sentence],  # not shown
    }
    for one in attributions:
        if one.document != document:
            raise ValueError("attributions of the same document are expected")  # not shown
        name = f"{one.method.replace('_', ' ')} for {one.target}"  # not shown
        columns[_free(name, columns)] = one.words
    return pd.DataFrame(columns)


def comparison_table(named: Sequence[tuple[str, Explanation | Attribution]]) -> pd.DataFrame:
    """Return answers about one text lined up by the place of their words, a column for each name.

    Columns: start, end, words, then the weights in the document, or an attribution's
    values. Where models cut the text differently, pieces are joined until their edges
    agree, and their weights add up; 0 where a model has no word. A name that stands
    there already gets its number behind it: "han (2)".

    Raises:
        ValueError: if the texts differ or there is no answer.
    """
    documents = [answer.document for _, answer in named]
    if len({document.text for document in documents}) != 1:
        raise ValueError("one or more answers about the same text are expected")  # not shown
    weights = [
        one.document_weights if isinstance(one, Explanation) else one.words for _, one in named
    ]
    aligned = align([(d.tokens, values) for d, values in zip(documents, weights, strict=True)])
    columns = _places(documents[0].text, aligned.spans, "words")
    for (name, _), column in zip(named, aligned.weights, strict=True):
        columns[_free(name, columns)] = column
    return pd.DataFrame(columns)


def to_json(explanation: Explanation) -> bytes:
    """Return an explanation as the command ``explain`` writes it, in UTF-8.

    Half a character (a lone surrogate, in an id or a label) is escaped: valid JSON
    as UTF-8, which comes back as it was.
    """
    written = json.dumps(explanation.to_json(), ensure_ascii=False, allow_nan=False)
    # Python's escape of a lone surrogate is the one of JSON; everything else is UTF-8.
    return (written + "\n").encode("utf-8", "backslashreplace")


def _places(text: str, spans: Sequence[Span], noun: str) -> dict[str, object]:
    pieces = [text[start:end] for start, end in spans]
    return {
        "start": [span.start for span in spans],
        "end": [span.end for span in spans],
        # As objects: Arrow's strings cannot hold every str.
        noun: pd.Series(pieces, dtype=object),
    }


def _free(name: str, taken: Iterable[str]) -> str:
    number, free, names = 1, name, set(taken)
    while free in names:
        number += 1
        free = f"{name} ({number})"
    return free
