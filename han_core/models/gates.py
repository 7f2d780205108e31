"""Two sums that take most of a model's time, as fast as a CPU does them.

Both give what torch's usual functions give, within rounding. They know nothing about
models.
"""

import torch
from torch import Tensor
from torch.nn.functional import linear

FEWEST = 8_192
"""Rows from which oneDNN is quicker than what ``torch.matmul`` goes by.

It makes a program for every number of rows that it has not met lately, which takes longer
than a small product does, and keeps a thousand of them: 200 MB in a class.
"""

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
