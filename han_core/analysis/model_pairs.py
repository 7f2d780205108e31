"""Compare the accuracy of two models on the same documents.

Counts of fixed and broken documents, McNemar's test, Newcombe's interval of the difference,
and Holm's correction for several classes.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cached_property
from typing import get_args

import numpy as np
import pandas as pd

from han_core.analysis.dataset import Outcomes
from han_core.analysis.filters import Change
from han_core.explanation.statistics import NO_INTERVAL, Interval, wilson

FEWEST = 25
"""Documents that tell the models apart; the exact test below, chi-squared from here on."""


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of whether fixed and broken documents are equally frequent.

    Attributes:
        statistic: chi-squared with continuity correction; None where the test is exact.
        p: two-sided.
        mid_p: of the exact test, which is less strict and keeps its level in practice
            (Fagerland, Lydersen and Laake 2013).
    """

    statistic: float | None
    p: float
    mid_p: float

    @property
    def exact(self) -> bool:
        return self.statistic is None


def mcnemar(fixed: int, broken: int) -> McNemar:
    """McNemar's test (1947): exact and binomial for fewer than ``FEWEST``, else chi-squared.

    χ² = (|fixed − broken| − 1)² / (fixed + broken) with one degree of freedom (Edwards 1948).
    Where nothing tells the models apart, p is 1.
    """
    from scipy.stats import binom, chi2

    if fixed < 0 or broken < 0:
        raise ValueError(f"counts of 0 or more expected, {fixed} and {broken} came")
    apart, fewer = fixed + broken, min(fixed, broken)
    up_to, at = float(binom.cdf(fewer, apart, 0.5)), float(binom.pmf(fewer, apart, 0.5))
    mid_p = min(1.0, 2 * up_to - at)
    if apart < FEWEST:
        return McNemar(None, min(1.0, 2 * up_to), mid_p)
    statistic = max(0, abs(fixed - broken) - 1) ** 2 / apart
    return McNemar(statistic, float(chi2.sf(statistic, 1)), mid_p)


def paired_difference(both_right: int, fixed: int, broken: int, both_wrong: int) -> Interval:
    """Accuracy of the second model minus that of the first, with its 95% interval.

    Newcombe 1998 (Statistics in Medicine 17, 2635-2650), method 10: the Wilson limits of both
    accuracies, put together with the correlation φ of being right. It holds where differences
    are small, and documents few, better than mean ± 1.96 standard errors does.
    """
    n = both_right + fixed + broken + both_wrong
    if n < 1 or min(both_right, fixed, broken, both_wrong) < 0:
        raise ValueError("a difference of accuracies needs at least one document")
    right = np.array([both_right + broken, both_right + fixed])
    first, second = (right / n).tolist()
    lows, highs = wilson(right, np.array([n, n]))
    (low_1, low_2), (high_1, high_2) = lows.tolist(), highs.tolist()
    phi = _phi(both_right, fixed, broken, both_wrong)

    def together(one: float, other: float) -> float:
        return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))

    difference = second - first
    low = difference - together(second - low_2, high_1 - first)
    high = difference + together(high_2 - second, first - low_1)
    return Interval(difference, max(-1.0, low), min(1.0, high))


def _phi(both_right: int, fixed: int, broken: int, both_wrong: int) -> float:
    """The correlation of the two rights and wrongs, with Newcombe's continuity correction."""
    n = both_right + fixed + broken + both_wrong
    sides = (
        (both_right + fixed) * (broken + both_wrong) * (both_right + broken) * (fixed + both_wrong)
    )
    if not sides:
        return 0.0
    above = float(both_right * both_wrong - fixed * broken)
    if above > 0:
        above = max(0.0, above - n / 2)
    return above / math.sqrt(sides)


def holm(p: Sequence[float]) -> np.ndarray:
    """p-values (tests,) adjusted for their number (Holm 1979): compare them with one level.

    The chance that any of them falls below the level by chance alone stays below the level.
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    stepped = values[order] * (len(values) - np.arange(len(values)))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted


CHANGES: tuple[Change, ...] = get_args(Change)


@dataclass(frozen=True)
class Pair:
    """Documents by which of two models is right.

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
    """(documents,) the place in ``CHANGES`` of what became of each."""
    other = _other(outcomes)
    # (first wrong or right, second wrong or right)
    names: tuple[tuple[Change, Change], ...] = (("both_wrong", "fixed"), ("broken", "both_right"))
    places = np.array([[CHANGES.index(name) for name in row] for row in names], dtype=np.int8)
    return places[outcomes.right.astype(np.intp), (other == outcomes.true).astype(np.intp)]


def has_changed(outcomes: Outcomes) -> np.ndarray:
    """(documents,) whether the two models predict different classes, right or wrong."""
    return np.asarray(outcomes.predicted != _other(outcomes))


def pairs_by_class(outcomes: Outcomes) -> tuple[Pair, ...]:
    """(classes,) the counts of the documents that truly belong to each class."""
    kinds, classes = len(CHANGES), len(outcomes.labels)
    became = changes(outcomes)
    cells = np.bincount(outcomes.true * np.int64(kinds) + became, minlength=classes * kinds)
    another = has_changed(outcomes) & (became == CHANGES.index("both_wrong"))
    others = np.bincount(outcomes.true[another], minlength=classes)
    return tuple(
        Pair(**dict(zip(CHANGES, row, strict=True)), another=number)
        for row, number in zip(cells.reshape(classes, kinds).tolist(), others.tolist(), strict=True)
    )


def sum_pairs(pairs: Iterable[Pair]) -> Pair:
    """The counts of all classes as one."""
    sums = np.zeros(len(fields(Pair)), dtype=np.int64)
    for pair in pairs:
        sums += astuple(pair)
    return Pair(*sums.tolist())


def holm_adjusted(pairs: tuple[Pair, ...]) -> tuple[float | None, ...]:
    """McNemar's p of each, adjusted for the number that can be tested (``holm``).

    None where nothing tells the models apart: no test is made there.
    """
    tested = [at for at, pair in enumerate(pairs) if pair.fixed + pair.broken]
    values = holm([pairs[at].test.p for at in tested]).tolist()
    result = dict(zip(tested, values, strict=True))
    return tuple(result.get(at) for at in range(len(pairs)))


def _other(outcomes: Outcomes) -> np.ndarray:
    if outcomes.other is None:
        raise ValueError("outcomes of two models are expected")
    return outcomes.other


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
