"""Compare the attention of two models on the documents they classify differently.

The measure is the Jensen-Shannon divergence (Lin 1991) of attention on the same words, in nats,
from 0 to ln 2. Some documents with the same prediction are measured as a baseline. A difference
shows that attention moved together with the prediction, not that it caused the change. Models
may tokenize a text differently, so words are aligned by their characters.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from han_core.analysis.dataset import Outcomes, Store, StoredWords, stored_words
from han_core.analysis.document_table import table_page
from han_core.analysis.model_pairs import CHANGES, changes, has_changed
from han_core.explanation.agreement import align, divergence
from han_core.explanation.statistics import Bootstrap, Interval
from han_core.runtime.messages import tr
from han_core.text.document import Span

LEADING = 5
"""Words that are kept of each document: those that differ most."""

MOST_MOVED = 100
"""Words that are kept of all documents together: so many that gained, and as many that lost."""


class WordShift(NamedTuple):
    """A word of a document, and the share of both models' attention on it."""

    word: str
    first: float
    second: float


class MeanShift(NamedTuple):
    """A word over all measured documents.

    Attributes:
        documents: how many have it.
        first, second: mean share of attention on it in these.
        moved: share of attention that it gained with the second model, a mean over all
            documents, those without the word counted as 0: so a rare word needs much.
    """

    word: str
    documents: int
    first: float
    second: float
    moved: float


class AlignedWords(NamedTuple):
    """One document's words as both models see them: what both have, made to sum to 1 each.

    Attributes:
        words: (pieces,) in lower case.
        weights: (2, pieces) of the first and of the second model.
    """

    words: tuple[str, ...]
    weights: np.ndarray


def align_words(first: StoredWords, second: StoredWords) -> AlignedWords | None:
    """The words of one document as two models see them; None where they read different texts.

    Where a limit cut the text for one model, what both have read is compared.
    """
    texts, spans = zip(*map(_letters, (first.words, second.words)), strict=True)
    shared = min(map(len, texts))
    if _alike(texts[0][:shared]) != _alike(texts[1][:shared]):
        return None
    weights = (first.weights, second.weights)
    aligned = align(list(zip(spans, weights, strict=True)))
    inside = [at for at, span in enumerate(aligned.spans) if span.start < shared]
    common = aligned.weights[:, inside]
    sums = common.sum(1, keepdims=True)
    if not sums.all():  # all of one model's attention stands where the other does not see
        return None
    longest = max(texts, key=len)
    words = tuple(longest[slice(*aligned.spans[at])] for at in inside)
    return AlignedWords(words, common / sums)


def _letters(words: tuple[str, ...]) -> tuple[str, list[Span]]:
    """The characters of all words but white space, in lower case, and where each word lies.

    Lower case first: it may have more characters ("İ" has one, "i̇" two).
    """
    lowered = ["".join(word.lower().split()) for word in words]
    ends = np.cumsum([len(word) for word in lowered]).tolist()
    starts = [0, *ends[:-1]]
    return "".join(lowered), [Span(*ends) for ends in zip(starts, ends, strict=True)]


def _alike(text: str) -> str:
    """Unify both forms of sigma: lower case writes it differently at the end of a word."""
    return text.replace("ς", "σ")


def largest_shifts(lined: AlignedWords | None) -> tuple[WordShift, ...]:
    """The ``LEADING`` words that differ most; none of a document that could not be lined up."""
    if lined is None:
        return ()
    first, second = lined.weights
    # Differences that are equal but for rounding stay in reading order.
    order = np.argsort(-abs(second - first).round(12), kind="stable")[:LEADING]
    return tuple(WordShift(lined.words[at], float(first[at]), float(second[at])) for at in order)


def mean_shifts(documents: Sequence[AlignedWords], fewest: int = 2) -> tuple[MeanShift, ...]:
    """Words that gained or lost attention over ``documents``; the most gained first, then down.

    Args:
        fewest: documents that a word must stand in.
    """
    sums: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for words, weights in documents:
        for word, first, second in _by_word(words, weights):
            entry = sums[word]
            entry[0] += 1
            entry[1] += first
            entry[2] += second
    result = (
        MeanShift(word, int(number), first / number, second / number,
                  (second - first) / len(documents))
        for word, (number, first, second) in sums.items()
        if number >= fewest
    )  # fmt: skip
    # Moves that are equal but for rounding stand by the alphabet.
    order = sorted(result, key=lambda word: (-round(word.moved, 12), word.word))
    gained = [word for word in order if word.moved > 0]
    lost = [word for word in order if word.moved <= 0]
    return (*gained[:MOST_MOVED], *lost[-MOST_MOVED:])


