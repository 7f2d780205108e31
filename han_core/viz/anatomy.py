"""One step of attention ready for a browser: vectors, scores and all that a reader can change.

``anatomy.js`` draws it and computes softmax, temperature, masks and padding itself, so that a
change needs no server. Numbers travel once, as float32 in base64. A long segment shows the rows
around the chosen one; scores and states of the others come along, for softmax and context.
"""

import base64
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from han_core.explanation.anatomy import Anatomy, AttentionStep
from han_core.explanation.lesson import Control
from han_core.runtime.errors import UserError
from han_core.runtime.messages import Locale, tr
from han_core.viz.export import render_page
from han_core.viz.markup import ANATOMY_SCRIPT, ANATOMY_STYLESHEET, direction, writable

LONGEST = 1_000
"""Rows of a segment at most: a browser gets the state of each."""

SHOWN = 75
"""Rows that are drawn with their vectors."""

CLASSES = 20
"""Classes whose logits are drawn; those of the largest."""

TEXTS: dict[Locale, dict[str, str]] = json.loads(
    Path(__file__).with_name("assets").joinpath("anatomy.json").read_text("utf-8")
)
"""What stands in the figure, by language."""

_DRAW = """
drawAnatomy(document.getElementById("anatomy"),
  JSON.parse(document.getElementById("data").textContent));
"""


@dataclass(frozen=True)
class AnatomyFigure:
    """One segment of one step, for the component and for a page of its own.

    Attributes:
        data: JSON: ``unit``, ``form``, ``names`` of all rows, ``first`` and ``count`` of those
            drawn, ``chosen`` row, ``sizes`` and ``numbers`` (float32 in base64: ``inputs`` and
            ``features`` of the rows drawn; ``states``, ``scores`` and ``votes`` (classes) of
            all; ``query``), ``divisor``, ``bias``, ``padding`` (a zero state's score),
            ``directions``, ``classes`` (``labels``, ``bias``, ``whole``: whether these are
            all) or None where another step follows, ``hidden`` controls, ``begins`` at the
            first step, ``texts``, ``direction`` of the text, and ``id``, which differs where
            anything does.
    """

    data: dict[str, Any]

    def page(self, title: str) -> str:
        """Return a page that opens offline and needs no other file."""
        return render_page(
            "anatomy.html",
            {"title": title, "noscript": tr("This page draws its figure with JavaScript.")},
            "", self.data, ANATOMY_SCRIPT + _DRAW, ANATOMY_STYLESHEET,
        )  # fmt: skip


def anatomy_figure(
    anatomy: Anatomy,
    step: int = 0,
    segment: int = 0,
    item: int | None = None,
    language: Locale = "en",
    hidden: Collection[Control] = (),
    begins: bool = False,
) -> AnatomyFigure:
    """Return the figure of a step within one segment.

    Args:
        step: of ``anatomy.steps``.
        segment: the sentence for words of a hierarchical model, else 0.
        item: the token or sentence to explain; the one of the largest weight unless given.
        hidden: controls that the figure leaves out.
        begins: whether it opens at the first step; at the last, where all is seen, otherwise.

    Raises:
        UserError: if the segment has more than ``LONGEST`` rows.
        ValueError: if the item is not in the segment.
    """
    layer = anatomy.steps[step]
    rows = layer.rows(segment)
    size = rows.stop - rows.start
    if size > LONGEST:
        raise UserError(
            tr(
                "How a weight is computed can be shown for up to {most:,} words that share their "
                "attention; here {count:,} do. Shorten the text, or analyse a part of it.",
                most=LONGEST,
                count=size,
            )
        )
    chosen = _chosen(layer, rows, item)
    first = max(0, min(chosen - SHOWN // 2, size - SHOWN))
    drawn = slice(rows.start + first, rows.start + min(size, first + SHOWN))
    classes = _classes(anatomy, layer, rows) if layer is anatomy.steps[-1] else None
    numbers = {
        "inputs": _packed(layer.inputs[drawn]),
        "states": _packed(layer.states[rows]),
        "features": _packed(layer.features[drawn]),
        "query": _packed(layer.query[segment]),
        "scores": _packed(layer.scores[rows]),
        "votes": classes.pop("votes") if classes else "",
    }
    data = {
        "unit": layer.unit,
        "form": layer.form,
        "names": [writable(name) for name in layer.names[rows]],
        "first": first,
        "count": drawn.stop - drawn.start,
        "chosen": chosen,
        "sizes": {
            "inputs": layer.inputs.shape[1],
            "states": layer.states.shape[1],
            "features": layer.features.shape[1],
        },
        "numbers": numbers,
        "divisor": layer.divisor,
        "bias": float(layer.bias[rows.start]),
        "padding": float(layer.padding_scores[segment]),
        "directions": anatomy.directions,
        "classes": classes,
        "hidden": sorted(hidden),
        "begins": begins,
        "texts": TEXTS[language],
        "direction": direction(anatomy.document.text),
    }
    digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode("utf-8", "replace"))
    return AnatomyFigure(data | {"id": digest.hexdigest()[:16]})


def _chosen(layer: AttentionStep, rows: slice, item: int | None) -> int:
    """The row to explain, counted within the segment."""
    if item is None:
        return int(layer.weights[rows].argmax())
    places = np.flatnonzero(layer.items[rows] == item)
    if not len(places):
        raise ValueError(f"an item of the segment is expected, {item} came")  # not shown
    return int(places[layer.weights[rows][places].argmax()])


def _classes(anatomy: Anatomy, layer: AttentionStep, rows: slice) -> dict[str, Any]:
    """The largest classes with what each state alone adds to their logits."""
    largest = np.sort(np.argsort(-anatomy.logits, kind="stable")[:CLASSES])
    return {
        "labels": [writable(anatomy.labels[at]) for at in largest],
        "bias": [float(anatomy.classifier_bias[at]) for at in largest],
        "whole": len(largest) == len(anatomy.labels),
        "votes": _packed(layer.states[rows] @ anatomy.classifier[largest].T),
    }


def _packed(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode()
