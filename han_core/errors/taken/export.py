"""The documents that a filter leaves as one table to take away, with what was said of them.

A row for each document, in the order that is asked for; a million take a bounded memory. The
columns ``content`` (``marks.content_of`` the text) and those of ``coding.findings`` are what
``reimport`` and ``carried`` read back. It knows nothing about kinds of files.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from han_core.coding.findings import findings
from han_core.errors.opened.outcomes import Outcomes
from han_core.errors.opened.store import Store
from han_core.errors.taken.table_file import Kind, write_table

if TYPE_CHECKING:
    import pandas as pd

    from han_core.coding.database import Database

AT_ONCE = 4_096
"""Rows of a frame: their texts are what is held in memory."""

Progress = Callable[[int, int], None]


def export_table(
    store: Store,
    rows: np.ndarray,
    database: "Database",
    path: Path,
    kind: Kind,
    most_bytes: int | None = None,
    progress: Progress = lambda done, of: None,
) -> int:
    """Writes the documents of ``rows`` to ``path``, in that order; returns its bytes.

    Args:
        rows: (documents,) of the store.
        progress: gets how many documents are written, and of how many.

    Raises:
        WrongInput: as ``write_table``, or if the database cannot be read.
    """

    def followed() -> "Iterator[pd.DataFrame]":
        done = 0
        for frame in frames(store, rows, database):
            yield frame
            done += len(frame)
            progress(done, len(rows))

    return write_table(followed(), path, kind, most_bytes)


def frames(store: Store, rows: np.ndarray, database: "Database") -> "Iterator[pd.DataFrame]":
    """The table, some rows at a time; one frame without rows where there are none.

    Columns: ``id``, ``true``, ``predicted``, ``wrong``, ``confidence``, ``p(true)``, ``loss``
    (nats), ``tokens``, ``unknown`` (tokens that are not in the vocabulary), ``entropy`` (of
    attention, 0 to 1), with a second model ``predicted by second`` and ``confidence of second``;
    the data's own; those of ``findings``; ``content`` and ``text``. One of the data's own that
    is called like another gets "(data)".
    """
    for start in range(0, max(1, len(rows)), AT_ONCE):
        yield _frame(store, rows[start : start + AT_ONCE], database)


def _frame(store: Store, rows: np.ndarray, database: "Database") -> "pd.DataFrame":
    import pandas as pd

    own = [store.documents.field(name) for name in store.documents.columns]
    cells = store.documents.take(rows, ["id", *own]).to_pydict()
    contents = store.documents.contents(rows)
    fixed = {"id": cells["id"], **_figures(store.outcomes.take(rows))}
    last = {
        **vars(findings(database, contents)),
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


def _series(cells: "Sequence | np.ndarray") -> "pd.Series":
    """Words as objects: pandas' own strings cannot hold half a character."""
    import pandas as pd

    numbers = isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf"
    return pd.Series(cells if numbers else list(cells), dtype=None if numbers else object)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += " (data)"
    return name