def _by_word(words: tuple[str, ...], weights: np.ndarray) -> Iterator[WordShift]:
    """A word that stands in several places has the sum of their weights."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for word, first, second in zip(words, *weights.tolist(), strict=True):
        sums[word][0] += first
        sums[word][1] += second
    return (WordShift(word, *both) for word, both in sums.items())


DOCUMENTS = 500
"""Documents that are measured unless asked otherwise, and as many beside them."""

SEED = 0
BOTH_WRONG = CHANGES.index("both_wrong")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class PairAttention:
    """Measured documents, those with the largest divergence first.

    Attributes:
        rows: (documents,) of the data set.
        change: (documents,) the place in ``pair.CHANGES``.
        changed: (documents,) whether the prediction differs; the others are beside.
        divergence: (documents,) nats; NaN, and last, where words could not be lined up.
        leading: (documents,) the words that differ most, the largest difference first.
        words: over the documents whose prediction differs, the most gained first, the most lost
            last.
        of_changed, of_same: how many there were to choose from.
    """

    rows: np.ndarray
    change: np.ndarray
    changed: np.ndarray
    divergence: np.ndarray
    leading: tuple[tuple[WordShift, ...], ...]
    words: tuple[MeanShift, ...]
    of_changed: int
    of_same: int

    def __post_init__(self) -> None:
        columns = (self.rows, self.change, self.changed, self.divergence, self.leading)
        lengths = [len(column) for column in columns]
        if len(set(lengths)) != 1:
            raise ValueError(f"columns of one length expected, {lengths} came")

    @property
    def unaligned(self) -> int:
        """Documents whose words could not be lined up."""
        return int(np.isnan(self.divergence).sum())

    def means(self) -> tuple[tuple[str, int, Interval], ...]:
        """(what became of them, documents, mean divergence and its 95% interval).

        Kinds that no document is of are left out.
        """
        among = [
            (tr("fixed"), self.change == CHANGES.index("fixed")),
            (tr("broken"), self.change == CHANGES.index("broken")),
            (tr("both wrong, another class"), self.changed & (self.change == BOTH_WRONG)),
            (tr("same prediction"), ~self.changed),
        ]
        eligible = ~np.isnan(self.divergence)
        named = ((name, self.divergence[mask & eligible]) for name, mask in among)
        return tuple(
            (name, len(values), Bootstrap(len(values), SEED).mean(values))
            for name, values in named
            if len(values)
        )


def pair_attention(
    store: Store,
    rows: np.ndarray,
    outcomes: Outcomes,
    documents: int = DOCUMENTS,
    progress: Progress | None = None,
) -> PairAttention:
    """Measure the documents of ``rows`` that the two models class differently, and others.

    Args:
        rows: (documents,) of the data set, with their ``outcomes``.
        documents: at most so many of each; of more, a sample that is always the same.
        progress: told the documents read, and of how many.
    """
    if store.other is None:
        raise ValueError("a store of two models is expected")
    differs, random = has_changed(outcomes), np.random.default_rng(SEED)
    chosen = np.concatenate([_some(differs, documents, random), _some(~differs, documents, random)])
    chosen.sort()
    tell = progress or (lambda done, of: None)
    lined: list[AlignedWords | None] = []
    both = zip(
        stored_words(store.scores, rows[chosen]),
        stored_words(store.other, rows[chosen]),
        strict=True,
    )
    for done, (first, second) in enumerate(both, 1):
        lined.append(align_words(first, second))
        tell(done, len(chosen))
    return _gathered(lined, rows[chosen], outcomes.take(chosen), differs)


def _some(mask: np.ndarray, most: int, random: np.random.Generator) -> np.ndarray:
    eligible = np.flatnonzero(mask)
    return eligible if len(eligible) <= most else random.choice(eligible, most, replace=False)


def _gathered(
    lined: list[AlignedWords | None], rows: np.ndarray, outcomes: Outcomes, differs: np.ndarray
) -> PairAttention:
    result = np.array([np.nan if one is None else divergence(*one.weights) for one in lined])
    changed = has_changed(outcomes)
    moving = [one for one, moved in zip(lined, changed, strict=True) if one is not None and moved]
    order = np.lexsort((rows, -result))  # NaN stands last
    return PairAttention(
        rows[order],
        changes(outcomes)[order],
        changed[order],
        result[order].astype(float),
        tuple(largest_shifts(lined[at]) for at in order),
        mean_shifts(moving),
        int(differs.sum()),
        int((~differs).sum()),
    )


MOST_SHOWN = 100


def attention_table(store: Store, measured: PairAttention, most: int = MOST_SHOWN) -> pd.DataFrame:
    """The documents whose prediction differs, the largest divergence of attention first.

    Columns: row, id, divergence (nats), change, true, first and second (predictions), words
    (that differ most, "+" where the second model gives more), excerpt.
    """
    places = [at for at in range(len(measured.rows)) if measured.changed[at]][:most]
    rows = measured.rows[places]
    own = ["row", "id", "true", "predicted", "other", "excerpt"]  # the data's may be named alike
    shown = table_page(store, rows, None, 0, len(rows))[own]
    shown = shown.rename(columns={"predicted": "first", "other": "second"})
    shown["divergence"] = measured.divergence[places]
    shown["change"] = [CHANGES[at] for at in measured.change[places]]
    shown["words"] = [
        " ".join(f"{'+' if word.second > word.first else '−'}{word.word}" for word in words)
        for words in (measured.leading[at] for at in places)
    ]
    names = ["row", "id", "divergence", "change", "true", "first", "second", "words", "excerpt"]
    return shown[names]
