"""Sentences cut and broken to a width, where Chinese counts double.

It knows nothing about markup: what comes out still has to be escaped.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

WIDTH = 72  # columns of a note that shows on hover
LINES = 14  # of such a note; a longer one would not fit on the screen


def columns(text: str) -> int:
    """The width of ``text`` in columns: two for a wide character, none for a mark."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def beginning(text: str, width: int) -> str:
    """``text`` on one line, cut with an ellipsis to at most ``width`` columns."""
    line = " ".join(text[: 4 * width + 4].split())
    if columns(line) <= width and len(text) <= 4 * width + 4:
        return line
    kept = ""
    used = 1  # the ellipsis
    for sign in line:
        used += _columns(sign)
        if used > width:
            break
        kept += sign
    return kept.rstrip() + "…"


def wrapped(text: str, width: int = WIDTH, lines: int = LINES) -> list[str]:
    """``text`` in lines of at most ``width`` columns; what does not fit is counted."""
    all_lines = list(_lines(text, width))
    if len(all_lines) <= lines:
        return all_lines
    left = sum(map(len, all_lines[lines - 1 :]))
    return [*all_lines[: lines - 1], f"… and {left:,} more characters"]


def _lines(text: str, width: int) -> Iterator[str]:
    line, used = "", 0
    # A word with the space after it; a wide character may end a line by itself.
    for word in re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+", text):
        for piece in _pieces(" ".join(word.split()) + " " * word[-1].isspace(), width):
            if used + columns(piece.rstrip()) > width:
                yield line.rstrip()
                line, used = "", 0
            line, used = line + piece, used + columns(piece)
    if line.strip():
        yield line.rstrip()


def _pieces(word: str, width: int) -> Iterator[str]:
    """The word itself, or, where it is longer than a line, its parts."""
    if columns(word.rstrip()) <= width:
        yield word
        return
    step = width // 2  # its characters may be wide
    for at in range(0, len(word), step):
        yield word[at : at + step]


@lru_cache(maxsize=8192)
def _columns(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
