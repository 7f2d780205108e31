"""A table written to a file as it comes, some rows at a time: CSV, Parquet or JSON lines.

CSV is what a spreadsheet may open: no cell of it runs as a formula. Parquet and JSON lines
keep every text as it is, except half a character (a lone surrogate), which no reader takes
and which becomes a question mark. It knows nothing about what the table says.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from han_core.corpora.spreadsheet import to_csv
from han_core.scoring.part import readable
from han_core.wrong_input import WrongInput

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Kind = Literal["csv", "parquet", "jsonl"]
KINDS: tuple[Kind, ...] = ("csv", "parquet", "jsonl")
Put = Callable[["pd.DataFrame"], None]


def write_table(
    frames: "Iterable[pd.DataFrame]", path: Path, kind: Kind, most_bytes: int | None = None
) -> int:
    """Writes frames of the same columns one under another; the file is whole or not there.

    Returns:
        How many bytes it has.

    Raises:
        WrongInput: if it would have more than ``most_bytes``, or the disk refuses; a file
            that stood there stays.
        ValueError: if there is no frame.
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


def _refused(path: Path, error: OSError) -> WrongInput:
    return WrongInput(f"{path.name} cannot be written: {error.strerror or error}.")


def _write(
    frames: "Iterable[pd.DataFrame]", file: BinaryIO, kind: Kind, path: Path, most: int | None
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
        raise WrongInput(
            f"{path.name} would have more than {most // 2**20:,} MiB; "
            "filter further, or write it by the command export."
        )


@contextmanager
def _csv(file: BinaryIO, first: "pd.DataFrame") -> Iterator[Put]:
    yield lambda frame: _put_csv(file, frame)


def _put_csv(file: BinaryIO, frame: "pd.DataFrame") -> None:
    file.write(to_csv(frame, header=file.tell() == 0))


@contextmanager
def _jsonl(file: BinaryIO, first: "pd.DataFrame") -> Iterator[Put]:
    yield lambda frame: file.writelines(_lines(frame))


def _lines(frame: "pd.DataFrame") -> Iterator[bytes]:
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
def _parquet(file: BinaryIO, first: "pd.DataFrame") -> Iterator[Put]:
    import pyarrow.parquet as pq

    schema = _arrow(first).schema
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        yield lambda frame: writer.write_table(_arrow(frame).cast(schema))


def _arrow(frame: "pd.DataFrame") -> "pa.Table":
    """Numbers as they are, everything else as strings."""
    import pyarrow as pa

    columns = {}
    for name in frame:
        cells = frame[name]
        if cells.dtype.kind in "biuf":
            columns[readable(name)] = pa.array(cells.to_numpy())
        else:
            columns[readable(name)] = pa.array(map(readable, cells.tolist()), pa.large_string())
    return pa.table(columns)


_WRITERS = {"csv": _csv, "parquet": _parquet, "jsonl": _jsonl}
