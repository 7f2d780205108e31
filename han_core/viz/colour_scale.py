"""The colour scale that all heatmaps of a page share, with its legend and the prediction.

A scale ends at the largest value that occurs, but never below a multiple of the usual one, so
that even attention and noise stay pale instead of being stretched into a pattern.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from han_core.explanation.cautions import is_guess
from han_core.explanation.explanation import Explanation, Reading
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.viz.markup import background, chance, decimal, html_text, percent

Form = Literal["percent", "times", "probability"]

FLOOR = 4.0
"""The top is at least this many times uniform attention, or the mean absolute value."""

LEAST = 1e-4
"""The least top of a change in probability; below that there is rounding in float32."""

GUESS = mark("The model knows hardly any word of this text, so this is no more than a guess:")

TITLES: dict[str, str] = {
    "sentence": mark("Attention weight within the sentence"),
    "document": mark("Attention weight within the document"),
    "lift": mark("Attention weight, times uniform attention"),
    "attention": mark("Attention weight within the document"),
    "gradient": mark("Gradient × input"),
    "integrated_gradients": mark("Integrated gradients"),
    "leave_one_word_out": mark("Drop in probability without the word"),
    "leave_one_sentence_out": mark("Drop in probability without the sentence"),
    "rollout": mark("Rollout of self-attention"),
    "gradient_weighted": mark("Gradient-weighted attention"),
}
"""Names of readings and of methods, to be translated where they are shown."""

_WITHIN: dict[Reading, str] = {
    "sentence": mark("{name}: weight within the sentence"),
    "document": mark("{name}: weight within the document"),
    "lift": mark("{name}: weight, times uniform attention"),
}


class Attributed(Protocol):
    """Values that an attribution method gave words."""

    @property
    def method(self) -> str: ...
    @property
    def words(self) -> np.ndarray: ...
    @property
    def signed(self) -> bool: ...


@dataclass(frozen=True)
class Scale:
    """From 0, or from -``top`` where values have a sign, to ``top``.

    Attributes:
        title: what the values are.
        top: the value of the strongest colour.
        form: how values are written: 0.031 is "3.1%", "0.031 ×" or "0.031".

    Raises:
        ValueError: if ``top`` is not a positive number.
    """

    title: str
    top: float
    signed: bool
    form: Form

    def __post_init__(self) -> None:
        if not 0 < self.top < float("inf"):
            raise ValueError(f"a positive top is expected, got {self.top}")  # not shown

    def written(self, value: float, digits: int = 3) -> str:
        """The value for people, with its sign where the scale has one."""
        size = abs(value)
        if self.form == "percent":
            text = percent(size, digits)
        elif self.form == "times":
            text = f"{size:.{digits}g} ×"
        else:
            text = decimal(size, digits)
        if not self.signed or value == 0 or text.startswith("<"):
            return text
        return ("+" if value > 0 else "\u2212") + text


def reading_scale(explanations: Sequence[Explanation], reading: Reading) -> Scale:
    """Return the scale of attention weights in one reading.

    Uniform attention is 1/tokens within the document, 1/(mean length) within the
    sentence, 1 as lift.
    """
    tops = [FLOOR * _uniform(explanation, reading) for explanation in explanations]
    weights = [explanation.weights(reading) for explanation in explanations]
    top = float(max([*tops, *(part.max(initial=0.0) for part in weights)], default=1.0))
    return Scale(tr(TITLES[reading]), top, False, "times" if reading == "lift" else "percent")


def named_scale(explanations: Sequence[Explanation], reading: Reading, name: str) -> Scale:
    """As ``reading_scale`` of weights that are not attention alone; ``name`` says what they are."""
    scale = reading_scale(explanations, reading)
    return replace(scale, title=tr(_WITHIN[reading], name=name))


def _uniform(explanation: Explanation, reading: Reading) -> float:
    tokens = max(1, len(explanation.word_weights))
    if reading == "lift":
        return 1.0
    return (max(1, len(explanation.sentence_weights)) if reading == "sentence" else 1) / tokens


def attribution_scale(attributions: Sequence[Attributed]) -> Scale:
    """Return the scale that several methods' values for words share.

    One that is attention alone is written as a share; everything else is a change
    of a probability, exact or to the first order.
    """
    methods = {attribution.method for attribution in attributions}
    share = methods == {"attention"}
    sizes = [np.abs(attribution.words) for attribution in attributions]
    tops = [max(part.max(), FLOOR * part.mean()) for part in sizes if len(part)]
    top = float(max([0.0 if share else LEAST, *tops]))
    titles = {tr(TITLES.get(method, method)) for method in methods}
    return Scale(
        titles.pop() if len(titles) == 1 else tr("Effect on the probability"),
        top or 1.0,
        any(attribution.signed for attribution in attributions),
        "percent" if share else "probability",
    )


LISTED = 6
"""Up to so many classes each get a bar; past that the least probable share a line."""

_BAR = '<i class="hs-bar"></i>'
_UNKNOWN = '<i class="hs-unknown">abc</i>'
_RULE = '<i class="hs-top" style="--rule:4px">abc</i>'
_RULE_ABOVE = '<i class="hs-top hs-above" style="--rule:4px">abc</i>'


def legend(scale: Scale) -> str:
    """Return the colour scale as HTML, with its name and ticks, and what the marks mean."""
    bar = _meaning(_BAR, tr("weight of the sentence"))
    return (
        f'<div class="hs hs-legend" data-testid="legend">{_scale(scale)}'
        f'<div class="hs-key">{bar}{_marks(scale)}</div></div>'
    )


def scale_only(scale: Scale) -> str:
    """Return the colour scale as HTML, without the marks."""
    return f'<div class="hs hs-legend" data-testid="legend">{_scale(scale)}</div>'


def marks_only(scale: Scale) -> str:
    """Return what the marks in a heatmap mean as HTML, on one line."""
    return f'<div class="hs hs-legend"><div class="hs-key">{_marks(scale)}</div></div>'


def _marks(scale: Scale) -> str:
    """What underlines and dotted words mean."""
    unknown = _meaning(_UNKNOWN, tr("unknown to the model"))
    if scale.signed:
        below = _meaning(_RULE, tr("the strongest words, rule below"))
        return below + _meaning(_RULE_ABOVE, tr("or above where negative")) + unknown
    return _meaning(_RULE, tr("the heaviest words of the document, thicker the heavier")) + unknown


def _meaning(sign: str, text: str) -> str:
    return f"<span>{sign}{html_text(text)}</span>"


def _scale(scale: Scale) -> str:
    marks = "".join(
        f'<span style="--at:{100 * at:.2f}%">{text}</span>' for at, text in _ticks(scale)
    )
    return (
        f'<div class="hs-scale"><b>{html_text(scale.title)}</b>'
        f'<div class="hs-ramp" style="background:{_ramp(scale)}"></div>'
        f'<div class="hs-ticks">{marks}</div></div>'
    )


def _ticks(scale: Scale) -> list[tuple[float, str]]:
    """(place on the ramp from 0 to 1, what stands there)."""
    if scale.form == "times":  # uniform attention is the tick that this reading is about
        return [(1 / scale.top, tr("1 = uniform")), (1.0, scale.written(scale.top, 2))]
    # Few words make a scale of shares that ends beyond 100%, so that uniform is pale there too.
    whole = 1 / scale.top if scale.form == "percent" and scale.top > 1 else 1.0
    end = scale.written(whole * scale.top, 2)
    if scale.signed:
        start = scale.written(-whole * scale.top, 2)
        if scale.form == "probability":
            start = tr("{value} speaks against", value=start)
            end = tr("supports {value}", value=end)
        marks = [(0.5 - whole / 2, start), (0.5, "0"), (0.5 + whole / 2, end)]
    else:
        marks = [(0.0, "0"), (whole / 2, scale.written(whole * scale.top / 2, 2)), (whole, end)]
    return marks if whole == 1 else marks[::2]  # there is no room between them


def _ramp(scale: Scale) -> str:
    stops = [
        f"light-dark({background(share, 'light')},{background(share, 'dark')})"
        for share in np.linspace(-1 if scale.signed else 0, 1, 17).tolist()
    ]
    return f"linear-gradient(to right,{','.join(stops)})"  # not shown


def prediction(explanation: Explanation, listed: int = LISTED) -> str:
    """Return the predicted class as HTML, and every class's probability as a bar from 0 to 1.

    Args:
        listed: so many classes each get a bar; those past it share a line.
    """
    chances = explanation.probabilities.tolist()
    best = int(explanation.probabilities.argmax())
    shown, left = list(range(len(chances))), 0.0
    if len(chances) > listed:
        shown = np.argsort(-explanation.probabilities, kind="stable")[:listed].tolist()
        left = 1 - sum(chances[i] for i in shown)
    first = -1 if is_guess(explanation) else best
    rows = "".join(probability_bar(explanation.labels[i], chances[i], i == first) for i in shown)
    if len(chances) > listed:
        others = tr("{count} other classes", count=len(chances) - listed)
        rows += probability_bar(others, max(0.0, left), False)
    lead, name = predicted_class(explanation, tr("Predicted class"))
    return (
        f'<div class="hs hs-prediction"><p>{lead}<br>{name}</p>'
        f'<div class="hs-classes">{rows}</div></div>'
    )


def predicted_class(explanation: Explanation, lead: str) -> tuple[str, str]:
    """Return what stands before the predicted class, and its name, as HTML.

    Where the model knows hardly any word, that is said instead of ``lead``, and the name is
    not in bold type.
    """
    guess = is_guess(explanation)
    tag = "em" if guess else "strong"
    label = breakable(html_text(explanation.label))
    name = f'<{tag} data-testid="prediction">{label}</{tag}>'
    return html_text(tr(GUESS) if guess else lead), name


def probability_bar(label: str, probability: float, first: bool) -> str:
    """Return a class and its probability as three cells of a grid, in HTML."""
    return (
        f"<span{' class=hs-first' * first}>{breakable(html_text(label))}</span>"
        f'<div class="hs-track"><i style="--length:{100 * probability:.2f}%"></i></div>'
        f'<span class="hs-chance">{html_text(chance(probability))}</span>'
    )


def breakable(label: str) -> str:
    """Where room is short, a name like ``rec.sport.baseball`` breaks after its dots."""
    return re.sub(r"(?<=\w)([._/-])(?=\w)", r"\1<wbr>", label)


def seen_line(explanation: Explanation) -> str:
    """Return how much of the text the model saw, as one plain sentence (not HTML)."""
    document, tokens = explanation.document, len(explanation.known)
    unknown = explanation.unknown
    share = f"{unknown:,} ({percent(unknown / tokens, 2)})" if unknown else tr("none")
    sizes = {
        "tokens": counted(tokens, "token"),
        "sentences": counted(len(document.sentences), "sentence"),
        "unknown": share,
    }
    if unseen := len(document.text) - document.seen:
        characters = counted(unseen, "character")
        return tr(
            "{tokens} in {sentences}, {unknown} unknown to the model; {characters} not seen.",
            **sizes, characters=characters,
        )  # fmt: skip
    return tr(
        "{tokens} in {sentences}, {unknown} unknown to the model; all of the text seen.", **sizes
    )
