"""Two models on the same documents: what the second fixed, what it broke, what neither gets.

Counts over all documents and for each true class, from ``Outcomes`` with a second model. It
knows nothing about attention (``pair_attention``) or about what the tests mean
(``paired_tests``).
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from functools import cached_property
from typing import get_args

import numpy as np

from han_core.errors.asked.filter import Change
from han_core.errors.opened.outcomes import Outcomes
from han_core.errors.pairs.paired_tests import McNemar, holm, mcnemar, paired_difference
from han_core.evidence.bootstrap import Interval

CHANGES: tuple[Change, ...] = get_args(Change)


@dataclass(frozen=True)
class Pair:
    """How often the two models were right.

    Attributes:
        fixed: the second is right where the first was wrong.
        broken: the first was right where the second is wrong.
        another: of ``both_wrong``, those where the two predict different classes.
    """

    fixed: int
    broken: int
    both_right: int
    both_wrong: int
    another: int = 0

    def __len__(self) -> int:
        return self.fixed + self.broken + self.both_right + self.both_wrong

    @property
    def changed(self) -> int:
        """Documents that get another class from the second model."""
        return self.fixed + self.broken + self.another

    @property
    def accuracies(self) -> tuple[float, float] | None:
        """Of the first and of the second; None without documents."""
        n = len(self)
        if not n:
            return None
        return (self.both_right + self.broken) / n, (self.both_right + self.fixed) / n

    @cached_property
    def test(self) -> McNemar:
        return mcnemar(self.fixed, self.broken)

    @cached_property
    def difference(self) -> Interval | None:
        """Accuracy of the second minus that of the first; None without documents."""
        if not len(self):
            return None
        return paired_difference(self.both_right, self.fixed, self.broken, self.both_wrong)


def changes(outcomes: Outcomes) -> np.ndarray:
    """(documents,) the place in ``CHANGES`` of what became of each.

    Raises:
        ValueError: if there is no second model.
    """
    other = _other(outcomes)
    # (first wrong or right, second wrong or right)
    names: tuple[tuple[Change, Change], ...] = (("both_wrong", "fixed"), ("broken", "both_right"))
    places = np.array([[CHANGES.index(name) for name in row] for row in names], dtype=np.int8)
    return places[outcomes.right.astype(np.intp), (other == outcomes.true).astype(np.intp)]


def has_changed(outcomes: Outcomes) -> np.ndarray:
    """(documents,) whether the two models predict different classes, right or wrong.

    Raises:
        ValueError: if there is no second model.
    """
    return np.asarray(outcomes.predicted != _other(outcomes))


def pairs_by_class(outcomes: Outcomes) -> tuple[Pair, ...]:
    """(classes,) the counts of the documents that truly belong to each class.

    Raises:
        ValueError: if there is no second model.
    """
    kinds, classes = len(CHANGES), len(outcomes.labels)
    became = changes(outcomes)
    cells = np.bincount(outcomes.true * np.int64(kinds) + became, minlength=classes * kinds)
    another = has_changed(outcomes) & (became == CHANGES.index("both_wrong"))
    others = np.bincount(outcomes.true[another], minlength=classes)
    return tuple(
        Pair(**dict(zip(CHANGES, row, strict=True)), another=number)
        for row, number in zip(cells.reshape(classes, kinds).tolist(), others.tolist(), strict=True)
    )


def together(pairs: Iterable[Pair]) -> Pair:
    """The counts of all classes as one."""
    sums = np.zeros(len(fields(Pair)), dtype=np.int64)
    for pair in pairs:
        sums += astuple(pair)
    return Pair(*sums.tolist())


def adjusted(pairs: tuple[Pair, ...]) -> tuple[float | None, ...]:
    """McNemar's p of each, adjusted for the number that can be tested (``holm``).

    None where nothing tells the models apart: no test is made there.
    """
    tested = [at for at, pair in enumerate(pairs) if pair.fixed + pair.broken]
    values = holm([pairs[at].test.p for at in tested]).tolist()
    found = dict(zip(tested, values, strict=True))
    return tuple(found.get(at) for at in range(len(pairs)))


def _other(outcomes: Outcomes) -> np.ndarray:
    if outcomes.other is None:
        raise ValueError("outcomes of two models are expected")
    return outcomes.other
