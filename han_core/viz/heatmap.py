"""The word heatmap: a document in reading order, every word on its value's colour.

Everything that ``heatmap.js`` draws, as plain JSON: the pieces of the text, weights, colours for
both themes, folds. Copying the heatmap copies the text and nothing else. A fold is a run of
sentences with little weight and no strong word, drawn as one line; short documents have none.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from han_core.explanation.explanation import Explanation, Reading, ranks
from han_core.runtime.errors import counted
from han_core.runtime.messages import tr
from han_core.viz.colour_scale import Scale
from han_core.viz.markup import STEPS, background, direction, percent, text_on, writable

ROOMY = 40
"""Documents of so many sentences are shown whole."""

SHORTEST = 3
"""Fewer sentences than this in a row are not worth a fold."""

LOW = 0.5
"""Times the uniform weight; a sentence of less may be folded."""

STRONGEST = 10
"""So many of the heaviest words, and of the most strongly coloured ones, stay in sight."""


class Fold(NamedTuple):
    """Sentences ``first`` to ``first + size - 1`` and the weight they have together."""

    first: int
    size: int
    weight: float


def folds(
    explanation: Explanation, values: np.ndarray, visible: Collection[int] = frozenset()
) -> list[Fold]:
    """Return the folds of a document, in order.

    Args:
        values: (tokens,) what the words are coloured by, where that is not attention.
        visible: sentences that have to stay in sight.
    """
    weights = explanation.sentence_weights
    sentences = len(weights)
    if sentences <= ROOMY:
        return []
    low = weights < LOW / sentences
    for sizes in (explanation.document_weights, np.abs(values)):
        low[explanation.sentence_of_token[np.argsort(-sizes, kind="stable")[:STRONGEST]]] = False
    low[[0, *visible]] = False
    steps = np.diff(np.concatenate([[0], low.astype(int), [0]]))
    runs = zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True)
    return [
        Fold(int(start), int(end - start), float(weights[start:end].sum()))
        for start, end in runs
        if end - start >= SHORTEST
    ]


UNDERLINED = 10
"""So many words at most, those of the strongest values, are underlined."""

_CLEARLY = 1.05  # times the mean: less is rounding in float32, not an order
_READINGS: tuple[Reading, ...] = ("sentence", "document", "lift")

Out = tuple[int, str, str]
"""A word or sentence that was taken out: the token it stood before, its text, its id."""


@dataclass(frozen=True)
class Colour:
    """What words are coloured by.

    Attributes:
        values: (tokens,) in the scale's units.
    """

    values: np.ndarray
    scale: Scale


@dataclass(frozen=True)
class Heatmap:
    """One document, ready to be drawn by the component and by the stand-alone page.

    Attributes:
        data: JSON, a list with an entry for each token or sentence under most keys:
            ``gaps`` (the text before a token), ``tokens``, ``starts``, ``ends``, ``weights``
            (within the document, full precision), ``within`` (the sentence), ``ranks``,
            ``colours`` (into ``palette``: light and dark background, light and dark ink);
            ``sentences`` (``firsts`` token, ``weights``, ``ranks``, ``bars`` from 0 to 1);
            ``unknown`` and ``added`` tokens; ``rules`` (token, pixels, negative above the
            word); ``title`` and ``values`` (text, or None where attention is what is coloured);
            ``folds`` (first sentence, number, text of their weight); ``out``; ``tail``, the
            text after the last token; ``unseen``, what the model did not see, or None;
            ``overview`` where the sentences' bars stand beside the text; ``sums`` where a bar adds
            up the weights of words;
            ``labels``, what is written beside the words;
            ``direction``, "rtl" where most of the text runs from right to left.
    """

    data: dict[str, Any]

    @property
    def text(self) -> str:
        """The text that it draws."""
        pieces = zip(self.data["gaps"], self.data["tokens"], strict=True)
        seen = "".join(gap + token for gap, token in pieces) + self.data["tail"]
        return seen + (self.data["unseen"] or {"text": ""})["text"]


def heatmap(
    explanation: Explanation,
    colour: Colour,
    longest: float | None = None,
    added: Collection[int] = frozenset(),
    out: Sequence[Out] = (),
    overview: bool = False,
    hierarchical: bool = True,
) -> Heatmap:
    """Return the document with its words coloured by ``colour``.

    Args:
        longest: the sentence weight of the longest bar in the gutter, for several
            heatmaps on one scale; ``longest_bar`` of this explanation unless given.
        added: tokens that stand in for something replaced; they are marked.
        out: what was taken out, drawn struck through where it stood.
        overview: whether the bars of all sentences stand beside the text, in panes that scroll.
        hierarchical: whether the model has attention over sentences; without, the bars say
            that they add up the weights of words.

    Raises:
        ValueError: if a length or a token's number does not fit the document.
    """
    document, weights = explanation.document, explanation.document_weights
    _check(len(weights), colour.values, added, out)
    palette, colours = _palette(colour)
    text = writable(document.text)
    edges = [0, *(span.end for span in document.tokens)]
    tail, unseen = _rest(explanation)
    data = {
        "gaps": [
            text[edge : span.start] for edge, span in zip(edges, document.tokens, strict=False)
        ],
        "tokens": [text[start:end] for start, end in document.tokens],
        "starts": [span.start for span in document.tokens],
        "ends": edges[1:],
        "weights": weights.tolist(),
        "within": [float(f"{weight:.4g}") for weight in explanation.word_weights.tolist()],
        "ranks": ranks(weights).tolist(),
        "unknown": np.flatnonzero(~explanation.known).tolist(),
        "added": sorted(added),
        "palette": palette,
        "colours": colours,
        "rules": _rules(explanation, colour),
        "title": writable(colour.scale.title),
        "values": _values(explanation, colour),
        "sentences": _sentences(explanation, longest),
        "folds": _folds(explanation, colour, added, out),
        "out": [
            [before, writable(text), id] for before, text, id in sorted(out, key=itemgetter(0))
        ],
        "tail": tail,
        "unseen": unseen,
        "labels": heatmap_labels(),
    }
    if overview:
        data["overview"] = True
    if not hierarchical:
        data["sums"] = True
    if direction(text) == "rtl":
        data["direction"] = "rtl"
    return Heatmap(data)


def heatmap_labels() -> dict[str, str]:
    """Return what ``heatmap.js`` writes, which fills the places."""
    return {
        "pair": tr("{one}, {other}"),
        "words": tr("Words and their attention weights; arrow keys move between them"),
        "sentence": tr("Sentence {number}: {weight} of the document"),
        "sum": tr("Sentence {number}: its words add up to {weight} of the document"),
        "value": tr("{title}: {value}"),
        "within": tr("{weight} of its sentence"),
        "weight": tr("{weight} of the document"),
        "times": tr("{number} × uniform"),
        "rank": tr("rank {rank} of {count}"),
        "unknown": tr("unknown to the model"),
        "added": tr("put in by an edit"),
        "gone": tr("Taken out"),
        "out": tr("Taken out: {text}"),
        "take": tr("Click takes it out"),
        "back": tr("Click puts it back"),
        "asks": tr("Ctrl+click shows how the weight is computed"),
        "fold": tr("{count} sentences with {weight} of the weight: show"),
        "all": tr("Show all {count} sentences"),
        "fewer": tr("Fold sentences of little weight"),
        "bars": tr("Sentences and their weights"),
        "barsOfWeights": tr("Sentence weights"),
        "barsOfSums": tr("Sums of word weights"),
        "sort": tr("Heaviest first"),
        "show": tr("{sentence}: show it"),
    }


def longest_bar(explanations: Sequence[Explanation]) -> float:
    """Return the sentence weight that fills the gutter: the largest, or twice the uniform one."""
    uniform = [2 / max(2, len(e.sentence_weights)) for e in explanations]
    largest = [float(e.sentence_weights.max(initial=0.0)) for e in explanations]
    return max([*uniform, *largest], default=1.0)


def thickness(rank: int) -> float:
    """Return the underline of a word of this rank in pixels: 5 for the first, falling to 1."""
    return round(5 - 4 * (rank - 1) / (UNDERLINED - 1), 1)


def _check(tokens: int, values: np.ndarray, added: Collection[int], out: Sequence[Out]) -> None:
    if len(values) != tokens:
        raise ValueError(
            f"a value for each of {tokens} tokens is expected, {len(values)} came"  # not shown
        )
    if not all(0 <= token < tokens for token in added):
        raise ValueError(
            f"added tokens are numbered 0 to {tokens - 1}, got {sorted(added)}"  # not shown
        )
    if not all(0 <= before <= tokens for before, _, _ in out):
        raise ValueError(
            f"words were taken out before tokens 0 to {tokens}, got {list(out)}"  # not shown
        )


def _palette(colour: Colour) -> tuple[list[tuple[str, ...]], list[int]]:
    """The colours that occur, and each token's among them; equal values, equal colours."""
    shares = np.clip(colour.values / colour.scale.top, -1, 1)
    steps, colours = np.unique(np.rint(shares * STEPS).astype(int), return_inverse=True)
    return [_step(step) for step in steps.tolist()], colours.tolist()


