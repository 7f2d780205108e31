"""Maps of attention: which position attends to which, by layer and head.

A map of self-attention has a row and a column for each word; HAN's two levels are maps as well,
of one head: a sentence's weights over its words, and the document's over its sentences.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Literal, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from han_core.models.self_attention import AttentionWindow
from han_core.text.document import Span

Axis = Literal["token", "sentence", "source", "target", "time", "patch"]
"""What stands along a side: characters' spans for text, steps for time, cells for patches."""

Place = tuple[int, int]

SELF_ATTENTION, WORDS, SENTENCES = "self-attention", "words", "sentences"

_OFF = 1e-3  # a row of half precision sums to 1 within this


Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class AttentionMap:
    """Weights of every query over every key; equal only to itself.

    Attributes:
        name: of the attention; of a long document's windows the tokens are said.
        query_axis, key_axis: what the rows and the columns are.
        queries, keys: their places in the text (start, end). An empty place is a special
            position, such as BERT's [CLS].
        weights: (layers, heads, queries, keys), no weight negative, each row sums to 1.
        special: the names of the special keys, in order.

    Raises:
        ValueError: if shapes and places disagree or a row does not sum to 1.
    """

    name: str
    query_axis: Axis
    key_axis: Axis
    queries: tuple[Place, ...]
    keys: tuple[Place, ...]
    weights: np.ndarray
    special: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        expected = (len(self.queries), len(self.keys))
        if self.weights.ndim != 4 or self.weights.shape[2:] != expected:
            raise ValueError(f"(layers, heads, {expected}) expected, {self.weights.shape} came")
        if (self.weights < 0).any() or (abs(self.weights.sum(3, dtype=float) - 1) > _OFF).any():
            raise ValueError("rows that sum to 1 expected, others came")
        if len(self.special) != sum(start == end for start, end in self.keys):
            raise ValueError(f"a name for each special key expected, {self.special} came")

    @property
    def layers(self) -> int:
        return self.weights.shape[0]

    @property
    def heads(self) -> int:
        return self.weights.shape[1]

    def text_of_key(self, text: str, at: int) -> str:
        """Return what stands at a key of ``text``; the name of a special one."""
        start, end = self.keys[at]
        if start < end:
            return text[start:end]
        return self.special[sum(a == b for a, b in self.keys[:at])]

    def to_json(self) -> dict:
        """Return the map as the command line writes it, weights in full precision."""
        return {
            "name": self.name,
            "layers": self.layers,
            "heads": self.heads,
            "query_axis": self.query_axis,
            "key_axis": self.key_axis,
            "queries": [list(place) for place in self.queries],
            "keys": [list(place) for place in self.keys],
            "special": list(self.special),
            "weights": self.weights.astype(float).tolist(),
        }


def window_maps(
    windows: Sequence[AttentionWindow],
    tokens: Sequence[Span],
    special: Sequence[str] = (),
    owner: np.ndarray | None = None,
) -> tuple[AttentionMap, ...]:
    """Return self-attention over a document's tokens, a map for each window.

    Args:
        tokens: of the document, which the windows count.
        owner: where the windows count pieces, (pieces,) the token of each, as in a
            ``NumberedDocument``; the maps are then those of whole tokens.
        special: names of a window's special positions, those before the tokens first.
    """
    maps = []
    for window in windows:
        counted = np.arange(len(tokens)) if owner is None else owner
        numbers = counted[window.start : window.end]
        inside = places_of([tokens[number] for number in numbers])
        places = (*[(inside[0][0],) * 2] * window.before, *inside)
        places = (*places, *[(inside[-1][1],) * 2] * window.after)
        weights = np.stack([layer.detach().float().cpu().numpy() for layer in window.layers])
        part = f", tokens {numbers[0] + 1} to {numbers[-1] + 1}" if len(windows) > 1 else ""
        name = f"{SELF_ATTENTION}{part}"
        found = AttentionMap(name, "token", "token", places, places, weights, tuple(special))
        maps.append(found if owner is None else joined_pieces(found))
    return tuple(maps)


def joined_pieces(attention: AttentionMap) -> AttentionMap:
    """Return a map over pieces of tokens as one over tokens, of which rows still sum to 1.

    Neighbours that have one place are pieces of one token: what they give as keys adds up, and
    what they take as queries is averaged.
    """
    keys, key_sums = _joined(attention.keys)
    queries, query_sums = _joined(attention.queries)
    means = query_sums / query_sums.sum(0)
    weights = np.einsum("lhqk,kt,qs->lhst", attention.weights, key_sums, means, optimize=True)
    return replace(attention, queries=queries, keys=keys, weights=weights)


def joined_words(attention: AttentionMap, larger: Mapping[Axis, Sequence[Place]]) -> AttentionMap:
    """Return the map over larger units; as ``joined_pieces``, keys add up, queries average.

    Args:
        larger: of an axis, the places in order of what holds its present ones. A place that
            none of them holds stays, such as a special one.
    """

    def holders(places: Sequence[Place], axis: Axis) -> tuple[Place, ...]:
        units = larger.get(axis, ())
        starts = [start for start, _ in units]
        found = [max(0, bisect_right(starts, start) - 1) for start, _ in places]
        return tuple(
            units[at] if units and place[0] < place[1] <= units[at][1] else place
            for at, place in zip(found, places, strict=True)
        )

    queries = holders(attention.queries, attention.query_axis)
    keys = holders(attention.keys, attention.key_axis)
    return joined_pieces(replace(attention, queries=queries, keys=keys))


def _joined(places: Sequence[Place]) -> tuple[tuple[Place, ...], np.ndarray]:
    """The different places, and (places, different) 1 where a place is that one."""
    begins = [
        at == 0 or place != places[at - 1] or place[0] == place[1]
        for at, place in enumerate(places)
    ]
    numbers = np.cumsum(begins) - 1
    different = tuple(place for place, begin in zip(places, begins, strict=True) if begin)
    return different, np.eye(len(different), dtype=np.float32)[numbers]


def places_of(spans: Sequence[Span]) -> tuple[Place, ...]:
    """Return the place of each span."""
    return tuple((span.start, span.end) for span in spans)


def once_per_map(measure: Callable[[AttentionMap], Result]) -> Callable[[AttentionMap], Result]:
    """Keep what ``measure`` returns of a map for as long as the map lives.

    The result must not hold the map itself, which would then live forever.
    """
    kept: WeakKeyDictionary[AttentionMap, Result] = WeakKeyDictionary()

    @wraps(measure)
    def measured(attention_map: AttentionMap) -> Result:
        if attention_map not in kept:
            kept[attention_map] = measure(attention_map)
        return kept[attention_map]

    return measured
