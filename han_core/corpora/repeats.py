"""Documents that stand twice, in one collection or in two parts of a division.

Two texts count as the same document where they differ in nothing but white space. It
knows nothing about what labels mean.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations

import numpy as np

from han_core.corpora.corpus import Corpus
from han_core.corpora.wording import counted, shown

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
        verb = "stands" if self.documents == 1 else "stand"
        one, other = self.examples[0]
        return (
            f"{self.documents:,} of the {counted(self.of, f'{second} document')} {verb} among "
            f'the {first} documents too, e.g. "{shown(other)}" is "{shown(one)}" there.'
        )


def overlaps(parts: Mapping[str, Corpus]) -> tuple[Overlap, ...]:
    """What stands in two of the ``parts``, in the order of the pairs; none where nothing does."""
    marks = {name: digests(corpus.texts) for name, corpus in parts.items()}
    found = (
        _overlap((first, second), parts, marks[first], marks[second])
        for first, second in combinations(parts, 2)
    )
    return tuple(overlap for overlap in found if overlap.documents)


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
