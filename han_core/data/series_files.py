"""Read series from .ts, .arff, .npz, Parquet, CSV and JSON lines, in a confined child process.

The formats of the archives of time series: ``.ts`` (sktime, aeon: channels divided by ``:``, the
target last), ``.arff`` (Weka: one series a row, or a relational attribute with a channel a line),
``.npz`` (``X`` (series, channels, steps) or (series, steps), ``y``; or ``X_train``, ``y_train``,
``X_test``, ``y_test``). What is handed over is a table of strings: for each series its number or
name, JSON lists of values for each channel, target and split.
"""

import csv
import io
import math
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from han_core.data.readers import shown_name
from han_core.data.sandbox import Limits, answer_parent, confine
from han_core.data.series_tables import Row, number_in, read_parquet, read_rows, table_of_rows
from han_core.data.table import Table
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import tr

LARGEST_TEXT = 1_000_000_000  # bytes


class Source(NamedTuple):
    """A file to read.

    Attributes:
        path: where it lies.
        name: as people know it.
        target: the column of targets that was asked for.
        labelled: whether each series needs a target.
    """

    path: Path
    name: str
    target: str | None
    labelled: bool


def read_file(request: dict[str, Any]) -> Table:
    """Return the table of series of a file.

    Raises:
        UserError: says what was expected and what came.
    """
    name = shown_name(request["filename"])
    source = Source(Path(request["path"]), name, request["target"], request["labelled"])
    ending = request["filename"].lower().removesuffix(".gz").rpartition(".")[2]
    readers = {"ts": read_ts, "arff": read_arff, "npz": read_npz}
    try:
        if ending in readers:
            rows, note = list(readers[ending](source)), ""
        elif ending == "parquet":
            rows, note = read_parquet(source.path, name, source.target)
        else:
            rows, note = read_rows(source.path, request["filename"], source.target)
    except MemoryError as error:
        raise UserError(tr("{name} needs too much memory to read.", name=name)) from error
    except OSError as error:
        raise UserError(
            tr("{name} cannot be opened: {reason}.", name=name, reason=error.strerror)
        ) from error
    return table_of_rows(rows, name, source.labelled, note)


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    """Lines that say something, with their numbers."""
    if source.path.stat().st_size > LARGEST_TEXT:
        raise UserError(
            tr("{name} is larger than a text file that can be read (1 GB).", name=source.name)
        )
    with source.path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if line.strip() and line.lstrip()[0] not in "#%":
                yield number, line.strip()


def read_ts(source: Source) -> Iterator[Row]:
    """The series of a ``.ts`` file, a line each."""
    labelled, data = False, False
    for number, line in _lines(source):
        words = line.split()
        if not data:
            tag = words[0].lower()
            if not tag.startswith("@"):
                raise UserError(
                    tr(
                        "Line {number} of {name} stands before @data; a tag was expected there, "
                        "such as @classLabel true a b.",
                        number=number,
                        name=source.name,
                    )
                )
            given = len(words) > 1 and words[1].lower() == "true"
            if tag in ("@classlabel", "@targetlabel"):
                labelled = given
            if tag == "@timestamps" and given:
                raise UserError(
                    tr(
                        "{name} has time stamps in its .ts lines, which are not read; plain values "
                        "were expected, or a long CSV with a column time.",
                        name=source.name,
                    )
                )
            data = tag == "@data"
            continue
        *parts, last = line.split(":")
        parts, target = (parts, last.strip()) if labelled else ([*parts, last], None)
        where = tr("Line {number} of {name}", number=number, name=source.name)
        if not parts:
            raise UserError(
                tr('{where} has no ":" between its values and its target.', where=where)
            )
        values = [[number_in(cell, where) for cell in part.split(",")] for part in parts]
        names = [f"channel {n}" for n in range(1, len(values) + 1)]  # not shown
        yield Row("", names, values, target)
    if not data:
        raise UserError(tr("{name} has no line @data; a .ts file was expected.", name=source.name))


_ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+(.+)", re.IGNORECASE)


def read_arff(source: Source) -> Iterator[Row]:
    """The series of an ``.arff`` file: a row of values, or a relational attribute with rows."""
    names: list[str] = []
    relational, data = False, False
    for number, line in _lines(source):
        lowered = line.lower()
        if data:
            where = tr("Line {number} of {name}", number=number, name=source.name)
            yield _arff_row(source, where, line, names, relational)
        elif lowered.startswith("@attribute") and (found := _ATTRIBUTE.match(line)):
            if relational and not names:
                continue  # a step inside the relational attribute
            if found[2].lower().startswith("relational"):
                relational = True
            else:
                names.append(found[1].strip("'\""))
        elif lowered.startswith("@end"):
            names.append("series")
        data = data or lowered.startswith("@data")
    if not data:
        raise UserError(
            tr("{name} has no line @data; an .arff file was expected.", name=source.name)
        )


