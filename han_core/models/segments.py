"""Sums and softmax over stretches of a flat tensor.

Rows that belong together (the tokens of a sentence, the sentences of a document)
stand in one flat tensor without padding, and ``owner`` says to which segment
each row belongs. It knows nothing about words or documents.
"""

import torch
from torch import Tensor


def segment_sum(values: Tensor, owner: Tensor, segments: int) -> Tensor:
    """(rows, …) → (segments, …)"""
    return values.new_zeros(segments, *values.shape[1:]).index_add(0, owner, values)


def segment_softmax(scores: Tensor, owner: Tensor, segments: int) -> Tensor:
    """Softmax of ``scores`` (rows,) within each segment; (rows,).

    The largest score of each segment is taken off first, so that no segment can
    underflow because of another, and scores of any size are safe.
    """
    largest = scores.new_full((segments,), -torch.inf)
    largest = largest.scatter_reduce(0, owner, scores.detach(), "amax")
    exponentials = (scores - largest[owner]).exp()
    return exponentials / segment_sum(exponentials, owner, segments)[owner]
