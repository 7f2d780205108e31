"""How many tokens go into a batch where nobody says it.

It knows nothing about which documents go together.
"""

from collections.abc import Sequence

import numpy as np

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
