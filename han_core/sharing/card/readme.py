"""A card as Markdown: ``README.md`` in the folder of a checkpoint, as model hubs read it.

Everything foreign is escaped, by ``plain_markdown`` or by whoever draws it elsewhere. It
knows nothing about what the sections say.
"""

import json
import re
from collections.abc import Callable, Sequence

from han_core.sharing.card.known import Known
from han_core.sharing.card.section import Section, Table

Escape = Callable[[str], str]


def readme(known: Known, sections: Sequence[Section]) -> str:
    """The whole file: the hub's lines, a heading, the sections, how to use it."""
    parts = [_front(known), f"# {plain_markdown(known.name)}", *map(_whole, sections), _use(known)]
    return "\n\n".join(parts) + "\n"


def _whole(section: Section) -> str:
    body = section_markdown(section, plain_markdown)
    return f"{body}\n\n{_fenced(section.code)}" if section.code else body


def section_markdown(section: Section, escape: Escape, level: int = 2) -> str:
    """Heading of that level, sentences and tables; its code is left to the caller."""
    tables = (_table(table, escape) for table in section.tables)
    heading = f"{'#' * level} {escape(section.title)}"
    return "\n\n".join([heading, *map(escape, section.sentences), *tables])


def plain_markdown(text: str) -> str:
    """``text`` so that Markdown and HTML in it read as they are."""
    one_line = re.sub(r"\s+", " ", text)
    return re.sub(r"([\\`*_{}\[\]<>|#&~$!])", r"\\\1", one_line)


def _table(table: Table, escape: Escape) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    rule = [":---", *(["---:"] * (len(table.header) - 1) if len(table.header) > 2 else [":---"])]
    rows = (line([escape(cell) for cell in row]) for row in table.rows)
    return "\n".join([line([escape(name) for name in table.header]), line(rule), *rows])


def _fenced(code: str) -> str:
    """In a fence that is longer than any in it."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{code}\n{fence}"


def _use(known: Known) -> str:
    command = f"python -m han_core explain --checkpoint {known.name}"
    example = 'echo \'{"text": "…"}\' | ' + command
    return f"## How to use it\n\n{_fenced(example)}"


def _front(known: Known) -> str:
    """What hubs read: YAML, of which JSON is a part."""
    accuracy, n = known.test.accuracy, known.documents.get("test")
    lines = [
        "---",
        f"language: {json.dumps(known.config.text.language)}",
        'library_name: "hanscope"',
        'pipeline_tag: "text-classification"',
        f'tags: ["attention", "explainability", {json.dumps(known.config.architecture.model)}]',
    ]
    if known.dataset:
        lines.append(f"datasets: [{json.dumps(known.dataset)}]")
    if accuracy is not None and n:
        result = {
            "task": {"type": "text-classification"},
            "dataset": {"name": known.dataset or "unknown", "type": known.dataset or "unknown"},
            "metrics": [{"type": "accuracy", "value": accuracy}],
        }
        model = {"name": known.name, "results": [result]}
        lines.append(f"model-index: {json.dumps([model])}")
    return "\n".join([*lines, "---"])
