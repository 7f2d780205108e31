"""What each lesson measures: one classifier, several of them, a translator, heads, or a film.

``Material`` is what a lesson is about, loaded and computed by the caller; ``live_numbers`` makes
its numbers of it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from han_core.explanation.anatomy import anatomy
from han_core.explanation.attention_map import AttentionMap
from han_core.explanation.explain_maps import with_maps
from han_core.explanation.explanation import Explanation, entropy
from han_core.explanation.head_pruning import Head, prune_heads
from han_core.explanation.lesson import FORMS, Lesson, Shows, interface
from han_core.explanation.lesson_numbers import (
    SMALL,
    LiveNumbers,
    levels,
    neighbours,
    number,
    percent,
    removal,
    step,
    weighing,
)
from han_core.explanation.map_readings import head_figures, restricted
from han_core.explanation.model_probe import ModelProbe
from han_core.models.translate import Translation
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

COLUMNS = "ABCD"
"""Names of models until the reader knows which is which."""

LISTED = 6
"""Words of the table of forms."""

MAPPED = 60
"""Words of a text whose heads are taken out one by one."""

AROUND = 3
"""Characters on each side of one that is named with its surroundings."""

TENS = 8
"""Place of the day's first digit in a date such as 2026-05-20."""

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

SURE = 0.5
"""Probability of each sign of an answer from which the model knows it."""

EVEN = 0.9
"""Spread of attention from which it counts as even."""

RISEN = 1.5
"""Times the even weight from which a word stands out."""


class Moment(NamedTuple):
    """A text at one step of a training run."""

    step: int
    explanation: Explanation


Material = ModelProbe | Sequence[ModelProbe] | Sequence[Translation] | Sequence[Moment]
"""The text as a model reads it (most lessons); as each of several models reads it (``forms``); it
and the contrast (``heads``); the translations of both (``alignment``); a film (``film``)."""


def live_numbers(lesson: Lesson, material: Material) -> LiveNumbers:
    """Return what a lesson says about a text.

    Raises:
        UserError: if the lesson has no question about this text; says what it needs.
    """
    live = _MEASURES[lesson.shows](material)
    label = live.shown.get("label", "")
    named = interface()[lesson.language].get(f"class_{label}", label)
    return replace(live, shown=live.shown | {"label": named})


def _forms(probes: Sequence[ModelProbe]) -> LiveNumbers:
    """Score, weight and spread of the first model's strongest word under each form."""
    if not 3 <= probes[0].tokens <= MAPPED:
        raise UserError(tr("This lesson needs a text of 3 to {most} words.", most=MAPPED))
    steps = {s.form: s for s in (anatomy(one.checkpoint, one.document).steps[0] for one in probes)}
    if set(steps) != set(FORMS):
        raise UserError(tr("This lesson needs one model of each form of the score."))
    tokens, first = probes[0].document.token_texts(), next(iter(steps.values()))
    top = int(first.weights.argmax())
    shown = {"word": tokens[top], "rows": str(len(tokens)), "even": percent(1 / len(tokens))}
    shown |= {"size": str(first.states.shape[1]), "divisor": number(steps["dot"].divisor)}
    for form, layer in steps.items():
        shown[f"{form}_score"] = number(float(layer.scores[top]))
        shown[f"{form}_weight"] = percent(float(layer.weights[top]))
        shown[f"{form}_spread"] = percent(entropy(layer.weights))
    # The text decides the order, so that the column's name tells nothing.
    order = np.roll(list(steps), len(tokens)).tolist()
    shown |= {f"{form}_column": COLUMNS[at] for at, form in enumerate(order)}
    shown["column"] = shown["dot_column"]
    most = sorted(np.argsort(-first.weights, kind="stable")[:LISTED].tolist())
    rows = tuple(
        (tokens[at], *(percent(float(steps[form].weights[at])) for form in order)) for at in most
    )
    columns = ("word", *COLUMNS)
    return LiveNumbers("forms", shown, {}, dict(zip(COLUMNS, COLUMNS, strict=True)), columns, rows)


