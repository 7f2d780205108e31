"""Forward passes of a bidirectional GRU or LSTM on a CPU where no gradient is wanted.

A plan says in which order sequences are read. Each time takes one step of every sequence that
is still running, forward from its beginning and backward from its end. Sequences of which many
begin or end alike are read as the trees that they form: a beginning that several share is read
once, for its states are the same. ``run_scan`` follows the plan. Inputs stay a table of
distinct rows, looked up a time at a time: the large tensor that is never made would take
longer to fill than the sums take.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from han_core.models.recurrent.scan import product, tanh_

LARGEST_GRID = 4_000_000
"""Cells of (sequences, longest sequence) up to which beginnings are compared."""

WORTH = 0.9
"""The share of steps that are left to read from which on looking for more takes longer."""


MANY = 128
"""Rows from which two products by oneDNN are quicker than one of both directions."""

Step = Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]]
"""(inputs (2, running, gates), memory) → memory; its first part is the state."""


@dataclass(frozen=True)
class ScanPlan:
    """The order in which steps are read; both directions have as many readings.

    Attributes:
        reads: (2 × readings,) the step read: forward the step's number, backward its number
            plus the number of all steps. Time after time, at each the forward ones first.
        sizes: for each time its readings in one direction.
        before: (2 × readings,) which reading of the time before, the forward ones first, each one
            goes on from, at the first time any; None where the n-th goes on from the n-th.
        forward: (steps,) the forward reading, counted over all times, of each step.
        backward: (steps,) the same of the backward readings.
    """

    reads: Tensor
    sizes: list[int]
    before: Tensor | None
    forward: Tensor
    backward: Tensor


def separate_plan(lengths: Tensor) -> ScanPlan:
    """Plan every sequence by itself, the longest first at every time.

    Args:
        lengths: (sequences,) steps in each, at least 1; steps stand one after another.
    """
    steps = int(lengths.sum())
    owner = torch.arange(len(lengths)).repeat_interleave(lengths)
    ends = lengths.cumsum(0)
    number = torch.arange(steps)
    time = number - (ends - lengths)[owner]
    mirror = (2 * ends - lengths - 1)[owner] - number  # the step as far from the other end
    sizes = time.bincount()
    rank = lengths.argsort(descending=True, stable=True).argsort()
    earlier = sizes.cumsum(0) - sizes
    ahead = earlier[time] + rank[owner]
    reads = torch.empty(2 * steps, dtype=torch.long)
    place = ahead + earlier[time]
    reads[place] = number
    reads[place + sizes[time]] = mirror + steps
    return ScanPlan(reads, sizes.tolist(), None, ahead, ahead[mirror])


def shared_plan(index: Tensor, lengths: Tensor) -> ScanPlan:
    """Plan to read once what several sequences begin or end with alike.

    Args:
        index: (steps,) equal numbers where steps are equal.
        lengths: (sequences,) steps in each, at least 1; steps stand one after another.
    """
    longest, steps, ends = int(lengths.max()), len(index), lengths.cumsum(0).numpy()[:, None]
    if len(lengths) * longest > LARGEST_GRID:
        return separate_plan(lengths)
    time, own = np.arange(longest), lengths.numpy()[:, None]
    real = time < own  # (sequences, longest), as all that follows
    trees = [
        _tree(index.numpy(), np.where(real, grid, -1))
        for grid in (ends - own + time, ends - 1 - time)
    ]
    sizes = np.maximum(trees[0].sizes, trees[1].sizes)
    if sizes.sum() > WORTH * steps:
        return separate_plan(lengths)
    return _side_by_side(trees, sizes, steps)


@dataclass(frozen=True)
class _Tree:
    """The different beginnings of sequences, a node for each; all in the order of time.

    Attributes:
        sizes: (times,) nodes at each.
        reads: (nodes,) a step that each node reads.
        before: (nodes,) its parent's place among the nodes of the time before.
        steps: (steps,) every step, and
        node: (steps,) the place of its node among those of the same time; and
        time: (steps,) which time that is.
    """

    sizes: np.ndarray
    reads: np.ndarray
    before: np.ndarray
    steps: np.ndarray
    node: np.ndarray
    time: np.ndarray


def _tree(index: np.ndarray, grid: np.ndarray) -> _Tree:
    """The tree of sequences whose steps stand in ``grid`` (sequences, times), -1 past the end."""
    values = np.where(grid >= 0, index[grid], -1).astype(np.int32)
    rows = values.view(np.dtype((np.void, values.itemsize * values.shape[1]))).ravel()
    order = rows.argsort()  # equal beginnings stand together
    values, grid = values[order], grid[order].T
    new = np.ones(values.shape, dtype=bool)
    np.logical_or.accumulate(values[1:] != values[:-1], axis=1, out=new[1:])
    new = np.ascontiguousarray(new.T) & (grid >= 0)  # (times, sequences)
    place = new.cumsum(1) - 1
    parents = np.zeros_like(place)
    parents[1:] = place[:-1]
    real = grid >= 0
    return _Tree(new.sum(1), grid[new], parents[new], grid[real], place[real], np.nonzero(real)[0])


def _side_by_side(trees: Sequence[_Tree], sizes: np.ndarray, steps: int) -> ScanPlan:
    """Forward and backward trees as one plan; the smaller one reads something again."""
    earlier = sizes.cumsum() - sizes
    reads, before = np.zeros((2, 2 * sizes.sum()), dtype=np.int64)
    places = np.empty((2, steps), dtype=np.int64)
    for side, tree in enumerate(trees):
        time = np.arange(len(sizes)).repeat(tree.sizes)  # of each node
        nodes = (2 * earlier + side * sizes)[time] + _counted(tree.sizes)
        reads[nodes] = tree.reads + side * steps
        before[nodes] = tree.before + (side * np.append(0, sizes[:-1]))[time]
        places[side, tree.steps] = earlier[tree.time] + tree.node
    ahead, back = torch.from_numpy(places)
    return ScanPlan(torch.from_numpy(reads), sizes.tolist(), torch.from_numpy(before), ahead, back)


def _counted(sizes: np.ndarray) -> np.ndarray:
    """0, 1, … for each size: [2, 3] → [0, 1, 0, 1, 2]."""
    return np.arange(sizes.sum()) - (sizes.cumsum() - sizes).repeat(sizes)


def gru_step(weight: Tensor, bias: Tensor) -> tuple[Step, int]:
    """Return the cell of ``nn.GRU`` (r, z, n) for both directions, and the parts of its memory."""
    both, hidden = _both(weight, bias), weight.shape[2]

    def step(x: Tensor, memory: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        (h,) = memory
        recurrent = both(h)
        r, z = recurrent[..., : 2 * hidden].add_(x[..., : 2 * hidden]).sigmoid_().chunk(2, dim=2)
        n = tanh_(torch.addcmul(x[..., 2 * hidden :], r, recurrent[..., 2 * hidden :]))
        return (torch.lerp(n, h, z),)

    return step, 1


def _both(weight: Tensor, bias: Tensor) -> Callable[[Tensor], Tensor]:
    """(2, rows, hidden) → (2, rows, gates): both directions through their own weights."""
    across, offset = weight.transpose(1, 2).contiguous(), bias.unsqueeze(1)
    (forward, backward), (first, second) = weight, bias

    def through(h: Tensor) -> Tensor:
        if h.shape[1] < MANY:
            return torch.baddbmm(offset, h, across)
        return torch.stack((product(h[0], forward, first), product(h[1], backward, second)))

    return through


def lstm_step(weight: Tensor) -> tuple[Step, int]:
    """Return the cell of ``nn.LSTM`` (i, f, g, o) for both directions, and the parts of its memory.

    Inputs have both biases in them. In these and in ``weight`` g is ``doubled``, so that one σ
    over all gates gives σ(2 g), of which tanh(g) is made.
    """
    both = _both(weight, weight.new_zeros(2, weight.shape[1]))

    def step(x: Tensor, memory: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        h, c = memory
        i, f, s, o = both(h).add_(x).sigmoid_().chunk(4, dim=2)
        c = (f * c).sub_(torch.addcmul(i, i, s, value=-2))  # f · c + i · (2 s − 1)
        return tanh_(c.clone()).mul_(o), c

    return step, 2


def doubled(gates: Tensor, dim: int) -> Tensor:
    """The third quarter of an LSTM's gates along ``dim`` times 2, in place."""
    gates.chunk(4, dim=dim)[2].mul_(2)
    return gates


