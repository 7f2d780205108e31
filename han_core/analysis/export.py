"""Export scored documents with their annotations as CSV, Parquet or JSON lines.

Rows are written a few thousand at a time, so memory stays bounded. No CSV cell runs as a
formula in a spreadsheet. Parquet and JSON lines keep every text, except that a lone surrogate
becomes a question mark.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from han_core.analysis.annotations.database import Database
from han_core.analysis.annotations.document_annotations import annotation_cells
from han_core.analysis.dataset import Outcomes, Store
from han_core.analysis.scoring.manifest import readable
from han_core.data.delimited import to_csv
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

Kind = Literal["csv", "parquet", "jsonl"]
KINDS: tuple[Kind, ...] = ("csv", "parquet", "jsonl")
Put = Callable[["pd.DataFrame"], None]


def write_table(
    frames: Iterable[pd.DataFrame], path: Path, kind: Kind, most_bytes: int | None = None
) -> int:
    """Write frames of the same columns one under another; the file is whole or not there.

    Returns:
        How many bytes it has.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    except OSError as error:
        raise _refused(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            _write(frames, file, kind, path, most_bytes)
        os.replace(name, path)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        Path(name).unlink(missing_ok=True)
    return path.stat().st_size


def _refused(path: Path, error: OSError) -> UserError:
    return UserError(
        tr("{name} cannot be written: {reason}.", name=path.name, reason=error.strerror or error)
    )


def _write(
    frames: Iterable[pd.DataFrame], file: BinaryIO, kind: Kind, path: Path, most: int | None
) -> None:
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise ValueError("at least one frame is expected, none came")
    with _WRITERS[kind](file, first) as put:
        put(first)
        for frame in frames:
            put(frame)
            if most is not None and file.tell() > most:
                break
    file.flush()
    if most is not None and file.tell() > most:
        raise UserError(
            tr(
                "{name} would have more than {most:,} MiB; filter further, or write it by the "
                "command export.",
                name=path.name,
                most=most // 2**20,
            )
        )


@contextmanager
def _csv(file: BinaryIO, first: pd.DataFrame) -> Iterator[Put]:
    yield lambda frame: _put_csv(file, frame)


def _put_csv(file: BinaryIO, frame: pd.DataFrame) -> None:
    file.write(to_csv(frame, header=file.tell() == 0))


@contextmanager
def _jsonl(file: BinaryIO, first: pd.DataFrame) -> Iterator[Put]:
    yield lambda frame: file.writelines(_lines(frame))


def _lines(frame: pd.DataFrame) -> Iterator[bytes]:
    columns = [map(_number_or_text, frame[name].tolist()) for name in frame]
    names = [readable(name) for name in frame]
    for cells in zip(*columns, strict=True):
        row = dict(zip(names, cells, strict=True))
        yield json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _number_or_text(cell: Any) -> Any:
    if isinstance(cell, str):
        return readable(cell)
    return None if cell != cell else cell  # NaN, which JSON does not have


@contextmanager
def _parquet(file: BinaryIO, first: pd.DataFrame) -> Iterator[Put]:
    schema = _arrow(first).schema
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        yield lambda frame: writer.write_table(_arrow(frame).cast(schema))


def _arrow(frame: pd.DataFrame) -> pa.Table:
    """Numbers as they are, everything else as strings."""
    columns = {}
    for name in frame:
        cells = frame[name]
        if cells.dtype.kind in "biuf":
            columns[readable(name)] = pa.array(cells.to_numpy())
        else:
            columns[readable(name)] = pa.array(map(readable, cells.tolist()), pa.large_string())
    return pa.table(columns)


_WRITERS = {"csv": _csv, "parquet": _parquet, "jsonl": _jsonl}


AT_ONCE = 4_096
"""Rows of a frame: their texts are what is held in memory."""

Progress = Callable[[int, int], None]


def export_table(
    store: Store,
    rows: np.ndarray,
    database: Database,
    path: Path,
    kind: Kind,
    most_bytes: int | None = None,
    progress: Progress = lambda done, of: None,
) -> int:
    """Write the documents of ``rows`` to ``path``, in that order; returns its bytes.

    Args:
        rows: (documents,) of the store.
        progress: gets how many documents are written, and of how many.
    """

    def followed() -> Iterator[pd.DataFrame]:
        done = 0
        for frame in frames(store, rows, database):
            yield frame
            done += len(frame)
            progress(done, len(rows))

    return write_table(followed(), path, kind, most_bytes)


def frames(store: Store, rows: np.ndarray, database: Database) -> Iterator[pd.DataFrame]:
    """The table, some rows at a time; one frame without rows where there are none.

    Columns: ``id``, ``true``, ``predicted``, ``wrong``, ``confidence``, ``p(true)``, ``loss``
    (nats), ``tokens``, ``unknown`` (tokens that are not in the vocabulary), ``entropy`` (of
    attention, 0 to 1), with a second model ``predicted by second`` and ``confidence of second``;
    the data's own; those of ``findings``; ``content`` and ``text``. One of the data's own that
    is called like another gets "(data)".
    """
    for start in range(0, max(1, len(rows)), AT_ONCE):
        yield _frame(store, rows[start : start + AT_ONCE], database)


def _frame(store: Store, rows: np.ndarray, database: Database) -> pd.DataFrame:
    own = [store.documents.field(name) for name in store.documents.columns]
    cells = store.documents.take(rows, ["id", *own]).to_pydict()
    contents = store.documents.contents(rows)
    fixed = {"id": cells["id"], **_figures(store.outcomes.take(rows))}
    last = {
        **vars(annotation_cells(database, contents)),
        "content": contents,
        "text": store.documents.texts(rows),
    }
    columns = dict(fixed)
    for name, field in zip(store.documents.columns, own, strict=True):
        columns[_free(name, {*columns, *last})] = cells[field]
    series = {name: _series(column) for name, column in (columns | last).items()}
    return pd.DataFrame(series)


def _figures(outcomes: Outcomes) -> dict[str, Sequence | np.ndarray]:
    names = np.array(outcomes.labels, dtype=object)
    columns: dict[str, Sequence | np.ndarray] = {
        "true": names[outcomes.true],
        "predicted": names[outcomes.predicted],
        "wrong": ~outcomes.right,
        "confidence": outcomes.confidence,
        "p(true)": np.exp(-outcomes.loss),
        "loss": outcomes.loss,
        "tokens": outcomes.tokens,
        "unknown": outcomes.unknown,
        "entropy": outcomes.entropy,
    }
    if outcomes.other is not None and outcomes.other_confidence is not None:
        columns["predicted by second"] = names[outcomes.other]
        columns["confidence of second"] = outcomes.other_confidence
    return columns


def _series(cells: Sequence | np.ndarray) -> pd.Series:
    """Words as objects: pandas' own strings cannot hold half a character."""
    numbers = isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf"
    return pd.Series(cells if numbers else list(cells), dtype=None if numbers else object)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += " (data)"
    return name
