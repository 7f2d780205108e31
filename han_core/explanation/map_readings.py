"""Readings of attention maps: averages, rollout, gradient weighting, and figures of each head.

All of them are functions of an ``AttentionMap`` and give another one, which can be drawn and
written like a head, or numbers by layer and head. None of them says what the model decided by:
measured by deletion, rollout is hardly above random order (``explanation.attribution``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from han_core.explanation.attention_map import AttentionMap, Place, once_per_map

Over = Literal["heads", "layers", "both"]

ROLLOUT, GRADIENT_WEIGHTED = "rollout", "gradient-weighted attention"


def average(attention_map: AttentionMap, over: Over) -> AttentionMap:
    """Return the mean over heads, over layers, or over both; its rows still sum to 1."""
    axes = {"heads": (1,), "layers": (0,), "both": (0, 1)}[over]
    weights = attention_map.weights.mean(axes, dtype=float, keepdims=True)
    return replace(attention_map, weights=weights)


def rollout(attention_map: AttentionMap) -> AttentionMap:
    """Return ``rollout_rows`` as a map of one layer and head.

    Raises:
        ValueError: if queries are not the keys.
    """
    return _single(attention_map, ROLLOUT, rollout_rows(_square(attention_map)))


def rollout_rows(weights: np.ndarray) -> np.ndarray:
    """Return the product over layers of ½ mean-heads A + ½ I, rows made to sum to 1 each time.

    Abnar and Zuidema 2020, section 3: ½ I stands for the residual connection. A row says from
    which tokens the last state of a position came, had values only been averaged on the way.

    Args:
        weights: (layers, heads, positions, positions).
    """
    flow = np.eye(weights.shape[2])
    for layer in weights:
        step = layer.mean(0, dtype=float) / 2
        step[np.diag_indices_from(step)] += 0.5
        flow = step / step.sum(1, keepdims=True) @ flow
    return flow


def gradient_relevance(weights: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Return R (positions, positions) from R ← R + mean-heads((∇A ⊙ A)⁺) R, beginning with I.

    Chefer, Gur and Wolf 2021, equations 5 and 6, for self-attention alone.

    Args:
        weights: (layers, heads, positions, positions).
        gradients: of the probability of a class at each of them.

    Raises:
        ValueError: if gradients have another shape.
    """
    if gradients.shape != weights.shape:
        raise ValueError(f"{weights.shape} expected, {gradients.shape} came")
    relevance = np.eye(weights.shape[2])
    for layer, gradient in zip(weights, gradients, strict=True):
        step = np.maximum(gradient * layer.astype(float), 0).mean(0)
        relevance = relevance + step @ relevance
    return relevance


def balanced_relevance(relevance: np.ndarray) -> np.ndarray:
    """Return I + (R − I) with the rows of R − I made to sum to 1 (Chefer et al. 2021, eq. 8, 9).

    Gradients are far below 1, so that without this hardly more than I is left of R where
    another attention, such as a pooling, reads the states. A row of R − I that is 0 stays so.
    """
    identity = np.eye(len(relevance))
    mixed = relevance - identity
    sums = mixed.sum(1, keepdims=True)
    return identity + np.divide(mixed, sums, out=np.zeros_like(mixed), where=sums > 0)


def gradient_weighted(attention_map: AttentionMap, gradients: np.ndarray) -> AttentionMap:
    """Return ``balanced_relevance`` with every row made to sum to 1.

    Raises:
        ValueError: as ``gradient_relevance``, and if queries are not the keys.
    """
    relevance = balanced_relevance(gradient_relevance(_square(attention_map), gradients))
    rows = relevance / relevance.sum(1, keepdims=True)
    return _single(attention_map, GRADIENT_WEIGHTED, rows)


@dataclass(frozen=True)
class HeadFigures:
    """What each head does with the queries that are tokens.

    Attributes:
        entropy: (layers, heads) mean entropy of a row as a share of its maximum, 0 all on one
            key, 1 even over all keys.
        distance: (layers, heads) mean distance in tokens from query to key, special keys
            aside; NaN where queries are not the keys.
        special: (layers, heads) mean share of weight on special keys.

    Raises:
        ValueError: if the shapes differ.
    """

    entropy: np.ndarray
    distance: np.ndarray
    special: np.ndarray

    def __post_init__(self) -> None:
        if not self.entropy.shape == self.distance.shape == self.special.shape:
            raise ValueError("three figures for each head are expected")


@once_per_map
def head_figures(attention_map: AttentionMap) -> HeadFigures:
    """Measure each head of a map."""
    rows, keys = _tokens(attention_map.queries), _tokens(attention_map.keys)
    square = attention_map.queries == attention_map.keys
    steps = _steps(len(keys)) if square else np.full((len(rows), len(keys)), np.nan)
    measured = []
    for layer in attention_map.weights:  # one at a time: a map may fill most of the memory
        weights = layer[:, rows].astype(float)  # (heads, rows, all keys)
        inside = weights[..., keys].sum(2)  # (heads, rows)
        far = (weights[..., keys] * steps).sum(2) / np.where(inside > 0, inside, 1)
        measured.append([_entropy(weights).mean(1), far.mean(1), (1 - inside).clip(0, 1).mean(1)])
    return HeadFigures(*np.array(measured).transpose(1, 0, 2))


