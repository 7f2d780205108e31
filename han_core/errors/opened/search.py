"""What only a scan of texts, lists and further columns can tell of documents.

Lists and columns are asked of DuckDB, texts of ``scan``, which reads them a third faster
than DuckDB reads an Arrow file. Every answer is a mask over all rows; the last ones are kept,
so further pages of the same filter do not search again. It knows nothing about filters.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from han_core.errors.kept.kept_documents import Documents
from han_core.errors.kept.scores import Scores
from han_core.errors.opened import scan
from han_core.scoring.part import readable
from han_core.scoring.stored import part_path
from han_core.wrong_input import WrongInput

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

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
        """As ``scan.containing``."""
        return self._kept(("contains", words), lambda: scan.containing(self._documents, words))

    def matching(self, pattern: str) -> np.ndarray:
        """As ``scan.matching``."""
        return self._kept(("matches", pattern), lambda: scan.matching(self._documents, pattern))

    def attending(self, word: str) -> np.ndarray:
        """(documents,) whether ``word`` is one of the most attended, as it is or in lower case."""
        words = list(dict.fromkeys((readable(word), readable(word.lower()))))
        condition = " OR ".join(["list_contains(attended, ?)"] * len(words))
        sql = f"SELECT row FROM read_parquet(?) WHERE {condition}"
        return self._mask(("attends", *words), sql, [self._parts, *words])

    def having(self, column: str, values: Iterable[str]) -> np.ndarray:
        """(documents,) whether the cell of one of the data's own columns is any of ``values``.

        Raises:
            WrongInput: if the data have no such column.
        """
        field, sought = self._documents.field(column), sorted(map(readable, values))
        sql = f"SELECT row FROM documents WHERE {field} IN ({', '.join('?' * len(sought))})"
        return self._mask(("has", field, *sought), sql, sought)

    def values(self, column: str, most: int = 200) -> list[tuple[str, int]]:
        """The commonest cells of one of the data's own columns, and how many have it."""
        field = self._documents.field(column)
        sql = (
            f"SELECT {field} AS cell, count(*) AS n FROM documents GROUP BY ALL "
            "ORDER BY n DESC, cell LIMIT ?"
        )
        found = self._ask(sql, [most])
        return list(zip(map(str, found["cell"]), map(int, found["n"]), strict=True))

    def _mask(self, key: tuple, sql: str, values: list) -> np.ndarray:
        """(documents,) whether the row is in the column ``row`` of the answer."""

        def make() -> np.ndarray:
            mask = np.zeros(len(self._documents), dtype=bool)
            mask[self._ask(sql, values)["row"]] = True
            return mask

        return self._kept(key, make)

    def _kept(self, key: tuple, make: Callable[[], np.ndarray]) -> np.ndarray:
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

    def _ask(self, sql: str, values: list) -> dict[str, np.ndarray]:
        import duckdb

        try:
            with self._connection.cursor() as cursor:
                cursor.register("documents", self._documents.dataset())
                return cursor.execute(sql, values).fetchnumpy()
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            first = str(error).splitlines()[0]
            raise WrongInput(f"The scored documents cannot be searched ({first}).") from error

    @cached_property
    def _parts(self) -> list[str]:
        numbers = range(self._scores.manifest.parts)
        return [str(part_path(self._scores.folder, number)) for number in numbers]

    @cached_property
    def _connection(self) -> "DuckDBPyConnection":
        """In memory; it may read the folder of the scores, and its settings are locked."""
        import duckdb

        threads = min(THREADS, os.cpu_count() or 1)
        connection = duckdb.connect(
            ":memory:", config={"memory_limit": MEMORY, "threads": threads, "temp_directory": ""}
        )
        folder = str(self._scores.folder.absolute()).replace("'", "''")
        connection.execute(f"SET allowed_directories = ['{folder}']")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection
