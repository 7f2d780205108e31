"""Layers of a Transformer encoder, over documents that stand in one flat tensor.

Multi-head self-attention (Vaswani et al. 2017, section 3.2), a position-wise feed-forward
network (section 3.3), residual connections with layer normalisation before each part (Xiong et
al. 2020, figure 1b), and positions (section 3.5).
"""

import math

import torch
from torch import Tensor, nn

from han_core.models.architecture import Architecture
from han_core.models.attention_patterns import (
    Pattern,
    attention_pattern,
    check_memory,
    dense_weights,
)
from han_core.models.self_attention import AttentionWindow, LayerRequest, MapRequest
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.batch import Batch


class MultiHeadSelfAttention(nn.Module):
    """Scaled dot-product attention in several heads.

    Parameters are laid out as those of ``torch.nn.MultiheadAttention``. What the heads bring
    together is projected without a bias, so that a head without weights adds nothing.

    Args:
        size: of a state; ``heads`` divide it.
        heads: each has its own size / heads numbers.
        drop: share of the weights left out in training.
    """

    def __init__(self, size: int, heads: int, drop: float = 0.0):
        super().__init__()
        self.heads, self.drop = heads, drop
        self.project = nn.Linear(size, 3 * size)  # queries, keys and values
        self.output = nn.Linear(size, size, bias=False)

    def forward(
        self, states: Tensor, pattern: Pattern, request: LayerRequest | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return what each word takes in (tokens, size), and the weights if they are written out.

        Args:
            states: (tokens, size).
            request: for a batch of one document, what is recorded or changed.
        """
        request = request or LayerRequest()
        # (tokens, heads, size / heads) each
        query, key, value = self.project(states).unflatten(1, (3, self.heads, -1)).unbind(1)
        if request.replaced == "uniform":  # equal scores of all that may be seen
            query = torch.zeros_like(query)
        weights = self._weights(query, key, pattern, request)
        if weights is None:
            mixed = pattern.attend(query, key, value, self.drop if self.training else 0.0)
        else:
            mixed = torch.einsum("hij,jhs->ihs", weights, value)
        if request.factors is not None:
            mixed = mixed * request.factors[:, None]
        return self.output(mixed.flatten(1)), weights

    def _weights(
        self, query: Tensor, key: Tensor, pattern: Pattern, request: LayerRequest
    ) -> Tensor | None:
        """(heads, tokens, tokens); None where nobody asks for them."""
        if request.given is not None:
            return request.given[0]
        if not request.record:
            return None
        return dense_weights(query, key, pattern.visible(len(query), query.device))


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward network, each added to what came in."""

    def __init__(self, architecture: Architecture):
        super().__init__()
        a, size = architecture, architecture.hidden
        self.attention_norm = nn.LayerNorm(size)
        self.attention = MultiHeadSelfAttention(size, a.heads, a.dropout_attention)
        self.feedforward_norm = nn.LayerNorm(size)
        self.expand = nn.Linear(size, a.feedforward * size)
        self.contract = nn.Linear(a.feedforward * size, size)
        self.dropout = nn.Dropout(a.dropout_layers)

    def forward(
        self, states: Tensor, pattern: Pattern, request: LayerRequest | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """As ``MultiHeadSelfAttention``, with what came in (tokens, size) added."""
        mixed, weights = self.attention(self.attention_norm(states), pattern, request)
        states = states + self.dropout(mixed)
        inner = self.expand(self.feedforward_norm(states)).relu()
        return states + self.dropout(self.contract(inner)), weights


class SinusoidalPositions(nn.Module):
    """Sines and cosines of the place, of wavelengths from 2π to 20,000π; of any length."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def forward(self, places: Tensor, dtype: torch.dtype) -> Tensor:
        """(tokens,) from 0 → (tokens, size)"""
        table = sinusoids(int(places.max()) + 1, self.size, places.device)
        return table.to(dtype)[places]


def sinusoids(places: int, size: int, device: torch.device | str = "cpu") -> Tensor:
    """Return (places, size): sin(p / 10000^(2i/size)) at 2i and its cosine at 2i + 1."""
    even = torch.arange(0, size, 2, device=device, dtype=torch.float64)
    angles = torch.arange(places, device=device)[:, None] * 10_000.0 ** (-even / size)
    return torch.stack([angles.sin(), angles.cos()], 2).flatten(1)[:, :size].float()


class LearntPositions(nn.Module):
    """A learnt vector for each of the first ``places``."""

    def __init__(self, places: int, size: int):
        super().__init__()
        self.table = nn.Parameter(0.02 * torch.randn(places, size))

    def forward(self, places: Tensor, dtype: torch.dtype) -> Tensor:
        """As ``SinusoidalPositions``.

        Raises:
            UserError: if a document is longer than the table.
        """
        if (longest := int(places.max()) + 1) > len(self.table):
            raise UserError(
                tr(
                    "The model has learnt {count:,} positions; a document of "
                    "{longest:,} words came. "
                    "Shorten it, or choose a model with sinusoidal positions.",
                    count=len(self.table),
                    longest=longest,
                )
            )
        return self.table[places]


class TransformerEncoder(nn.Module):
    """States of words that have seen each other.

    Args:
        architecture: all sizes.

    Raises:
        UserError: if ``heads`` do not divide ``hidden``.
    """

    def __init__(self, architecture: Architecture):
        super().__init__()
        a = architecture
        if a.hidden % a.heads:
            raise UserError(
                tr(
                    "heads share the numbers of a state evenly: hidden={hidden} is "
                    "not a multiple of "
                    "heads={heads}.",
                    hidden=a.hidden,
                    heads=a.heads,
                )
            )
        self.architecture = a
        self.enter = nn.Linear(a.embedding, a.hidden) if a.embedding != a.hidden else nn.Identity()
        self.enter_norm = nn.LayerNorm(a.hidden)
        learnt = a.positions == "learnt"
        self.positions = (
            LearntPositions(a.maximum_positions, a.hidden)
            if learnt
            else SinusoidalPositions(a.hidden)
        )
        self.dropout = nn.Dropout(a.dropout_layers)
        self.layers = nn.ModuleList(EncoderLayer(a) for _ in range(a.layers))
        self.norm = nn.LayerNorm(a.hidden)
        self._draw()

    def _draw(self) -> None:
        """Draw weights as Glorot and Bengio 2010; what is added to a state begins small."""
        if self.norm.weight.is_meta:  # nothing to draw, and torch imports sympy to divide it
            return
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        with torch.no_grad():
            for layer in self.layers:
                assert isinstance(layer, EncoderLayer)
                for last in (layer.attention.output, layer.contract):
                    last.weight /= math.sqrt(2 * len(self.layers))

    def forward(
        self, vectors: Tensor, batch: Batch, maps: MapRequest | None = None
    ) -> tuple[Tensor, tuple[AttentionWindow, ...]]:
        """Return the states (tokens, hidden), and the window of the only document if asked for.

        Args:
            vectors: (tokens, embedding).
            maps: what is recorded or changed, of a batch of one document.

        Raises:
            UserError: if weights cannot be written out, as ``Pattern.visible`` and
                ``check_memory`` say.
        """
        a, tokens = self.architecture, len(batch.words)
        if maps is not None and maps.record:
            # Rollout, gradients and shuffled rows take as much as two layers more.
            check_memory((a.layers + 2) * a.heads * tokens**2, vectors.device)
        starts = batch.tokens_per_document.cumsum(0) - batch.tokens_per_document
        places = torch.arange(tokens, device=vectors.device) - starts[batch.document_of_token]
        entered = self.enter_norm(self.enter(vectors))
        states = self.dropout(entered + self.positions(places, entered.dtype))
        pattern, written = attention_pattern(a, batch), []
        for number, layer in enumerate(self.layers):
            request = None if maps is None else maps.of_layer(number)
            states, weights = layer(states, pattern, request)
            written.append(weights)
        states = self.norm(states)
        if maps is None or not maps.record:
            return states, ()
        return states, (AttentionWindow(0, tokens, tuple(written)),)
