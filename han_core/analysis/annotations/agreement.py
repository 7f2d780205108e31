"""Current marks of all documents, and the agreement of two annotators (Cohen's kappa).

Only documents that both annotators looked at count: otherwise a tag that was left out on
purpose could not be told from a document that was never read.
"""

import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from han_core.analysis.annotations.database import Database
from han_core.analysis.annotations.document_annotations import FLAG_NAMES
from han_core.analysis.annotations.schema import ASSIGNMENT, CLOCK, FLAG, NOTE, READ, TAG
from han_core.analysis.filters import Flag, Marks
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

ANNOTATION_TABLES = (ASSIGNMENT, NOTE, FLAG, READ)
"""The tables that hold what one annotator said of one document."""


def marks(database: Database) -> Marks:
    """Return the marks of all documents; they are read again only after a write."""
    cached = database.marked
    with database.reading() as connection:
        number = connection.execute(sa.select(CLOCK.c.number)).scalar_one()
        if cached is None or cached[0] != number:
            cached = number, _marks(connection)
    database.marked = cached
    return cached[1]


def annotated_documents(database: Database, annotator: str) -> frozenset[str]:
    """The documents that this annotator tagged, noted, flagged or marked as read."""
    with database.reading() as connection:
        return frozenset(select_annotated(connection, annotator))


def tagged_documents(database: Database, annotator: str | None = None) -> frozenset[str]:
    """Return the documents that have a tag by this annotator, or by anybody (None)."""
    query = sa.select(ASSIGNMENT.c.content).distinct()
    if annotator is not None:
        query = query.where(ASSIGNMENT.c.annotator == annotator)
    with database.reading() as connection:
        return frozenset(connection.execute(query).scalars())


def select_annotated(connection: Connection, annotator: str) -> set[str]:
    """Select the documents that this annotator annotated, within a transaction."""
    own = (
        sa.select(table.c.content).where(table.c.annotator == annotator)
        for table in ANNOTATION_TABLES
    )
    return set(connection.execute(sa.union(*own)).scalars())


def _marks(connection: Connection) -> Marks:
    tagged = _by_name(connection, sa.select(TAG.c.name, ASSIGNMENT.c.content).join(ASSIGNMENT))
    flagged = _by_name(connection, sa.select(FLAG.c.kind, FLAG.c.content))
    everything = sa.union(*(sa.select(table.c.content) for table in ANNOTATION_TABLES))
    annotated = frozenset(connection.execute(everything).scalars())
    return Marks(tagged, cast("dict[Flag, frozenset[str]]", flagged), annotated)


def _by_name(connection: Connection, query: sa.Select) -> dict[str, frozenset[str]]:
    result = defaultdict(set)
    for name, content in connection.execute(query.distinct()):
        result[name].add(content)
    return {name: frozenset(contents) for name, contents in result.items()}


Z = 1.959963984540054  # of a 95% interval


@dataclass(frozen=True)
class Agreement:
    """Two annotators on one tag or flag.

    Attributes:
        n: documents that both looked at; the next four sum to it.
        kappa: -1 to 1; 1 is agreement on every document, 0 what chance would give. None where
            it is not defined, and ``reason`` says why.
        low, high: 95% interval of it; None where there is none, and ``reason`` says why.
    """

    name: str
    n: int
    both: int
    only_first: int
    only_second: int
    neither: int
    kappa: float | None
    low: float | None
    high: float | None
    reason: str


def annotators(database: Database) -> dict[str, int]:
    """Return the annotators by name, with the number of documents of each."""
    rows = sa.union(
        *(sa.select(table.c.annotator, table.c.content) for table in ANNOTATION_TABLES)
    ).subquery()
    query = sa.select(rows.c.annotator, sa.func.count()).group_by(rows.c.annotator)
    with database.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(query.order_by("annotator"))}


