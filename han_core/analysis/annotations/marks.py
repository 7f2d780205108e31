"""Which documents people have marked: what filters and tables ask of the database.

A document is named by its content (``content_of``), so what is said of it holds for every
model and every data set that it stands in. It knows nothing about databases.

Names, notes and colours as the database takes them, or one sentence why it does not.

It knows nothing about tables.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

from han_core.runtime.errors import UserError

Flag = Literal["label_is_wrong", "ambiguous"]


def content_hash(text: str) -> str:
    """32 hexadecimal digits that name a text: the first half of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True)
class Marks:
    """What is marked at one moment, by all annotators together.

    Attributes:
        tagged: for each tag's name, the documents (``content_of``) that have it.
        flagged: for each flag, the documents that have it.
        annotated: documents with a tag, a note, a flag, or marked as read.
    """

    tagged: dict[str, frozenset[str]] = field(default_factory=dict)
    flagged: dict[Flag, frozenset[str]] = field(default_factory=dict)
    annotated: frozenset[str] = frozenset()


LONGEST_NAME = 80
LONGEST_NOTE = 200_000
LONGEST_DESCRIPTION = 2_000
LONGEST_LABEL = 200
"""Characters."""

RESERVED_KEYS = "jk"  # the page goes to the next and the previous document with them
DEFAULT_COLOUR = "#5b7fa6"

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL holds no NUL, UTF-8 no half character


def storable(text: str) -> str:
    """``text`` with U+FFFD for each NUL and each lone surrogate, which no database holds."""
    return _UNSTORABLE.sub("\ufffd", text)


def checked_name(name: str, what: str) -> str:
    """``name`` in Unicode's composed form, with single spaces."""
    tidy = unicodedata.normalize("NFC", " ".join(name.split()))
    if not tidy:
        raise UserError(f"{what} of at least one character is expected; it was empty.")
    if len(tidy) > LONGEST_NAME:
        raise UserError(
            f"{what} of at most {LONGEST_NAME} characters is expected; this one has {len(tidy):,}."
        )
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Cn", "Co") for sign in tidy):
        raise UserError(f"{what} in visible characters is expected; this one holds others.")
    return tidy


def folded(name: str) -> str:
    """What two names that differ in case only have in common."""
    return unicodedata.normalize("NFC", name.casefold())


def checked_note(text: str) -> str:
    """``text`` as it can be stored; white space alone is no note."""
    if len(text) > LONGEST_NOTE:
        raise UserError(
            f"A note of at most {LONGEST_NOTE:,} characters is expected; this one has "
            f"{len(text):,} and was not saved."
        )
    return storable(text) if text.strip() else ""


def checked_text(text: str, what: str, most: int) -> str:
    """A shorter text beside a name: a description, a class."""
    if len(text) > most:
        raise UserError(
            f"{what} of at most {most:,} characters is expected; this one has {len(text):,}."
        )
    return storable(text).strip()


def checked_colour(colour: str) -> str:
    """``#rrggbb`` in lower case, our own where there is none."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour or DEFAULT_COLOUR):
        raise UserError(f'A colour such as {DEFAULT_COLOUR} is expected; "{colour}" came.')
    return (colour or DEFAULT_COLOUR).lower()


def checked_key(key: str) -> str:
    """One letter or digit of the keyboard in lower case, or "" for none."""
    if key and not re.fullmatch(r"[a-z0-9]", key.lower()):
        raise UserError(f'One letter a to z or digit is expected as a key; "{key}" came.')
    if key and key.lower() in RESERVED_KEYS:
        raise UserError(f'"{key}" goes to the next or previous document; choose another key.')
    return key.lower()
