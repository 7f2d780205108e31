"""Pruning of heads: what a model with self-attention answers without some of them.

A pruned head gives nothing to the states, as if its values were 0 (Michel, Levy and Neubig
2019, section 2.3). All others stay as they are, so what follows is about this trained model,
not about one trained with fewer heads.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from han_core.explanation.explain import explain_changed
from han_core.explanation.explain_maps import record_windows
from han_core.explanation.explanation import Explanation
from han_core.explanation.model_probe import ModelProbe, Progress
from han_core.models.self_attention import MapRequest
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

Head = tuple[int, int]
"""A layer and a head in it, both counted from 0."""


@dataclass(frozen=True)
class Pruning:
    """A document before and after heads were pruned."""

    heads: frozenset[Head]
    before: Explanation
    now: Explanation


def prune_heads(probe: ModelProbe, heads: Iterable[Head]) -> Pruning:
    """Return what the model answers without ``heads``.

    Raises:
        UserError: if the model has no such head, or no self-attention.
    """
    pruned = frozenset(heads)
    if not pruned:
        return Pruning(pruned, probe.explanation, probe.explanation)
    return Pruning(pruned, probe.explanation, _without(probe, pruned, *head_counts(probe)))


def head_importance(probe: ModelProbe, progress: Progress | None = None) -> np.ndarray:
    """Return (layers, heads) p(x) − p(x without the head) of the predicted class.

    Michel, Levy and Neubig 2019, section 3.2, for one document. Heads may stand in for each
    other: two that matter together can both be 0.

    Raises:
        UserError: if the model has no self-attention.
    """
    layers, heads = head_counts(probe)
    falls = np.empty((layers, heads))
    for number, (layer, head) in enumerate(np.ndindex(layers, heads), start=1):
        without = _without(probe, frozenset({(layer, head)}), layers, heads)
        falls[layer, head] = probe.explanation.probability - without.probabilities[probe.target]
        if progress is not None:
            progress(number, layers * heads)
    return falls


def head_counts(probe: ModelProbe) -> tuple[int, int]:
    """Return the layers and the heads in each.

    Raises:
        UserError: if the model has no self-attention.
    """
    windows = record_windows(probe.checkpoint, probe.document) if probe.checkpoint.kind.maps else ()
    if not windows:
        raise UserError(
            tr(
                "{name} has no self-attention: there is no head to prune.",
                name=probe.checkpoint.name,
            )
        )
    return len(windows[0].layers), len(windows[0].layers[0])


def _without(probe: ModelProbe, pruned: frozenset[Head], layers: int, heads: int) -> Explanation:
    factors = torch.ones(layers, heads, device=probe.checkpoint.device)
    for layer, head in pruned:
        if not (0 <= layer < layers and 0 <= head < heads):
            raise UserError(
                tr(
                    "A head is from 1 to {heads} in a layer from 1 to {layers}; head {head} of "
                    "layer {layer} came.",
                    heads=heads,
                    layers=layers,
                    head=head + 1,
                    layer=layer + 1,
                )
            )
        factors[layer, head] = 0
    return explain_changed(
        probe.checkpoint, probe.document, MapRequest(record=False, head_factors=factors)
    )
