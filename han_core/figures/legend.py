"""What stands beside a heatmap: its scale, the prediction, what the model saw.

HTML and sentences. It knows nothing about words and their places.
"""

import numpy as np

from han_core.corpora.wording import counted
from han_core.explanation.explanation import Explanation, Reading
from han_core.figures.colour import background
from han_core.figures.escape import html_text
from han_core.figures.markup import STYLE, percent

LISTED = 6
"""Up to so many classes each get a bar; past that the least probable share a line."""

TITLES: dict[Reading, str] = {
    "sentence": "Attention weight within the sentence",
    "document": "Attention weight within the document",
    "lift": "Attention weight, times uniform attention",
}

_KEY = (
    '<div class="hs-key">'
    '<span><i class="hs-bar"></i>weight of the sentence</span>'
    '<span><i class="hs-top" style="--rule:4px">abc</i>the heaviest words of the document, '
    "thicker the heavier</span>"
    '<span><i class="hs-unknown">abc</i>unknown to the model</span></div>'
)


def legend(reading: Reading, top: float) -> str:
    """The colour scale from 0 to ``top`` with its name, and what the marks mean."""
    ticks = [(0.0, "0"), (0.5, _number(reading, top / 2)), (1.0, _number(reading, top))]
    if reading == "lift":  # uniform attention is the tick that this reading is about
        ticks[:2] = [(1 / top, "1 = uniform")]
    marks = "".join(f'<span style="--at:{100 * at:.2f}%">{text}</span>' for at, text in ticks)
    return (
        f'{STYLE}<div class="hs hs-legend" data-testid="legend">'
        f'<div class="hs-scale"><b>{TITLES[reading]}</b>'
        f'<div class="hs-ramp" style="background:{_ramp()}"></div>'
        f'<div class="hs-ticks">{marks}</div></div>{_KEY}</div>'
    )


def _number(reading: Reading, weight: float) -> str:
    return f"{weight:.3g} ×" if reading == "lift" else percent(weight, 2)


def _ramp() -> str:
    stops = [
        f"light-dark({background(share, 'light')},{background(share, 'dark')})"
        for share in np.linspace(0, 1, 17).tolist()
    ]
    return f"linear-gradient(to right,{','.join(stops)})"


def prediction(explanation: Explanation) -> str:
    """The predicted class, and every class's probability as a bar from 0 to 1."""
    chances = explanation.probabilities.tolist()
    best = int(explanation.probabilities.argmax())
    shown, left = list(range(len(chances))), 0.0
    if len(chances) > LISTED:
        shown = np.argsort(-explanation.probabilities, kind="stable")[:LISTED].tolist()
        left = 1 - sum(chances[i] for i in shown)
    rows = "".join(_chance(explanation.labels[i], chances[i], i == best) for i in shown)
    if len(chances) > LISTED:
        rows += _chance(f"{len(chances) - LISTED} other classes", max(0.0, left), False)
    return (
        f'{STYLE}<div class="hs hs-prediction"><p>Predicted class<br>'
        f'<strong data-testid="prediction">{html_text(explanation.label)}</strong></p>'
        f'<div class="hs-classes">{rows}</div></div>'
    )


def _chance(label: str, probability: float, first: bool) -> str:
    number = f"{100 * probability:.1f}%"
    if probability < 1 and number == "100.0%":
        number = ">99.9%"
    elif probability > 0 and number == "0.0%":
        number = "<0.1%"
    return (
        f"<span{' class=hs-first' * first}>{html_text(label)}</span>"
        f'<div class="hs-track"><i style="--length:{100 * probability:.2f}%"></i></div>'
        f'<span class="hs-chance">{html_text(number)}</span>'
    )


def seen_line(explanation: Explanation) -> str:
    """How much of the text the model saw, as one plain sentence (not HTML)."""
    document, tokens = explanation.document, len(explanation.known)
    unknown = explanation.unknown
    share = f"{unknown:,} ({percent(unknown / tokens, 2)})" if unknown else "none"
    unseen = len(document.text) - document.seen
    cut = f"{counted(unseen, 'character')} not seen" if unseen else "all of the text seen"
    return (
        f"{counted(tokens, 'token')} in {counted(len(document.sentences), 'sentence')}, "
        f"{share} unknown to the model; {cut}."
    )
