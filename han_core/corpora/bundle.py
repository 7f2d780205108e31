"""The collections of documents that come with Hanscope.

`bundled:NAME[/LANGUAGE][@SPLIT]` names a part of `bundled/NAME.jsonl`, whose
lines have a `language` and a `split`; "all" stands for every language or split.
"""

import re
from pathlib import Path

from han_core.corpora.reading import read_table
from han_core.corpora.table import Table
from han_core.corpora.wording import listed, shown
from han_core.wrong_input import WrongInput

FOLDER = Path(__file__).with_name("bundled")
DEFAULT_LANGUAGE = "en"
ALL = "all"

_SPEC = re.compile(
    r"bundled:(?P<name>[\w-]+)(?:/(?P<language>[\w-]+))?(?:@(?P<split>[\w-]+))?", re.ASCII
)


def bundled_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in FOLDER.glob("*.jsonl")))


def bundled_file(spec: str) -> Path | None:
    """The file that `spec` names a part of; None if it is not bundled."""
    match = _SPEC.fullmatch(spec)
    return FOLDER / f"{match['name']}.jsonl" if match else None


def read_bundled(spec: str, default_split: str = "train") -> Table:
    """The documents that `spec` names: English ones of `default_split` unless it says more."""
    match = _SPEC.fullmatch(spec)
    if match is None or match["name"] not in bundled_names():
        raise WrongInput(
            f'"{shown(spec)}" is not bundled; bundled:NAME[/LANGUAGE][@SPLIT] was expected, '
            f"with a name among: {listed(bundled_names()) or 'none'}."
        )
    name, language = match["name"], match["language"] or DEFAULT_LANGUAGE
    path = FOLDER / f"{name}.jsonl"
    table = _part(read_table(path.read_bytes(), path.name), "language", language, spec)
    table = _part(table, "split", match["split"] or default_split, spec)
    # The name says which documents these are, whichever default chose them.
    place = "" if language == DEFAULT_LANGUAGE else f"/{language}"
    return Table(f"bundled:{name}{place}@{match['split'] or default_split}", table.data)


def _part(table: Table, column: str, wanted: str, spec: str) -> Table:
    """The rows whose `column` is `wanted`."""
    cells = table.column(column)
    if wanted == ALL:
        return table
    if wanted not in cells:
        there = [*sorted(set(cells)), ALL]
        raise WrongInput(f'{spec} has no {column} "{shown(wanted)}"; there is: {listed(there)}.')
    return table.take([row for row, cell in enumerate(cells) if cell == wanted])
