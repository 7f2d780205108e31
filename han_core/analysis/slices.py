"""Slices: filters saved under a name for a data set, and the model's scores on each.

A slice is compared with all other documents: the two share no document, so their difference
has a confidence interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
import sqlalchemy as sa

from han_core.analysis.annotations.database import Database
from han_core.analysis.annotations.schema import SLICE, checked_name, folded
from han_core.analysis.annotations.writing import record, utc_now
from han_core.analysis.metrics import macro_f1, macro_f1_resampled
from han_core.explanation.statistics import (
    NO_INTERVAL,
    Interval,
    difference,
    percentile,
    resampled,
    share,
)
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

LONGEST_FILTER = 200_000  # characters


@dataclass(frozen=True)
class Slice:
    """A filter as JSON, under a name; ``analyst`` saved it ``at`` that time."""

    name: str
    filter: str
    analyst: str
    at: datetime


def save_slice(
    database: Database, dataset: str, name: str, filter: str, analyst: str, replace: bool = False
) -> Slice:
    """Keep ``filter`` under ``name``, a name for itself within the data set whatever its case.

    Args:
        dataset: its hash (``Manifest.data_sha256``).
        replace: whether a slice of this name gives way.
    """
    if len(filter) > LONGEST_FILTER:
        raise UserError(tr("This filter has too many conditions to be saved as a slice."))
    saved = Slice(
        checked_name(name, tr("A slice's name")), filter,
        checked_name(analyst, tr("An analyst's name")), utc_now(),
    )  # fmt: skip
    with database.writing() as connection:
        same = _named(dataset, name)
        existing = connection.execute(sa.select(SLICE).where(*same)).first()
        if existing and not replace:
            raise UserError(
                tr('A slice "{name}" is saved already; choose another name.', name=existing.name)
            )
        connection.execute(sa.delete(SLICE).where(*same))
        row: dict = {"dataset": dataset, "folded": folded(saved.name), "annotator": saved.analyst}
        row |= {"name": saved.name, "filter": saved.filter, "at": saved.at}
        connection.execute(sa.insert(SLICE).values(**row))
        before = existing.filter if existing else ""
        record(connection, saved.analyst, "saved a slice", saved.name, before, filter)
    return saved


def saved_slices(database: Database, dataset: str) -> tuple[Slice, ...]:
    """The slices of a data set, by name."""
    columns = SLICE.c.name, SLICE.c.filter, SLICE.c.annotator, SLICE.c.at
    query = sa.select(*columns).where(SLICE.c.dataset == dataset).order_by(SLICE.c.folded)
    with database.reading() as connection:
        return tuple(Slice(*row) for row in connection.execute(query))


def delete_slice(database: Database, dataset: str, name: str, analyst: str) -> None:
    """Let a slice go; the history keeps its filter."""
    who = checked_name(analyst, tr("An analyst's name"))
    with database.writing() as connection:
        same = _named(dataset, name)
        existing = connection.execute(sa.select(SLICE).where(*same)).first()
        if existing:
            connection.execute(sa.delete(SLICE).where(*same))
            record(connection, who, "deleted a slice", existing.name, before=existing.filter)


def _named(dataset: str, name: str) -> tuple:
    tidy = folded(checked_name(name, "A slice's name"))
    return SLICE.c.dataset == dataset, SLICE.c.folded == tidy


@dataclass(frozen=True)
class SliceScores:
    """Scores on a slice's documents, and the difference to all other documents.

    Attributes:
        documents: in the slice; ``of`` in the whole.
        accuracy: with Wilson's interval; nothing of no document.
        macro_f1: with a bootstrap interval; over the classes that occur in the slice.
        accuracy_apart, macro_f1_apart: the slice's minus that of all other documents; nothing
            where there are no others.
    """

    documents: int
    of: int
    accuracy: Interval
    macro_f1: Interval
    accuracy_apart: Interval
    macro_f1_apart: Interval


def slice_scores(counts: np.ndarray, whole: np.ndarray, seed: int = 0) -> SliceScores:
    """The scores of a slice, from tables of true by predicted classes.

    Args:
        counts, whole: (classes, classes) documents of the slice, and of all data.
    """
    rest = whole - counts
    if counts.shape != whole.shape or (rest < 0).any():
        raise ValueError("a slice of the whole expected, with no documents beyond it")
    documents, others = int(counts.sum()), int(rest.sum())
    hits, other_hits = int(np.trace(counts)), int(np.trace(rest))
    result, difference_to_rest = _macro_f1(counts, rest, seed)
    return SliceScores(
        documents,
        documents + others,
        share(hits, documents),
        result,
        difference(hits, documents, other_hits, others),
        difference_to_rest,
    )


def _macro_f1(counts: np.ndarray, rest: np.ndarray, seed: int) -> tuple[Interval, Interval]:
    """Of the slice, and the slice's minus the rest's; both parts are drawn by themselves."""
    if not counts.any():
        return NO_INTERVAL, NO_INTERVAL
    value, drawn = float(macro_f1(counts)), macro_f1_resampled(counts, seed)
    result = percentile(value, drawn)
    if not rest.any():
        return result, NO_INTERVAL
    apart = drawn - macro_f1_resampled(rest, seed + 1)
    return result, percentile(value - float(macro_f1(rest)), apart)


@dataclass(frozen=True)
class SliceComparison:
    """Two slices side by side, which may have documents in common.

    Attributes:
        both: documents that stand in both.
        apart: accuracy of the first minus that of the second, with Newcombe's interval, or
            the bootstrap's if they have documents in common; nothing where one has none.
    """

    both: int
    apart: Interval


def compare_slices(
    right: np.ndarray, one: np.ndarray, other: np.ndarray, seed: int = 0
) -> SliceComparison:
    """The difference in accuracy of two slices; documents in both are drawn in both.

    Args:
        right: (documents,) of all data, whether the prediction is right.
        one, other: the slices' rows.
    """
    member = np.zeros((2, len(right)), dtype=bool)
    member[0, one] = True
    member[1, other] = True
    both = int(np.count_nonzero(member.all(0)))
    if not len(one) or not len(other):
        return SliceComparison(both, NO_INTERVAL)
    if not both:
        hits = [int(np.count_nonzero(right[rows])) for rows in (one, other)]
        return SliceComparison(0, difference(hits[0], len(one), hits[1], len(other)))
    # Eight kinds of documents: in neither, one, the other or both; wrong or right.
    kinds = member[0] + 2 * member[1] + 4 * right
    counts = np.bincount(kinds[member.any(0)], minlength=8)

    def apart(drawn: np.ndarray) -> np.ndarray:
        of_one, of_other = drawn[:, [1, 3, 5, 7]].sum(1), drawn[:, [2, 3, 6, 7]].sum(1)
        with np.errstate(invalid="ignore"):
            return drawn[:, [5, 7]].sum(1) / of_one - drawn[:, [6, 7]].sum(1) / of_other

    value = float(apart(counts[None])[0])
    return SliceComparison(both, percentile(value, resampled(counts, apart, seed)))


class SliceRow(NamedTuple):
    """A line of the table of slices.

    Attributes:
        holds: its filter in words.
        scores: None if its filter cannot be used here; ``trouble`` says why then.
        second: accuracy of a second model on it, or None.
    """

    name: str
    holds: str = ""
    scores: SliceScores | None = None
    second: Interval | None = None
    trouble: str = ""


def slice_table(lines: Sequence[SliceRow]) -> pd.DataFrame:
    """A row for each slice; shares in per cent, differences in points, intervals as text."""
    table = pd.DataFrame([_cells(line) for line in lines])
    if all(line.second is None for line in lines):
        table = table.drop(columns="second", errors="ignore")
    filter = table.pop("filter")
    return table.assign(filter=filter)


def _cells(line: SliceRow) -> dict:
    result = line.scores
    cells: dict = {"slice": line.name, "filter": line.trouble or line.holds}
    if result is None:
        return cells
    second = line.second or NO_INTERVAL
    return cells | {
        "documents": result.documents,
        "share": 100 * result.documents / max(1, result.of),
        "accuracy": _times(result.accuracy.mean, 100),
        "accuracy interval": _ends(result.accuracy, 100),
        "macro F1": result.macro_f1.mean,
        "macro F1 interval": _ends(result.macro_f1),
        "apart": _times(result.accuracy_apart.mean, 100),
        "apart interval": _ends(result.accuracy_apart, 100),
        "F1 apart": result.macro_f1_apart.mean,
        "F1 apart interval": _ends(result.macro_f1_apart),
        "second": _times(second.mean, 100),
    }


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else factor * value


def _ends(interval: Interval, factor: int = 1) -> str:
    """ "87.0 to 92.1" of an interval, "" of none."""
    if interval.low is None or interval.high is None:
        return ""
    form = ".1f" if factor == 100 else ".3f"
    low, high = f"{factor * interval.low:{form}}", f"{factor * interval.high:{form}}"
    return tr("{low} to {high}", low=low, high=high).replace("-", "−")
