"""Bytes to text: UTF-8 with or without a byte-order mark, or UTF-16 with one.

Whatever else comes is refused with the place of the first byte that does not fit. It
knows nothing about kinds of files.
"""

import codecs
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import BinaryIO, TextIO

from han_core.wrong_input import WrongInput

Opened = Callable[[], BinaryIO]
"""Opens the bytes once more, from their beginning."""

Read = Callable[[str], AbstractContextManager[TextIO]]
"""Opens the text once more; the argument is what ends a line, as ``open`` takes it."""

_BLOCK = 2**20  # bytes


def decoded(data: bytes, name: str) -> str:
    """The whole text."""
    with text_in(lambda: io.BytesIO(data), name)("") as text:
        return text.read()


def text_in(opened: Opened, name: str) -> Read:
    """The text in what ``opened`` opens.

    While it is read, WrongInput says where the first byte is that does not fit.
    """
    return partial(_open, opened, name)


@contextmanager
def _open(opened: Opened, name: str, newline: str) -> Iterator[TextIO]:
    with opened() as file:
        encoding, mark = _encoding(file.read(4))
        file.seek(mark)
        try:
            yield io.TextIOWrapper(file, encoding, newline=newline)
        except UnicodeDecodeError as error:
            raise WrongInput(_refusal(opened, encoding, mark, name)) from error


def _encoding(start: bytes) -> tuple[str, int]:
    """The encoding of what begins like this, and the length of its mark."""
    # UTF-32's little-endian mark begins with UTF-16's.
    if start.startswith(codecs.BOM_UTF16_LE) and not start.startswith(codecs.BOM_UTF32_LE):
        return "utf-16-le", 2
    if start.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be", 2
    return "utf-8", 3 if start.startswith(codecs.BOM_UTF8) else 0


def _refusal(opened: Opened, encoding: str, mark: int, name: str) -> str:
    position, line = _first_bad_byte(opened, encoding, mark)
    if encoding != "utf-8":
        return (
            f"{name} is not UTF-16, although it begins like it (first bad byte at position "
            f"{position:,}); save it as UTF-8."
        )
    return (
        f"{name} is not UTF-8 (first bad byte at position {position:,}), in line {line:,}; "
        "save it as UTF-8."
    )


def _first_bad_byte(opened: Opened, encoding: str, mark: int) -> tuple[int, int]:
    """Its position, counted from 0, and the number of its line, counted from 1."""
    decoder = codecs.getincrementaldecoder(encoding)()
    position, line = mark, 1
    with opened() as file:
        file.seek(mark)
        while True:
            block = file.read(_BLOCK)
            kept = decoder.getstate()[0]  # of a character that the last block cut
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                before = (kept + block)[: error.start]
                return position - len(kept) + error.start, line + before.count(b"\n")
            position, line = position + len(block), line + block.count(b"\n")
            if not block:
                return position, line