def restricted(
    attention_map: AttentionMap, causal: bool, window: int | None, sparse: bool
) -> AttentionMap:
    """Return the map of the same scores under a mask, by softmax or sparsemax.

    The logarithms of a row's weights are its scores but for a constant, which neither depends
    on. States are not computed anew: what the mask would change below is left out.

    Args:
        causal: keys after their query are masked.
        window: keys further than this from their query are masked; None for no window.

    Raises:
        ValueError: if queries are not the keys.
    """
    weights = _square(attention_map)
    ahead = np.arange(weights.shape[3]) - np.arange(weights.shape[2])[:, None]
    seen = np.full(ahead.shape, True) if window is None else abs(ahead) <= window
    if causal:
        seen &= ahead <= 0
    tiny = np.finfo(np.float32).tiny
    scores = np.where(seen, np.log(np.maximum(weights.astype(float), tiny)), -np.inf)
    return replace(attention_map, weights=(sparsemax if sparse else softmax)(scores))


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return the softmax over the last axis; a score of −∞ gets 0."""
    exponentials = np.exp(scores - scores.max(-1, keepdims=True))
    weights: np.ndarray = exponentials / exponentials.sum(-1, keepdims=True)
    return weights


def sparsemax(scores: np.ndarray) -> np.ndarray:
    """Return the nearest weights to the scores over the last axis, many of which are 0.

    Martins and Astudillo 2016, algorithm 1: what a threshold leaves of each score, where the
    threshold makes them sum to 1. A score of −∞ gets 0.
    """
    scores = scores - scores.max(-1, keepdims=True)
    ordered = -np.sort(-np.where(np.isfinite(scores), scores, -2.0), axis=-1)  # −2 is below any
    sums = ordered.cumsum(-1)
    places = np.arange(1, scores.shape[-1] + 1)
    kept = (1 + places * ordered > sums).sum(-1, keepdims=True)
    threshold = (np.take_along_axis(sums, kept - 1, -1) - 1) / kept
    return np.maximum(scores - threshold, 0.0)


def without_special(attention_map: AttentionMap) -> AttentionMap:
    """Return the map of tokens alone; what a row gives to them is made to sum to 1.

    A row with all its weight on special keys becomes even.
    """
    return _tokens_alone(attention_map) if attention_map.special else attention_map


@once_per_map
def _tokens_alone(attention_map: AttentionMap) -> AttentionMap:
    rows, keys = _tokens(attention_map.queries), _tokens(attention_map.keys)
    weights = attention_map.weights[:, :, rows][..., keys].astype(float)
    sums = weights.sum(3, keepdims=True)
    even = np.full_like(weights, 1 / len(keys))
    return replace(
        attention_map,
        queries=tuple(attention_map.queries[at] for at in rows),
        keys=tuple(attention_map.keys[at] for at in keys),
        weights=np.divide(weights, sums, out=even, where=sums > 0),
        special=(),
    )


def join_windows(maps: Sequence[AttentionMap]) -> AttentionMap:
    """Return one map of a long document from those of its windows.

    A token's row is the mean over the windows that read it, over keys of all windows; keys
    outside a window have no weight there. Special positions are joined by their number.

    Raises:
        ValueError: if there is no map, or they differ in layers, heads or special positions.
    """
    if len(maps) == 1:
        return maps[0]
    first, last = maps[0], maps[-1]
    if len({(m.layers, m.heads, m.special, m.queries == m.keys) for m in maps}) > 1:
        raise ValueError("windows of one model expected")
    labels = [_labels(one) for one in maps]
    order = sorted(set().union(*labels))
    number = {label: at for at, label in enumerate(order)}
    weights = np.zeros((first.layers, first.heads, len(order), len(order)))
    windows = np.zeros(len(order))
    for one, own in zip(maps, labels, strict=True):
        at = np.array([number[label] for label in own])
        weights[:, :, at[:, None], at] += one.weights
        windows[at] += 1
    edges = {_BEFORE: (first.keys[0][0],) * 2, _AFTER: (last.keys[-1][1],) * 2}
    places = tuple(edges.get(part, (start, end)) for part, start, end in order)
    name, weights = first.name.partition(",")[0], weights / windows[:, None]
    return replace(first, name=name, queries=places, keys=places, weights=weights)


_BEFORE, _INSIDE, _AFTER = range(3)


def _labels(window: AttentionMap) -> list[tuple[int, int, int]]:
    """What makes positions of two windows the same, in an order: special ones by their number."""
    tokens = _tokens(window.keys)
    return [
        (_INSIDE, start, end) if start < end
        else (_BEFORE, at, 0) if at < tokens[0]
        else (_AFTER, at - int(tokens[-1]), 0)
        for at, (start, end) in enumerate(window.keys)
    ]  # fmt: skip


def _square(attention_map: AttentionMap) -> np.ndarray:
    if attention_map.queries != attention_map.keys:
        raise ValueError("a map whose queries are its keys expected")
    return attention_map.weights


def _single(attention_map: AttentionMap, name: str, rows: np.ndarray) -> AttentionMap:
    """The map with one layer of one head."""
    return replace(attention_map, name=name, weights=rows[None, None])


def _tokens(places: Sequence[Place]) -> np.ndarray:
    """The numbers of the places that are not special; of all where there is no other."""
    found = np.flatnonzero([start < end for start, end in places])
    return found if len(found) else np.arange(len(places))


def _steps(tokens: int) -> np.ndarray:
    """(tokens, tokens) how many tokens lie between."""
    return abs(np.arange(tokens)[:, None] - np.arange(tokens))


def _entropy(weights: np.ndarray) -> np.ndarray:
    """(…, keys) → (…) of each row, as a share of its maximum; 1 for a single key."""
    if weights.shape[-1] < 2:
        return np.ones(weights.shape[:-1])
    logarithms = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    return -(weights * logarithms).sum(-1).clip(max=0) / np.log(weights.shape[-1])
