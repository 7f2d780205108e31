"""How different could attention be with the answer unchanged?

The adversary of Jain and Wallace 2019 (section 4.2.2, equation 7): several attention
distributions over the same states, each as far as it gets from the model's own and from the
others in Jensen-Shannon divergence, while the answer moves by no more than a hundredth in
total variation. Found by Adam over scores whose softmax is the attention, as in their program.
What a search finds is a lower bound of the largest divergence there is; ln 2 is the ceiling.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

ADVERSARIES = 5
STEPS = 500
RATE = 0.01
SPREAD = 3.0
"""Standard deviation of the random scores that a search begins with."""

UNCHANGED = 0.01
"""An answer moved by no more than this is the same answer."""

PENALTY = 500.0
"""For each unit that an answer moves beyond ``UNCHANGED``."""

TOGETHER = 32  # documents searched at once

_TINY = 1e-20
_ONE, _OTHER = np.triu_indices(ADVERSARIES, 1)


def largest_divergences(
    attention: Sequence[np.ndarray], votes: Sequence[np.ndarray], seed: int, steps: int = STEPS
) -> np.ndarray:
    """The largest divergence that a search came by for each document, in nats.

    Args:
        attention: for each document (tokens,) the model's own weights.
        votes: for each document (tokens, classes) logits with all attention on one token.

    Returns:
        (documents,) 0 where no other attention left the answer as it was.
    """
    found = np.zeros(len(attention))
    generator = torch.Generator().manual_seed(seed)
    by_length = np.argsort([len(weights) for weights in attention], kind="stable")
    for start in range(0, len(by_length), TOGETHER):
        rows = by_length[start : start + TOGETHER]
        own = _padded([attention[row][:, None] for row in rows])[..., 0]
        found[rows] = _search(own, _padded([votes[row] for row in rows]), generator, steps)
    return found


def _search(own: Tensor, votes: Tensor, generator: torch.Generator, steps: int) -> np.ndarray:
    """(documents, longest), (documents, longest, classes), zeros after the end → (documents,)"""
    documents, longest = own.shape
    gone = (own == 0).unsqueeze(1)  # softmax never gives a token 0
    answer = (own.unsqueeze(1) @ votes).softmax(2)  # (documents, 1, classes)
    scores = SPREAD * torch.randn((documents, ADVERSARIES, longest), generator=generator)
    scores.requires_grad_()
    optimizer = torch.optim.Adam([scores], lr=RATE, amsgrad=True)
    largest = torch.zeros(documents)
    for _ in range(steps):
        other = scores.masked_fill(gone, -torch.inf).softmax(2)  # (documents, adversaries, longest)
        moved = ((other @ votes).softmax(2) - answer).abs().sum(2) / 2
        far = divergence(other, own.unsqueeze(1))  # (documents, adversaries)
        reached = far.detach().masked_fill(moved.detach() > UNCHANGED, 0.0).amax(1)
        largest = torch.maximum(largest, reached)
        apart = divergence(other[:, _ONE], other[:, _OTHER]).sum() / len(_ONE) / 2
        loss = PENALTY * (moved - UNCHANGED).clamp_min(0).sum() - far.sum() - apart
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return largest.double().numpy()


def divergence(a: Tensor, b: Tensor) -> Tensor:
    """Jensen-Shannon divergence over the last dimension, in nats (Lin 1991)."""
    return _entropy((a + b) / 2) - (_entropy(a) + _entropy(b)) / 2


def _entropy(weights: Tensor) -> Tensor:
    # Not xlogy, whose gradient at 0 is infinite.
    return -(weights * weights.clamp_min(_TINY).log()).sum(-1)


def _padded(rows: Sequence[np.ndarray]) -> Tensor:
    """[(tokens, size), …] → (documents, longest, size) with zeros after the end."""
    tensors = [torch.from_numpy(row).float() for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)