def _alignment(translations: Sequence[Translation]) -> LiveNumbers:
    """Where the decoder looks for the day's first digit, in the text and in the contrast."""
    own, other = translations
    chances = np.exp(own.log_probabilities)
    if not DATE.fullmatch(own.translation) or np.isnan(chances).any() or chances.min() < SURE:
        raise UserError(tr("This lesson needs a date that its model knows, such as May 20, 2026."))
    order = np.argsort(-own.alignment[TENS], kind="stable")
    place, second = order[:2].tolist()
    shown = {
        "said": own.translation, "sign": own.target_words[TENS], "position": str(TENS + 1),
        "looks": around(own, place), "share": percent(float(own.alignment[TENS, place])),
        "second": around(own, second), "second_share": percent(float(own.alignment[TENS, second])),
        "chance": percent(float(chances.prod())), "characters": str(len(own.source)),
        "other_text": other.text, "other": other.translation,
        "other_looks": around(other, int(other.alignment[TENS].argmax())),
        "other_share": percent(float(other.alignment[TENS].max())),
        "other_chance": percent(float(np.exp(other.log_probabilities).prod())),
    }  # fmt: skip
    names = (around(own, at) for at in _candidates(own, place))
    rows = ((own.text, own.translation),)
    return LiveNumbers(
        "alignment", shown, {}, {name: name for name in names}, ("text", "answer_iso"), rows,
        item=place,
    )  # fmt: skip


def _candidates(translation: Translation, place: int) -> list[int]:
    """The place looked at, those of equal signs of the answer, and others: four in order."""
    words = translation.target_words
    alike = sorted(range(len(words)), key=lambda at: words[at] != words[TENS])
    looked = translation.alignment.argmax(1)
    return sorted(list(dict.fromkeys([place, *looked[alike].tolist()]))[:4])


def around(translation: Translation, at: int) -> str:
    """Return a character of the source in brackets, within its neighbours: "20[2]6"."""
    text, span = translation.text, translation.source[at]
    before = re.search(r"\S*$", text[max(0, span.start - AROUND) : span.start])
    after = re.match(r"\S*", text[span.end : span.end + AROUND])
    assert before is not None
    assert after is not None
    return f"{before[0]}[{text[span.start : span.end]}]{after[0]}"


def _heads(probes: Sequence[ModelProbe]) -> LiveNumbers:
    """The head of the clearest pattern in the text, and in the contrast; each head taken out."""
    probe, other = probes
    if not 4 <= probe.tokens <= MAPPED:
        raise UserError(tr("This lesson needs a text of 4 to {most} words.", most=MAPPED))
    maps = self_attention(probe)
    found = {at: head_pattern(maps, at) for at in np.ndindex(maps.layers, maps.heads)}
    head = max(found, key=lambda at: max(found[at].shares.values()))
    without, before = _without_each(probe, found), probe.explanation.probability
    key = max(found, key=lambda at: abs(without[at] - before))
    tokens, pattern = probe.document.token_texts(), found[head]
    second = head_pattern(self_attention(other), head)
    shown = {name: percent(share) for name, share in pattern.shares.items()} | {
        "layer": str(head[0] + 1), "head": str(head[1] + 1), "heads": str(len(found)),
        "rows": str(len(tokens)), "pattern": pattern.name, "column": tokens[pattern.column],
        "label": probe.explanation.label, "before": percent(before),
        "without": percent(without[head]), "idle": _idle(probe, without),
        "key_layer": str(key[0] + 1), "key_head": str(key[1] + 1),
        "key_column": tokens[found[key].column], "key_without": percent(without[key]),
        "other_text": other.document.text, "other_one": percent(second.shares["one"]),
        "other_column": other.document.token_texts()[second.column],
        "other_idle": _idle(other, _without_each(other, found)),
    }  # fmt: skip
    shown |= _one_row(maps, head, pattern.column, tokens)
    return LiveNumbers("heads", shown, {}, {}, (), (), head[0], head[1], pattern.column)


def self_attention(probe: ModelProbe) -> AttentionMap:
    """Return the map of a model whose words attend to each other.

    Raises:
        UserError: if they do not.
    """
    if not probe.checkpoint.kind.maps:
        raise UserError(tr("This lesson needs a model whose words attend to each other."))
    return with_maps(probe.checkpoint, probe.explanation).maps[-1]


