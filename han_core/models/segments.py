"""Sums and softmax over stretches of a flat tensor.

Rows that belong together (the tokens of a sentence, the sentences of a document)
stand in one flat tensor without padding, and ``owner`` says to which segment
each row belongs. It knows nothing about words or documents.
"""

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


def segment_sum(values: Tensor, owner: Tensor, segments: int) -> Tensor:
    """(rows, …) → (segments, …)"""
    return values.new_zeros(segments, *values.shape[1:]).index_add(0, owner, values)


def weighted_sum(states: Tensor, weights: Tensor, owner: Tensor, segments: int) -> Tensor:
    """(rows, size), (rows,) → (segments, size); rows of a segment stand together.

    Without a gradient the weighted rows are never written out.
    """
    if torch.is_grad_enabled() or states.device.type != "cpu":
        return segment_sum(states * weights.unsqueeze(1), owner, segments)
    rows = torch.arange(len(states))
    return embedding_bag(
        rows, states, starts_of(owner, segments), mode="sum", per_sample_weights=weights
    )


def starts_of(owner: Tensor, segments: int) -> Tensor:
    """(segments,) the first row of each."""
    return torch.searchsorted(owner, torch.arange(segments, device=owner.device))


def segment_softmax(scores: Tensor, owner: Tensor, segments: int) -> Tensor:
    """Softmax of ``scores`` (rows,) within each segment; (rows,).

    The largest score of each segment is taken off first, so that no segment can
    underflow because of another, and scores of any size are safe.
    """
    largest = scores.new_full((segments,), -torch.inf)
    largest = largest.scatter_reduce(0, owner, scores.detach(), "amax")
    exponentials = (scores - largest[owner]).exp()
    return exponentials / segment_sum(exponentials, owner, segments)[owner]
