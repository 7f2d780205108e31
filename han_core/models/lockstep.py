"""Bidirectional GRU and LSTM on a CPU where no gradient is wanted.

As ``scan``, both directions advance in lockstep over the sequences that are still
running; nothing is kept for a backward pass. Inputs stay a table of distinct rows,
looked up a time at a time: the large tensor that is never made would take longer to
fill than the sums take.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from han_core.models.course import Course
from han_core.models.gates import product, tanh_

MANY = 128
"""Rows from which two products by oneDNN are quicker than one of both directions."""

Step = Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]]
"""(inputs (2, running, gates), memory) → memory; its first part is the state."""


def gru_step(weight: Tensor, bias: Tensor) -> tuple[Step, int]:
    """The cell of ``nn.GRU`` (r, z, n) for both directions, and the parts of its memory."""
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
    """The cell of ``nn.LSTM`` (i, f, g, o) for both directions, and the parts of its memory.

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


def run(cell: tuple[Step, int], hidden: int, table: Tensor, rows: Tensor, course: Course) -> Tensor:
    """The state of every reading of a course.

    Args:
        cell: a step and the parts of its memory.
        hidden: numbers in a state of one direction.
        table: (rows, gates) projected inputs of both directions.
        rows: (2 × readings,) the row of the table at each reading, as ``course.reads`` has them.

    Returns:
        (2, readings, hidden)
    """
    step, parts = cell
    sizes = course.sizes
    states = table.new_empty(2, len(rows) // 2, hidden)
    memory = tuple(table.new_zeros(2, sizes[0], hidden) for _ in range(parts))
    row_of = rows.split([2 * size for size in sizes])
    for time, (size, place) in enumerate(zip(sizes, states.split(sizes, dim=1), strict=True)):
        if course.before and time:
            source = course.before[time - 1]
            memory = tuple(_gathered(part, source) for part in memory)
        elif memory[0].shape[1] > size:
            memory = tuple(part[:, :size] for part in memory)
        memory = step(table.index_select(0, row_of[time]).view(2, size, -1), memory)
        place.copy_(memory[0])
    return states


def _gathered(memory: Tensor, source: Tensor) -> Tensor:
    """Rows of both directions (2, before, hidden), wherever they are wanted next."""
    return memory.reshape(-1, memory.shape[2]).index_select(0, source).view(2, -1, memory.shape[2])
