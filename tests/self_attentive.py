"""A classifier with two layers of two heads, as short as it can be, for tests of maps."""

from itertools import product

import numpy as np
import torch
from torch import nn

from han_core.explanation.explain_maps import record_windows
from han_core.explanation.map_attribution import map_gradients
from han_core.explanation.model_probe import ModelProbe
from han_core.models.architecture import (
    Architecture,
    EvidenceWords,
    ModelKind,
    Operations,
    StepCost,
)
from han_core.models.attention import AdditiveAttention
from han_core.models.checkpoint import Checkpoint, Config
from han_core.models.classifier import AttentionClassifier, Encoded, decide_flat
from han_core.models.registry import MODELS, build_model
from han_core.models.self_attention import AttentionWindow, MapRequest
from han_core.text.vocabulary import RESERVED, Vocabulary

LAYERS, HEADS, SIZE = 2, 2, 6


class SelfAttentive(AttentionClassifier):
    def __init__(self, architecture: Architecture):
        super().__init__(architecture, SIZE)
        # (layers, queries keys and values, SIZE, SIZE)
        self.projections = nn.Parameter(torch.randn(LAYERS, 3, SIZE, SIZE))
        self.attention = AdditiveAttention(SIZE, architecture.attention_size)

    def encode(self, vectors, batch, index=None, maps=None):
        vectors = vectors if index is None else vectors[index]
        read = [
            self._read(part, maps) for part in vectors.split(batch.tokens_per_document.tolist())
        ]
        states = torch.cat([states for states, _ in read])
        window = AttentionWindow(0, len(states), tuple(read[0][1])) if len(read) == 1 else None
        recorded = (window,) if window and maps and maps.record else ()
        return Encoded(states, torch.stack([states[-1] for states, _ in read]), recorded)

    def _read(self, states, maps):
        maps, windows = maps or MapRequest(), []
        for layer in range(LAYERS):
            queries, keys, values = (
                (states @ part).unflatten(1, (HEADS, -1)).transpose(0, 1)
                for part in self.projections[layer]
            )  # (heads, tokens, size of a head)
            weights = (queries @ keys.transpose(1, 2)).softmax(2)
            replaced = maps.replaced.get(layer)
            if replaced is not None:
                even = torch.full_like(weights, 1 / len(states))
                weights = even if isinstance(replaced, str) else replaced[0]
            windows.append(weights)
            mixed = weights @ values
            if maps.head_factors is not None:
                mixed = mixed * maps.head_factors[layer][:, None, None]
            states = states + mixed.transpose(0, 1).flatten(1)
        return states, windows

    def decide(self, encoded, batch, attention=None, hold=None):
        return decide_flat(self, self.attention, encoded, batch, attention, hold)


KIND = ModelKind(
    name="self-attentive",
    title="Self-attentive",
    build=SelfAttentive,
    levels={"embedding": "words", "projections": "words", "attention": "classifier",
            "classifier": "classifier"},
    operations=lambda architecture, length: Operations(length),
    activations=lambda architecture, length: length,
    step_cost=StepCost(1, 1, 1, 1),
    evidence_words=EvidenceWords(quick=2_000, thorough=1_000, shared=600),
    maps=True,
)  # fmt: skip


def self_attentive(monkeypatch, words) -> Checkpoint:
    """Return a random model, which is registered as long as ``monkeypatch`` lasts."""
    monkeypatch.setitem(MODELS, KIND.name, KIND)
    vocabulary = Vocabulary((*RESERVED, ".", *words))
    architecture = Architecture(
        model=KIND.name, vocabulary_size=len(vocabulary), classes=2, embedding=SIZE, hidden=4,
        attention_size=5, layers=LAYERS, heads=HEADS,
    )  # fmt: skip
    torch.manual_seed(3)
    model = build_model(architecture).eval()
    config = Config(architecture=architecture, labels=("negative", "positive"))
    return Checkpoint("made", config, vocabulary, model, {})


def rollout_by_paths(probe: ModelProbe) -> np.ndarray:
    """Return rollout as the sum over all paths from the pooling through both layers to a word."""
    (window,) = record_windows(probe.checkpoint, probe.document)
    n = probe.tokens
    lower, upper = (layer.double().mean(0).numpy() / 2 + np.eye(n) / 2 for layer in window.layers)
    found = np.zeros(n)
    for top, middle, word in product(range(n), repeat=3):
        weight = probe.explanation.document_weights[top]
        found[word] += weight * upper[top, middle] * lower[middle, word]
    return found


def gradient_weighted_by_loops(probe: ModelProbe, target: int) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient-weighted attention of words, and the relevance of states, head by head."""
    windows, (gradients,), pooling = map_gradients(probe, target)
    relevance = np.eye(probe.tokens)
    for layer, gradient in zip(windows[0].layers, gradients, strict=True):
        heads = [g.clip(0) * a for g, a in zip(gradient, layer.detach().numpy(), strict=True)]
        relevance = relevance + (heads[0] + heads[1]) / 2 @ relevance
    others = relevance - np.eye(probe.tokens)
    relevance = others / others.sum(1)[:, None] + np.eye(probe.tokens)
    found = pooling @ relevance
    return found / found.sum(), relevance
