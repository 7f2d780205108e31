"""All heads of an attention map as a grid of thumbnails, and one of them opened, for a browser.

Everything that ``attention_map.js`` draws, as plain JSON. What is large is packed: thumbnails as
bytes, pooled by their maximum so that no single strong weight disappears, and an opened head in
half precision. A browser asks for a head when it opens it; a page of its own holds all of them,
as long as they fit.
"""

import base64
import html
import secrets
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from han_core.explanation.attention_map import AttentionMap, once_per_map
from han_core.explanation.map_readings import HeadFigures, head_figures
from han_core.runtime.messages import tr
from han_core.viz.colour_scale import Scale, scale_only
from han_core.viz.export import render_page
from han_core.viz.map_views import HEAD, LAYER, Head, grid_names, labels
from han_core.viz.markup import HEADS_SCRIPT, HEADS_STYLESHEET, background, direction, writable

LARGEST_THUMBNAIL = 64
GRID_WIDTH = 512
"""Pixels at most of a thumbnail's side, and of a row of them."""

FLOOR = 4.0  # the scale's top is at least this many times uniform
TYPICAL = 0.9  # of the rows' largest weights lie below the scale's top

LARGEST_PAGE = 12_000_000
"""Bytes of heads that a page of its own holds; after these, only thumbnails."""

_LEVELS = 256

_DRAW = """
drawHeads(document.getElementById("heads"),
  JSON.parse(document.getElementById("data").textContent), null);
"""