def _one_row(maps: AttentionMap, head: Head, column: int, tokens: Sequence[str]) -> dict[str, str]:
    """The weight of a column in a usual row: as it is, with a causal mask, and by sparsemax."""
    query = int(np.argsort(maps.weights[head][:, column])[len(tokens) // 2])
    causal = restricted(maps, True, None, False).weights[head][query]
    sparse = restricted(maps, False, None, True).weights[head][query]
    return {
        "query": tokens[query], "row": percent(float(maps.weights[head][query, column])),
        "causal": percent(float(causal[column])), "sparse": percent(float(sparse[column])),
        "zeros": str(int((sparse == 0).sum())),
    }  # fmt: skip


def _without_each(probe: ModelProbe, heads: Iterable[Head]) -> dict[Head, float]:
    """Probability of the predicted class without each head."""
    return {
        head: float(prune_heads(probe, [head]).now.probabilities[probe.target]) for head in heads
    }


def _idle(probe: ModelProbe, without: Mapping[Head, float]) -> str:
    """How many heads the prediction hardly misses."""
    before = probe.explanation.probability
    return str(sum(abs(now - before) < SMALL for now in without.values()))


class HeadPattern(NamedTuple):
    """What the rows of a head have in common.

    Attributes:
        name: one of ``shares``, or even.
        shares: mean weight on the word itself, on the previous and the following one, and on
            the one word that gets most.
        column: that word.
    """

    name: str
    shares: dict[str, float]
    column: int


def head_pattern(maps: AttentionMap, head: Head) -> HeadPattern:
    """Return the pattern of a head: the largest share, or even where attention is spread."""
    weights = maps.weights[head].astype(float)
    columns = weights.mean(0)
    shares = {
        "one": float(columns.max()), "itself": float(weights.diagonal().mean()),
        "previous": float(weights.diagonal(-1).mean()),
        "following": float(weights.diagonal(1).mean()),
    }  # fmt: skip
    spread = head_figures(maps).entropy[head] >= EVEN
    name = "even" if spread else max(shares, key=shares.__getitem__)
    return HeadPattern(name, shares, int(columns.argmax()))


def _film(moments: Sequence[Moment]) -> LiveNumbers:
    """Attention before the first step and at the end, and when it left evenness."""
    if len(moments) < 2:
        raise UserError(
            tr(
                "The film was recorded for its own text: a text of your own is watched on the "
                "page Train, while a model learns."
            )
        )
    first, last = moments[0].explanation, moments[-1].explanation
    tokens, target = last.document.token_texts(), int(last.probabilities.argmax())
    weights, before = last.document_weights, first.document_weights
    top, early = int(weights.argmax()), int(before.argmax())
    spreads = [entropy(one.explanation.document_weights) for one in moments]
    turn = next((one.step for one in moments if _most(one) >= RISEN / len(tokens)), None)
    shown = {
        "word": tokens[top], "weight": percent(float(weights[top])),
        "even": percent(1 / len(tokens)), "first_word": tokens[early],
        "first_weight": percent(float(before[early])), "first_spread": percent(spreads[0]),
        "spread": percent(spreads[-1]), "label": last.label, "rows": str(len(tokens)),
        "first_chance": percent(float(first.probabilities[target])),
        "chance": percent(last.probability), "steps": f"{moments[-1].step:,}",
        "turn": "–" if turn is None else f"{turn:,}",
        "start": "even" if spreads[0] >= EVEN else "words" if early == top else "others",
    }  # fmt: skip
    return LiveNumbers("film", shown, {}, {}, (), (), 0, top)


def _most(moment: Moment) -> float:
    return float(moment.explanation.document_weights.max())


# Each is given the material that its lesson shows, and no other.
_MEASURES: dict[Shows, Callable[[Any], LiveNumbers]] = {
    "step": step, "levels": levels, "removal": removal, "weighing": weighing,
    "neighbours": neighbours, "forms": _forms, "alignment": _alignment, "heads": _heads,
    "film": _film,
}  # fmt: skip
