"""All marks at this moment, for filters and tables.

It knows nothing about what is filtered.
"""

from collections import defaultdict
from typing import cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from han_core.coding.database import Database
from han_core.coding.marks import Flag, Marks
from han_core.coding.schema import ASSIGNMENT, CLOCK, FLAG, NOTE, READ, TAG

SAYING = (ASSIGNMENT, NOTE, FLAG, READ)
"""The tables that hold what one annotator said of one document."""


def marks(database: Database) -> Marks:
    """Which documents have which tag and flag; read anew only after something was written.

    Raises:
        WrongInput: as ``Database.reading``.
    """
    kept = database.marked
    with database.reading() as connection:
        number = connection.execute(sa.select(CLOCK.c.number)).scalar_one()
        if kept is None or kept[0] != number:
            kept = number, _marks(connection)
    database.marked = kept
    return kept[1]


def coded(database: Database, annotator: str) -> frozenset[str]:
    """The documents that this annotator tagged, noted, flagged or marked as read.

    Raises:
        WrongInput: as ``Database.reading``.
    """
    with database.reading() as connection:
        return frozenset(coded_by(connection, annotator))


def coded_by(connection: Connection, annotator: str) -> set[str]:
    """The same within a transaction."""
    own = (sa.select(table.c.content).where(table.c.annotator == annotator) for table in SAYING)
    return set(connection.execute(sa.union(*own)).scalars())


def _marks(connection: Connection) -> Marks:
    tagged = _by_name(connection, sa.select(TAG.c.name, ASSIGNMENT.c.content).join(ASSIGNMENT))
    flagged = _by_name(connection, sa.select(FLAG.c.kind, FLAG.c.content))
    everything = sa.union(*(sa.select(table.c.content) for table in SAYING))
    annotated = frozenset(connection.execute(everything).scalars())
    return Marks(tagged, cast("dict[Flag, frozenset[str]]", flagged), annotated)


def _by_name(connection: Connection, asked: sa.Select) -> dict[str, frozenset[str]]:
    found = defaultdict(set)
    for name, content in connection.execute(asked.distinct()):
        found[name].add(content)
    return {name: frozenset(contents) for name, contents in found.items()}
