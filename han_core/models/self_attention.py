"""Self-attention of a pass: what it gives back, and what a caller may change in it.

Models whose words attend to each other (``ModelKind.maps``) take a ``MapRequest`` and return an
``AttentionWindow`` for each stretch of a document that is read together. Nothing is stored on a
module, and a window's weights are the very tensors that the pass used: they can be
differentiated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

Replacement = Literal["uniform"] | tuple[Tensor, ...]
"""Other weights of a layer: even over what each position may see, or for each window
(heads, positions, positions), whose rows sum to 1."""


@dataclass(frozen=True)
class MapRequest:
    """What a pass over one document does with self-attention besides reading.

    Attributes:
        record: return the windows; their weights cost positions² numbers a head.
        head_factors: (layers, heads) that multiply each head's output, 0 to prune it (Michel,
            Levy and Neubig 2019, section 2.3); None where all are 1.
        replaced: layer → its other weights (as Jain and Wallace 2019 do with one layer).
    """

    record: bool = True
    head_factors: Tensor | None = None
    replaced: Mapping[int, Replacement] = field(default_factory=dict)

    def of_layer(self, layer: int) -> "LayerRequest":
        """Return what is asked of one layer."""
        factors = None if self.head_factors is None else self.head_factors[layer]
        return LayerRequest(self.record, factors, self.replaced.get(layer))


@dataclass(frozen=True)
class LayerRequest:
    """As ``MapRequest`` for one layer, with the factors (heads,) of its heads."""

    record: bool = False
    factors: Tensor | None = None
    replaced: Replacement | None = None

    @property
    def given(self) -> tuple[Tensor, ...] | None:
        """The weights of each window that are used instead; None without."""
        return self.replaced if isinstance(self.replaced, tuple) else None


@dataclass(frozen=True)
class AttentionWindow:
    """Self-attention over a stretch of a document that is read together.

    Attributes:
        start, end: the document's tokens that it reads, from ``start`` to before ``end``.
        before, after: special positions, such as BERT's [CLS] and [SEP], on either side.
        layers: for each layer the weights (heads, positions, positions), where positions are
            ``before``, the tokens and ``after``; each row sums to 1.

    Raises:
        ValueError: if a layer has other positions.
    """

    start: int
    end: int
    layers: tuple[Tensor, ...]
    before: int = 0
    after: int = 0

    def __post_init__(self) -> None:
        positions = self.before + self.end - self.start + self.after
        for weights in self.layers:
            if tuple(weights.shape[1:]) != (positions, positions):
                raise ValueError(f"{positions} positions expected, {tuple(weights.shape)} came")
