"""Groups of documents that a split keeps together, and documents that occur more than once.

A model that has read reviews of a film does better on further reviews of it than on those of new
films. Two texts are the same document where they differ in nothing but white space.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations

import numpy as np

from han_core.data.corpus import Corpus
from han_core.runtime.errors import UserError, counted, listed, shown
from han_core.runtime.messages import mark, tr, trn


def groups_of(corpus: Corpus, column: str) -> np.ndarray:
    """(documents,) the number of each document's group; a document without one is its own.

    Args:
        column: its name, or NAME/N, where whole numbers make blocks of N.

    Raises:
        UserError: if there is no such column, a block has no size, or a cell is no
            whole number.
    """
    cells, block = _cells(corpus, column)
    named = [cell.strip() for cell in cells]
    if block:
        named = [_block(cell, block, column) if cell else "" for cell in named]
    alone = [name or f"\0{row}" for row, name in enumerate(named)]
    return np.unique(alone, return_inverse=True)[1]


def grouped_split(
    corpus: Corpus, groups: np.ndarray, fraction: float, seed: int
) -> tuple[Corpus, Corpus]:
    """(the rest, about ``fraction`` held out), both in order; no group stands in both.

    Groups are looked at in random order, and one is held out if that brings the classes
    nearer to ``fraction`` of each. Every class keeps a document in the rest.

    Args:
        groups: (documents,) as ``groups_of`` gives.

    Raises:
        UserError: if the share is out of range or no group can be held out.
    """
    if not 0 < fraction < 1:
        raise UserError(
            tr(
                "The share to hold out must lie between 0 and 1, but {fraction} came.",
                fraction=fraction,
            )
        )
    held = _held_out(_counts(corpus, groups), fraction, seed)
    if not held.any():
        raise UserError(
            tr(
                "No group of {name} can be held out: each is too large for the share "
                "{fraction:.3g}, or the only one with some class.",
                name=corpus.name,
                fraction=fraction,
            )
        )
    held_out = held[groups]
    return corpus.take(np.flatnonzero(~held_out)), corpus.take(np.flatnonzero(held_out))


def _cells(corpus: Corpus, column: str) -> tuple[list[str], int]:
    """The cells of a column, and the size of blocks; 0 for none."""
    columns = {"id": corpus.ids, **corpus.extra}
    name, slash, size = column.rpartition("/")
    if column in columns or not slash:
        name, size = column, "0"
    if name not in columns:
        raise UserError(
            tr(
                '{name} has no column "{column}" that could name groups; the columns beside text '
                "and label are: {extra}.",
                name=corpus.name,
                column=shown(name),
                extra=listed(tuple(corpus.extra)) or tr("none"),
            )
        )
    if not size.isdecimal() or (slash and name != column and not int(size)):
        raise UserError(
            tr(
                'Blocks of a column are written NAME/N with N at least 1; "{column}" came.',
                column=shown(column),
            )
        )
    return list(columns[name]), int(size)


def _block(cell: str, size: int, column: str) -> str:
    try:
        number = float(cell) if "." in cell else int(cell)
        if number != int(number):
            raise ValueError
    except (ValueError, OverflowError) as error:
        raise UserError(
            tr(
                'Whole numbers are expected in the column of "{column}"; "{cell}" came.',
                column=shown(column),
                cell=shown(cell),
            )
        ) from error
    return str(int(number) // size)


def _counts(corpus: Corpus, groups: np.ndarray) -> np.ndarray:
    """(groups, classes) documents of each class in each group."""
    numbers = {label: number for number, label in enumerate(corpus.classes)}
    classes = np.array([numbers[label] for label in corpus.labels])
    counts = np.zeros((int(groups.max()) + 1, len(numbers)))
    np.add.at(counts, (groups, classes), 1)
    return counts


def _held_out(counts: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """(groups,) which to hold out."""
    whole = counts.sum(0)
    missing, left = fraction * whole, whole.copy()
    held = np.zeros(len(counts), dtype=bool)
    for group in np.random.default_rng(seed).permutation(len(counts)):
        own = counts[group]
        # Relative to each class, so that a rare one counts as much as a frequent one.
        nearer = (((missing - own) ** 2 - missing**2) / whole**2).sum() < 0
        if nearer and (left > own).all():
            held[group] = True
            missing, left = missing - own, left - own
    return held


EXAMPLES = 5
BEGINNING = 80  # characters of a text that an example shows


@dataclass(frozen=True)
class Repeat:
    """One document that stands several times.

    Attributes:
        ids: of the first of its rows, at most ``EXAMPLES``.
        beginning: of its text, on one line.
        times: rows that it fills, at least 2.
        labels: the different labels that it has there.
    """

    ids: tuple[str, ...]
    beginning: str
    times: int
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Repeats:
    """Documents of one collection that stand several times.

    Attributes:
        repeated: documents that stand further up already.
        contradicting: different documents that stand several times with different labels.
        examples: contradicting ones first, then by how often they stand there.
    """

    repeated: int
    contradicting: int
    examples: tuple[Repeat, ...]

    @classmethod
    def among(cls, corpus: Corpus, marks: np.ndarray) -> "Repeats":
        """``marks``: (documents,) the digest of each."""
        _, group, times = np.unique(marks, return_inverse=True, return_counts=True)
        kinds = _labels_in_each(group, corpus)
        several = np.flatnonzero(times > 1)
        # The last key counts most.
        order = several[np.lexsort((-times[several], kinds[several] < 2))][:EXAMPLES]
        return cls(
            int((times[several] - 1).sum()),
            int((kinds[several] > 1).sum()),
            tuple(_repeat(corpus, np.flatnonzero(group == which).tolist()) for which in order),
        )


def _labels_in_each(group: np.ndarray, corpus: Corpus) -> np.ndarray:
    """(groups,) how many different labels the documents of each group have."""
    numbers = {label: number for number, label in enumerate(corpus.classes)}
    codes = np.fromiter((numbers[label] for label in corpus.labels), dtype=np.int64)
    if not len(codes):
        return np.ones(group.max() + 1, dtype=np.int64)
    pairs = np.unique(group * len(numbers) + codes)
    return np.bincount(pairs // len(numbers))


def _repeat(corpus: Corpus, rows: list[int]) -> Repeat:
    text = " ".join(corpus.texts[rows[0]][: 4 * BEGINNING].split())
    labels = tuple(sorted({corpus.labels[row] for row in rows})) if corpus.labels else ()
    ids = tuple(corpus.ids[row] for row in rows[:EXAMPLES])
    return Repeat(ids, shown(text, BEGINNING), len(rows), labels)


NAMES = {"training": mark("training"), "validation": mark("validation"), "test": mark("test")}


@dataclass(frozen=True)
class Overlap:
    """Documents of one part that stand in another, too.

    Attributes:
        parts: the names of the two.
        documents: documents of the second part that the first part has as well.
        of: documents in the second part.
        examples: (id in the first, id in the second) of at most ``EXAMPLES`` of them.
    """

    parts: tuple[str, str]
    documents: int
    of: int
    examples: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """For the user, with rows and without texts."""
        first, second = self.parts
        one, other = self.examples[0]
        return trn(
            "{count:,} of the {of} stands among the {first} documents too, e.g. "
            '"{other}" is "{same}" there.',
            "{count:,} of the {of} stand among the {first} documents too, e.g. "
            '"{other}" is "{same}" there.',
            self.documents,
            of=_counted_documents(self.of, second),
            first=tr(NAMES.get(first, first)),
            other=shown(other),
            same=shown(one),
        )


def _counted_documents(number: int, part: str) -> str:
    of_part = {
        "training": counted(number, "training document"),
        "validation": counted(number, "validation document"),
        "test": counted(number, "test document"),
    }
    return of_part.get(part) or counted(number, f"{part} document")


def overlaps(parts: Mapping[str, Corpus]) -> tuple[Overlap, ...]:
    """Documents that stand in two of the ``parts``, in the order of the pairs."""
    marks = {name: digests(corpus.texts) for name, corpus in parts.items()}
    shared = (
        _overlap((first, second), parts, marks[first], marks[second])
        for first, second in combinations(parts, 2)
    )
    return tuple(overlap for overlap in shared if overlap.documents)


def digests(texts: Iterable[str]) -> np.ndarray:
    """(documents,) a number of 64 bits for each text; the same where only white space differs.

    Among a million texts two different ones share theirs with a chance of 3 in 100 million.
    """
    return np.fromiter((digest(text.split()) for text in texts), dtype=np.uint64)


def digest(words: list[str]) -> int:
    """The number of a text that consists of these words."""
    joined = " ".join(words).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(joined, digest_size=8).digest(), "little")


def _overlap(
    names: tuple[str, str], parts: Mapping[str, Corpus], first: np.ndarray, second: np.ndarray
) -> Overlap:
    rows = np.flatnonzero(np.isin(second, first))
    ids = (parts[names[0]].ids, parts[names[1]].ids)
    examples = (
        (ids[0][int(np.flatnonzero(first == second[row])[0])], ids[1][int(row)])
        for row in rows[:EXAMPLES]
    )
    return Overlap(names, len(rows), len(second), tuple(examples))
