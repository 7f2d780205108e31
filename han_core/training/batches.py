"""Which documents go together in a batch, epoch by epoch.

Documents of similar length share a batch, so that none waits for a longer one,
and a batch is full when it holds its budget of tokens. The order depends on the
seed and the epoch alone. It knows nothing about models.
"""

from collections.abc import Sequence

import numpy as np

LARGEST_BUDGET = 8_000
"""Tokens in a batch where the data are large enough and nothing else is said."""

BATCHES = 30
"""In an epoch of little data: a few large steps would teach a model nothing."""

WINDOW = 50
"""Batches' worth of documents that are sorted by length together: enough for even
lengths, few enough that an epoch stays shuffled."""


def batch_budget(lengths: Sequence[int], given: int | None = None) -> int:
    """Tokens in a batch: as ``given``, else so many that an epoch has about ``BATCHES``.

    At most ``LARGEST_BUDGET``, and no fewer than the longest document has, as
    far as that allows.
    """
    if given is not None:
        return given
    return min(LARGEST_BUDGET, max(max(lengths), sum(lengths) // BATCHES))


def epoch_batches(lengths: Sequence[int], budget: int, seed: int, epoch: int) -> list[list[int]]:
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


def share(batches: list[list[int]], process: int, processes: int) -> list[list[int]]:
    """The batches of one process of several: as many for each, the rest repeated."""
    missing = -len(batches) % processes
    return (batches + batches[:missing])[process::processes]
