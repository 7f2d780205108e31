"""Search scored documents: substrings, regular expressions, attended words, columns.

Texts are scanned on several threads with RE2, which is faster than DuckDB on Arrow files;
lists and columns are queried with DuckDB. A scan that takes too long is stopped.
"""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection

from han_core.analysis.documents import FIXED, Documents
from han_core.analysis.scoring.manifest import readable
from han_core.analysis.scoring.table import verified_part
from han_core.analysis.sources import Scores
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import tr

SECONDS = 8.0
"""After which a scan is given up."""

QUICK, FEWEST, MOST = 0.05, 16, 4_096
"""Seconds for some texts, and how many these are at first and at most: RE2 itself cannot be
interrupted, and an expression with many alternatives costs microseconds a character."""

SCAN_THREADS = min(4, os.cpu_count() or 1)
TEXT = list(FIXED).index("text")
Match = Callable[[pa.Array], pa.Array]


def containing(documents: Documents, words: str) -> np.ndarray:
    """(documents,) whether ``words`` stand in the text, whatever the case."""
    sought = readable(words)
    return _scanned(documents, lambda texts: pc.match_substring(texts, sought, ignore_case=True))


def matching(documents: Documents, pattern: str) -> np.ndarray:
    """(documents,) whether the regular expression matches somewhere in the text."""
    sought = readable(pattern)
    try:
        pc.match_substring_regex(pa.array([""]), sought)
    except pa.ArrowInvalid as error:
        raise UserError(_broken(pattern, str(error))) from error
    return _scanned(documents, lambda texts: pc.match_substring_regex(texts, sought))


def _scanned(documents: Documents, match: Match) -> np.ndarray:
    end = time.monotonic() + SECONDS

    def every(first: int) -> list[np.ndarray]:
        """The masks of every so many batches, from the ``first`` on."""
        return list(_masks(_texts(documents, first), match, end))

    try:
        with ThreadPoolExecutor(SCAN_THREADS) as pool:
            dealt = list(pool.map(every, range(SCAN_THREADS)))
    except (OSError, pa.ArrowException) as error:
        raise UserError(tr("The documents that were scored are not kept any more.")) from error
    masks: list = [None] * len(documents.batches)
    for first, result in enumerate(dealt):
        masks[first::SCAN_THREADS] = result
    return np.concatenate(masks)


