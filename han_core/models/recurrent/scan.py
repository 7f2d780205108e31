"""Fast sums of recurrent layers on a CPU: products, a GRU with its own back-propagation.

``GRUScan`` advances both directions of a GRU in lockstep over ragged sequences, one matrix
product a time step over the sequences that are still running, and takes all weight gradients
from one product at the end. ``nn.GRU`` over a packed sequence gives the same numbers; its
backward pass is what makes it slow on a CPU. Below stands where steps of a flat tensor are in a
packed sequence, and in padded groups. The cell (Cho et al. 2014, as in ``nn.GRU``):

    r = σ(xr + Wr h + br)   z = σ(xz + Wz h + bz)
    n = tanh(xn + r · (Wn h + bn))   h' = (1 − z) · n + z · h
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear
from torch.nn.utils.rnn import PackedSequence

FEWEST = 8_192
"""Rows from which oneDNN is quicker than what ``torch.matmul`` goes by.

It makes a program for every number of rows that it has not met lately, which takes longer
than a small product does, and keeps a thousand of them: 200 MB in a class.
"""

WASTE = 1.15  # a group may hold this many times its real steps once it is padded

# What torch's own compiler uses for linear layers; missing where torch comes without oneDNN.
_ONEDNN = (
    getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    if torch.backends.mkldnn.is_available()
    else None
)


def tanh_(x: Tensor) -> Tensor:
    """tanh(x) = 2 σ(2x) − 1 in place of ``x``; in float32 within 3e-7.

    torch's own ``tanh`` takes about ten times as long as its ``sigmoid`` on a CPU, and in a
    recurrent layer that is half as long as the matrix products.
    """
    return x.mul_(2).sigmoid_().mul_(2).sub_(1)


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x Wᵀ + b, as ``torch.nn.functional.linear``; (rows, in), (out, in), (out,) → (rows, out).

    Without a gradient by oneDNN, which multiplies twice as fast on processors that torch's
    usual library does not favour, and as fast on others.
    """
    usual = torch.is_grad_enabled() or x.device.type != "cpu" or x.dtype != torch.float32
    if _ONEDNN is None or usual or len(x) < FEWEST:
        return linear(x, weight, bias)
    return _ONEDNN(x, weight, bias, "none", [], "")


def dropout(x: Tensor, share: float, training: bool = True) -> Tensor:
    """``torch.nn.functional.dropout``; on a CPU seven times as fast: four draws are one number.

    ``share`` is kept to within 1/65,536 there.
    """
    if not training or not 0 < share < 1 or x.device.type != "cpu":
        return nn.functional.dropout(x, share, training)
    draws = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    drawn = draws.view(torch.int16)[: x.numel()].view(x.shape)
    kept = torch.ge(drawn, round(share * 2**16) - 2**15, out=torch.empty_like(x))
    return x * kept.mul_(1 / (1 - share))


class GRUScan(torch.autograd.Function):
    """``GRUScan.apply(inputs, weight, bias, sizes)`` → states (2, steps, hidden).

    Args:
        inputs: (2, steps, 3 × hidden) projected inputs of both directions (r, z, n), packed:
            all first steps, then all second steps, longest sequence first.
        weight: (2, 3 × hidden, hidden) recurrent weights of both directions.
        bias: (2, 3 × hidden) their biases.
        sizes: sequences still running at each time.
    """

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx, inputs: Tensor, weight: Tensor, bias: Tensor, sizes: list[int]) -> Tensor:
        _, steps, triple = inputs.shape
        hidden = triple // 3
        states, before, new = inputs.new_empty(3, 2, steps, hidden).unbind()
        products = inputs.new_empty(2, steps, triple)  # r and z, and the recurrent part of n
        across, offset = weight.transpose(1, 2), bias.unsqueeze(1)
        h = inputs.new_zeros(2, sizes[0], hidden)
        parts = (part.split(sizes, dim=1) for part in (inputs, products, before, new, states))
        for x, gates, earlier, n, state in zip(*parts, strict=True):
            h = earlier.copy_(h[:, : x.shape[1]])
            product = torch.baddbmm(offset, h, across)
            rz = product[..., : 2 * hidden].add_(x[..., : 2 * hidden]).sigmoid_()
            r, z = rz.chunk(2, dim=2)
            tanh_(torch.addcmul(x[..., 2 * hidden :], r, product[..., 2 * hidden :], out=n))
            h = torch.lerp(n, h, z, out=state)
            gates.copy_(product)
        gates, recurrent = products.split((2 * hidden, hidden), dim=2)
        ctx.save_for_backward(weight, before, gates, new, recurrent)
        ctx.sizes = sizes
        return states

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        weight, before, gates, new, recurrent = ctx.saved_tensors
        hidden = new.shape[2]
        # What does not depend on the gradient that comes back through time:
        r, z = gates.chunk(2, dim=2)
        to_n = (1 - z) * (1 - new * new)
        to_z = (before - new) * z * (1 - z)
        to_r = to_n * recurrent * r * (1 - r)
        to_product = torch.cat((to_r, to_z, to_n * r), dim=2)
        products = torch.empty_like(to_product)
        flowing = torch.empty_like(new)  # what reaches each state, from above and from later
        later = new.new_zeros(2, 0, hidden)
        by_gate = (2, -1, 3, hidden)
        wholes = (gradient, flowing, to_product.view(by_gate), products.view(by_gate), products, z)
        parts = (whole.split(ctx.sizes, dim=1) for whole in wholes)
        for above, dh, to_gates, gates_now, now, carry in reversed([*zip(*parts, strict=True)]):
            dh.copy_(above)[:, : later.shape[1]] += later
            torch.mul(to_gates, dh.unsqueeze(2), out=gates_now)
            later = torch.baddbmm(dh * carry, now, weight)
        d_weight = torch.bmm(products.transpose(1, 2), before)
        d_bias = products.sum(1)
        products[..., 2 * hidden :] = flowing * to_n  # now the gradient of the inputs
        return products, d_weight, d_bias, None


