"""A bidirectional GRU over ragged sequences on a CPU, with its own back-propagation.

Both directions advance in lockstep, one matrix product a time step over the
sequences that are still running, and all weight gradients come from one product
at the end. ``nn.GRU`` over a packed sequence gives the same numbers; its
backward pass is what makes it slow on a CPU.

The cell (Cho et al. 2014, in the form of PyTorch's ``nn.GRU``):

    r = σ(xr + Wr h + br)   z = σ(xz + Wz h + bz)
    n = tanh(xn + r · (Wn h + bn))   h' = (1 − z) · n + z · h
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from han_core.models.gates import tanh_


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
        for x, kept, earlier, n, state in zip(*parts, strict=True):
            h = earlier.copy_(h[:, : x.shape[1]])
            product = torch.baddbmm(offset, h, across)
            rz = product[..., : 2 * hidden].add_(x[..., : 2 * hidden]).sigmoid_()
            r, z = rz.chunk(2, dim=2)
            tanh_(torch.addcmul(x[..., 2 * hidden :], r, product[..., 2 * hidden :], out=n))
            h = torch.lerp(n, h, z, out=state)
            kept.copy_(product)
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
        for above, dh, to_gates, gates_now, now, keep in reversed([*zip(*parts, strict=True)]):
            dh.copy_(above)[:, : later.shape[1]] += later
            torch.mul(to_gates, dh.unsqueeze(2), out=gates_now)
            later = torch.baddbmm(dh * keep, now, weight)
        d_weight = torch.bmm(products.transpose(1, 2), before)
        d_bias = products.sum(1)
        products[..., 2 * hidden :] = flowing * to_n  # now the gradient of the inputs
        return products, d_weight, d_bias, None