def agreement(
    database: Database, first: str, second: str, contents: Collection[str] | None = None
) -> tuple[Agreement, ...]:
    """The tags and flags that either used on documents both looked at, by name; tags first.

    Args:
        contents: only these documents, all if None.
    """
    if first == second:
        raise UserError(tr("Two annotators are expected to compare; it was the same one twice."))
    result = []
    with database.reading() as connection:
        common = select_annotated(connection, first) & select_annotated(connection, second)
        common = common if contents is None else common & frozenset(contents)
        for used in (_tags, _flags):
            one, other = used(connection, first, common), used(connection, second, common)
            for name in sorted(one.keys() | other.keys()):
                sets = one.get(name, set()), other.get(name, set())
                result.append(agreement_of_sets(name, *sets, len(common)))
    return tuple(result)


def agreement_of_sets(name: str, first: set[str], second: set[str], n: int) -> Agreement:
    """Return the agreement from each one's tagged documents, of ``n`` that both looked at."""
    both = len(first & second)
    counts = both, len(first) - both, len(second) - both
    return agreement_of_counts(name, *counts, n - sum(counts))


def agreement_of_counts(
    name: str, both: int, only_first: int, only_second: int, neither: int
) -> Agreement:
    """Kappa (Cohen 1960) of a 2 × 2 table, with the large-sample interval of Fleiss, Cohen and
    Everitt (1969, equation 13), cut to -1 and 1.

    With p the shares, observed agreement po and chance agreement pe, the variance is
    (A + B - C) / (n (1 - pe)²), A the sum over the diagonal of p (1 - (row + column)(1 - κ))²,
    B (1 - κ)² times the sum off it of p (column of i + row of j)², C (κ - pe (1 - κ))².
    """
    n = both + only_first + only_second + neither
    counts = n, both, only_first, only_second, neither
    if not n:
        return Agreement(name, *counts, None, None, None, tr("no document that both looked at"))
    first, second = (both + only_first) / n, (both + only_second) / n
    expected = first * second + (1 - first) * (1 - second)
    if first == second and first in (0.0, 1.0):
        always, never = tr("both used it on every document"), tr("both used it on no document")
        return Agreement(name, *counts, None, None, None, always if first else never)
    kappa = ((both + neither) / n - expected) / (1 - expected)
    if not only_first + only_second:
        return Agreement(
            name, *counts, 1.0, None, None, tr("no disagreement to measure a spread by")
        )
    rest = 1 - kappa
    diagonal = both * (1 - (first + second) * rest) ** 2
    diagonal += neither * (1 - (2 - first - second) * rest) ** 2
    beside = only_first * (second + 1 - first) ** 2 + only_second * (1 - second + first) ** 2
    spread = (diagonal + rest**2 * beside) / n - (kappa - expected * rest) ** 2
    half = Z * math.sqrt(max(spread, 0.0) / n) / (1 - expected)
    return Agreement(name, *counts, kappa, max(kappa - half, -1.0), min(kappa + half, 1.0), "")


def _tags(connection: Connection, annotator: str, common: set[str]) -> dict[str, set[str]]:
    query = sa.select(TAG.c.name, ASSIGNMENT.c.content).join(ASSIGNMENT)
    return _sets(connection, query.where(ASSIGNMENT.c.annotator == annotator), common)


def _flags(connection: Connection, annotator: str, common: set[str]) -> dict[str, set[str]]:
    query = sa.select(FLAG.c.kind, FLAG.c.content).where(FLAG.c.annotator == annotator)
    result = _sets(connection, query, common)
    return {FLAG_NAMES[cast("Flag", kind)]: contents for kind, contents in result.items()}


def _sets(connection: Connection, query: sa.Select, common: set[str]) -> dict[str, set[str]]:
    """The documents of ``common`` for each name."""
    result: dict[str, set[str]] = {}
    for name, content in connection.execute(query):
        if content in common:
            result.setdefault(name, set()).add(content)
    return result
