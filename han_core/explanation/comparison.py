"""Several answers about one text side by side: aligned, and what differs between two.

A column is what a model or a method gives to the words of a text, or of one version of it.
Values of one unit are compared as they are; values of different units, such as a weight and
a change of probability, only by the share of all values that each has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from han_core.explanation.agreement import align
from han_core.explanation.attribution import Attribution
from han_core.explanation.explanation import Explanation
from han_core.text.document import Document, Span

Unit = Literal["weight", "effect", "share"]
"""What is compared: attention weights, changes of a probability, or the share of the size of
all values, for a column of weights beside one of changes."""


@dataclass(frozen=True)
class Column:
    """One answer.

    Attributes:
        name: as people are to read it.
        explanation: what the model says about ``answer``'s document.
        answer: what each of its words and sentences got.
        place: the same words where they stand in the text that all columns share;
            ``answer``'s document itself unless versions are compared.

    Raises:
        ValueError: if the documents do not have the same words.
    """

    name: str
    explanation: Explanation
    answer: Attribution
    place: Document

    def __post_init__(self) -> None:
        lengths = self.answer.document.sentence_lengths
        if self.explanation.document != self.answer.document:
            raise ValueError("an explanation and an answer of one document are expected")
        if self.place.sentence_lengths != lengths:
            raise ValueError(f"places for sentences of {lengths} words are expected")


def attention_column(name: str, explanation: Explanation, place: Document | None = None) -> Column:
    """Return the column of a model's own attention, in the reading within the document."""
    document = explanation.document
    weights, sentences = explanation.document_weights, explanation.sentence_weights
    answer = Attribution("attention", explanation.label, document, weights, sentences, False)
    return Column(name, explanation, answer, place or document)


@dataclass(frozen=True)
class AlignedUnits:
    """Words or sentences of several columns, aligned by their place.

    Attributes:
        spans: (units,) in the text that the columns share.
        texts: (units,) as the last column that has them reads them.
        values: (columns, units), 0 where a column has nothing.
        there: (columns, units) whether a column has something.
    """

    spans: tuple[Span, ...]
    texts: tuple[str, ...]
    values: np.ndarray
    there: np.ndarray

    @property
    def shared(self) -> np.ndarray:
        """(units,) whether all columns have them."""
        return np.asarray(self.there.all(0))

    def in_all(self) -> "AlignedUnits":
        """Only what all columns have."""
        kept = np.flatnonzero(self.shared)
        return AlignedUnits(
            tuple(self.spans[i] for i in kept),
            tuple(self.texts[i] for i in kept),
            self.values[:, kept],
            self.there[:, kept],
        )


def aligned_words(columns: Sequence[Column]) -> AlignedUnits:
    """Align words by their place.

    Raises:
        ValueError: if the columns are not of one text.
    """
    places = [column.place.tokens for column in columns]
    own = [column.answer.document.tokens for column in columns]
    return _align(columns, places, own, [column.answer.words for column in columns])


def aligned_sentences(columns: Sequence[Column]) -> AlignedUnits:
    """Align sentences as ``aligned_words`` does words."""
    places, own = (
        [[Span(s.start, s.end) for s in document.sentences] for document in documents]
        for documents in zip(*((c.place, c.answer.document) for c in columns), strict=True)
    )
    return _align(columns, places, own, [column.answer.sentences for column in columns])


def sentence_starts(columns: Sequence[Column]) -> list[list[int | None]]:
    """Return where aligned sentences begin, to draw them in one row.

    Returns:
        (columns, aligned sentences) characters of each column's own text; None where the
        column has no such sentence.
    """
    spans = aligned_sentences(columns).spans
    found = []
    for column in columns:
        places = [Span(s.start, s.end) for s in column.place.sentences]
        numbers, firsts = np.unique(unit_numbers(spans, places), return_index=True)
        own = [sentence.start for sentence in column.answer.document.sentences]
        starts = dict(zip(numbers.tolist(), firsts.tolist(), strict=True))
        found.append([own[starts[row]] if row in starts else None for row in range(len(spans))])
    return found