def _arff_row(source: Source, where: str, line: str, names: list[str], relational: bool) -> Row:
    if line.startswith("{"):
        raise UserError(
            tr("{where} is sparse (in braces), which is not read; list all values.", where=where)
        )
    cells = next(csv.reader([line], quotechar=_quote(line), skipinitialspace=True))
    if len(cells) != len(names):
        raise UserError(
            tr(
                "{where} has {values} values; {attributes} attributes are declared.",
                where=where,
                values=len(cells),
                attributes=len(names),
            )
        )
    at = len(names) - 1
    if source.target is not None:
        if source.target not in names:
            raise UserError(
                tr(
                    '{name} has no attribute "{target}".',
                    name=source.name,
                    target=shown(source.target),
                )
            )
        at = names.index(source.target)
    target = cells.pop(at).strip("'\" ")
    parts = cells[0].replace("\\n", "\n").split("\n") if relational else [",".join(cells)]
    values = [[number_in(cell, where) for cell in part.split(",")] for part in parts]
    return Row("", [f"channel {n}" for n in range(1, len(values) + 1)], values, target)  # not shown


def _quote(line: str) -> str:
    return '"' if line.startswith('"') else "'"


def read_npz(source: Source) -> Iterator[Row]:
    """The series of arrays ``X`` and ``y``, or ``X_train``, ``y_train``, ``X_test``, ``y_test``."""
    arrays = _arrays(source)
    parts = {"": "", **{f"_{split}": split for split in ("train", "validation", "test")}}
    found = False
    for ending, split in parts.items():
        key = next((k for k in (f"X{ending}", f"x{ending}") if k in arrays), None)
        if key is not None:
            found = True
            yield from _array_rows(source, arrays, key, source.target or f"y{ending}", split)
    if not found:
        raise UserError(
            tr(
                "{name} has arrays {arrays}; X (series, channels, steps) and y were expected.",
                name=source.name,
                arrays=", ".join(map(shown, arrays)) or tr("none"),
            )
        )


def _array_rows(
    source: Source, arrays: dict[str, np.ndarray], key: str, target: str, split: str
) -> Iterator[Row]:
    x, y = arrays[key], arrays.get(target)
    if x.ndim == 2:
        x = x[:, None]
    if x.ndim != 3 or x.dtype.kind not in "fiu":
        raise UserError(
            tr(
                "{key} of {name} is {dtype} of shape {shape}; numbers (series, channels, steps) "
                "were expected.",
                key=key,
                name=source.name,
                dtype=x.dtype,
                shape=x.shape,
            )
        )
    if y is not None and y.shape not in ((len(x),), (len(x), 1)):
        raise UserError(
            tr(
                "{target} of {name} has shape {shape}; one for each of {count} series was "
                "expected.",
                target=target,
                name=source.name,
                shape=y.shape,
                count=len(x),
            )
        )
    names = [f"channel {n}" for n in range(1, x.shape[1] + 1)]  # not shown
    for number, one in enumerate(x.astype(np.float64)):
        one = one[:, : _last_known(one)]  # what ends early is filled up with NaN
        values = [[v if math.isfinite(v) else None for v in row] for row in one.tolist()]
        label = None if y is None else str(y.reshape(-1)[number])
        yield Row("", names, values, label, split or None)


def _last_known(series: np.ndarray) -> int:
    """Steps up to the last with a value; all where none has one."""
    known = np.flatnonzero(np.isfinite(series).any(0))
    return int(known[-1]) + 1 if len(known) else series.shape[1]


def _arrays(source: Source) -> dict[str, np.ndarray]:
    """The arrays of an archive, each checked by its header before memory is taken."""
    arrays = {}
    try:
        with zipfile.ZipFile(source.path) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as file:
                    content = file.read(LARGEST_TEXT + 1)
                arrays[entry.filename.removesuffix(".npy")] = _array(content, source, entry)
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(tr("{name} is damaged, or no .npz file.", name=source.name)) from error
    return arrays


def _array(content: bytes, source: Source, entry: zipfile.ZipInfo) -> np.ndarray:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else (
        np.lib.format.read_array_header_2_0
    )  # fmt: skip
    shape, fortran, dtype = header(stream)
    if dtype.hasobject:
        raise UserError(
            tr(
                "{filename} in {name} holds Python objects, which are never read; arrays of "
                "numbers and of text were expected.",
                filename=shown(entry.filename),
                name=source.name,
            )
        )
    if math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
        raise UserError(
            tr("{filename} in {name} is damaged.", filename=shown(entry.filename), name=source.name)
        )
    flat = np.frombuffer(content, dtype, offset=stream.tell())
    return flat.reshape(shape, order="F" if fortran else "C")


def _read_confined(request: dict[str, Any]) -> Table:
    confine(Limits(**request["limits"]))
    return read_file(request)


if __name__ == "__main__":
    answer_parent(_read_confined)