@cache
def _step(step: int) -> tuple[str, ...]:
    """Background and ink of a step of the scale, in the light theme and in the dark one."""
    light, dark = background(step / STEPS, "light"), background(step / STEPS, "dark")
    return light, dark, text_on(light), text_on(dark)


def _rules(explanation: Explanation, colour: Colour) -> list[tuple[int, float]]:
    """Underlines of the strongest words: the heaviest ones where attention is coloured."""
    values = colour.values if _is_attribution(explanation, colour) else explanation.document_weights
    sizes = np.abs(values)
    order = ranks(sizes)
    rules = []
    for token in np.flatnonzero(_strong(sizes)).tolist():
        rule = thickness(int(order[token]))
        rules.append((token, rule if values[token] > 0 else -rule))
    return rules


def _strong(sizes: np.ndarray) -> np.ndarray:
    """(tokens,) whether a size is among the largest, and larger than the mean.

    Equal sizes are strong together or not at all.
    """
    as_large = len(sizes) - np.searchsorted(np.sort(sizes), sizes, side="left")
    return (as_large <= UNDERLINED) & (sizes * len(sizes) > _CLEARLY * sizes.sum())


def _is_attribution(explanation: Explanation, colour: Colour) -> bool:
    """Whether the colours show something else than this document's attention."""
    return not any(
        np.array_equal(colour.values, explanation.weights(reading)) for reading in _READINGS
    )


