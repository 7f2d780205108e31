"""Which documents a filter leaves.

Numbers are compared in memory; texts, lists and the data's own columns are asked of
``search``. It knows nothing about how the rows are shown.
"""

from collections.abc import Iterator

import numpy as np

from han_core.coding.marks import Marks
from han_core.corpora.wording import shown
from han_core.errors.asked.filter import Filter, Range
from han_core.errors.opened.outcomes import Outcomes
from han_core.errors.opened.store import Store
from han_core.wrong_input import WrongInput

SPLIT = "split"
"""The data's own column that says which split a document is of."""


def select(store: Store, filter: Filter, marks: Marks) -> np.ndarray:
    """(matching,) int64 rows that meet all conditions, ascending.

    ``filter.columns`` of one name are alternatives, those of different names all hold.

    Raises:
        WrongInput: if a class or a column is unknown, the regular expression is broken or
            takes too long, or ``change`` is asked of one model.
    """
    left = np.ones(store.rows, dtype=bool)
    for mask in _numbers(store.outcomes, filter):
        left &= mask
    for mask in _sought(store, filter, marks):
        left &= mask
    if filter.suspect:
        from han_core.errors.measured.suspects import suspects

        suspect = np.zeros(store.rows, dtype=bool)
        suspect[suspects(store).rows] = True
        left &= suspect
    return np.flatnonzero(left)


def _numbers(outcomes: Outcomes, filter: Filter) -> Iterator[np.ndarray]:
    """A (documents,) mask for each condition on numbers."""
    if filter.true:
        yield _any(outcomes.true, _classes(filter.true, outcomes.labels), outcomes)
    if filter.predicted:
        yield _any(outcomes.predicted, _classes(filter.predicted, outcomes.labels), outcomes)
    if filter.outcome:
        yield outcomes.right == (filter.outcome == "right")
    if filter.change:
        yield _changed(outcomes, filter.change)
    for range_, cells in (
        (filter.confidence, outcomes.confidence),
        (filter.loss, outcomes.loss),
        (filter.tokens, outcomes.tokens),
        (filter.entropy, outcomes.entropy),
    ):
        if range_ is not None:
            yield from _within(cells, range_)
    if filter.unknown is not None:
        yield from _within(unknown_share(outcomes), filter.unknown)


def unknown_share(outcomes: Outcomes) -> np.ndarray:
    """(documents,) float32, the share of tokens that are not in the vocabulary."""
    return outcomes.unknown.astype(np.float32) / np.maximum(outcomes.tokens, 1).astype(np.float32)


def _within(cells: np.ndarray, range_: Range) -> Iterator[np.ndarray]:
    # A bound becomes a number of the cells' kind: .9 as people write it is the .9 that is kept.
    kind = cells.dtype if cells.dtype.kind == "f" else np.dtype(float)
    if range_.low is not None:
        yield cells >= kind.type(range_.low)
    if range_.high is not None:
        yield cells <= kind.type(range_.high)


def _classes(names: tuple[str, ...], labels: tuple[str, ...]) -> list[int]:
    for name in names:
        if name not in labels:
            raise WrongInput(f"“{shown(name)}” is none of the model's {len(labels)} classes.")
    return [labels.index(name) for name in names]


def _any(codes: np.ndarray, wanted: list[int], outcomes: Outcomes) -> np.ndarray:
    table = np.zeros(len(outcomes.labels), dtype=bool)
    table[wanted] = True
    return table[codes]


def _changed(outcomes: Outcomes, change: str) -> np.ndarray:
    if outcomes.other is None:
        raise WrongInput("What changed can be asked beside a second model; none is chosen.")
    before, after = outcomes.right, outcomes.other == outcomes.true
    return {
        "fixed": ~before & after,
        "broken": before & ~after,
        "both_right": before & after,
        "both_wrong": ~before & ~after,
    }[change]


def _sought(store: Store, filter: Filter, marks: Marks) -> Iterator[np.ndarray]:
    """A (documents,) mask for each condition on texts, columns and marks."""
    search = store.search
    if filter.contains:
        yield search.containing(filter.contains)
    if filter.pattern:
        yield search.matching(filter.pattern)
    for word in filter.attended:
        yield search.attending(word)
    if filter.split:
        yield search.having(SPLIT, filter.split)
    for name in dict.fromkeys(name for name, _ in filter.columns):
        yield search.having(name, [value for other, value in filter.columns if other == name])
    if filter.tags:
        yield _named(store, *(marks.tagged.get(tag, frozenset()) for tag in filter.tags))
    if filter.flags:
        yield _named(store, *(marks.flagged.get(flag, frozenset()) for flag in filter.flags))
    if filter.annotated is not None:
        yield _named(store, marks.annotated) == filter.annotated


def _named(store: Store, *contents: frozenset[str]) -> np.ndarray:
    mask = np.zeros(store.rows, dtype=bool)
    mask[store.documents.rows_of(frozenset().union(*contents))] = True
    return mask
