"""The exception for input that cannot be used, and how messages quote names and numbers.

A message is one sentence for the person who gave the input: what was expected and what came. What
it quotes stands on one line, short, and never as markup.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from han_core.runtime.messages import tr, tr_noun

LONGEST = 400  # characters; what came may be anything, and the sentence quotes it


class UserError(ValueError):
    """Input that cannot be used; ``str(error)`` is one line, with its middle left out if long.

    Attributes:
        details: facts for a program that answers the error, as JSON holds them.
    """

    def __init__(self, sentence: str):
        line = " ".join(sentence.split())
        if len(line) > LONGEST:
            line = f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"
        super().__init__(line)
        self.details: dict = {}


class MissingPackageError(UserError):
    """What asks for a package that the default install leaves out, and is whole otherwise."""


@contextmanager
def system_errors(refused: str) -> Iterator[None]:
    """Turn what the system refuses within, such as a full disk, into a ``UserError``.

    Args:
        refused: what could not be done; the reason follows.
    """
    try:
        yield
    except OSError as error:
        raise UserError(
            tr("{refused}: {value}.", refused=refused, value=error.strerror or error)
        ) from error


def shown(text: str, limit: int = 60) -> str:
    """`text` on one line, printable, cut to `limit` characters."""
    head = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:limit])
    return head if len(text) <= limit else head[:-1] + "…"


def listed(names: Sequence[str], limit: int = 20) -> str:
    """The names in quotation marks, with a count in place of those beyond `limit`."""
    quoted = tr(", ").join(tr('"{name}"', name=shown(name)) for name in names[:limit])
    beyond = len(names) - limit
    return tr("{names} and {count} more", names=quoted, count=beyond) if beyond > 0 else quoted


def joined(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return tr("{first} and {last}", first=tr(", ").join(words[:-1]), last=words[-1])


def alternatives(words: Sequence[str]) -> str:
    """ "a", "a or b", "a, b or c"."""
    if len(words) < 2:
        return "".join(words)
    return tr("{first} or {last}", first=tr(", ").join(words[:-1]), last=words[-1])


def gibibytes(number: int) -> str:
    """ "2 GiB" of so many bytes."""
    return f"{number / 2**30:.3g} GiB"


def file_size(number: int) -> str:
    """ "63.2 MiB" of so many bytes."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number >= size:
            return f"{number / size:,.1f}".removesuffix(".0") + f" {unit}"
    return counted(number, "byte")


def counted(number: int, noun: str) -> str:
    """ "1 row", "3 rows": the number with its noun, for nouns that take an s in English."""
    if translated := tr_noun(noun):
        return f"{number:,} {translated}"
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"
