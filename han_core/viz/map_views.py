"""Views of an attention map: its readings with their names, and tables of single heads."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from han_core.explanation.attention_map import AttentionMap, Place, once_per_map
from han_core.explanation.head_pruning import Pruning
from han_core.explanation.map_readings import average, rollout
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.viz.markup import chance, writable

MapReading = Literal["heads", "layers", "across", "all", "rollout", "gradient"]
"""Every head; the average of each layer, of each head number across layers, and of all; rollout
(Abnar and Zuidema 2020); gradient-weighted attention (Chefer, Gur and Wolf 2021)."""

MAP_READINGS: tuple[MapReading, ...] = get_args(MapReading)

LISTED = 4
"""Pruned heads that are named in a sentence."""

LAYER, HEAD = mark("Layer {number}"), mark("Head {number}")
"""What rows and columns of the grid are called."""

Head = tuple[int, int]
"""Layer and head, from 0."""


def read_map(attention_map: AttentionMap, reading: MapReading) -> AttentionMap:
    """Return a reading of a map as a map; "gradient" needs gradients and is made elsewhere.

    Raises:
        ValueError: for "gradient", and for rollout if queries are not the keys.
    """
    if reading == "heads":
        return attention_map
    if reading == "gradient":
        raise ValueError("gradients are needed: see gradient_weighted_maps")  # not shown
    made = _readings(attention_map)
    if reading not in made:
        made[reading] = _read(attention_map, reading)
    return made[reading]


@once_per_map
def _readings(attention_map: AttentionMap) -> dict[MapReading, AttentionMap]:
    """The readings of a map that were made so far."""
    return {}


def _read(attention_map: AttentionMap, reading: MapReading) -> AttentionMap:
    if reading == "rollout":
        return rollout(attention_map)
    over: dict[MapReading, Literal["heads", "layers", "both"]] = {
        "layers": "heads", "across": "layers", "all": "both",
    }  # fmt: skip
    return average(attention_map, over[reading])


def grid_names(reading: MapReading, layers: int, heads: int) -> tuple[list[str], list[str]]:
    """Return the names of the rows and columns of a reading's grid."""
    rows = [tr(LAYER, number=number + 1) for number in range(layers)]
    columns = [tr(HEAD, number=number + 1) for number in range(heads)]
    single = {"all": tr("Average of all heads"), "rollout": tr("Rollout"),
              "gradient": tr("Gradient-weighted attention")}  # fmt: skip
    if reading in single:
        return [single[reading]], [""]
    return [tr("Average")] if reading == "across" else rows, (
        [tr("Average")] if reading == "layers" else columns
    )


def within(head: Head, attention_map: AttentionMap) -> Head:
    """Return the head, or the nearest one that the map has."""
    return min(head[0], attention_map.layers - 1), min(head[1], attention_map.heads - 1)


def one_head(attention_map: AttentionMap, head: Head) -> AttentionMap:
    """Return the map of one head alone."""
    layer, number = head
    weights = attention_map.weights[layer : layer + 1, number : number + 1]
    return replace(attention_map, weights=weights)


def map_table(attention_map: AttentionMap, text: str, head: Head) -> pd.DataFrame:
    """Return a row for each query and key of one head.

    Columns: query number (from 1), query, query start, query end (characters; equal for a
    special position), the same of the key, weight.
    """
    sides = ((attention_map.queries, "query"), (attention_map.keys, "key"))
    at = np.indices(attention_map.weights.shape[2:]).reshape(2, -1)
    columns: dict[str, object] = {}
    for (places, noun), numbers in zip(sides, at, strict=True):
        names = np.array(labels(places, attention_map.special, text), dtype=object)
        columns[f"{noun} number"] = numbers + 1  # not shown
        columns[noun] = pd.Series(names[numbers], dtype=object)
        columns[f"{noun} start"], columns[f"{noun} end"] = np.array(places)[numbers].T  # not shown
    columns["weight"] = attention_map.weights[head].astype(float).ravel()
    return pd.DataFrame(columns)


def labels(places: Sequence[Place], special: Sequence[str], text: str) -> list[str]:
    """Return what stands at each place of ``text``; the name of a special one."""
    names = iter(special)
    return [
        writable(text[start:end]) if start < end else next(names, "special")
        for start, end in places
    ]


def pruning_sentence(pruning: Pruning) -> str:
    """Return what pruning did: "Without layer 1 head 2: positive 92.0% → 61.3%."

    The class is the one that was predicted before; a new prediction is named.
    """
    before, now = pruning.before, pruning.now
    old = int(before.probabilities.argmax())
    heads = sorted(pruning.heads)
    named = tr(", ").join(
        tr("layer {layer} head {head}", layer=layer + 1, head=head + 1)
        for layer, head in heads[:LISTED]
    )
    if len(heads) > LISTED:
        more = counted(len(heads) - LISTED, "more head")
        named = tr("{names} and {more}", names=named, more=more)
    values = {
        "heads": named,
        "label": before.label,
        "before": chance(before.probabilities[old]),
        "after": chance(now.probabilities[old]),
    }
    if now.label == before.label:
        return tr("Without {heads}: {label} {before} → {after}.", **values)
    return tr("Without {heads}: {label} {before} → {after}, now {now}.", **values, now=now.label)