@dataclass(frozen=True)
class AttentionHeads:
    """A map of attention, ready for the component, a page of its own and a notebook.

    Attributes:
        name: of the attention.
        data: JSON: ``layers`` and ``heads`` (names), ``queries`` and ``keys`` (what stands
            there), ``special`` (numbers of special keys), ``gaps`` (the text before each key,
            or None where queries are not the keys), ``direction`` of the text, ``top`` and
            ``palette`` of the colours, ``thumbnails`` (``rows``, ``columns``, ``packed``),
            ``figures`` by layer and head (``entropy``, ``distance``, ``special``), ``shares``
            (whether there are special keys), ``open`` (the head to show), ``full``
            ("layer,head" → packed half precision), ``pruned`` heads, and ``prunes``, whether
            heads can be pruned; ``labels``, what is written around them. ``offered``, where it
            is there, is the name by which a server gives further heads (``offered_head``).
        scale: of the colours, for the legend.
    """

    name: str
    data: dict[str, Any]
    scale: Scale

    def page(self, title: str, notes: Sequence[str] = ()) -> str:
        """Return a page that opens offline and needs no other file."""
        return render_page(
            "attention_map.html",
            {
                "title": title, "notes": notes,
                "noscript": tr("This page draws its maps with JavaScript."),
            },
            scale_only(self.scale), self.data, HEADS_SCRIPT + _DRAW, HEADS_STYLESHEET,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        """Draw in a notebook, in a frame of its own that loads and sends nothing."""
        page = html.escape(self.page(self.name))
        return (
            f'<iframe srcdoc="{page}" sandbox="allow-scripts" title="{html.escape(self.name)}" '
            'style="width:100%;height:860px;border:0"></iframe>'
        )


def attention_heads(
    attention_map: AttentionMap,
    text: str,
    opened: Head = (0, 0),
    pruned: Collection[Head] | None = None,
    full: bool = True,
    named: tuple[Sequence[str], Sequence[str]] | None = None,
    special: np.ndarray | None = None,
) -> AttentionHeads:
    """Return a map's heads ready to be drawn.

    Args:
        text: of the document; places are its characters.
        opened: the head to show, whose weights are sent.
        pruned: heads that are crossed out; None where heads cannot be pruned.
        full: send every head's weights, up to ``LARGEST_PAGE``, rather than those of ``opened``.
        named: names of rows and columns of the grid; layers and heads by number otherwise.
        special: (layers, heads) the share of weight on special keys that are not in the map.

    Raises:
        ValueError: if there is no such head to open.
    """
    layers, heads = attention_map.weights.shape[:2]
    if not (0 <= opened[0] < layers and 0 <= opened[1] < heads):
        raise ValueError(f"one of {layers} × {heads} heads expected, {opened} came")  # not shown
    top = scale_top(attention_map)
    rows, columns = named or grid_names("heads", layers, heads)
    figures = head_figures(attention_map)
    if special is not None:
        figures = replace(figures, special=special)
    data = {
        "name": attention_map.name,
        "layers": list(rows),
        "heads": list(columns),
        **_places(attention_map, text),
        "top": top,
        "palette": palette(),
        "thumbnails": _thumbnails(attention_map),
        "figures": _figures(figures),
        "shares": special is not None or bool(attention_map.special),
        "open": list(opened),
        "full": _packed_heads(attention_map, opened, full),
        "pruned": sorted([list(head) for head in pruned or ()]),
        "prunes": pruned is not None,
        "labels": heads_labels(),
    }
    share = f"{100 * top:.3g}%"
    title = tr("Attention weight (strongest colour: {share} or more)", share=share)
    scale = Scale(title, top, False, "percent")
    return AttentionHeads(attention_map.name, data, scale)


def heads_labels() -> dict[str, Any]:
    """Return what ``attention_map.js`` writes, which fills the places."""
    return {
        "comma": tr(", "),
        "pair": tr("{one}, {other}"),
        "value": tr("{title}: {value}"),
        "layer": tr(LAYER),
        "head": tr(HEAD),
        "click": tr("What a click on a head does"),
        "open": tr("Open"),
        "openTitle": tr("A click opens a head"),
        "openHead": tr("Open {name}"),
        "prune": tr("Prune"),
        "pruneTitle": tr("A click takes a head out, or puts it back"),
        "pruneLayer": tr("Prune {layer} or put it back"),
        "pruned": tr("pruned"),
        "entropyOf": tr("entropy {share}"),
        "distanceOf": tr("mean distance {number} tokens"),
        "specialOf": tr("{share} on special tokens"),
        "table": tr("Heads as a table"),
        "columns": {
            "place": tr("Head"),
            "entropy": tr("Entropy"),
            "distance": tr("Distance"),
            "special": tr("On special tokens"),
        },
        "about": {
            "place": tr("Sort by layer and head"),
            "entropy": tr("How even a row is: 0% all weight on one key, 100% even over all keys."),
            "distance": tr("Mean distance from a token to what it attends to, in tokens."),
            "special": tr("Mean share of weight on special tokens."),
        },
        **_head_labels(),
        **_text_labels(),
    }


def _head_labels() -> dict[str, str]:
    """What stands at the head that is open."""
    return {
        "heatmap": tr("heatmap"),
        "axes": tr(
            "Rows: the position that attends. Columns: what it attends to. Each row sums to 100%."
        ),
        "zoomOut": tr("Zoom out (key −)"),
        "zoomIn": tr("Zoom in (key +); drag to move"),
        "enlarge": tr("Enlarge"),
        "enlargeTitle": tr("Fill the screen; Escape leaves"),
        "weights": tr("{name}: weights of {rows} by {columns} tokens; arrow keys move"),
        "times": tr("{share}, {number} × uniform"),
        "cell": tr("{query} (row {row}) to {key} (column {column}): {value}"),
    }


def _text_labels() -> dict[str, str]:
    """What stands at the text with the weights of one word."""
    return {
        "words": tr("Words and their attention weights; arrow keys move between them"),
        "text": tr("In the text"),
        "direction": tr("Direction of attention"),
        "from": tr("From the word"),
        "fromTitle": tr("What the word attends to (its row)"),
        "to": tr("To the word"),
        "toTitle": tr("What attends to the word (its column)"),
        "point": tr("Point at a word, or move to one with the keys."),
        "attends": tr("From {word} to: {words}"),
        "attended": tr("To {word} from: {words}"),
    }


@once_per_map
def scale_top(attention_map: AttentionMap) -> float:
    """Return the weight of the strongest colour, one for all heads of a map.

    Nine in ten rows have their largest weight below it, unless that is near uniform attention.
    """
    largest = attention_map.weights.max(3).astype(float)
    floor = FLOOR / attention_map.weights.shape[3]
    return min(1.0, max(floor, float(np.quantile(largest, TYPICAL))))


def thumbnails(weights: np.ndarray, top: float) -> np.ndarray:
    """Return (layers, heads, rows, columns) uint8, pooled by the maximum, 255 at ``top``.

    Args:
        weights: (layers, heads, queries, keys).
    """
    side = max(1, min(LARGEST_THUMBNAIL, GRID_WIDTH // weights.shape[1]))
    pooled = [_pooled(layer.astype(np.float32), side) for layer in weights]
    shares = np.stack(pooled).clip(0, top) / top
    return np.rint((_LEVELS - 1) * shares).astype(np.uint8)


_OFFERED: WeakValueDictionary[str, AttentionMap] = WeakValueDictionary()


@once_per_map
def offer(attention_map: AttentionMap) -> str:
    """Return a name that nobody guesses, by which ``offered_head`` finds the map while it lives."""
    name = secrets.token_urlsafe(16)
    _OFFERED[name] = attention_map
    return name


def offered_head(name: str, layer: int, head: int) -> bytes | None:
    """Return a head's weights, compressed half precision; None where there is no such head."""
    attention_map = _OFFERED.get(name)
    if attention_map is None or layer >= attention_map.layers or head >= attention_map.heads:
        return None
    return compressed(attention_map.weights[layer, head].astype("<f2"))


@lru_cache(maxsize=1)
def palette() -> dict[str, str]:
    """Return 256 colours for each theme, as hexadecimal digits without a separator."""
    steps = np.linspace(0, 1, _LEVELS).tolist()
    return {
        theme: "".join(background(step, theme)[1:] for step in steps)
        for theme in ("light", "dark")
    }  # fmt: skip


def _places(attention_map: AttentionMap, text: str) -> dict[str, Any]:
    places = attention_map.keys
    queries = labels(attention_map.queries, attention_map.special, text)
    keys = labels(places, attention_map.special, text)
    ends = [places[0][0], *(end for _, end in places)]
    gaps = [writable(text[end:start]) for end, (start, _) in zip(ends, places, strict=False)]
    return {
        "queries": queries,
        "keys": keys,
        "special": [at for at, (start, end) in enumerate(places) if start == end],
        "gaps": gaps if attention_map.queries == places else None,
        "direction": direction(text),
    }


@once_per_map
def _thumbnails(attention_map: AttentionMap) -> dict[str, Any]:
    pictures = thumbnails(attention_map.weights, scale_top(attention_map))
    rows, columns = pictures.shape[2:]
    return {"rows": rows, "columns": columns, "packed": packed(pictures)}


def _pooled(weights: np.ndarray, side: int) -> np.ndarray:
    """(heads, queries, keys) → at most ``side`` rows and columns, each the largest of its own."""
    for axis in (1, 2):
        size = weights.shape[axis]
        if size > side:
            starts = np.arange(side) * size // side
            weights = np.maximum.reduceat(weights, starts, axis=axis)
    return weights


def _figures(figures: HeadFigures) -> dict[str, list]:
    return {
        name: [[None if np.isnan(one) else round(float(one), 4) for one in row] for row in values]
        for name, values in vars(figures).items()
    }


def _packed_heads(attention_map: AttentionMap, opened: Head, full: bool) -> dict[str, str]:
    """The opened head first, and others as long as they fit."""
    layers, heads = attention_map.weights.shape[:2]
    others = [head for head in product(range(layers), range(heads)) if head != opened]
    sent: dict[str, str] = {}
    space = LARGEST_PAGE
    for head in [opened, *(others if full else ())]:
        content = packed(attention_map.weights[head].astype("<f2"))
        space -= len(content)
        if space < 0 and sent:
            break
        sent[f"{head[0]},{head[1]}"] = content
    return sent


def packed(values: np.ndarray) -> str:
    """Return an array's bytes, compressed (zlib) and in base64."""
    return base64.b64encode(compressed(values)).decode()


def compressed(values: np.ndarray) -> bytes:
    """Return an array's bytes, compressed (zlib)."""
    return zlib.compress(np.ascontiguousarray(values).tobytes(), 3)
