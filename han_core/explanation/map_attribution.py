"""Word weights from self-attention: rollout, and attention weighted by its gradients.

Both follow the weights from the pooled vector, which the class is read from, back through all
layers to the words. They are of one class of method with attention itself, and no more certain.
Comprehensiveness over fifteen IMDB reviews, of a two-layer Transformer: attention .41, rollout
.36, gradient-weighted .67, leave-one-out .67, random .03; of a BERT over twelve short texts:
rollout .10, gradient-weighted .40, leave-one-out .44, random .07.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from han_core.explanation.attention_map import AttentionMap, joined_pieces, window_maps
from han_core.explanation.explain import run_model, threads_for
from han_core.explanation.map_readings import (
    balanced_relevance,
    gradient_relevance,
    gradient_weighted,
    rollout_rows,
)
from han_core.explanation.model_probe import ModelProbe
from han_core.models.classifier import Attention
from han_core.models.self_attention import AttentionWindow, MapRequest
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.batch import collate


def rollout_weights(probe: ModelProbe) -> np.ndarray:
    """Return (tokens,) the rollout of each token in the pooled vector; sums to 1.

    The pooling's weights times ``rollout_rows``, without what special positions get.

    Raises:
        UserError: if the model has no self-attention.
    """
    check_maps(probe)
    output = run_model(probe.checkpoint, [probe.numbered], MapRequest())
    owner = collate([probe.numbered]).sentence_of_token
    pooling = (output.sentence_weights[owner] * output.word_weights).double().numpy()
    flows = [rollout_rows(stacked(window.layers)) for window in output.windows]
    return _normalised(pooled_flow(output.windows, flows, pooling), probe)


def gradient_weighted_weights(probe: ModelProbe, target: int) -> np.ndarray:
    """Return (tokens,) gradient-weighted attention of a class; sums to 1.

    The pooling is an attention that reads the states of others: (∇a ⊙ a)⁺ R for its weights
    a, with R of ``balanced_relevance`` (Chefer et al. 2021, equation 10). Weights that speak
    against the class count for nothing.

    Raises:
        UserError: if the model has no self-attention, or no weight speaks for the class.
    """
    windows, gradients, pooling = map_gradients(probe, target)
    flows = [
        balanced_relevance(gradient_relevance(stacked(window.layers), gradient))
        for window, gradient in zip(windows, gradients, strict=True)
    ]
    return _normalised(pooled_flow(windows, flows, pooling), probe)


def gradient_weighted_maps(probe: ModelProbe, target: int) -> tuple[AttentionMap, ...]:
    """Return ``gradient_weighted`` of each window, to be drawn like a head.

    Raises:
        UserError: if the model has no self-attention.
    """
    windows, gradients, _ = map_gradients(probe, target)
    # The gradients are at pieces: tokens are joined after weighing.
    owner = probe.numbered.owner
    tokens = probe.document.tokens
    read = tokens if owner is None else [tokens[at] for at in owner]
    weighted = map(
        gradient_weighted, window_maps(windows, read, probe.checkpoint.special), gradients
    )
    return tuple(weighted if owner is None else map(joined_pieces, weighted))


def pooled_flow(
    windows: Sequence[AttentionWindow], flows: Sequence[np.ndarray], pooling: np.ndarray
) -> np.ndarray:
    """Return (tokens,) what reaches the pooled vector from each token, by all windows.

    A token that several windows read has the mean of their states, so each passes on its part
    of what the token has in the pooling.

    Args:
        flows: for each window (positions, positions), a row for each state.
        pooling: (tokens,) how much the pooled vector takes from each token's state.
    """
    readers, values = np.zeros(len(pooling)), np.zeros(len(pooling))
    for window in windows:
        readers[window.start : window.end] += 1
    for window, flow in zip(windows, flows, strict=True):
        tokens = slice(window.start, window.end)
        inside = slice(window.before, window.before + window.end - window.start)
        values[tokens] += (pooling / readers)[tokens] @ flow[inside, inside]
    return values


Gradients = tuple[tuple[AttentionWindow, ...], list[np.ndarray], np.ndarray]


def map_gradients(probe: ModelProbe, target: int) -> Gradients:
    """Return self-attention, and the gradients of p(``target``) at its weights.

    Returns:
        The windows; for each (layers, heads, positions, positions) gradients, through the
        pooling as well; and for the pooling (tokens,) the positive part of weight × gradient.

    Raises:
        UserError: if the model has no self-attention.
    """
    check_maps(probe)
    model, batch = probe.checkpoint.model, collate([probe.numbered]).to(probe.checkpoint.device)
    with torch.enable_grad(), threads_for(probe.tokens):
        vectors = probe.vectors.clone().requires_grad_()
        encoded = model.encode(vectors, batch, maps=MapRequest())
        output = model.decide(encoded, batch)
        layers = [layer for window in encoded.windows for layer in window.layers]
        probability = output.logits.softmax(1)[0, target]
        found = torch.autograd.grad(probability, layers, retain_graph=True)
        own = Attention(output.sentence_weights.detach(), output.word_weights.detach())
        own.word_weights.requires_grad_()
        again = model.decide(encoded, batch, own).logits.softmax(1)[0, target]
        (by_word,) = torch.autograd.grad(again, own.word_weights)
    depth = len(encoded.windows[0].layers)
    gradients = [stacked(found[at : at + depth]) for at in range(0, len(found), depth)]
    return encoded.windows, gradients, _positive(own.word_weights * by_word)


def stacked(layers: Sequence[Tensor]) -> np.ndarray:
    """Return (layers, heads, positions, positions) of a window's layers."""
    return np.stack([layer.detach().float().cpu().numpy() for layer in layers])


def check_maps(probe: ModelProbe) -> None:
    """Raise a UserError where the model's words do not attend to each other."""
    if not probe.checkpoint.kind.maps:
        raise UserError(
            tr(
                "{name} has no self-attention, which this reads; choose a model that has layers "
                "and heads.",
                name=probe.checkpoint.name,
            )
        )


def _positive(values: Tensor) -> np.ndarray:
    return values.detach().double().clamp(min=0).cpu().numpy()


def _normalised(values: np.ndarray, probe: ModelProbe) -> np.ndarray:
    values = probe.numbered.token_sums(values)
    if not (total := values.sum()) > 0:
        raise UserError(
            tr("No attention weight speaks for this class here: choose another method.")
        )
    return values / total
