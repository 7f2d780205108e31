"""Match an exported file with the current predictions, and compare both.

Documents are matched by the column ``content``, or else by their texts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from han_core.analysis.dataset import Store
from han_core.analysis.document_table import table_page
from han_core.analysis.documents import content_hash
from han_core.analysis.query import STANDARD_ORDERS
from han_core.data.corpus import corpus_from_table
from han_core.data.delimited import harmless, without_apostrophe
from han_core.data.table import Table
from han_core.runtime.errors import UserError, counted, listed
from han_core.runtime.messages import tr

CONTENT, TEXT, TRUE, PREDICTED = "content", "text", "true", "predicted"
_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class MatchedTable:
    """Rows of a file that are documents of a data set; each document counts once.

    Attributes:
        table: of the file; a row for each of the next two.
        contents: (rows,) what names each row's text.
        at: (matched,) rows of the table, ascending.
        rows: (matched,) rows of the store.
        strange: how many texts of the file are none of the data set's.
        repeated: rows of the file whose text stood there before.
        missing: how many documents of the data set have none of the file's texts.
    """

    table: Table
    contents: tuple[str, ...]
    at: np.ndarray
    rows: np.ndarray
    strange: int
    repeated: int
    missing: int

    @property
    def has_predictions(self) -> bool:
        """Whether the file has a column of predictions."""
        return PREDICTED in self.table.data


def match_documents(store: Store, table: Table) -> MatchedTable:
    """Find the documents of a file in ``store``."""
    table, contents, retried = _named(table)
    place, documents = _places(store, [*contents, *retried.values()])
    for row, content in retried.items():
        if contents[row] not in place and content in place:
            contents[row] = content
    first: dict[str, int] = {}
    for row, content in enumerate(contents):
        first.setdefault(content, row)
    at = np.array([row for content, row in first.items() if content in place], dtype=np.int64)
    if not len(at):
        raise UserError(
            tr(
                "None of the {texts} in {name} is among the {documents} of {data}; a file of the "
                "same documents was expected.",
                texts=counted(len(first), "text"),
                name=table.name,
                documents=counted(store.rows, "document"),
                data=store.scores.manifest.data,
            )
        )
    rows = np.array([place[contents[row]] for row in at.tolist()], dtype=np.int64)
    strange, repeated = len(first) - len(at), len(contents) - len(first)
    return MatchedTable(table, tuple(contents), at, rows, strange, repeated, store.rows - documents)


def _named(table: Table) -> tuple[Table, list[str], dict[int, str]]:
    """The table, what names each row's text, and other names to try by row."""
    if CONTENT in table.data:
        contents = list(table.column(CONTENT))
        if contents and all(map(_NAME.fullmatch, contents)):
            return table, contents, {}
    if TEXT not in table.data:
        raise UserError(
            tr(
                '{name} has no column "{content}" as an export has it, and no column "{text}"; '
                "its columns are: {columns}.",
                name=table.name,
                content=CONTENT,
                text=TEXT,
                columns=listed(table.columns) or tr("none"),
            )
        )
    # As the documents were read: line breaks of HTML become line feeds.
    corpus = corpus_from_table(table, TEXT, None)
    contents, retried = [], {}
    for row, text in enumerate(corpus.texts):
        contents.append(content_hash(text))
        if (before := without_apostrophe(text)) != text:
            retried[row] = content_hash(before)
    return Table(table.name, {**corpus.extra, TEXT: corpus.texts}), contents, retried


def _places(store: Store, contents: Sequence[str]) -> tuple[dict[str, int], int]:
    """The first row of each content that the store has, and how many rows have one."""
    rows = store.documents.rows_of(contents)
    pairs = zip(store.documents.contents(rows)[::-1], rows[::-1].tolist(), strict=True)
    return dict(pairs), len(rows)


@dataclass(frozen=True)
class PredictionChanges:
    """Predictions of before beside those of today, both judged by the class of today.

    Attributes:
        before: (matched,) what the file says was predicted.
        right_before, right_now: (matched,).
        relabelled: (matched,) whether the file has another true class than the data of today.
    """

    matched: MatchedTable
    before: tuple[str, ...]
    right_before: np.ndarray
    right_now: np.ndarray
    relabelled: np.ndarray

    @cached_property
    def became_right(self) -> np.ndarray:
        """int64 rows of the store."""
        return self.matched.rows[~self.right_before & self.right_now]

    @cached_property
    def broke(self) -> np.ndarray:
        """int64 rows of the store."""
        return self.matched.rows[self.right_before & ~self.right_now]

    def within(self, rows: np.ndarray) -> "PredictionChanges":
        """Return the changes of the documents among ``rows`` of the store."""
        keep = np.isin(self.matched.rows, rows)
        matched = replace(self.matched, at=self.matched.at[keep], rows=self.matched.rows[keep])
        before = tuple(np.array(self.before, dtype=object)[keep])
        masks = (self.right_before[keep], self.right_now[keep], self.relabelled[keep])
        return PredictionChanges(matched, before, *masks)

    def counts(self) -> dict[str, int]:
        """Documents by what became of them, in words."""
        both = np.count_nonzero(self.right_before & self.right_now)
        neither = np.count_nonzero(~self.right_before & ~self.right_now)
        return {
            "became right": len(self.became_right),
            "broke": len(self.broke),
            "right both times": int(both),
            "wrong both times": int(neither),
        }


def prediction_changes(store: Store, matched: MatchedTable) -> PredictionChanges:
    """Compare the file's predictions with those of today."""
    outcomes = store.outcomes.take(matched.rows)
    before = _cells(matched, PREDICTED)
    # As CSV writes them: a class may begin like a formula.
    names = [{name, str(harmless(name))} for name in store.labels]
    true = [names[at] for at in outcomes.true.tolist()]
    right_before = np.array([cell in name for cell, name in zip(before, true, strict=True)], bool)
    relabelled = np.zeros(len(before), dtype=bool)
    if TRUE in matched.table.data:
        pairs = zip(_cells(matched, TRUE), true, strict=True)
        relabelled = np.array([cell not in name for cell, name in pairs], bool)
    return PredictionChanges(matched, before, right_before, outcomes.right, relabelled)


def changes_page(
    store: Store, changes: PredictionChanges, rows: np.ndarray, most: int
) -> pd.DataFrame:
    """The first ``most`` of ``rows`` as ``table.page``, with what was predicted ``before``."""
    shown = table_page(store, rows, STANDARD_ORDERS[0], 0, most)
    before = dict(zip(changes.matched.rows.tolist(), changes.before, strict=True))
    cells = pd.Series([without_apostrophe(before[row]) for row in shown["row"]], dtype=object)
    shown.insert(int(shown.columns.get_loc("predicted")), "before", cells)
    return shown


def _cells(matched: MatchedTable, column: str) -> tuple[str, ...]:
    cells = matched.table.column(column)
    return tuple(cells[at] for at in matched.at.tolist())
