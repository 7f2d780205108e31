"""Other self-attention in one layer: does the prediction hang on where that layer attends?

Even and shuffled weights (Jain and Wallace 2019, section 4.2.1), one layer at a time. All
layers above it read what it then passes on, and the pooling weighs the new states. What a
position may not see stays unseen: a pattern such as a band keeps its shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from han_core.explanation.explain import explain_changed, run_model
from han_core.explanation.explain_maps import record_windows
from han_core.explanation.explanation import Explanation
from han_core.explanation.map_attribution import check_maps
from han_core.explanation.model_probe import ModelProbe, Progress
from han_core.models.self_attention import AttentionWindow, MapRequest, Replacement
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

DRAWS = 20
"""Shuffles of each layer."""


@dataclass(frozen=True)
class LayerReplacement:
    """One prediction with other self-attention in one layer.

    Attributes:
        layer: counted from 0.
        probability: of the predicted class, with the model's own attention.
        uniform: of the same class, with even weights in this layer.
        uniform_flips: whether another class is predicted then.
        shuffled: (draws,) of the same class, with each row's weights in random order.
        flips: the share of draws in which another class is predicted.

    Raises:
        ValueError: if there is no draw.
    """

    layer: int
    probability: float
    uniform: float
    uniform_flips: bool
    shuffled: np.ndarray
    flips: float

    def __post_init__(self) -> None:
        if not len(self.shuffled):
            raise ValueError("at least one draw is expected")

    @property
    def name(self) -> str:
        """Return "layer 2", as people count."""
        return tr("layer {layer}", layer=self.layer + 1)

    @property
    def shift(self) -> float:
        """The median change of the prediction under shuffling, without its sign."""
        return float(np.median(abs(self.shuffled - self.probability)))

    @property
    def largest(self) -> float:
        """The largest change of the prediction under shuffling, without its sign."""
        return float(abs(self.shuffled - self.probability).max())


def replace_layers(
    probe: ModelProbe, seed: int = 0, draws: int = DRAWS, progress: Progress | None = None
) -> tuple[LayerReplacement, ...]:
    """Replace the self-attention of each layer by itself.

    Raises:
        UserError: if the model has no self-attention, or the text is too long for its maps.
    """
    check_maps(probe)
    windows, rng = record_windows(probe.checkpoint, probe.document), np.random.default_rng(seed)
    found: list[LayerReplacement] = []
    for layer in range(len(windows[0].layers)):
        even = _answer(probe, layer, "uniform")
        shuffled = _shuffles(probe, layer, windows, draws, rng)
        found.append(
            LayerReplacement(
                layer,
                probe.explanation.probability,
                float(even[probe.target]),
                int(even.argmax()) != probe.target,
                shuffled[:, probe.target],
                float((shuffled.argmax(1) != probe.target).mean()),
            )
        )
        if progress is not None:
            progress(layer + 1, len(windows[0].layers))
    return tuple(found)


def change_layer(
    probe: ModelProbe,
    layer: int,
    kind: Literal["flatten", "shuffle", "sharpen"],
    temperature: float,
    rng: np.random.Generator,
) -> Explanation:
    """Return what the model answers, and how it pools, with other self-attention in a layer.

    Args:
        layer: counted from 0.
        kind: flatten: even over what each position may see; else as ``changed_rows``.

    Raises:
        UserError: as ``replace_layers``, and if there is no such layer.
    """
    _check_layer(probe, layer)
    weights: Replacement = "uniform"
    if kind != "flatten":
        windows = record_windows(probe.checkpoint, probe.document)
        own = [window.layers[layer] for window in windows]
        weights = changed_rows(own, kind, temperature, rng)
    request = MapRequest(record=False, replaced={layer: weights})
    return explain_changed(probe.checkpoint, probe.document, request)


def shuffle_layer(
    probe: ModelProbe, layer: int, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Return (draws, classes) probabilities with a layer's rows in random orders.

    Raises:
        UserError: as ``change_layer``.
    """
    _check_layer(probe, layer)
    windows = record_windows(probe.checkpoint, probe.document)
    return _shuffles(probe, layer, windows, draws, rng)


def _check_layer(probe: ModelProbe, layer: int) -> None:
    check_maps(probe)
    layers = probe.checkpoint.config.architecture.layers
    if not 0 <= layer < layers:
        raise UserError(
            tr(
                "A layer from 1 to {layers} is expected; {layer} came.",
                layers=layers,
                layer=layer + 1,
            )
        )


def changed_rows(
    windows: Sequence[Tensor],
    kind: Literal["shuffle", "sharpen"],
    temperature: float = 1.0,
    rng: np.random.Generator | None = None,
) -> tuple[Tensor, ...]:
    """Return a layer's weights changed row by row, for each window.

    Args:
        windows: for each (heads, positions, positions).
        kind: shuffle: each row in a random order of the positions that it gives weight to.
            sharpen: weights to the power of 1 / ``temperature``, made to sum to 1 again.
    """
    if kind == "sharpen":
        return tuple(_tempered(weights, temperature) for weights in windows)
    drawn = rng or np.random.default_rng()
    return tuple(_shuffled(weights, drawn) for weights in windows)


def _tempered(weights: Tensor, temperature: float) -> Tensor:
    # The largest weight of a row is taken as 1 first, so that no power is 0 throughout.
    powers = (weights / weights.amax(2, keepdim=True)) ** (1 / temperature)
    return powers / powers.sum(2, keepdim=True)


def _shuffled(weights: Tensor, rng: np.random.Generator) -> Tensor:
    hidden = weights == 0
    numbers = torch.from_numpy(rng.random(tuple(weights.shape), dtype=np.float32))
    # Both orders have the positions that are seen first: by chance, and from left to right.
    by_chance = numbers.to(weights.device).masked_fill(hidden, 2).argsort(2)
    in_order = hidden.byte().argsort(dim=2, stable=True)
    return torch.zeros_like(weights).scatter(2, in_order, weights.gather(2, by_chance))


def _shuffles(
    probe: ModelProbe,
    layer: int,
    windows: Sequence[AttentionWindow],
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """(draws, classes) with this layer's rows in random orders."""
    own = [window.layers[layer] for window in windows]
    return np.stack(
        [_answer(probe, layer, changed_rows(own, "shuffle", rng=rng)) for _ in range(draws)]
    )


def _answer(probe: ModelProbe, layer: int, weights: Replacement) -> np.ndarray:
    """(classes,) with other weights in a layer."""
    request = MapRequest(record=False, replaced={layer: weights})
    logits = run_model(probe.checkpoint, [probe.numbered], request).logits
    return logits[0].double().softmax(0).numpy()
