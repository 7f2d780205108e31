"""Self-attention of the library transformers with its weights returned, replaced or pruned.

The library calls the function that is registered under ``NAME`` in every layer and hands on what a
pass was given, so that nothing is stored on a module and several threads can use one model.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

from han_core.models.self_attention import MapRequest, Replacement

NAME = "hanscope"


@dataclass
class RecordedPass:
    """What one pass does with self-attention, and the weights that it used.

    Attributes:
        request: what is recorded or changed.
        lengths: positions of each window.
        windows: which windows of the document the pass holds.
        weights: of each layer, as the layers come, and in it of each window (heads, positions,
            positions); the very tensors that the pass uses.
        layer: how many layers have come.
    """

    request: MapRequest
    lengths: list[int]
    windows: list[int]
    weights: list[tuple[Tensor, ...]] = field(default_factory=list)
    layer: int = 0

    def weigh(self, weights: Tensor) -> Tensor:
        """Return the weights to use in the next layer, and record them if that is asked for."""
        replacement = self.request.replaced.get(self.layer)
        if replacement is not None:
            weights = self._replaced(weights, replacement)
        if not self.request.record:
            return weights
        parts = [weights[row, :, :n, :n] for row, n in enumerate(self.lengths)]
        self.weights.append(tuple(parts))
        if not torch.is_grad_enabled():
            return weights
        # Put together again, so that the answer can be differentiated by each window's weights.
        most = weights.shape[-1]
        return torch.stack([pad(part, (0, most - part.shape[-1]) * 2) for part in parts])

    def prune(self, heads: Tensor) -> Tensor:
        """Multiply the outputs (windows, heads, positions, size) of the layer by its factors."""
        factors = self.request.head_factors
        self.layer += 1
        if factors is None:
            return heads
        return heads * factors[self.layer - 1].to(heads)[:, None, None]

    def _replaced(self, weights: Tensor, replacement: Replacement) -> Tensor:
        result = weights.new_zeros(weights.shape)
        for row, (length, window) in enumerate(zip(self.lengths, self.windows, strict=True)):
            if isinstance(replacement, tuple):
                other = replacement[window].to(weights)
            else:
                other = weights.new_full((length, length), 1 / length)
            result[row, :, :length, :length] = other
            result[row, :, length:, 0] = 1  # rows of padding, which nobody reads
        return result


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    recorded: RecordedPass | None = None,
    **ignored: object,
) -> tuple[Tensor, None]:
    """Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1), as the library calls it.

    Args:
        query, key, value: (windows, heads, positions, size).
        attention_mask: bool, broadcast to (windows, heads, positions, positions), true for what
            is seen; None where all is.
        recorded: of this pass; None for the fast way that has no weights.

    Returns:
        the outputs (windows, positions, heads, size).
    """
    if recorded is None:
        output = scaled_dot_product_attention(
            query, key, value, attention_mask, dropout, scale=scaling
        )
        return output.transpose(1, 2).contiguous(), None
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = query @ key.transpose(2, 3) * scale
    if attention_mask is not None:
        scores = scores.masked_fill(~attention_mask, -torch.inf)
    output = recorded.prune(recorded.weigh(scores.softmax(-1)) @ value)
    return output.transpose(1, 2).contiguous(), None