@dataclass(frozen=True)
class SharedStates:
    """States (steps, 2 × hidden) of which steps share rows, so that none is computed twice.

    Attributes:
        tables: (2, rows, hidden) forward and backward states.
        forward: (steps,) the row of each step's forward state.
        backward: (steps,) the row of its backward state.
    """

    tables: Tensor
    forward: Tensor
    backward: Tensor

    def __len__(self) -> int:
        return len(self.forward)

    @classmethod
    def repeated(cls, states: Tensor, copies: int) -> "SharedStates":
        """Return states (steps, 2 × hidden) ``copies`` times, one after another."""
        rows = torch.arange(len(states), device=states.device).repeat(copies)
        return cls(torch.stack(states.chunk(2, dim=1)), rows, rows)

    def dense(self, steps: Tensor | None = None) -> Tensor:
        """Return (steps, 2 × hidden), of all steps or of these."""
        rows = (self.forward, self.backward)
        if steps is not None:
            rows = (self.forward[steps], self.backward[steps])
        pairs = zip(self.tables, rows, strict=True)
        return torch.cat([table.index_select(0, row) for table, row in pairs], dim=1)

    def final(self, lengths: Tensor) -> Tensor:
        """Return (sequences, 2 × hidden), the last forward beside the last backward state.

        Args:
            lengths: (sequences,) steps in each, one sequence after another.
        """
        ends = lengths.cumsum(0)
        first, last = self.backward[ends - lengths], self.forward[ends - 1]
        return torch.cat((self.tables[0][last], self.tables[1][first]), dim=1)

    def through(self, layer: nn.Linear) -> Tensor:
        """Return (steps, features), the states through a linear layer."""
        forward, backward = layer.weight.chunk(2, dim=1)
        first = product(self.tables[0], forward.contiguous(), layer.bias)
        second = product(self.tables[1], backward.contiguous())
        return first.index_select(0, self.forward).add_(second.index_select(0, self.backward))

    def pooled(self, weights: Tensor, starts: Tensor) -> Tensor:
        """Return (segments, 2 × hidden) weighted sums; segments begin at ``starts``."""
        return torch.cat(
            [
                nn.functional.embedding_bag(
                    rows, table, starts, mode="sum", per_sample_weights=weights
                )
                for rows, table in zip((self.forward, self.backward), self.tables, strict=True)
            ],
            dim=1,
        )


States = Tensor | SharedStates
"""States (steps, 2 × hidden), dense or shared."""


def dense_states(states: States) -> Tensor:
    return states.dense() if isinstance(states, SharedStates) else states


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


def final_states(states: States, lengths: Tensor) -> Tensor:
    if isinstance(states, SharedStates):
        return states.final(lengths)
    ends = lengths.cumsum(0)
    forward, backward = states.chunk(2, dim=1)
    return torch.cat((forward[ends - 1], backward[ends - lengths]), dim=1)
