"""Sentences and their translations: read, cleaned, and divided without a sentence on two sides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from han_core.data.columns import column_of
from han_core.data.dates import bundled_dates
from han_core.data.sandbox import OWN, Limits, read_file
from han_core.runtime.errors import UserError, counted, shown
from han_core.runtime.messages import tr

MOST_CHARACTERS = 5_000  # of a sentence; longer ones are no sentences


@dataclass(frozen=True)
class SentencePairs:
    """Sentences in two languages.

    Attributes:
        name: of the file, for people.
        sources, targets: of each pair, not empty.
        notes: sentences on what was left out.

    Raises:
        ValueError: if the numbers of sentences disagree.
    """

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.sources) != len(self.targets):
            raise ValueError(f"{len(self.sources)} sentences, {len(self.targets)} translations.")

    def __len__(self) -> int:
        return len(self.sources)

    def take(self, rows: Iterable[int]) -> "SentencePairs":
        """Return the pairs at ``rows``."""
        rows = list(rows)
        sources, targets = ([side[row] for row in rows] for side in (self.sources, self.targets))
        return replace(self, sources=tuple(sources), targets=tuple(targets))


def read_pairs(
    path: str, source_column: str, target_column: str, limits: Limits = OWN
) -> SentencePairs:
    """Return the pairs of a Parquet, CSV, TSV or JSONL file, or of ``bundled:dates``.

    Pairs with an empty side are left out.

    Raises:
        UserError: if a column is missing, both are the same, or no pair is left.
    """
    if source_column == target_column:
        raise UserError(
            tr(
                'Two columns were expected; "{source_column}" came for both sides.',
                source_column=shown(source_column),
            )
        )
    table = bundled_dates(path) if path.startswith("bundled:") else read_file(path, limits)
    sources, targets = (column_of(table, name) for name in (source_column, target_column))
    return clean_pairs(table.name, sources, targets)


def clean_pairs(name: str, sources: Sequence[str], targets: Sequence[str]) -> SentencePairs:
    """Return the pairs of which both sides hold something, and are short enough to be sentences.

    Raises:
        UserError: if none is left.
    """
    stripped = [(s.strip(), t.strip()) for s, t in zip(sources, targets, strict=True)]
    full = [pair for pair in stripped if all(pair)]
    short = [pair for pair in full if max(map(len, pair)) <= MOST_CHARACTERS]
    notes = []
    if empty := len(stripped) - len(full):
        notes.append(
            tr("{pairs} with an empty side left out of {name}.",
               pairs=counted(empty, "pair"), name=name)
        )  # fmt: skip
    if long := len(full) - len(short):
        notes.append(
            tr(
                "{pairs} with more than {most:,} characters on a side left out of {name}.",
                pairs=counted(long, "pair"),
                most=MOST_CHARACTERS,
                name=name,
            )
        )
    if not short:
        raise UserError(tr("{name} holds no pair with a sentence on both sides.", name=name))
    return SentencePairs(name, tuple(s for s, _ in short), tuple(t for _, t in short), tuple(notes))


def split_pairs(
    pairs: SentencePairs, validation: float, test: float, seed: int
) -> dict[str, SentencePairs | None]:
    """Return training, validation and test; all translations of a sentence are on one side.

    The side follows from the sentence (in lower case) and the seed alone, so that it stays where
    pairs are added or sorted anew. Parts without a pair are None.

    Raises:
        UserError: if nothing is left to train on.
    """
    rows: dict[str, list[int]] = {"training": [], "validation": [], "test": []}
    for row, source in enumerate(pairs.sources):
        digest = sha256(f"{seed}\n{source.casefold()}".encode()).digest()
        place = int.from_bytes(digest[:8]) / 2**64
        part = "validation" if place < validation else "test" if place < validation + test else ""
        rows[part or "training"].append(row)
    if not rows["training"]:
        raise UserError(tr("No pair of {name} is left for training.", name=pairs.name))
    return {part: pairs.take(taken) if taken else None for part, taken in rows.items()}
