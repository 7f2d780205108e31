"""The word heatmap: a document in reading order, every word on its weight's colour.

HTML for ``st.html`` or a page of its own, without script. The words and what
lies between them are the text of the root element, and nothing else is: numbers,
notes and bars stand in attributes and style sheets, so copying the heatmap copies
the text. Colours for both themes stand in the HTML and ``light-dark()`` chooses.

It knows nothing about Streamlit, and nothing about what the weights mean.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from han_core.corpora.wording import counted
from han_core.explanation.explanation import Explanation, Reading, ranks
from han_core.figures.colour import background, text_on
from han_core.figures.escape import html_text
from han_core.figures.legend import legend, prediction, seen_line
from han_core.figures.markup import STYLE, percent

__all__ = ["legend", "longest_bar", "prediction", "seen_line", "thickness", "word_heatmap"]

UNDERLINED = 10
"""So many words at most, the heaviest of the document, are underlined."""

_CLEARLY = 1.05  # times uniform: less is rounding in float32, not an order


def word_heatmap(
    explanation: Explanation, reading: Reading, top: float, longest: float | None = None
) -> str:
    """The document with its words coloured by ``reading``.

    Args:
        top: the weight at the top of the colour scale (``colour.scale_top``).
        longest: the sentence weight of the longest bar in the gutter, for several
            heatmaps on one scale; ``longest_bar`` of this explanation unless given.
    """
    longest = longest_bar([explanation]) if longest is None else longest
    order = ranks(explanation.sentence_weights).tolist()
    weights = explanation.sentence_weights.tolist()
    sentences = [
        f'<div class="hs-sentence" data-sentence="{number}">'
        f"{_gutter(number, weights[number - 1], longest, order)}"
        f'<div class="hs-text" dir="auto">{content}</div></div>'
        for number, content in enumerate(_sentences(explanation, reading, top), start=1)
    ]
    return (
        f'{STYLE}<div class="hs hs-words" data-testid="word-heatmap" role="group" '
        f'aria-label="Words and their attention weights" '
        f"style=\"--tokens:'{len(explanation.word_weights)}'\">"
        f"{''.join(sentences)}{_rest(explanation)}</div>"
    )


def longest_bar(explanations: Sequence[Explanation]) -> float:
    """The sentence weight that fills the gutter: the largest, or twice the uniform one."""
    uniform = [2 / max(2, len(e.sentence_weights)) for e in explanations]
    largest = [float(e.sentence_weights.max(initial=0.0)) for e in explanations]
    return max([*uniform, *largest], default=1.0)


def thickness(rank: int) -> float:
    """The underline of a word of this rank, in pixels: 5 for the first, falling to 1."""
    return 5 - 4 * (rank - 1) / (UNDERLINED - 1)


def _sentences(explanation: Explanation, reading: Reading, top: float) -> Iterator[str]:
    """Each sentence's words, with the white space up to the next one's."""
    document, tokens = explanation.document, _tokens(explanation, reading, top)
    edge = 0
    for number, sentence in enumerate(document.sentences, start=1):
        parts = []
        for start, end in sentence.tokens:
            parts += [html_text(document.text[edge:start]), next(tokens)]
            edge = end
        last = number == len(document.sentences)
        until = document.seen if last else document.sentences[number].start
        yield "".join([*parts, html_text(document.text[edge:until])])
        edge = until


def _tokens(explanation: Explanation, reading: Reading, top: float) -> Iterator[str]:
    """Every token's element, in order."""
    weights = explanation.document_weights
    rows = zip(
        explanation.document.token_texts(),
        explanation.document.tokens,
        (explanation.weights(reading) / top).tolist(),
        explanation.word_weights.tolist(),
        weights.tolist(),
        explanation.weights("lift").tolist(),
        ranks(weights).tolist(),
        explanation.known.tolist(),
        _underlined(weights).tolist(),
        strict=True,
    )
    for word, span, share, in_sentence, in_document, lift, rank, known, heavy in rows:
        text = html_text(word)
        names = "hs-token" + " hs-top" * heavy + " hs-unknown" * (not known)
        # The heaviest words are stops of the tab key; the others take focus by a tap.
        reach = (
            f'tabindex="0" role="mark" aria-label="{text}: {percent(in_document)} of the '
            f'document, rank {rank} of {len(weights)}"'
            if heavy
            else 'tabindex="-1"'
        )
        rule = f";--rule:{thickness(rank):.1f}px" if heavy else ""
        yield (
            f'<span class="{names}" {reach} data-start="{span.start}" data-end="{span.end}" '
            f'data-weight="{in_document!r}" data-s="{percent(in_sentence)}" '
            f'data-d="{percent(in_document)}" data-l="{lift:.3g}" data-r="{rank}" '
            f'style="{_colours(share)}{rule}">{text}</span>'
        )


def _underlined(weights: np.ndarray) -> np.ndarray:
    """(tokens,) whether a word is among the heaviest, and heavier than uniform attention.

    Words of equal weight are underlined together or not at all.
    """
    as_heavy = len(weights) - np.searchsorted(np.sort(weights), weights, side="left")
    return (as_heavy <= UNDERLINED) & (weights * len(weights) > _CLEARLY)


def _colours(share: float) -> str:
    return _style(background(share, "light"), background(share, "dark"))


@lru_cache(maxsize=4096)
def _style(light: str, dark: str) -> str:
    inks = f"light-dark({text_on(light)},{text_on(dark)})"
    return f"background:light-dark({light},{dark});color:{inks}"


def _gutter(number: int, weight: float, longest: float, order: Sequence[int]) -> str:
    words = (
        f"Sentence {number}: attention weight {weight:.6f}, "
        f"rank {order[number - 1]} of {len(order)}"
    )
    return (
        f'<div class="hs-weight" role="img" title="{words}" aria-label="{words}" '
        f'data-percent="{percent(weight, 2)}" style="--length:{100 * weight / longest:.2f}%"></div>'
    )


def _rest(explanation: Explanation) -> str:
    """What the model did not see; the whole text where it saw no sentence."""
    document = explanation.document
    rest = document.text[document.seen if document.sentences else 0 :]
    if not rest.strip():
        return html_text(rest)
    note = f"Not seen by the model: {counted(len(rest), 'character')}"
    return (
        f'<div class="hs-unseen" data-note="{note}" tabindex="0" dir="auto">{html_text(rest)}</div>'
    )
