"""The size of a vocabulary, of a batch, and the time of a training step, without a run.

The words of a corpus are estimated from a sample, if they come as in the process of Pitman and
Yor (1997), which gives the power laws of Zipf and Heaps. The time of a step follows from the
multiplications and additions of a model, and from how many this machine does in a second.
"""

import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod
from threading import Lock

import numpy as np
import torch

from han_core.models.architecture import Architecture
from han_core.models.registry import model_kind


def expected_words(counts: Mapping[str, int], tokens: float, minimum_count: int) -> int:
    """Words that stand at least ``minimum_count`` times in a corpus of ``tokens`` tokens.

    Within a third on reviews and newsgroups, from 30,000 tokens of up to 6 million.

    Args:
        counts: how often each word stands in the sample.
    """
    seen = sum(counts.values())
    if tokens <= seen + 0.5:
        return sum(count >= minimum_count for count in counts.values())
    once = sum(count == 1 for count in counts.values()) / len(counts)
    different = len(counts) * (tokens / seen) ** once
    # Of a word's possible counts 1, 2, …: the share that is not below minimum_count.
    frequent = prod((k - once) / k for k in range(1, min(minimum_count, 1_000)))
    return round(different * frequent)


LARGEST_BUDGET = 8_000
"""Tokens in a batch where the data are large enough and nothing else is said."""

BATCHES = 30
"""In an epoch of little data: a few large steps would teach a model nothing."""


def batch_budget(lengths: Sequence[int] | np.ndarray, given: int | None = None) -> int:
    """Tokens in a batch: as ``given``, else so many that an epoch has about ``BATCHES``.

    At most ``LARGEST_BUDGET``, and no fewer than the longest document has, as
    far as that allows.
    """
    if given is not None:
        return given
    sizes = np.asarray(lengths, dtype=np.int64)
    return min(LARGEST_BUDGET, max(int(sizes.max()), int(sizes.sum()) // BATCHES))


SOFTMAX_OUTPUT = 1_000.0
"""Operations of a large matrix product in whose time a softmax learns one of its outputs."""

FROZEN = 0.45  # of the cost of words where nothing goes back through their level

_one_at_a_time = Lock()


def step_seconds(
    shape: Architecture,
    words: float,
    sentences: float,
    trained: int,
    frozen: bool,
    length: float = 1.0,
) -> float:
    """Seconds of one step on one core that has nothing else to do.

    Args:
        words, sentences: in the batch.
        trained: parameters that move.
        frozen: whether the word level stands still.
        length: of the words' documents, as ``length_of_words``.
    """
    kind = model_kind(shape.model)
    cost, operations = kind.step_cost, kind.operations(shape, length)
    # The way back takes twice as many as the way forward.
    reading = words * (
        cost.operation * 3 * operations.word
        + cost.number * (shape.embedding + shape.hidden + operations.upper)
    )
    joining = sentences * cost.operation * 3 * operations.sentence
    share = FROZEN if frozen else 1.0
    whole = share * reading + joining + trained * cost.parameter + cost.step
    return whole / operations_per_second()


def forward_operations(
    shape: Architecture, words: float, sentences: float, length: float = 1.0
) -> float:
    """Multiplications and additions of the layers' products on the way forward."""
    each = model_kind(shape.model).operations(shape, length)
    return words * each.word + sentences * each.sentence


def length_of_words(lengths: Sequence[int] | np.ndarray) -> float:
    """The mean over all words of the tokens in their document."""
    sizes = np.asarray(lengths, dtype=float)
    return float((sizes**2).sum() / sizes.sum())


@lru_cache(maxsize=1)
def operations_per_second() -> float:
    """Floating-point operations that one core does in a second of its own time.

    Measured once in about 50 ms. The time is the thread's: what others do on the machine
    does not count.
    """
    size = 256
    matrix = torch.ones(size, size)
    with _one_at_a_time:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            fastest = min(_seconds(matrix) for _ in range(10))
        finally:
            torch.set_num_threads(threads)
    return 2 * size**3 / fastest


def _seconds(matrix: torch.Tensor, repeats: int = 10) -> float:
    started = time.thread_time()
    for _ in range(repeats):
        matrix @ matrix
    return (time.thread_time() - started) / repeats
