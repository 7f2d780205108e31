"""Scoring in this process, by a checkpoint that it holds already: for few documents.

It knows nothing about files.
"""

from collections.abc import Iterable, Iterator

import torch

from han_core.models.checkpoint import Checkpoint
from han_core.scoring.part import Part
from han_core.scoring.table import score_part, to_parquet
from han_core.scoring.worker import Job


def score_here(
    parts: Iterable[Part], job: Job, checkpoint: Checkpoint
) -> Iterator[tuple[int, bytes]]:
    """As ``score_locally``; the same bytes, for it is on one thread as any worker is.

    Raises:
        WrongInput: as ``score_part``.
    """
    for part in parts:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            table = score_part(checkpoint, part)
        finally:
            torch.set_num_threads(threads)
        yield part.number, to_parquet(table, job.key, part.number)
