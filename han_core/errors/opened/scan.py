"""Reading all texts through for words or a regular expression, on several threads.

RE2 is what decides, so time grows with the text alone; a scan that takes too long is given up
between some texts and the next. Each thread holds a batch of them (``documents.CHARACTERS``).
It knows nothing about filters.
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from han_core.corpora.wording import shown
from han_core.errors.kept.kept_documents import FIXED, Documents
from han_core.scoring.part import readable
from han_core.wrong_input import WrongInput

SECONDS = 8.0
"""After which a scan is given up."""

QUICK, FEWEST, MOST = 0.05, 16, 4_096
"""Seconds for some texts, and how many these are at first and at most: RE2 itself cannot be
interrupted, and an expression with many alternatives costs microseconds a character."""

THREADS = min(4, os.cpu_count() or 1)
TEXT = list(FIXED).index("text")
Match = Callable[[pa.Array], pa.Array]


def containing(documents: Documents, words: str) -> np.ndarray:
    """(documents,) whether ``words`` stand in the text, whatever the case.

    Raises:
        WrongInput: if it takes too long, or the documents are gone.
    """
    sought = readable(words)
    return _scanned(documents, lambda texts: pc.match_substring(texts, sought, ignore_case=True))


def matching(documents: Documents, pattern: str) -> np.ndarray:
    """(documents,) whether the regular expression matches somewhere in the text.

    Raises:
        WrongInput: if it is broken, takes too long, or the documents are gone.
    """
    sought = readable(pattern)
    try:
        pc.match_substring_regex(pa.array([""]), sought)
    except pa.ArrowInvalid as error:
        raise WrongInput(_broken(pattern, str(error))) from error
    return _scanned(documents, lambda texts: pc.match_substring_regex(texts, sought))


def _scanned(documents: Documents, match: Match) -> np.ndarray:
    end = time.monotonic() + SECONDS

    def every(first: int) -> list[np.ndarray]:
        """The masks of every so many batches, from the ``first`` on."""
        return list(_masks(_texts(documents, first), match, end))

    try:
        with ThreadPoolExecutor(THREADS) as pool:
            dealt = list(pool.map(every, range(THREADS)))
    except (OSError, pa.ArrowException) as error:
        raise WrongInput("The documents that were scored are not kept any more.") from error
    masks: list = [None] * len(documents.batches)
    for first, found in enumerate(dealt):
        masks[first::THREADS] = found
    return np.concatenate(masks)


def _masks(batches: Iterator[pa.Array], match: Match, end: float) -> Iterator[np.ndarray]:
    """A mask for each batch, found a few texts at a time where the expression is slow."""
    size = FEWEST
    for texts in batches:
        found, start = [], 0
        while start < len(texts):
            began = time.monotonic()
            if began > end:
                raise WrongInput(
                    f"The search took longer than {SECONDS:g} seconds and was stopped; "
                    "a simpler one is expected."
                )
            found.append(match(texts.slice(start, size)).to_numpy(zero_copy_only=False))
            start += size
            size = min(MOST, 4 * size) if time.monotonic() - began < QUICK else max(1, size // 4)
        yield np.concatenate(found)


def _texts(documents: Documents, first: int) -> Iterator[pa.Array]:
    """Read, not mapped: what is mapped would count as memory of the process in the end."""
    only = pa.ipc.IpcReadOptions(included_fields=[TEXT], use_threads=False)
    with pa.OSFile(str(documents.path)) as source:
        file = pa.ipc.open_file(source, options=only)
        for number in range(first, file.num_record_batches, THREADS):
            yield file.get_batch(number)["text"]


def _broken(pattern: str, said: str) -> str:
    """RE2 says what is wrong and quotes the piece: ``missing ): (abc``."""
    what = said.splitlines()[0].removeprefix("Invalid regular expression: ")
    problem, _, piece = what.partition(": ")
    place = f" at character {pattern.find(piece) + 1}" if piece and piece in pattern else ""
    return (
        f"A regular expression (RE2: no look-around, no back references) was expected; "
        f"“{shown(pattern)}” is broken{place}: {problem}."
    )
