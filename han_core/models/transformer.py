"""A Transformer encoder with one attention over all words of a document.

The encoder of Vaswani et al. 2017 without pretraining. Additive attention over its states makes
the document's vector, so that each word has a weight; the states have seen the other words.
"""

import torch
from torch import Tensor

from han_core.models.architecture import (
    PRETRAINED_SIZES,
    Architecture,
    EvidenceWords,
    ModelKind,
    Operations,
    StepCost,
)
from han_core.models.attention import AttentionPooling, attention_pooling, segment_sum
from han_core.models.classifier import (
    Attention,
    AttentionClassifier,
    Encoded,
    Output,
    decide_flat,
)
from han_core.models.recurrent.scan import States
from han_core.models.self_attention import MapRequest
from han_core.models.transformer_layers import TransformerEncoder
from han_core.text.batch import Batch


class MeanPooling(AttentionPooling):
    """Even weights."""

    def plain_scores(self, states: States, owner: Tensor, query: Tensor) -> Tensor:
        return query.new_zeros(len(owner))


class FirstPooling(AttentionPooling):
    """All weight on the first word of each document."""

    def plain_scores(self, states: States, owner: Tensor, query: Tensor) -> Tensor:
        first = owner != torch.cat([owner[:1] - 1, owner[:-1]])
        # Finite, so that a sentence without the first word still has weights: even ones.
        return query.new_zeros(len(owner)).masked_fill(~first, -1e4)


def pooling_of(architecture: Architecture) -> AttentionPooling:
    """Return the layer that makes the document's vector of the states."""
    a = architecture
    if a.pooling == "attention":
        return attention_pooling(a.attention, a.hidden, a.attention_size, a.attention_noise)
    return MeanPooling() if a.pooling == "mean" else FirstPooling()


class Transformer(AttentionClassifier):
    def __init__(self, architecture: Architecture):
        super().__init__(architecture, architecture.hidden)
        self.encoder = TransformerEncoder(architecture)
        self.attention = pooling_of(architecture)

    def encode(
        self,
        vectors: Tensor,
        batch: Batch,
        index: Tensor | None = None,
        maps: MapRequest | None = None,
    ) -> Encoded:
        """As the base class; the query of dot-product attention is the mean of the states."""
        vectors = vectors if index is None else vectors[index]
        states, windows = self.encoder(self.dropout_words(vectors), batch, maps)
        owner, lengths = batch.document_of_token, batch.tokens_per_document
        return Encoded(states, segment_sum(states, owner, len(batch)) / lengths[:, None], windows)

    def decide(
        self,
        encoded: Encoded,
        batch: Batch,
        attention: Attention | None = None,
        hold: Tensor | None = None,
    ) -> Output:
        return decide_flat(self, self.attention, encoded, batch, attention, hold)


def _operations(architecture: Architecture, length: float) -> Operations:
    """Projections, what is seen, the feed-forward network, and pooling."""
    a, size = architecture, architecture.hidden
    seen = length
    if a.attention_pattern != "full":
        seen = min(length, 3 * a.window + a.global_tokens)  # blocks as wide as the window
    layer = 2 * size**2 * (4 + 2 * a.feedforward) + 4 * size * seen
    enter = 2 * a.embedding * size if a.embedding != size else 0
    units = a.attention_size if a.attention == "additive" else 1
    return Operations(enter + a.layers * layer + 2 * size * units)


def _activations(architecture: Architecture, length: float) -> float:
    """Numbers of a word: those of each layer, and the weights where they are written out."""
    a = architecture
    seen = 0.0
    if a.attention_pattern != "full":
        seen = 6 * a.heads * min(length, 3 * a.window + a.global_tokens)
    elif a.dropout_attention:
        seen = 3 * a.heads * length
    return 4 * a.embedding + a.hidden * (8 + a.layers * (14 + 3 * a.feedforward)) + a.layers * seen


def _longest(architecture: Architecture) -> int | None:
    return architecture.maximum_positions if architecture.positions == "learnt" else None


TRANSFORMER = ModelKind(
    name="transformer",
    title="Transformer",
    build=Transformer,
    levels={
        "embedding": "words",
        "encoder": "words",
        "attention": "classifier",
        "classifier": "classifier",
    },
    operations=_operations,
    activations=_activations,
    defaults={"embedding": 128, "hidden": 128, "layers": 2, "feedforward": 2},
    presets={
        "quick look": {"embedding": 64, "hidden": 64, "layers": 1},
        "thorough": {"hidden": 200, "layers": 4, "learning_rate": 5e-4, "dropout_layers": 0.2},
    },
    unused_settings=PRETRAINED_SIZES | {"dropout_sentences", "layer_norm", "rate_sentences"},
    refused_settings=frozenset({"pretrain"}),
    longest=_longest,
    step_cost=StepCost(operation=1.0, number=5_000, parameter=40, step=5e8),
    evidence_words=EvidenceWords(quick=500, thorough=250, shared=200, layers=2),
    maps=True,
)
