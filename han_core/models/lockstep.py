"""Bidirectional GRU and LSTM on a CPU where no gradient is wanted.

As ``scan``, both directions advance in lockstep over the sequences that are still
running; nothing is kept for a backward pass. Inputs stay a table of distinct rows,
looked up a time step at a time, and states go straight to their places: the large
tensors that are never made would take longer to fill than the sums take.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Step = Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]]
"""(inputs (2, running, gates), memory) → memory; its first part is the state."""


def gru_step(weight: Tensor, bias: Tensor) -> tuple[Step, int]:
    """The cell of ``nn.GRU`` (r, z, n) for both directions, and the parts of its memory."""
    across, offset, hidden = weight.transpose(1, 2).contiguous(), bias.unsqueeze(1), weight.shape[2]

    def step(x: Tensor, memory: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        (h,) = memory
        product = torch.baddbmm(offset, h, across)
        r, z = (x[..., : 2 * hidden] + product[..., : 2 * hidden]).sigmoid_().chunk(2, dim=2)
        n = torch.addcmul(x[..., 2 * hidden :], r, product[..., 2 * hidden :]).tanh_()
        return (torch.lerp(n, h, z),)

    return step, 1


def lstm_step(weight: Tensor, bias: Tensor) -> tuple[Step, int]:
    """The cell of ``nn.LSTM`` (i, f, g, o) for both directions, and the parts of its memory."""
    across, offset = weight.transpose(1, 2).contiguous(), bias.unsqueeze(1)

    def step(x: Tensor, memory: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        h, c = memory
        i, f, g, o = torch.baddbmm(x.add_(offset), h, across).chunk(4, dim=2)
        c = torch.addcmul(f.sigmoid() * c, i.sigmoid(), g.tanh())
        return o.sigmoid() * c.tanh(), c

    return step, 2


def run(
    cell: tuple[Step, int],
    hidden: int,
    table: Tensor,
    rows: Tensor,
    places: Tensor,
    sizes: list[int],
) -> Tensor:
    """The states of every step in both directions.

    Args:
        cell: a step and the parts of its memory.
        hidden: numbers in a state of one direction.
        table: (2, distinct, gates) projected inputs of both directions.
        rows: (2, steps) the row of the table at each step, packed: all first steps,
            then all second steps, longest sequence first.
        places: (2, steps) the row of the result at which each step's state belongs.
        sizes: sequences still running at each time.

    Returns:
        (steps, 2 × hidden) states, the forward beside the backward.
    """
    step, parts = cell
    states = table.new_empty(rows.shape[1], 2 * hidden)
    memory = tuple(table.new_zeros(2, sizes[0], hidden) for _ in range(parts))
    start = 0
    for size in sizes:
        now = slice(start, start + size)
        x = torch.stack(
            (table[0].index_select(0, rows[0, now]), table[1].index_select(0, rows[1, now]))
        )
        memory = step(x, tuple(part[:, :size] for part in memory))
        states[places[0, now], :hidden] = memory[0][0]
        states[places[1, now], hidden:] = memory[0][1]
        start += size
    return states
