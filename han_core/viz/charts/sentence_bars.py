"""Sentence bars: how attention is divided among sentences, for one answer or for several.

Colours of bars are left to the page's theme. Bars of a text that is read from right to left begin
at the right; each sentence above its bars begins where its own direction begins.
"""

from collections.abc import Collection, Sequence
from itertools import chain

import numpy as np
import plotly.graph_objects as go

from han_core.explanation.agreement import align_sentences
from han_core.explanation.comparison import (
    Column,
    Difference,
    Unit,
    aligned_sentences,
    shares,
    unit_of,
)
from han_core.explanation.explanation import Explanation, join_words, ranks
from han_core.runtime.errors import counted, shown
from han_core.runtime.messages import mark, tr
from han_core.text.document import Document, Sentence, Span
from han_core.viz.colour_scale import FLOOR, LEAST, Scale
from han_core.viz.heatmap import Colour, Heatmap, Out, heatmap
from han_core.viz.markup import (
    beginning,
    direction,
    first_direction,
    inked,
    isolated,
    plotly_text,
    wrapped,
)
from han_core.viz.plot import GREY, FigureBuilder, marked_line, number_axis, plain_layout

ROOMY = 60
"""Up to so many sentences stand above their bars; more get thin rows."""

LABEL, THIN_LABEL = 60, 28  # columns of a sentence shown
TITLE, THIN_TITLE = mark("attention weight of the sentence"), mark("attention weight")
_UNIFORM_LINE = {"width": 1, "dash": "dot", "color": GREY}

TALLEST = 12_000  # pixels; past it the rows of a very long text get thinner still


def sentence_bars(named: Sequence[tuple[str, Explanation]], columns: int = LABEL) -> go.Figure:
    """Draw a row for each sentence in reading order, a bar for each named explanation.

    The explanations are of one text. Sentences that two models split differently are
    joined into one row, with their weights added.

    Args:
        columns: of a sentence that stand above its bars; about 7 pixels each. Beside thin
            rows stand half as many.

    Raises:
        ValueError: if the texts differ.
    """
    return _bars(named, columns).build()


