"""What stands in the table of slices: all documents, the filter that holds, and each slice.

It draws nothing.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pages.parts.errors import cached

if TYPE_CHECKING:
    import numpy as np

    from han_core.coding.slices import Slice
    from han_core.errors.asked.filter import Filter
    from han_core.errors.measured.slices import SliceRow
    from han_core.errors.opened.outcomes import Outcomes
    from han_core.evidence.bootstrap import Interval
    from pages.parts.errors.bench import Bench

WHOLE, PRESENT = "All documents", "The filter that holds now"


class Line(NamedTuple):
    """A row of the table; its documents, None if its filter cannot be used here; what is saved."""

    row: "SliceRow"
    rows: "np.ndarray | None"
    saved: "Slice | None" = None


def lines(bench: "Bench", saved: "tuple[Slice, ...]") -> list[Line]:
    """All documents first, then the filter that holds, if any, then each slice."""
    from han_core.errors.asked.filter import Filter

    first = [Line(*_scored(bench, WHOLE, Filter()))]
    if bench.filter != Filter():
        first.append(Line(*_scored(bench, PRESENT, bench.filter)))
    return [*first, *(Line(*_of_saved(bench, slice), slice) for slice in saved)]


def _of_saved(bench: "Bench", slice: "Slice") -> "tuple[SliceRow, np.ndarray | None]":
    from pydantic import ValidationError

    from han_core.errors.asked.filter import Filter
    from han_core.errors.measured.slices import SliceRow

    try:
        return _scored(bench, slice.name, Filter.model_validate_json(slice.filter))
    except ValidationError:
        return SliceRow(slice.name, trouble="A filter that this version does not know."), None


def _scored(bench: "Bench", name: str, filter: "Filter") -> "tuple[SliceRow, np.ndarray | None]":
    from han_core.errors.asked.filter import chips
    from han_core.errors.asked.select import select
    from han_core.errors.measured.performance import confusion_counts
    from han_core.errors.measured.slices import SliceRow
    from han_core.wrong_input import WrongInput

    try:
        rows = select(bench.store, filter, bench.marks)
    except WrongInput as error:
        return SliceRow(name, trouble=str(error)), None
    whole = bench.store.outcomes
    outcomes = whole.take(rows)
    scores = cached.slice_scores(confusion_counts(outcomes), confusion_counts(whole))
    holds = ", ".join(chip.words for chip in chips(filter))
    return SliceRow(name, holds, scores, _second(outcomes)), rows


def _second(outcomes: "Outcomes") -> "Interval | None":
    """The second model's accuracy there, if there is one."""
    from han_core.errors.measured.performance import accuracy

    if outcomes.other is None:
        return None
    return accuracy(replace(outcomes, predicted=outcomes.other))