def run_scan(
    cell: tuple[Step, int], hidden: int, table: Tensor, rows: Tensor, plan: ScanPlan
) -> Tensor:
    """Return the state of every reading of a plan.

    Args:
        cell: a step and the parts of its memory.
        hidden: numbers in a state of one direction.
        table: (rows, gates) projected inputs of both directions.
        rows: (2 × readings,) the row of the table at each reading, as ``plan.reads`` has them.

    Returns:
        (2, readings, hidden)
    """
    step, parts = cell
    sizes = plan.sizes
    states = table.new_empty(2, len(rows) // 2, hidden)
    memory = tuple(table.new_zeros(2, sizes[0], hidden) for _ in range(parts))
    both = [2 * size for size in sizes]
    row_of, sources = rows.split(both), [] if plan.before is None else plan.before.split(both)
    for time, (size, place) in enumerate(zip(sizes, states.split(sizes, dim=1), strict=True)):
        if sources and time:
            memory = tuple(_gathered(part, sources[time]) for part in memory)
        elif memory[0].shape[1] > size:
            memory = tuple(part[:, :size] for part in memory)
        memory = step(table.index_select(0, row_of[time]).view(2, size, -1), memory)
        place.copy_(memory[0])
    return states


def _gathered(memory: Tensor, source: Tensor) -> Tensor:
    """Rows of both directions (2, before, hidden), wherever they are wanted next."""
    return memory.reshape(-1, memory.shape[2]).index_select(0, source).view(2, -1, memory.shape[2])
