"""Damage to files, as a disk does it: a bit that is another one."""

import random
from collections.abc import Iterator
from pathlib import Path


def flip(path: Path, bit: int) -> None:
    """Flip a bit of a file, counted from its first byte; doing it again undoes it.

    The file becomes another one of the same name, so that no reader who has it open sees it change.
    """
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.unlink()
    path.write_bytes(content)


def each_flipped(path: Path, number: int, seed: int = 0) -> Iterator[int]:
    """Flip ``number`` bits drawn at random, one at a time; the file is whole again at the end."""
    for bit in random.Random(seed).sample(range(8 * path.stat().st_size), number):
        flip(path, bit)
        yield bit
        flip(path, bit)
