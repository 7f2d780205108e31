"""Time series with a class or a number each, read from files that may be hostile.

``read_series`` has a child process read the file (``series_files``) and checks what it hands over.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from han_core.data.sandbox import OWN, Limits, NoAnswer, run_in_child
from han_core.data.table import Table
from han_core.runtime.errors import UserError, alternatives, counted, listed, shown, system_errors
from han_core.runtime.messages import tr

CHILD = "han_core.data.series_files"
MOST_STEPS, MOST_CHANNELS, MOST_VALUES = 20_000, 1_000, 100_000_000
BUNDLED = "bundled:"
BUNDLED_FOLDER = Path(__file__).with_name("bundled") / "series"
ENDINGS = (".ts", ".arff", ".npz", ".parquet", ".csv", ".tsv", ".jsonl")


@dataclass(frozen=True)
class SeriesSet:
    """Series of the same channels, each of its own length.

    Attributes:
        name: of the file, for people.
        channels: names of the channels.
        values: of each series (steps, channels), finite float32.
        targets: the class or the number of each series as written; empty where there is none.
        ids: of each series, for people.
        splits: "train", "validation", "test" or whatever the column says; empty without one.
        notes: sentences on what reading had to change.
        single: columns with one value a series, of which each may be the target.

    Raises:
        ValueError: if numbers of series or channels disagree.
    """

    name: str
    channels: tuple[str, ...]
    values: tuple[np.ndarray, ...]
    targets: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    single: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for cells in (self.targets, self.ids, self.splits):
            if cells and len(cells) != len(self.values):
                raise ValueError(f"{len(self.values)} series and {len(cells)} cells beside them.")
        for one in self.values:
            if one.ndim != 2 or one.shape[1] != len(self.channels) or not one.shape[0]:
                raise ValueError(f"(steps, {len(self.channels)} channels) expected; {one.shape}.")

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Iterable[int]) -> "SeriesSet":
        """Return the series at ``rows``."""
        rows = list(rows)

        def at(cells: tuple) -> tuple:
            return tuple(cells[row] for row in rows) if cells else ()

        return replace(
            self,
            values=at(self.values),
            targets=at(self.targets),
            ids=at(self.ids),
            splits=at(self.splits),
        )

    def numbers(self) -> np.ndarray:
        """Return the targets as numbers.

        Raises:
            UserError: names the first that is none, or is not finite.
        """
        numbers = [_number(cell) for cell in self.targets]
        for id, cell, number in zip(self.ids, self.targets, numbers, strict=True):
            if number is None:
                raise UserError(
                    tr(
                        'The target of series {id} of {name} is "{cell}"; regression expects a '
                        "number for each series.",
                        id=shown(id),
                        name=self.name,
                        cell=shown(cell),
                    )
                )
        return np.array(numbers, np.float64)


def read_series(
    path: str | Path,
    target_column: str | None = None,
    labelled: bool = True,
    limits: Limits = OWN,
    filename: str | None = None,
) -> SeriesSet:
    """Return the series of a file, or of ``bundled:NAME``; the name's ending says how to read it.

    Args:
        target_column: the column of classes or numbers; None for label, target, class or y.
        labelled: whether every series needs a target.
        filename: the name that was given to a file whose path is a temporary one.

    Raises:
        UserError: says what was expected and what came.
    """
    bundled = str(path).startswith(BUNDLED)
    given = str(path) if bundled else None
    path = bundled_path(str(path).removeprefix(BUNDLED)) if bundled else Path(path)
    name = Path(filename or path).name
    if not name.lower().removesuffix(".gz").endswith(ENDINGS):
        raise UserError(
            tr(
                '"{name}" is no file of time series; its name should end in {endings}.',
                name=shown(name),
                endings=alternatives(ENDINGS),
            )
        )
    if not path.is_file():
        raise UserError(tr("There is no file {path}.", path=shown(str(path), 200)))
    with system_errors(tr("{name} cannot be read", name=shown(name))):
        limits = limits.for_size(path.stat().st_size)
    request = {
        "path": str(path.resolve()),
        "filename": name,
        "limits": asdict(limits),
        "target": target_column,
        "labelled": labelled,
    }
    environment = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"}
    try:
        table = run_in_child(
            CHILD,
            request,
            seconds=limits.wall_seconds,
            environment=environment,
            most_bytes=limits.table,
        )
    except NoAnswer as error:
        raise UserError(
            tr(
                "{name} made its reader stop: it is damaged, or too large to read.",
                name=shown(name),
            )
        ) from error
    return series_of(table, given or shown(name))


def bundled_series() -> tuple[str, ...]:
    """Return the names of the series that come along."""
    return tuple(sorted(path.stem for path in BUNDLED_FOLDER.glob("*.parquet")))


def bundled_path(name: str) -> Path:
    """Return the file of ``bundled:NAME``.

    Raises:
        UserError: names those that there are.
    """
    if name not in bundled_series():
        raise UserError(
            tr(
                'Bundled series are {bundled_series}; "{name}" came.',
                bundled_series=listed(bundled_series()),
                name=shown(name),
            )
        )
    return BUNDLED_FOLDER / f"{name}.parquet"


def series_of(table: Table, name: str) -> SeriesSet:
    """Return the series that the child hands over, with gaps filled and everything bounded.

    Raises:
        UserError: names the series that cannot be used.
    """
    if not len(table.data["values"]):
        raise UserError(tr("{name} holds no series.", name=name))
    channels = tuple(json.loads(table.data["channels"][0]))
    if len(channels) > MOST_CHANNELS:
        raise UserError(
            tr(
                "{name} has {count:,} channels; at most {most_channels:,} are read.",
                name=name,
                count=len(channels),
                most_channels=MOST_CHANNELS,
            )
        )
    ids = tuple(table.data["id"])
    values, filled, total = [], 0, 0
    for id, cell in zip(ids, table.data["values"], strict=True):
        one, gaps = _filled(_shaped(json.loads(cell), id, channels, name), id, channels, name)
        filled, total = filled + gaps, total + one.size
        if total > MOST_VALUES:
            raise UserError(
                tr(
                    "{name} holds more than {most_values:,} numbers.",
                    name=name,
                    most_values=MOST_VALUES,
                )
            )
        values.append(one)
    notes = [note for note in dict.fromkeys(table.data["note"]) if note]
    if filled:
        notes.append(
            tr(
                "{values} filled by a line between the values around.",
                values=counted(filled, "missing value"),
            )
        )
    targets, splits = (tuple(table.data.get(column, ())) for column in ("target", "split"))
    single = tuple(json.loads(table.data["single"][0]))
    return SeriesSet(name, channels, tuple(values), targets, ids, splits, tuple(notes), single)


def _shaped(
    lists: list[list[float | None]], id: str, channels: Sequence[str], name: str
) -> np.ndarray:
    """One series (steps, channels); what is missing is NaN."""
    where = tr("Series {id} of {name}", id=shown(id), name=name)
    if len(lists) != len(channels):
        raise UserError(
            tr(
                "{where} has {channels}; {count} were expected, as in the first series.",
                where=where,
                channels=counted(len(lists), "channel"),
                count=len(channels),
            )
        )
    lengths = sorted({len(one) for one in lists})
    if len(lengths) > 1:
        raise UserError(
            tr(
                "{where} has channels of {least} and of {most} steps; all channels of a "
                "series were expected to be equally long.",
                where=where,
                least=lengths[0],
                most=lengths[-1],
            )
        )
    if not 0 < lengths[0] <= MOST_STEPS:
        raise UserError(
            tr(
                "{where} has {steps}; 1 to {most_steps:,} were expected.",
                where=where,
                steps=counted(lengths[0], "step"),
                most_steps=MOST_STEPS,
            )
        )
    return np.array(lists, np.float64).T


def _filled(
    series: np.ndarray, id: str, channels: Sequence[str], name: str
) -> tuple[np.ndarray, int]:
    """The series with a line across what is missing, and how many values were."""
    large = np.abs(series) > np.finfo(np.float32).max / 1e6
    missing = np.isnan(series)
    if large.any():
        raise UserError(
            tr(
                "Series {id} of {name} holds a number that is not finite or far too large.",
                id=shown(id),
                name=name,
            )
        )
    for channel in np.flatnonzero(missing.any(0)):
        known = np.flatnonzero(~missing[:, channel])
        if not len(known):
            empty = shown(channels[int(channel)])
            raise UserError(
                tr(
                    'Series {id} of {name} has no value in channel "{empty}".',
                    id=shown(id),
                    name=name,
                    empty=empty,
                )
            )
        gaps = np.flatnonzero(missing[:, channel])
        series[gaps, channel] = np.interp(gaps, known, series[known, channel])
    return series.astype(np.float32), int(missing.sum())


def class_names(targets: Sequence[str], name: str) -> tuple[str, ...]:
    """Return the classes in order, numbers by value.

    Raises:
        UserError: if there is only one, or nearly each series has a class of its own.
    """
    counts = Counter(targets)
    if len(counts) < 2:
        raise UserError(
            tr(
                "Training needs series of at least two classes; {counts} came in {name}.",
                counts=listed(tuple(counts)) or tr("none"),
                name=name,
            )
        )
    if len(counts) > 20 and len(counts) > len(targets) / 2:
        raise UserError(
            tr(
                "{name} has {number} different targets in {series} series; classes were "
                "expected. For numbers choose regression.",
                name=name,
                number=len(counts),
                series=len(targets),
            )
        )
    by_value = all(_number(cell) is not None for cell in counts)
    return tuple(sorted(counts, key=lambda cell: (float(cell) if by_value else 0.0, cell)))


def _number(cell: str) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if np.isfinite(number) else None
