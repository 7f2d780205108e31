"""Labelled documents from a file, an upload, the Hugging Face hub or the bundled collections.

Each source gives a ``Table``; ``corpus_from_table`` chooses the columns and cleans the texts.
``bundled:NAME[/LANGUAGE][@SPLIT]`` names a part of ``bundled/NAME.jsonl``.
"""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from han_core.data.columns import header_note, labels_of, texts_of
from han_core.data.hub import read_hub
from han_core.data.labels import classes_of
from han_core.data.readers import read_table
from han_core.data.sandbox import read_file, read_upload
from han_core.data.table import Column, Table, take_cells
from han_core.data.text_files import (
    HEADERLESS,
    NOTE,
    PREFIX,
    file_of,
    prefix_of,
    without_quoted_text,
)
from han_core.runtime.errors import UserError, listed, shown
from han_core.runtime.messages import tr, trn

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
        raise UserError(
            tr(
                '"{spec}" is not bundled; bundled:NAME[/LANGUAGE][@SPLIT] was expected, with a '
                "name among: {bundled_names}.",
                spec=shown(spec),
                bundled_names=listed(bundled_names()) or tr("none"),
            )
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
        values = [*sorted(set(cells)), ALL]
        raise UserError(
            tr(
                '{spec} has no {column} "{wanted}"; there is: {values}.',
                spec=spec,
                column=tr(column),
                wanted=shown(wanted),
                values=listed(values),
            )
        )
    return table.take([row for row, cell in enumerate(cells) if cell == wanted])


__all__ = [
    "Corpus",  # not shown
    "bundled_names",
    "corpus_from_table",
    "corpus_from_upload",
    "read_corpus",
    "read_upload",
    "stratified_split",
    "table_named",
]


@dataclass(frozen=True)
class Corpus:
    """Labelled documents in order; `labels` is empty where none were asked for.

    The other columns may lie in a mapped file: a sequence each, and no string in memory.
    """

    name: str
    texts: Sequence[str]
    labels: tuple[str, ...]  # as the source names them, without white space around
    ids: Sequence[str]  # the source's own where they are unique, else its row numbers
    extra: dict[str, Sequence[str]]  # the source's other columns
    notes: tuple[str, ...] = ()  # sentences for the user about what was left out
    without_text: int = 0  # rows of the source that were left out
    without_label: int = 0  # rows with a text that were left out

    def __post_init__(self) -> None:
        columns = [self.ids, *self.extra.values(), *([self.labels] if self.labels else [])]
        if any(len(column) != len(self.texts) for column in columns):
            raise ValueError("The columns of a corpus must be equally long.")

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def classes(self) -> tuple[str, ...]:
        """The different labels, sorted: by value where all are whole numbers."""
        return classes_of(self.labels)

    def take(self, indices: Iterable[int]) -> "Corpus":
        rows = np.fromiter(indices, dtype=np.int64)
        return Corpus(
            self.name,
            take_cells(self.texts, rows),
            tuple(take_cells(self.labels, rows)) if self.labels else (),
            take_cells(self.ids, rows),
            {name: take_cells(column, rows) for name, column in self.extra.items()},
            self.notes,
        )

    def first(self, n: int) -> "Corpus":
        return self.take(range(min(n, len(self))))


def read_corpus(
    spec: str,
    *,
    text_column: str = "text",
    label_column: str | None = "label",
    default_split: str = "train",
    choose: Callable[[Table], Table] | None = None,
) -> Corpus:
    """The documents that `spec` names, by `table_named` and `corpus_from_table`.

    `choose` takes some of the table's rows.
    """
    table = table_named(spec, default_split)
    table = choose(table) if choose else table
    if PREFIX not in prefix_of(spec):
        return corpus_from_table(table, text_column, label_column)
    corpus = corpus_from_table(without_quoted_text(table, text_column), text_column, label_column)
    return replace(corpus, notes=(tr(NOTE), *corpus.notes))


def table_named(spec: str, default_split: str = "train") -> Table:
    """The table that `spec` names.

    A path, `messages:PATH`, `headerless:PATH`, `hf:NAME[/CONFIG][@SPLIT]` or
    `bundled:NAME[/LANGUAGE][@SPLIT]`; `default_split` is taken where one of the last two names no
    split.
    """
    if spec.startswith("hf:"):
        return read_hub(spec, default_split)
    if spec.startswith("bundled:"):
        return read_bundled(spec, default_split)
    return read_file(file_of(spec), header=HEADERLESS not in prefix_of(spec))


def corpus_from_upload(
    data: bytes, filename: str, text_column: str = "text", label_column: str | None = "label"
) -> Corpus:
    return corpus_from_table(read_upload(data, filename), text_column, label_column)


def corpus_from_table(
    table: Table, text_column: str = "text", label_column: str | None = "label"
) -> Corpus:
    """The rows that have a text (and a label, if one is asked for)."""
    if text_column == label_column:
        raise UserError(tr("The text and the label were expected in two columns, but one came."))
    texts, list_note = texts_of(table, text_column)
    labels, label_note = ((), "") if label_column is None else labels_of(table, label_column)
    ids, note = _ids(table, {text_column, label_column})
    with_text = [row for row, text in enumerate(texts) if text.strip()]
    rows = [row for row in with_text if not labels or labels[row]]
    if not rows:
        if label_column is None:
            raise UserError(tr("{name} has no row with a text.", name=table.name))
        raise UserError(tr("{name} has no row with a text and a label.", name=table.name))
    left_out = len(texts) - len(with_text), len(with_text) - len(rows)
    notes = (
        header_note(table),
        list_note,
        *_left_out(*left_out),
        label_note,
        note,
    )
    used = {text_column, label_column} | ({"id"} if not note else set())
    extra = {name: cells for name, cells in table.data.items() if name not in used}
    whole = Corpus(table.name, texts, labels, ids, extra, tuple(filter(None, notes)))
    complete = whole if len(rows) == len(whole) else whole.take(rows)
    return replace(complete, without_text=left_out[0], without_label=left_out[1])


def _ids(table: Table, used: set[str | None]) -> tuple[Sequence[str], str]:
    """The column "id" where it tells every row apart, else row numbers; and a note."""
    numbers = Column.numbered(table.rows)
    if "id" not in table.data or "id" in used:
        return numbers, ""
    ids = table.data["id"]
    if len(set(ids)) == len(ids) and all(ids):
        return ids, ""
    return numbers, tr('Rows are named by their numbers: the column "id" repeats or has gaps.')


def _left_out(without_text: int, without_label: int) -> tuple[str, str]:
    """How many rows were left out, and why; "" for none."""
    texts = trn(
        "{count:,} row without a text was left out.",
        "{count:,} rows without a text were left out.",
        without_text,
    )
    labels = trn(
        "{count:,} row without a label was left out.",
        "{count:,} rows without a label were left out.",
        without_label,
    )
    return texts if without_text else "", labels if without_label else ""


def stratified_split(corpus: Corpus, fraction: float, seed: int) -> tuple[Corpus, Corpus]:
    """(the rest, `fraction` held out), both in order, with the classes in proportion.

    Every class keeps a document in the rest, so a class of one is never held out.
    """
    if not 0 < fraction < 1:
        raise UserError(
            tr(
                "The share to hold out must lie between 0 and 1, but {fraction} came.",
                fraction=fraction,
            )
        )
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, label in enumerate(corpus.labels or ("",) * len(corpus)):
        rows_of[label].append(row)
    sizes = _held_out_sizes({label: len(rows) for label, rows in rows_of.items()}, fraction)
    if not any(sizes.values()):
        raise UserError(
            tr(
                "No document of {name} can be held out: no class has two documents.",
                name=corpus.name,
            )
        )
    shuffler = random.Random(seed)
    held = {row for label in sorted(sizes) for row in shuffler.sample(rows_of[label], sizes[label])}
    rest = [row for row in range(len(corpus)) if row not in held]
    return corpus.take(rest), corpus.take(sorted(held))


def _held_out_sizes(counts: dict[str, int], fraction: float) -> dict[str, int]:
    """How many of each class to hold out; the largest remainders are rounded up."""
    sizes = {label: int(fraction * n) for label, n in counts.items()}
    missing = max(1, round(fraction * sum(counts.values()))) - sum(sizes.values())
    by_remainder = sorted(
        counts, key=lambda label: (sizes[label] - fraction * counts[label], label)
    )
    for label in by_remainder:
        if missing > 0 and sizes[label] < counts[label] - 1:
            sizes[label] += 1
            missing -= 1
    return sizes


def fingerprint(corpus: Corpus) -> str:
    """SHA-256 of texts and labels in their order, in hexadecimal digits."""
    digest = sha256()
    for cells in (corpus.texts, corpus.labels):
        for cell in cells:
            content = cell.encode("utf-8", "surrogatepass")
            digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()
