"""Where steps of a flat tensor stand in a packed sequence, and in padded groups."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

WASTE = 1.15  # a group may hold this many times its real steps once it is padded


def looked_up_rows(steps: Tensor, index: Tensor | None) -> Tensor:
    return steps if index is None else steps[index]


def run_packed(run: Callable, steps: Tensor, lengths: Tensor) -> Tensor:
    """``run`` (a recurrent layer) over the steps as a packed sequence."""
    place, batch_sizes = packed_places(lengths)
    packed = PackedSequence(steps[place.argsort()], batch_sizes)
    return run(packed)[0].data[place]


def packed_places(lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Where each step stands in a packed sequence, and the rows at each time."""
    rank = lengths.argsort(descending=True, stable=True).argsort()  # (sequences,)
    starts = lengths.cumsum(0) - lengths
    owner = torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths)
    time = torch.arange(len(owner), device=lengths.device) - starts[owner]  # (steps,)
    batch_sizes = time.bincount()
    before = batch_sizes.cumsum(0) - batch_sizes
    return before[time] + rank[owner], batch_sizes.cpu()


def mirror(lengths: Tensor) -> Tensor:
    """(steps,) the step as far from the other end of its sequence."""
    both_ends = 2 * lengths.cumsum(0) - lengths - 1
    return both_ends.repeat_interleave(lengths) - torch.arange(int(lengths.sum()))


def similar_groups(lengths: Tensor) -> list[Tensor]:
    """Sequences, longest first, cut where padding would waste too much."""
    order = lengths.argsort(descending=True, stable=True)
    groups, begin, real = [], 0, 0
    sizes = lengths[order].tolist()
    for at, size in enumerate(sizes):
        if sizes[begin] * (at - begin + 1) > WASTE * (real + size):
            groups.append(order[begin:at])
            begin, real = at, 0
        real += size
    return [*groups, order[begin:]]


def final_states(states: Tensor, lengths: Tensor) -> Tensor:
    ends = lengths.cumsum(0)
    forward, backward = states.chunk(2, dim=1)
    return torch.cat((forward[ends - 1], backward[ends - lengths]), dim=1)