def _bars(
    named: Sequence[tuple[str, Explanation]],
    columns: int = LABEL,
    ends: tuple[float, float] | None = None,
) -> FigureBuilder:
    """Return ``sentence_bars`` before the figure is built; ``ends`` of its axis, from 0 if None."""
    aligned = align_sentences(*(explanation for _, explanation in named))
    text = named[0][1].document.text if named else ""
    sentences = [text[start:end] for start, end in aligned.spans]
    texts = ["<br>".join(map(plotly_text, wrapped(sentence))) for sentence in sentences]
    builder = FigureBuilder()
    for (name, _), weights in zip(named, aligned.weights, strict=True):
        builder.add_row_bars(
            weights.tolist(),
            y=list(range(1, len(sentences) + 1)),
            name=inked(beginning(name, LABEL)),
            hovertext=_notes(name, weights, texts),
        )
    if ends is None:
        ends = 0.0, 1.04 * float(max(chain([0.0], aligned.weights.flat))) or 1
    cut = columns if len(sentences) <= ROOMY else min(columns // 2, THIN_LABEL)
    beginnings = [beginning(sentence, cut) for sentence in sentences]
    _add_layout(builder, beginnings, len(named), ends, direction(text) == "rtl")
    return builder


def _notes(name: str, weights: np.ndarray, texts: Sequence[str]) -> list[str]:
    """What hovering shows: exact weight, rank, and the whole sentence, as ``texts`` has it."""
    model = f"{plotly_text(beginning(name, LABEL))}<br>" if name else ""
    return [
        model
        + tr(
            "<b>{weight:.6f}</b>, rank {rank} of {sentences}<br>{text}",
            weight=weight,
            rank=rank,
            sentences=counted(len(texts), "sentence"),
            text=text,
        )
        for weight, rank, text in zip(weights.tolist(), ranks(weights).tolist(), texts, strict=True)
    ]


def _add_layout(
    builder: FigureBuilder,
    sentences: Sequence[str],
    bars: int,
    ends: tuple[float, float],
    mirrored: bool,
) -> None:
    rows, roomy = len(sentences), len(sentences) <= ROOMY
    bar = 10 * max(1, bars) ** 0.7  # pixels of a row's bars together
    row = min(bar + (32 if roomy else 5), TALLEST / max(1, rows))
    legend = 34 if bars > 1 else 0
    builder.update_layout(**plain_layout(round(rows * row + 74 + legend)))
    builder.show_legend(bars > 1, top=28 + legend, otherwise=28)
    builder.update_layout(
        barmode="group",
        bargap=1 - bar / row if row > bar else 0.1,
        bargroupgap=0.08,
        margin={"r" if mirrored else "l": 30 if roomy else 8, "b": 46},
    )
    builder.update_xaxis(
        **number_axis(ends[::-1] if mirrored else ends, "~%"),
        title={"text": inked(tr(TITLE if roomy else THIN_TITLE))},
        ticklabeloverflow="allow",  # Plotly measures every label otherwise: seconds for 250
    )
    # Labels beside thin rows leave the axis half of a narrow column.
    builder.update_xaxis(nticks=6 if roomy else 4, automargin=False)
    _name_rows(builder, sentences, row, mirrored)
    if roomy:
        _write_above(builder, sentences, (bar / 2 + 2) / row, ends, mirrored)
    if rows > 1:
        builder.add_vline(
            **marked_line(1 / rows, tr("uniform"), "center") | {"line": _UNIFORM_LINE}
        )


def _name_rows(
    builder: FigureBuilder, sentences: Sequence[str], row: float, mirrored: bool
) -> None:
    """Number the rows; write the sentence's beginning beside thin ones."""
    rows, roomy = len(sentences), len(sentences) <= ROOMY

    def numbered(i: int) -> str:
        sentence = isolated(sentences[i - 1])
        return f"{sentence}  {i}" if mirrored else f"{i}  {sentence}"

    every = range(1, rows + 1, max(1, round(13 / row)))  # rows may be thinner than labels
    builder.update_yaxis(
        range=[rows + 0.6, 0.15 if roomy else 0.5],  # the first on top
        tickvals=list(every),
        ticktext=[inked(str(i) if roomy else numbered(i)) for i in every],
        side="right" if mirrored else "left",
        tickfont={"size": 13 if roomy else 11},
        ticklabeloverflow="allow",
        automargin=not roomy,  # what is written at thin rows has any length
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )


def _write_above(
    builder: FigureBuilder,
    sentences: Sequence[str],
    distance: float,
    ends: tuple[float, float],
    mirrored: bool,
) -> None:
    """Write the beginnings of sentences on their bars, so much of a row above their middle.

    A sentence of the other direction than the text's begins at the other end of the axis.
    As one trace: a browser takes half as long for that as for a note for each.
    """
    rows = np.arange(1, len(sentences) + 1)
    backward = [first_direction(sentence) == "rtl" for sentence in sentences]
    builder.add_trace(
        "scatter",
        mode="text",
        x=[0 if sides == mirrored else ends[1] for sides in backward],
        y=(rows - distance).tolist(),
        text=[inked(sentence) for sentence in sentences],
        textposition=["top left" if sides else "top right" for sides in backward],  # not shown
        textfont={"size": 13},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


_NAME = 24  # characters of a column's name in a title

_DIFFERENCES: dict[Unit, str] = {
    "weight": mark("Difference of the weights: {one} minus {other}"),
    "effect": mark("Difference of the effects: {one} minus {other}"),
    "share": mark("Difference of the shares: {one} minus {other}"),
}


def column_bars(columns: Sequence[Column]) -> go.Figure:
    """Draw a row for each sentence, a bar for each column, all on one axis.

    Weights as they are. Where a column's values have a sign, all are drawn as shares of
    the size of their column's values, to the left where they are negative.

    Raises:
        ValueError: if the columns are not of one text.
    """
    rows = aligned_sentences(columns)
    weights = unit_of(columns) == "weight"
    values = rows.values if weights else shares(rows.values)
    document = _a_word_each(rows.texts)
    named = [
        (column.name, _with_sentence_weights(document, row))
        for column, row in zip(columns, values, strict=True)
    ]
    if weights:
        return sentence_bars(named)
    lowest, highest = min(0.0, values.min(initial=0.0)), values.max(initial=0.0)
    builder = _bars(named, ends=(1.04 * lowest, 1.04 * highest or 1))
    if direction(document.text) == "rtl":
        title = tr("share of all that the method gives, to the right where it speaks against")
    else:
        title = tr("share of all that the method gives, to the left where it speaks against")
    builder.update_xaxis(title={"text": inked(title)}, zeroline=True)
    return builder.build()


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
    """Return the scale of differences.

    Both sides end where the scale of the values themselves ends, or further out: a difference
    is drawn no stronger than a weight of its size, and two columns that nearly agree stay pale.
    """
    one, other = values = difference.words.in_all().values
    sizes = abs(np.stack([one, other, one - other]))
    usual = FLOOR * abs(values).mean(1).max() if values.size else 0.0
    title = tr(
        _DIFFERENCES[difference.unit],
        one=shown(difference.one.name, _NAME),
        other=shown(difference.other.name, _NAME),
    )
    return Scale(title, max(LEAST, float(usual), float(sizes.max(initial=0.0))), True, "percent")


def difference_heatmap(
    difference: Difference,
    added: Collection[int] = frozenset(),
    out: Sequence[Out] = (),
    longest: float | None = None,
) -> Heatmap:
    """Colour the text, as the first column has it, by how much more it gives than the other.

    Words that the two split differently are drawn as one. What the other does not have
    stays without colour. The bars in the gutter are the first column's weights.

    Args:
        added, out: as ``heatmap`` takes them; only where no words are joined.
        longest: as ``heatmap`` takes it.
    """
    base = join_words(difference.one.explanation, difference.groups)
    colour = Colour(difference.of_words, difference_scale(difference))
    return heatmap(base, colour, longest, added=added, out=out)
