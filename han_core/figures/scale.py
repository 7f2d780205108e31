"""What a colour stands for: the scale that all heatmaps of a page share.

A scale ends at the largest value that occurs, but never below a multiple of the
usual one, so that even attention and noise stay pale instead of being stretched
into a pattern. It does not know which colours there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from han_core.explanation.explanation import Explanation, Reading
from han_core.figures.markup import decimal, percent

Form = Literal["percent", "times", "probability"]

FLOOR = 4.0
"""The top is at least this many times uniform attention, or the mean absolute value."""

LEAST = 1e-4
"""The least top of a change in probability; below that there is rounding in float32."""

TITLES: dict[str, str] = {
    "sentence": "Attention weight within the sentence",
    "document": "Attention weight within the document",
    "lift": "Attention weight, times uniform attention",
    "attention": "Attention weight within the document",
    "gradient": "Gradient × input",
    "integrated_gradients": "Integrated gradients",
    "leave_one_word_out": "Drop in probability without the word",
    "leave_one_sentence_out": "Drop in probability without the sentence",
}
"""Names of readings and of methods."""


class Attributed(Protocol):
    """Values that some method gave words: an ``evidence.methods.Attribution``."""

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
            raise ValueError(f"a positive top is expected, got {self.top}")

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
    """The scale of attention weights in one reading.

    Uniform attention is 1/tokens within the document, 1/(mean length) within the
    sentence, 1 as lift.
    """
    tops = [FLOOR * _uniform(explanation, reading) for explanation in explanations]
    weights = [explanation.weights(reading) for explanation in explanations]
    top = float(max([*tops, *(part.max(initial=0.0) for part in weights)], default=1.0))
    return Scale(TITLES[reading], top, False, "times" if reading == "lift" else "percent")


def _uniform(explanation: Explanation, reading: Reading) -> float:
    tokens = max(1, len(explanation.word_weights))
    if reading == "lift":
        return 1.0
    return (max(1, len(explanation.sentence_weights)) if reading == "sentence" else 1) / tokens


def attribution_scale(attributions: Sequence[Attributed]) -> Scale:
    """The scale that several methods' values for words share.

    One that is attention alone is written as a share; everything else is a change
    of a probability, exact or to the first order.
    """
    methods = {attribution.method for attribution in attributions}
    share = methods == {"attention"}
    sizes = [np.abs(attribution.words) for attribution in attributions]
    tops = [max(part.max(), FLOOR * part.mean()) for part in sizes if len(part)]
    top = float(max([0.0 if share else LEAST, *tops]))
    titles = {TITLES.get(method, method) for method in methods}
    return Scale(
        titles.pop() if len(titles) == 1 else "Effect on the probability",
        top or 1.0,
        any(attribution.signed for attribution in attributions),
        "percent" if share else "probability",
    )
