"""A model card as Markdown, ``README.md`` of a checkpoint, and the file of baselines.

Model hubs read the lines at its top. All foreign text is escaped. A file of baselines holds a
JSON object a line: ``name``, ``accuracy`` and ``n``, and where they are known ``macro_f1`` and
``p``, McNemar's p-value against the checkpoint. What ``python -m benchmarks.baselines`` prints
is such a file too: a bag of words is called ``baseline`` there, and the line of a ``checkpoint``
holds the p-values of all of them. Other keys are ignored.
"""

import json
import re
from collections.abc import Callable, Sequence

from pydantic import ValidationError

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.viz.model_card.content import Baseline, Section, Table
from han_core.viz.model_card.known import CheckpointFacts

MOST = 50


def read_baselines(data: bytes, checkpoint: str, documents: int) -> tuple[Baseline, ...]:
    """Return the models of a file, the best first.

    Args:
        checkpoint: whose p-values are taken from lines of checkpoints.
        documents: that it was tested on itself; 0 where that is not known.

    Raises:
        UserError: names the first line that is no such object or speaks of another number
            of documents, or where there is none.
    """
    lines = _lines(data)
    tests = _p_values(lines, checkpoint)
    baselines = [
        _baseline(number, content, tests)
        for number, content in lines
        if "checkpoint" not in content
    ]
    if not 1 <= len(baselines) <= MOST:
        raise UserError(
            tr(
                "One to {most} models are expected, a line each; {count} came.",
                most=MOST, count=len(baselines),
            )
        )  # fmt: skip
    for baseline in baselines:
        if documents and baseline.n != documents:
            raise UserError(
                tr(
                    "{model} was tested on {count:,} documents and {other} on {other_count:,}; "
                    "the same documents are expected.",
                    model=checkpoint,
                    count=documents,
                    other=baseline.name,
                    other_count=baseline.n,
                )
            )
    return tuple(sorted(baselines, key=lambda baseline: (-baseline.accuracy, baseline.name)))


def _lines(data: bytes) -> list[tuple[int, dict]]:
    """(number, object) of each line that is not blank."""
    objects = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise UserError(
                tr(
                    "A JSON object with name, accuracy and n is expected on each line; line "
                    "{number} is none.",
                    number=number,
                )
            )
        objects.append((number, content))
    return objects


def _p_values(lines: list[tuple[int, dict]], checkpoint: str) -> dict[str, object]:
    """Name of a bag of words → McNemar's p-value of the checkpoint against it."""
    values: dict[str, object] = {}
    for _, content in lines:
        against = content.get("against")
        if content.get("checkpoint") == checkpoint and isinstance(against, dict):
            tests = [(name, test) for name, test in against.items() if isinstance(test, dict)]
            values |= {name: test.get("p") for name, test in tests}
    return values


def _baseline(number: int, content: dict, tests: dict[str, object]) -> Baseline:
    """One line, in either of the two forms."""
    name, accuracy = content.get("name", content.get("baseline")), content.get("accuracy")
    try:
        return Baseline.model_validate(
            {
                "name": name,
                "accuracy": accuracy.get("mean") if isinstance(accuracy, dict) else accuracy,
                "n": content.get("n"),
                "macro_f1": content.get("macro_f1"),
                "p": content.get("p", tests.get(name) if isinstance(name, str) else None),
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            tr(
                "A JSON object with name, accuracy and n is expected on each line; line {number} "
                "does not fit: {field}: {reason}.",
                number=number,
                field=first["loc"][0],
                reason=first["msg"],
            )
        ) from error


Escape = Callable[[str], str]


def readme(facts: CheckpointFacts, sections: Sequence[Section]) -> str:
    """Return the whole file: the hub's lines, a heading, the sections, how to use it."""
    command = f"python -m han_core explain --checkpoint {facts.name}"
    example = 'echo \'{"text": "…"}\' | ' + command
    return assembled(_front(facts), facts.name, sections, example)


def assembled(front: str, name: str, sections: Sequence[Section], use: str) -> str:
    """Return a README: what hubs read, a heading, the sections, and the command that uses it."""
    last = f"## How to use it\n\n{_fenced(use)}"  # not shown
    return "\n\n".join([front, f"# {plain_markdown(name)}", *map(_whole, sections), last]) + "\n"


def _whole(section: Section) -> str:
    body = section_markdown(section, plain_markdown)
    return f"{body}\n\n{_fenced(section.code)}" if section.code else body


def section_markdown(section: Section, escape: Escape, level: int = 2) -> str:
    """Return a heading of that level, sentences and tables; its code is left to the caller."""
    tables = (_table(table, escape) for table in section.tables)
    heading = f"{'#' * level} {escape(section.title)}"
    return "\n\n".join([heading, *map(escape, section.sentences), *tables])


def plain_markdown(text: str) -> str:
    """Return ``text`` so that Markdown and HTML in it read as they are."""
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


def _front(facts: CheckpointFacts) -> str:
    """What hubs read: YAML, of which JSON is a part."""
    accuracy, n = facts.test.accuracy, facts.documents.get("test")
    lines = [
        "---",
        f"language: {json.dumps(facts.config.text.language)}",  # not shown
        'library_name: "hanscope"',  # not shown
        'pipeline_tag: "text-classification"',  # not shown
        f'tags: ["attention", "explainability", {json.dumps(facts.config.architecture.model)}]',
    ]
    if facts.dataset:
        lines.append(f"datasets: [{json.dumps(facts.dataset)}]")
    if accuracy is not None and n:
        result = {
            "task": {"type": "text-classification"},
            "dataset": {"name": facts.dataset or "unknown", "type": facts.dataset or "unknown"},
            "metrics": [{"type": "accuracy", "value": accuracy}],
        }
        model = {"name": facts.name, "results": [result]}
        lines.append(f"model-index: {json.dumps([model])}")  # not shown
    return "\n".join([*lines, "---"])
