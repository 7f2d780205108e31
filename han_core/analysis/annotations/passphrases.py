"""Passphrases that protect the names of annotators.

The database holds a salted scrypt hash (RFC 7914) and never the passphrase. Case does not tell
two names apart here: whoever protects "Anna" protects "ANNA" as well.
"""

import hashlib
import hmac
import secrets
import threading
import unicodedata
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from han_core.analysis.annotations.database import Database
from han_core.analysis.annotations.schema import PASSPHRASE, checked_name, folded
from han_core.analysis.annotations.writing import record, utc_now
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

SHORTEST, LONGEST = 6, 200  # characters

COST, BLOCK, PARALLEL = 2**14, 8, 5
"""16 MiB and about a quarter of a second: OWASP's Password Storage Cheat Sheet, scrypt."""

_ALONE = threading.Lock()  # one hash at a time: guesses queue up, and memory stays small


class Protected(NamedTuple):
    """A name with a passphrase, and what is stored of that."""

    name: str
    hash: str


def protected_names(database: Database) -> dict[str, Protected]:
    """Return the names that have a passphrase, by the folded name."""
    columns = PASSPHRASE.c.folded, PASSPHRASE.c.name, PASSPHRASE.c.hash
    with database.reading() as connection:
        return {key: Protected(*row) for key, *row in connection.execute(sa.select(*columns))}


def check_passphrase(database: Database, name: str, passphrase: str) -> str:
    """Return the stored hash if the passphrase is that of the name.

    Raises:
        UserError: if it is another one, or the name has none.
    """
    with database.reading() as connection:
        stored = _stored(connection, name)
    if stored is None:
        raise UserError(
            tr("The name {name} has no passphrase; you can use it without one.", name=name)
        )
    salt = bytes.fromhex(stored.split("$")[0])
    if not hmac.compare_digest(stored, _hash(passphrase, salt)):
        raise UserError(
            tr(
                "This is not the passphrase of {name}. Nothing was changed: try again, use "
                "another name, or ask whoever runs the server to reset it.",
                name=name,
            )
        )
    return stored


def set_passphrase(
    database: Database, name: str, passphrase: str, present: str | None = None
) -> str:
    """Protect a name by a passphrase, or change it; return the stored hash.

    Args:
        present: the hash that ``check_passphrase`` returned, where the name is protected already.

    Raises:
        UserError: if the passphrase is too short or too long, or if somebody else has protected
            the name since.
    """
    name = checked_name(name, tr("An analyst's name"))
    if not SHORTEST <= len(passphrase) <= LONGEST:
        raise UserError(
            tr(
                "A passphrase of {shortest} to {longest} characters is expected; this one has "
                "{count:,}.",
                shortest=SHORTEST,
                longest=LONGEST,
                count=len(passphrase),
            )
        )
    value = _hash(passphrase, secrets.token_bytes(16))
    with database.writing() as connection:
        _replace(connection, name, present, value)
        record(connection, name, "set a passphrase", name)
    return value


def remove_passphrase(database: Database, name: str, present: str) -> None:
    """Open a name to everybody again.

    Raises:
        UserError: if ``present`` is not the stored hash.
    """
    with database.writing() as connection:
        _replace(connection, name, present, None)
        record(connection, name, "removed a passphrase", name)


def reset_passphrase(database: Database, name: str) -> None:
    """Open a name to everybody again, without its passphrase: for whoever runs the server.

    Raises:
        UserError: if the name has no passphrase.
    """
    name = checked_name(name, tr("An analyst's name"))
    with database.writing() as connection:
        stored = _stored(connection, name)
        if stored is None:
            raise UserError(
                tr('A name with a passphrase was expected; "{name}" has none.', name=name)
            )
        _replace(connection, name, stored, None)
        record(connection, "command line", "reset a passphrase", name)


def _stored(connection: Connection, name: str) -> str | None:
    query = sa.select(PASSPHRASE.c.hash).where(PASSPHRASE.c.folded == folded(name))
    return connection.execute(query).scalar()


def _replace(connection: Connection, name: str, present: str | None, value: str | None) -> None:
    """Store another hash, or none, where ``present`` is still the stored one."""
    if _stored(connection, name) != present:
        raise UserError(
            tr(
                "The passphrase of {name} was changed in the meantime; nothing was changed now.",
                name=name,
            )
        )
    key = folded(name)
    connection.execute(sa.delete(PASSPHRASE).where(PASSPHRASE.c.folded == key))
    if value is not None:
        row = {"folded": key, "name": name, "hash": value, "at": utc_now()}
        connection.execute(sa.insert(PASSPHRASE).values(**row))


def _hash(passphrase: str, salt: bytes) -> str:
    """Return salt and hash in hexadecimal; composed and decomposed letters are the same."""
    secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    with _ALONE:
        key = hashlib.scrypt(secret, salt=salt, n=COST, r=BLOCK, p=PARALLEL, maxmem=2**26)
    return f"{salt.hex()}${key.hex()}"