def _values(explanation: Explanation, colour: Colour) -> list[str] | None:
    if not _is_attribution(explanation, colour):
        return None
    scale = colour.scale
    sides = ("{value}",) * 3
    if scale.signed and scale.form == "probability":
        sides = ("{value}", tr("{value}, supports"), tr("{value}, speaks against"))
    return [
        sides[(value > 0) - (value < 0)].format(value=scale.written(value))
        for value in colour.values.tolist()
    ]


def _sentences(explanation: Explanation, longest: float | None) -> dict[str, list]:
    weights = explanation.sentence_weights
    longest = longest_bar([explanation]) if longest is None else longest
    lengths = np.array(explanation.document.sentence_lengths, dtype=int)
    return {
        "firsts": (lengths.cumsum() - lengths).tolist(),
        "weights": weights.tolist(),
        "ranks": ranks(weights).tolist(),
        "bars": (weights / longest).clip(0, 1).round(4).tolist(),
    }


def _folds(
    explanation: Explanation, colour: Colour, added: Collection[int], out: Sequence[Out]
) -> list[tuple[int, int, str]]:
    tokens = len(colour.values)
    touched = [*added, *(min(before, tokens - 1) for before, _, _ in out)]
    visible = set(explanation.sentence_of_token[touched].tolist()) if touched else set()
    return [
        (fold.first, fold.size, percent(fold.weight, 2))
        for fold in folds(explanation, colour.values, visible)
    ]


def _rest(explanation: Explanation) -> tuple[str, dict[str, str] | None]:
    """The text after the last token, and what of it the model did not see."""
    document = explanation.document
    last = document.sentences[-1].end if document.sentences else 0
    seen = document.seen if document.sentences else 0
    rest = writable(document.text[seen:])
    if not rest.strip():
        return writable(document.text[last:]), None
    note = tr("Not seen by the model: {characters}", characters=counted(len(rest), "character"))
    return writable(document.text[last:seen]), {"text": rest, "note": note}
