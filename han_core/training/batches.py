"""Which documents go together in a batch, epoch by epoch.

Documents of similar length share a batch, so that none waits for a longer one,
and a batch is full when it holds its budget of tokens. The order depends on the
seed and the epoch alone. It knows nothing about models.
"""

from collections.abc import Sequence

import numpy as np

WINDOW = 50
"""Batches' worth of documents that are sorted by length together: enough for even
lengths, few enough that an epoch stays shuffled."""


def epoch_batches(
    lengths: Sequence[int] | np.ndarray, budget: int, seed: int, epoch: int
) -> list[list[int]]:
    """Every document once, in shuffled batches of similar length.

    Args:
        lengths: tokens in each document.
        budget: tokens in a batch; a longer document makes a batch of its own.

    Returns:
        lists of indices into ``lengths``.
    """
    draw = np.random.default_rng((seed, epoch))
    order = draw.permutation(len(lengths))
    mean = max(1.0, float(np.mean(lengths)))
    window = max(1, int(WINDOW * budget / mean))
    sizes = np.asarray(lengths)
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        part = order[start : start + window]
        batches += _fill(part[np.argsort(sizes[part], kind="stable")], sizes, budget)
    return [batches[at] for at in draw.permutation(len(batches))]


def _fill(order: np.ndarray, sizes: np.ndarray, budget: int) -> list[list[int]]:
    batches: list[list[int]] = [[]]
    total = 0
    for index in order.tolist():
        if batches[-1] and total + sizes[index] > budget:
            batches.append([])
            total = 0
        batches[-1].append(index)
        total += int(sizes[index])
    return batches


def steps(batches: list[list[int]], accumulation: int) -> list[list[list[int]]]:
    """The batches of each step: ``accumulation`` of them, the last step what is left."""
    return [batches[at : at + accumulation] for at in range(0, len(batches), accumulation)]


def share(batch: list[int], process: int, processes: int) -> list[int]:
    """The documents of ``batch`` that one of several processes reads; perhaps none.

    They lie in order of length, so that every process gets as much to read as the others.
    """
    return batch[process::processes]