def _align(
    columns: Sequence[Column],
    places: Sequence[Sequence[Span]],
    own: Sequence[Sequence[Span]],
    values: Sequence[np.ndarray],
) -> AlignedUnits:
    if len({column.place.text for column in columns}) != 1:
        raise ValueError("columns of one text are expected")
    aligned = align(list(zip(places, values, strict=True)))
    there = np.zeros(aligned.weights.shape, dtype=bool)
    texts = [""] * len(aligned.spans)
    for row, column in enumerate(columns):
        units = unit_numbers(aligned.spans, places[row])
        there[row, units] = True
        firsts = np.flatnonzero(np.diff(units, prepend=-1)).tolist()
        for first, last in zip(firsts, [*firsts[1:], len(units)], strict=True):
            start, end = own[row][first].start, own[row][last - 1].end
            texts[units[first]] = column.answer.document.text[start:end]
    return AlignedUnits(aligned.spans, tuple(texts), aligned.weights, there)


def unit_numbers(spans: Sequence[Span], parts: Sequence[Span]) -> np.ndarray:
    """Return (parts,) the number of the span that each part lies in."""
    starts = [span.start for span in spans]
    return np.searchsorted(starts, [part.start for part in parts], side="right") - 1


def shares(values: np.ndarray) -> np.ndarray:
    """Return (…, units) each value as a share of the size of all of its row, with its sign."""
    sizes = abs(values).sum(-1, keepdims=True)
    return np.divide(values, sizes, out=np.zeros_like(values, dtype=float), where=sizes > 0)


def unit_of(columns: Sequence[Column]) -> Unit:
    """Return the unit in which the columns can be compared."""
    signed = {column.answer.signed for column in columns}
    if len(signed) > 1:
        return "share"
    return "effect" if signed == {True} else "weight"


@dataclass(frozen=True)
class Difference:
    """What ``one`` gives to words and sentences minus what ``other`` gives to them.

    Only what both have is compared. Weights are those within the document, made to sum to
    1 over what both have; of a weight beside an effect the shares are compared, without
    the sign that only one of them has.
    """

    one: Column
    other: Column

    @property
    def unit(self) -> Unit:
        return unit_of([self.one, self.other])

    @cached_property
    def words(self) -> AlignedUnits:
        """All words of both, with values in ``unit``, 0 where only one has the word."""
        return self._compared(aligned_words([self.other, self.one]))

    @cached_property
    def sentences(self) -> AlignedUnits:
        """The same for sentences."""
        return self._compared(aligned_sentences([self.other, self.one]))

    def _compared(self, lined: AlignedUnits) -> AlignedUnits:
        """Lined up with ``one`` last, whose texts stand then; here it is the first row."""
        values = np.where(lined.shared, lined.values, 0.0)[::-1]
        if self.unit != "effect":
            values = shares(abs(values))
        return AlignedUnits(lined.spans, lined.texts, values, lined.there[::-1])

    @cached_property
    def of_words(self) -> np.ndarray:
        """(words of ``one``, after joining,) the difference of each; see ``groups``."""
        first, second = self.words.values
        return (first - second)[np.unique(self.groups)]

    @cached_property
    def groups(self) -> np.ndarray:
        """(tokens of ``one``,) the number in ``words`` of what each is part of."""
        return unit_numbers(self.words.spans, self.one.place.tokens)


def largest_differences(lined: AlignedUnits, n: int) -> pd.DataFrame:
    """Return the ``n`` units that all of two columns have and whose values differ most.

    Columns: text, one, other, difference (one − other).
    """
    both = lined.in_all()
    one, other = both.values
    # Differences that are equal but for rounding stay in reading order.
    order = np.argsort(-abs(one - other).round(12), kind="stable")[:n]
    return pd.DataFrame(
        {
            "text": pd.Series([both.texts[i] for i in order], dtype=object),
            "one": one[order],
            "other": other[order],
            "difference": (one - other)[order],
        }
    )