def _masks(batches: Iterator[pa.Array], match: Match, end: float) -> Iterator[np.ndarray]:
    """A mask for each batch, found a few texts at a time where the expression is slow."""
    size = FEWEST
    for texts in batches:
        result, start = [], 0
        while start < len(texts):
            began = time.monotonic()
            if began > end:
                raise UserError(
                    tr(
                        "The search took longer than {seconds:g} seconds and was stopped; a "
                        "simpler one is expected.",
                        seconds=SECONDS,
                    )
                )
            result.append(match(texts.slice(start, size)).to_numpy(zero_copy_only=False))
            start += size
            size = min(MOST, 4 * size) if time.monotonic() - began < QUICK else max(1, size // 4)
        yield np.concatenate(result)


def _texts(documents: Documents, first: int) -> Iterator[pa.Array]:
    """Read, not mapped: what is mapped would count as memory of the process in the end."""
    only = pa.ipc.IpcReadOptions(included_fields=[TEXT], use_threads=False)
    with pa.OSFile(str(documents.path)) as source:
        file = pa.ipc.open_file(source, options=only)
        for number in range(first, file.num_record_batches, SCAN_THREADS):
            documents.verify(["text"], [number])
            yield file.get_batch(number)["text"]


def _broken(pattern: str, message: str) -> str:
    """RE2 says what is wrong and quotes the piece: ``missing ): (abc``."""
    what = message.splitlines()[0].removeprefix("Invalid regular expression: ")  # not shown
    problem, _, piece = what.partition(": ")
    if piece and piece in pattern:
        return tr(
            "A regular expression (RE2: no look-around, no back references) was expected; "
            "“{pattern}” is broken at character {place}: {problem}.",
            pattern=shown(pattern), place=pattern.find(piece) + 1, problem=problem,
        )  # fmt: skip
    return tr(
        "A regular expression (RE2: no look-around, no back references) was expected; "
        "“{pattern}” is broken: {problem}.",
        pattern=shown(pattern), problem=problem,
    )  # fmt: skip


MEMORY, THREADS = "300MB", 4
KEPT = 32
"""Answers: an eighth of a byte a document each."""


class Search:
    """Questions about the documents of ``scores``; several threads may ask at once."""

    def __init__(self, scores: Scores, documents: Documents) -> None:
        self._scores, self._documents = scores, documents
        self._answers: OrderedDict[tuple, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def containing(self, words: str) -> np.ndarray:
        """As ``containing``."""
        return self._cached(("contains", words), lambda: containing(self._documents, words))

    def matching(self, pattern: str) -> np.ndarray:
        """As ``matching``."""
        return self._cached(("matches", pattern), lambda: matching(self._documents, pattern))

    def attending(self, word: str) -> np.ndarray:
        """(documents,) whether ``word`` is one of the most attended, as it is or in lower case."""
        words = list(dict.fromkeys((readable(word), readable(word.lower()))))
        condition = " OR ".join(["list_contains(attended, ?)"] * len(words))
        sql = f"SELECT row FROM read_parquet(?) WHERE {condition}"
        return self._mask(("attends", *words), sql, [self._parts(), *words])

    def having(self, column: str, values: Iterable[str]) -> np.ndarray:
        """(documents,) whether the cell of one of the data's own columns is any of ``values``."""
        field, sought = self._documents.field(column), sorted(map(readable, values))
        sql = f"SELECT row FROM documents WHERE {field} IN ({', '.join('?' * len(sought))})"
        return self._mask(("has", field, *sought), sql, sought, ["row", field])

    def values(self, column: str, most: int = 200) -> list[tuple[str, int]]:
        """The commonest cells of one of the data's own columns, and how many have it."""
        field = self._documents.field(column)
        sql = (
            f"SELECT {field} AS cell, count(*) AS n FROM documents GROUP BY ALL "
            "ORDER BY n DESC, cell LIMIT ?"
        )
        result = self._ask(sql, [most], [field])
        return list(zip(map(str, result["cell"]), map(int, result["n"]), strict=True))

    def _mask(self, key: tuple, sql: str, values: list, fields: Sequence[str] = ()) -> np.ndarray:
        """(documents,) whether the row is in the column ``row`` of the answer."""

        def make() -> np.ndarray:
            mask = np.zeros(len(self._documents), dtype=bool)
            mask[self._ask(sql, values, fields)["row"]] = True
            return mask

        return self._cached(key, make)

    def _cached(self, key: tuple, make: Callable[[], np.ndarray]) -> np.ndarray:
        with self._lock:
            if (bits := self._answers.get(key)) is not None:
                self._answers.move_to_end(key)
                return np.unpackbits(bits, count=len(self._documents)).astype(bool)
        mask = make()
        with self._lock:
            self._answers[key] = np.packbits(mask)
            while len(self._answers) > KEPT:
                self._answers.popitem(last=False)
        return mask

    def _ask(self, sql: str, values: list, fields: Sequence[str]) -> dict[str, np.ndarray]:
        """The answer's columns; ``fields`` of the table ``documents`` are read for it."""
        try:
            with self._connection.cursor() as cursor:
                cursor.register("documents", self._documents.dataset(fields))
                return cursor.execute(sql, values).fetchnumpy()
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            first = str(error).splitlines()[0]
            first = first.replace(f"{self._scores.folder.absolute()}{os.sep}", "")
            raise UserError(
                tr("The scored documents cannot be searched ({first}).", first=first)
            ) from error

    def _parts(self) -> list[str]:
        """The files of all parts, whose lists of attended words are verified."""
        numbers = range(self._scores.manifest.parts)
        columns = ["row", "attended"]
        return [str(verified_part(self._scores.folder, number, columns)) for number in numbers]

    @cached_property
    def _connection(self) -> DuckDBPyConnection:
        """In memory; it may read the folder of the scores, and its settings are locked."""
        threads = min(THREADS, os.cpu_count() or 1)
        connection = duckdb.connect(
            ":memory:", config={"memory_limit": MEMORY, "threads": threads, "temp_directory": ""}
        )
        folder = str(self._scores.folder.absolute()).replace("'", "''")
        connection.execute(f"SET allowed_directories = ['{folder}']")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection
