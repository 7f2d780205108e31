"""Where the attention of two models differs most among the documents that they class differently.

The measure is the Jensen-Shannon divergence (Lin 1991) of their attention to the same words,
in nats, from 0 to ln 2. Two models differ on documents that they agree about as well; so some
of those are measured beside. A difference tells that attention moved with the prediction, not
that it moved the prediction.

Two models on the same documents as tables: each true class, and each measured document.

It knows nothing about how a table is drawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from han_core.analysis.dataset import Outcomes, Store, stored_words
from han_core.analysis.document_table import table_page
from han_core.analysis.model_pairs import CHANGES, Pair, changes, has_changed, holm_adjusted
from han_core.analysis.paired_words import (
    AlignedWords,
    MeanShift,
    WordShift,
    align_words,
    largest_shifts,
    mean_shifts,
)
from han_core.analysis.query import STANDARD_ORDERS
from han_core.explanation.agreement import divergence
from han_core.explanation.statistics import NO_INTERVAL, Bootstrap, Interval

DOCUMENTS = 500
"""Documents that are measured unless asked otherwise, and as many beside them."""

SEED = 0
BOTH_WRONG = CHANGES.index("both_wrong")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class PairAttention:
    """What was measured, the documents with the largest divergence first.

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
            ("fixed", self.change == CHANGES.index("fixed")),
            ("broken", self.change == CHANGES.index("broken")),
            ("both wrong, another class", self.changed & (self.change == BOTH_WRONG)),
            ("same prediction", ~self.changed),
        ]
        there = ~np.isnan(self.divergence)
        named = ((name, self.divergence[mask & there]) for name, mask in among)
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
    """Measures the documents of ``rows`` that the two models class differently, and others.

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
    there = np.flatnonzero(mask)
    return there if len(there) <= most else random.choice(there, most, replace=False)


def _gathered(
    lined: list[AlignedWords | None], rows: np.ndarray, outcomes: Outcomes, differs: np.ndarray
) -> PairAttention:
    found = np.array([np.nan if one is None else divergence(*one.weights) for one in lined])
    changed = has_changed(outcomes)
    moving = [one for one, moved in zip(lined, changed, strict=True) if one is not None and moved]
    order = np.lexsort((rows, -found))  # NaN stands last
    return PairAttention(
        rows[order],
        changes(outcomes)[order],
        changed[order],
        found[order].astype(float),
        tuple(largest_shifts(lined[at]) for at in order),
        mean_shifts(moving),
        int(differs.sum()),
        int((~differs).sum()),
    )


MOST_SHOWN = 100


def class_table(pairs: Sequence[Pair], labels: Sequence[str]) -> pd.DataFrame:
    """A row for each true class that has a document, in the order of the classes.

    Columns: class, documents, first and second (accuracies), difference (second − first) with
    the ends low and high of its 95% interval, fixed, broken, p (McNemar), p_holm (adjusted for
    the classes that are tested); the last two are None where nothing tells the models apart.
    """
    rows = []
    for pair, label, p_holm in zip(pairs, labels, holm_adjusted(tuple(pairs)), strict=True):
        if pair.accuracies is None:
            continue
        first, second = pair.accuracies
        difference = pair.difference or NO_INTERVAL
        rows.append(
            {
                "class": label, "documents": len(pair), "first": first, "second": second,
                "difference": difference.mean, "low": difference.low, "high": difference.high,
                "fixed": pair.fixed, "broken": pair.broken,
                "p": None if p_holm is None else pair.test.p, "p_holm": p_holm,
            }
        )  # fmt: skip
    columns = ["class", "documents", "first", "second", "difference", "low", "high", "fixed",
               "broken", "p", "p_holm"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def attention_table(store: Store, found: PairAttention, most: int = MOST_SHOWN) -> pd.DataFrame:
    """The documents whose prediction differs, the largest divergence of attention first.

    Columns: row, id, divergence (nats), change, true, first and second (predictions), words
    (that differ most, "+" where the second model gives more), excerpt.
    """
    places = [at for at in range(len(found.rows)) if found.changed[at]][:most]
    rows = found.rows[places]
    own = ["row", "id", "true", "predicted", "other", "excerpt"]  # the data's may be named alike
    shown = (
        table_page(store, rows, STANDARD_ORDERS[0], 0, len(rows))[own]
        .set_index("row")
        .loc[rows]
        .reset_index()
    )
    shown = shown.rename(columns={"predicted": "first", "other": "second"})
    shown["divergence"] = found.divergence[places]
    shown["change"] = [CHANGES[at] for at in found.change[places]]
    shown["words"] = [
        " ".join(f"{'+' if word.second > word.first else '−'}{word.word}" for word in words)
        for words in (found.leading[at] for at in places)
    ]
    names = ["row", "id", "divergence", "change", "true", "first", "second", "words", "excerpt"]
    return shown[names]
