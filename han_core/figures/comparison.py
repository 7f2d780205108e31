"""Several answers about one text in one figure: sentence bars, and what differs between two.

Data in, a Plotly figure or a heatmap out. It knows nothing about where answers come from.
"""

from collections.abc import Collection, Sequence

import numpy as np
import plotly.graph_objects as go

from han_core.corpora.wording import shown
from han_core.evidence.comparison import Column, Difference, Unit, lined_sentences, shares, unit_of
from han_core.explanation.explanation import Explanation
from han_core.explanation.joining import joined
from han_core.figures.bars import bar_sheet
from han_core.figures.heatmap import Colour, Heatmap, Out, heatmap
from han_core.figures.markup import inked
from han_core.figures.scale import FLOOR, LEAST, Scale
from han_core.text.document import Document, Sentence, Span

_NAME = 24  # characters of a column's name in a title

_DIFFERENCES: dict[Unit, str] = {
    "weight": "Difference of the weights",
    "effect": "Difference of the effects",
    "share": "Difference of the shares",
}


def column_bars(columns: Sequence[Column]) -> go.Figure:
    """A row for each sentence, a bar for each column, all on one axis.

    Weights as they are. Where a column's values have a sign, all are drawn as shares of
    the size of their column's values, to the left where they are negative.

    Raises:
        ValueError: if the columns are not of one text.
    """
    rows = lined_sentences(columns)
    weights = unit_of(columns) == "weight"
    values = rows.values if weights else shares(rows.values)
    document = _a_word_each(rows.texts)
    sheet = bar_sheet(
        [
            (column.name, _with_sentence_weights(document, row))
            for column, row in zip(columns, values, strict=True)
        ]
    )
    if not weights:
        ends = [1.04 * min(0.0, values.min(initial=0.0)), 1.04 * values.max(initial=0.0) or 1]
        title = "share of all that the method gives, to the left where it speaks against"
        sheet.x_axis(range=ends, title={"text": inked(title)}, zeroline=True)
    return sheet.figure()


def _a_word_each(texts: Sequence[str]) -> Document:
    """A document whose sentences read as ``texts``, each as one word."""
    ends = np.cumsum([len(text) + 1 for text in texts]).tolist()
    spans = [Span(end - 1 - len(text), end - 1) for text, end in zip(texts, ends, strict=True)]
    text = "\n".join(texts)
    return Document(text, tuple(Sentence((span,)) for span in spans), len(text))


def _with_sentence_weights(document: Document, weights: np.ndarray) -> Explanation:
    ones = np.ones(len(weights))
    return Explanation("", document, ("",), np.ones(1), weights, ones, ones.astype(bool))


def difference_scale(difference: Difference) -> Scale:
    """Both sides end where the scale of the values themselves ends, or further out.

    So a difference is drawn no stronger than a weight of its size, and two columns that
    nearly agree stay pale.
    """
    one, other = values = difference.words.in_all().values
    sizes = abs(np.stack([one, other, one - other]))
    usual = FLOOR * abs(values).mean(1).max() if values.size else 0.0
    title = (
        f"{_DIFFERENCES[difference.unit]}: {shown(difference.one.name, _NAME)} minus "
        f"{shown(difference.other.name, _NAME)}"
    )
    return Scale(title, max(LEAST, float(usual), float(sizes.max(initial=0.0))), True, "percent")


def difference_heatmap(
    difference: Difference, added: Collection[int] = frozenset(), out: Sequence[Out] = ()
) -> Heatmap:
    """The text as the first column has it, coloured by how much more it gives than the other.

    Words that the two split differently are drawn as one. What the other does not have
    stays without colour. The bars in the gutter are the first column's weights.

    Args:
        added, out: as ``heatmap`` takes them; only where no words are joined.
    """
    base = joined(difference.one.explanation, difference.groups)
    colour = Colour(difference.of_words, difference_scale(difference))
    return heatmap(base, colour, added=added, out=out)
