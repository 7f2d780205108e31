"""Which documents people have marked: what filters and tables ask of the database.

A document is named by its content (``content_of``), so what is said of it holds for every
model and every data set that it stands in. It knows nothing about databases.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

Flag = Literal["label_is_wrong", "ambiguous"]


def content_of(text: str) -> str:
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
