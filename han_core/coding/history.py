"""Who changed what and when: lines are added with every write, and none is ever changed.

It knows nothing about what a change means.
"""

from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from han_core.coding.database import Database
from han_core.coding.schema import HISTORY


class Change(NamedTuple):
    """One line: ``subject`` is the tag, flag or slice; ``before`` and ``after`` its content."""

    at: datetime
    who: str
    what: str
    subject: str
    before: str
    after: str


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def record(
    connection: Connection,
    who: str,
    what: str,
    subject: str = "",
    before: str = "",
    after: str = "",
    content: str | None = None,
) -> None:
    """Adds a line within the transaction of the change that it tells of."""
    line = {"at": now(), "who": who, "what": what, "subject": subject, "content": content}
    connection.execute(sa.insert(HISTORY).values(**line, before=before, after=after))


def history(database: Database, content: str) -> tuple[Change, ...]:
    """What was changed about a document, oldest first.

    Raises:
        WrongInput: as ``Database.reading``.
    """
    columns = [HISTORY.c[name] for name in Change._fields]
    asked = sa.select(*columns).where(HISTORY.c.content == content).order_by(HISTORY.c.id)
    with database.reading() as connection:
        return tuple(Change(*row) for row in connection.execute(asked))
