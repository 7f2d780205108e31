"""What stands beside a heatmap: its scale, the prediction, what the model saw.

HTML and sentences. It knows nothing about words and their places.
"""

import re

import numpy as np

from han_core.corpora.wording import counted
from han_core.explanation.explanation import Explanation
from han_core.figures.colour import background
from han_core.figures.escape import html_text
from han_core.figures.markup import STYLE, chance, percent
from han_core.figures.scale import Scale

LISTED = 6
"""Up to so many classes each get a bar; past that the least probable share a line."""

_BAR = '<span><i class="hs-bar"></i>weight of the sentence</span>'
_UNKNOWN = '<span><i class="hs-unknown">abc</i>unknown to the model</span>'
_UNSIGNED = (
    '<span><i class="hs-top" style="--rule:4px">abc</i>the heaviest words of the document, '
    "thicker the heavier</span>"
)
_SIGNED = (
    '<span><i class="hs-top" style="--rule:4px">abc</i>the strongest words, rule below</span>'
    '<span><i class="hs-top hs-above" style="--rule:4px">abc</i>or above where negative</span>'
)


def legend(scale: Scale) -> str:
    """The colour scale with its name and ticks, and what the marks mean."""
    marks = "".join(
        f'<span style="--at:{100 * at:.2f}%">{text}</span>' for at, text in _ticks(scale)
    )
    rules = _SIGNED if scale.signed else _UNSIGNED
    return (
        f'{STYLE}<div class="hs hs-legend" data-testid="legend">'
        f'<div class="hs-scale"><b>{html_text(scale.title)}</b>'
        f'<div class="hs-ramp" style="background:{_ramp(scale)}"></div>'
        f'<div class="hs-ticks">{marks}</div></div>'
        f'<div class="hs-key">{_BAR}{rules}{_UNKNOWN}</div></div>'
    )


def _ticks(scale: Scale) -> list[tuple[float, str]]:
    """(place on the ramp from 0 to 1, what stands there)."""
    if scale.form == "times":  # uniform attention is the tick that this reading is about
        return [(1 / scale.top, "1 = uniform"), (1.0, scale.written(scale.top, 2))]
    # Few words make a scale of shares that ends beyond 100%, so that uniform is pale there too.
    whole = 1 / scale.top if scale.form == "percent" and scale.top > 1 else 1.0
    end = scale.written(whole * scale.top, 2)
    if scale.signed:
        start = scale.written(-whole * scale.top, 2)
        if scale.form == "probability":
            start, end = f"{start} speaks against", f"supports {end}"
        marks = [(0.5 - whole / 2, start), (0.5, "0"), (0.5 + whole / 2, end)]
    else:
        marks = [(0.0, "0"), (whole / 2, scale.written(whole * scale.top / 2, 2)), (whole, end)]
    return marks if whole == 1 else marks[::2]  # there is no room between them


def _ramp(scale: Scale) -> str:
    stops = [
        f"light-dark({background(share, 'light')},{background(share, 'dark')})"
        for share in np.linspace(-1 if scale.signed else 0, 1, 17).tolist()
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
    label = _breakable(html_text(explanation.label))
    return (
        f'{STYLE}<div class="hs hs-prediction"><p>Predicted class<br>'
        f'<strong data-testid="prediction">{label}</strong></p>'
        f'<div class="hs-classes">{rows}</div></div>'
    )


def _chance(label: str, probability: float, first: bool) -> str:
    return (
        f"<span{' class=hs-first' * first}>{_breakable(html_text(label))}</span>"
        f'<div class="hs-track"><i style="--length:{100 * probability:.2f}%"></i></div>'
        f'<span class="hs-chance">{html_text(chance(probability))}</span>'
    )


def _breakable(label: str) -> str:
    """Where room is short, a name like ``rec.sport.baseball`` breaks after its dots."""
    return re.sub(r"(?<=\w)([._/-])(?=\w)", r"\1<wbr>", label)


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
