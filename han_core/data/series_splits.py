"""Training, validation and test series: by the column ``split``, and else by shares."""

import numpy as np

from han_core.data.series import SeriesSet
from han_core.runtime.errors import UserError, shown

PARTS = {"train": "training", "training": "training", "test": "test"} | dict.fromkeys(
    ("validation", "valid", "val", "dev"), "validation"
)


def split_series(
    data: SeriesSet, validation: float, test: float, seed: int, by_class: bool
) -> dict[str, SeriesSet | None]:
    """Return training, validation and test by the column ``split``, and else by shares.

    Args:
        by_class: whether shares are cut from each class.

    Raises:
        UserError: if the column says something else, or nothing is left to train on.
    """
    rows: dict[str, list[int]] = {"training": [], "validation": [], "test": []}
    for row in range(len(data)):
        said = data.splits[row].strip().casefold() if data.splits else "train"
        if said not in PARTS:
            raise UserError(
                f'The column split of {data.name} says "{shown(said)}"; train, validation or test '
                "was expected for each series."
            )
        rows[PARTS[said]].append(row)
    for part, share in (("test", test), ("validation", validation)):
        if share and not rows[part]:
            rows[part] = _held_out(data, rows["training"], share, seed, by_class)
            rows["training"] = sorted(set(rows["training"]) - set(rows[part]))
    if not rows["training"]:
        raise UserError(f"No series of {data.name} is left for training.")
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
