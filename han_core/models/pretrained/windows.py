"""Documents longer than an encoder reads at once, as overlapping windows.

Windows of a document start at even distances. Where two overlap, each piece takes its state from
the one in which it stands further from the edge, so that every piece has one state and none is cut
off.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Window:
    """A stretch of a batch that is read together.

    Attributes:
        start, end: the batch's pieces that it reads.
        first, last: of them, the pieces that take their state from it.

    Raises:
        ValueError: if it is empty or gives states of what it does not read.
    """

    start: int
    end: int
    first: int
    last: int

    def __post_init__(self) -> None:
        if not self.start <= self.first < self.last <= self.end:
            raise ValueError(f"a window that reads what it gives expected, {self} came")


def plan_windows(lengths: Sequence[int], size: int, overlap: int) -> list[Window]:
    """Divide documents into windows, in order.

    Args:
        lengths: pieces of each document, which lie one after another.
        size: pieces of a window at most.
        overlap: pieces that neighbours have in common at least, fewer than ``size``.
    """
    windows: list[Window] = []
    offset = 0
    for length in lengths:
        count = 1 if length <= size else -(-(length - size) // (size - overlap)) + 1
        starts = [offset + at * (length - size) // max(1, count - 1) for at in range(count)]
        starts[0] = offset
        reach = min(length, size)
        pairs = zip(starts[1:], starts[:-1], strict=True)
        middles = [(later + earlier + reach) // 2 for later, earlier in pairs]
        edges = [offset, *middles, offset + length]
        windows += [
            Window(start, start + reach, first, last)
            for start, first, last in zip(starts, edges[:-1], edges[1:], strict=True)
        ]
        offset += length
    return windows


@dataclass(frozen=True)
class PackedWindows:
    """Windows as rows of equal length, to be read in one pass.

    Attributes:
        index: (windows, positions) the row of pieces, special pieces and one row of zeros that
            stands at each position.
        visible: (windows, positions) bool, false for padding.
        keep: (windows, positions) bool, whose states are taken; in order these are the pieces
            of all windows.
    """

    index: Tensor
    visible: Tensor
    keep: Tensor


def pack_windows(windows: Sequence[Window], pieces: int, before: int, after: int) -> PackedWindows:
    """Lay windows side by side, special positions around each.

    Args:
        pieces: of the batch, the first rows that ``index`` counts; those before a text follow,
            then those after it, then the zeros of padding.
        before, after: special positions of a window.
    """
    positions = max(window.end - window.start for window in windows) + before + after
    padding = pieces + before + after
    index = torch.full((len(windows), positions), padding)
    keep = torch.zeros(index.shape, dtype=torch.bool)
    for row, window in enumerate(windows):
        end = before + window.end - window.start
        index[row, :before] = torch.arange(pieces, pieces + before)
        index[row, before:end] = torch.arange(window.start, window.end)
        index[row, end : end + after] = torch.arange(pieces + before, padding)
        keep[row, before + window.first - window.start : before + window.last - window.start] = True
    return PackedWindows(index, index != padding, keep)


PASS_POSITIONS, PASS_POSITIONS_CPU = 16_384, 2_048
"""Positions that one pass of the encoder holds, padding included: on a processor few enough for
its caches."""


def passes(windows: Sequence[Window], device: str = "cpu") -> Iterator[list[int]]:
    """Group windows of similar length, so that little is padded and a pass stays small."""
    most = PASS_POSITIONS_CPU if device == "cpu" else PASS_POSITIONS
    group: list[int] = []
    for at in sorted(range(len(windows)), key=lambda at: windows[at].end - windows[at].start):
        positions = windows[at].end - windows[at].start
        if group and (len(group) + 1) * positions > most:
            yield group
            group = []
        group.append(at)
    if group:
        yield group
