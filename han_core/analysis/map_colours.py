"""Values by which a map of documents is coloured: numbers, or a few groups with names."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from han_core.analysis.dataset import Store, own_columns
from han_core.analysis.filters import Marks
from han_core.analysis.query import unknown_share
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr

MOST_GROUPS = 9
"""Groups with a colour of their own; the rest are one group."""

REST, NO_VALUE = mark("all others"), mark("(empty)")
RIGHT, WRONG = mark("right"), mark("wrong")
COLOURS = {
    "outcome": mark("Right or wrong"),
    "true": mark("True class"),
    "predicted": mark("Predicted class"),
    "confidence": mark("Confidence"),
    "loss": mark("Loss"),
    "tokens": mark("Length in tokens"),
    "unknown": mark("Share of unknown words"),
    "entropy": mark("Entropy of attention"),
    "tags": mark("Tags"),
    "other": mark("Second model's prediction"),
}
OWN = "column:"
"""Before the name of one of the data's own columns."""


@dataclass(frozen=True)
class MapColours:
    """What colours the documents; one of the two is None.

    Attributes:
        numbers: (documents,) floats, NaN where there is none.
        codes, names: (documents,) positions in ``names``, the largest group first.
    """

    title: str
    numbers: np.ndarray | None = None
    codes: np.ndarray | None = None
    names: tuple[str, ...] = ()


def colour_names(store: Store) -> dict[str, str]:
    """Return what a map can be coloured by, with titles for people."""
    ours = {key: title for key, title in COLOURS.items() if key != "other" or store.other}
    return ours | {f"{OWN}{name}": name for name in own_columns(store)}


def map_colours(store: Store, rows: np.ndarray, by: str, marks: Marks) -> MapColours:
    """Return the values of ``rows`` (documents,), by one of the keys of ``colour_names``.

    Raises:
        UserError: if the data have no such column.
    """
    outcomes = store.outcomes.take(rows)
    if by == "outcome":
        codes = (~outcomes.right).astype(np.int64)
        return MapColours(tr(COLOURS[by]), codes=codes, names=(tr(RIGHT), tr(WRONG)))
    if by in ("true", "predicted", "other"):
        codes = getattr(outcomes, by)
        if codes is None:
            raise UserError(tr("A second model's predictions need a second model; none is chosen."))
        return _grouped(tr(COLOURS[by]), [store.labels[code] for code in codes])
    if by == "unknown":
        return MapColours(tr(COLOURS[by]), numbers=unknown_share(outcomes).astype(float))
    if by in ("confidence", "loss", "tokens", "entropy"):
        return MapColours(tr(COLOURS[by]), numbers=getattr(outcomes, by).astype(float))
    if by == "tags":
        return _grouped(tr(COLOURS[by]), tags_of(store.documents.contents(rows), marks))
    return _own_column(store, rows, by.removeprefix(OWN))


def tags_of(contents: Sequence[str], marks: Marks) -> list[str]:
    """Return the tags of each document in one string, "" where it has none."""
    tagged = sorted(marks.tagged.items())
    return [
        ", ".join(tag for tag, documents in tagged if content in documents) for content in contents
    ]


def _own_column(store: Store, rows: np.ndarray, name: str) -> MapColours:
    """Numbers where all cells are, and many different ones; else groups."""
    own = own_columns(store)
    if name not in own:
        raise UserError(tr("The documents have no column “{name}”.", name=name))
    field = store.documents.field(own[name])
    cells = store.documents.take(rows, [field])[field].to_pylist()
    numbers = pd.to_numeric(pd.Series(cells, dtype=object).replace("", None), errors="coerce")
    filled = sum(cell != "" for cell in cells)
    finite = np.isfinite(numbers.to_numpy(dtype=float))
    if filled and finite.sum() == filled and numbers.nunique() > MOST_GROUPS:
        return MapColours(name, numbers=numbers.to_numpy(dtype=float))
    return _grouped(name, cells)


def _grouped(title: str, cells: Sequence[str]) -> MapColours:
    """The most frequent values, and one group of all others."""
    counts = pd.Series(cells, dtype=object).value_counts()
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    most = MOST_GROUPS if len(ordered) <= MOST_GROUPS else MOST_GROUPS - 1
    names = [str(name) for name, _ in ordered[:most]]
    place = {name: at for at, name in enumerate(names)}
    codes = np.array([place.get(cell, len(names)) for cell in cells], dtype=np.int64)
    shown = [name or tr(NO_VALUE) for name in names] + [tr(REST)] * (len(ordered) > most)
    return MapColours(title, codes=codes, names=tuple(shown))
