"""What every panel of Errors is given; it draws nothing."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    from han_core.coding.marks import Marks
    from han_core.errors.asked.filter import Filter
    from han_core.errors.opened.outcomes import Outcomes
    from han_core.errors.opened.store import Store


class Bench(NamedTuple):
    """The scored data set on the page, and what its filter leaves.

    Attributes:
        checkpoint: name of the checkpoint; None if it is gone and only its scores are kept.
        other: name of the second one, or None.
        marks: what is marked now.
        rows: (documents,) the rows that the filter leaves, ascending.
        outcomes: of these rows.
        analyst: who is at work, "" if not said.
    """

    checkpoint: str | None
    other: str | None
    device: str
    store: "Store"
    marks: "Marks"
    filter: "Filter"
    rows: "np.ndarray"
    outcomes: "Outcomes"
    analyst: str
