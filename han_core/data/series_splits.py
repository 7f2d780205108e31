"""Training, validation and test series: by the column ``split``, and else by shares."""

from collections.abc import Sequence

import numpy as np

from han_core.data.series import SeriesSet
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import mark, tr

PARTS = {"train": "training", "training": "training", "test": "test"} | dict.fromkeys(
    ("validation", "valid", "val", "dev"), "validation"
)
EXAMPLES = {"series": mark("series"), "document": mark("document")}


def rows_by_split(splits: Sequence[str], name: str, what: str) -> dict[str, list[int]]:
    """Return the numbers of the examples for training, validation and test.

    Args:
        splits: what the column says of each example.
        name: of the file; ``what`` an example is, for people.

    Raises:
        UserError: if the column says something else.
    """
    rows: dict[str, list[int]] = {"training": [], "validation": [], "test": []}
    for row, cell in enumerate(splits):
        said = cell.strip().casefold()
        if said not in PARTS:
            raise UserError(
                tr(
                    'The column split of {name} says "{said}"; train, validation or test was '
                    "expected for each {what}.",
                    name=name,
                    said=shown(said),
                    what=tr(EXAMPLES[what]),
                )
            )
        rows[PARTS[said]].append(row)
    return rows


def split_series(
    data: SeriesSet, validation: float, test: float, seed: int, by_class: bool
) -> dict[str, SeriesSet | None]:
    """Return training, validation and test by the column ``split``, and else by shares.

    Args:
        by_class: whether shares are cut from each class.

    Raises:
        UserError: if the column says something else, or nothing is left to train on.
    """
    rows = rows_by_split(data.splits or ("train",) * len(data), data.name, "series")
    for part, share in (("test", test), ("validation", validation)):
        if share and not rows[part]:
            rows[part] = _held_out(data, rows["training"], share, seed, by_class)
            rows["training"] = sorted(set(rows["training"]) - set(rows[part]))
    if not rows["training"]:
        raise UserError(tr("No series of {name} is left for training.", name=data.name))
    return {part: data.take(taken) if taken else None for part, taken in rows.items()}


def _held_out(
    data: SeriesSet, rows: list[int], share: float, seed: int, by_class: bool
) -> list[int]:
    """A share of ``rows`` at random; at least one stays in each class."""
    chance = np.random.default_rng(seed)
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(data.targets[row] if by_class else "", []).append(row)
    taken: list[int] = []
    for group in groups.values():
        count = min(len(group) - 1, round(share * len(group)))
        taken += chance.permutation(group)[: max(count, 0)].tolist()
    return sorted(taken)
