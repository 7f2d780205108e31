"""Sentence bars: how attention is shared out among sentences, as a Plotly figure.

Colours are left to the page's theme and the background is transparent, so the
figure stands on light and dark. It knows nothing about words.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import plotly.graph_objects as go

from han_core.corpora.wording import counted
from han_core.explanation.agreement import align_sentences
from han_core.explanation.explanation import Explanation, ranks
from han_core.figures.escape import plotly_text
from han_core.figures.markup import HOVER_LABEL, INK_SPAN, inked
from han_core.figures.wrapping import beginning, wrapped

ROOMY = 60
"""Up to so many sentences stand above their bars; more get thin rows."""

LABEL, THIN_LABEL = 60, 28  # columns of a sentence shown
TALLEST = 12_000  # pixels; past it the rows of a very long text get thinner still

_CLEAR = "rgba(0,0,0,0)"
_GREY = "#7d8694"  # at least 3:1 on both themes' panels


def sentence_bars(named: Sequence[tuple[str, Explanation]]) -> go.Figure:
    """A row for each sentence in reading order, a bar for each named explanation.

    The explanations are of one text. Sentences that two models split differently are
    joined into one row, with their weights added (``explanation.alignment``).

    Raises:
        ValueError: if the texts differ.
    """
    aligned = align_sentences(*(explanation for _, explanation in named))
    text = named[0][1].document.text if named else ""
    sentences = [text[start:end] for start, end in aligned.spans]
    figure = go.Figure()
    for (name, _), weights in zip(named, aligned.weights, strict=True):
        figure.add_bar(
            name=inked(beginning(name, LABEL)),
            orientation="h",
            x=weights.tolist(),
            y=list(range(1, len(sentences) + 1)),
            hovertext=_notes(name, weights, sentences),
            hoverinfo="text",
        )
    largest = max(chain([0.0], aligned.weights.flat))
    _lay_out(figure, sentences, len(named), float(largest))
    return figure


def _notes(name: str, weights: np.ndarray, sentences: Sequence[str]) -> list[str]:
    """What hovering shows: exact weight, rank, and the whole sentence."""
    model = f"{plotly_text(beginning(name, LABEL))}<br>" if name else ""
    return [
        f"{model}<b>{weight:.6f}</b>, rank {rank} of {counted(len(sentences), 'sentence')}<br>"
        + "<br>".join(map(plotly_text, wrapped(sentence)))
        for weight, rank, sentence in zip(
            weights.tolist(), ranks(weights).tolist(), sentences, strict=True
        )
    ]


def _lay_out(figure: go.Figure, sentences: Sequence[str], bars: int, largest: float) -> None:
    rows = len(sentences)
    bar = 10 * max(1, bars) ** 0.7  # pixels of a row's bars together
    row = min(bar + (32 if rows <= ROOMY else 5), TALLEST / max(1, rows))
    legend = 34 if bars > 1 else 0
    figure.update_layout(
        height=round(rows * row + 74 + legend),
        barmode="group",
        bargap=1 - bar / row if row > bar else 0.1,
        bargroupgap=0.08,
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
        margin={"l": 8, "r": 16, "t": 28 + legend, "b": 46},
        showlegend=bars > 1,
        legend={"orientation": "h", "x": 0, "yref": "container", "y": 1, "yanchor": "top"},
        hoverlabel=HOVER_LABEL,
        dragmode=False,
    )
    figure.update_xaxes(
        range=[0, 1.04 * largest or 1],
        tickformat="~%",
        tickprefix=INK_SPAN,
        ticksuffix="</span>",
        nticks=6,
        title_text=inked("attention weight of the sentence"),
        fixedrange=True,
        zeroline=False,
        ticklabeloverflow="allow",  # Plotly measures every label otherwise: seconds for 250
    )
    _name_rows(figure, sentences, row, bar)


def _name_rows(figure: go.Figure, sentences: Sequence[str], row: float, bar: float) -> None:
    """Numbers at the axis; the sentence's beginning above its bars, or beside thin ones."""
    rows, roomy = len(sentences), len(sentences) <= ROOMY
    every = range(1, rows + 1, max(1, round(13 / row)))  # rows may be thinner than labels
    figure.update_yaxes(
        range=[rows + 0.6, 0.15 if roomy else 0.5],  # the first on top
        tickvals=list(every),
        ticktext=[
            inked(str(i) if roomy else f"{i}  {beginning(sentences[i - 1], THIN_LABEL)}")
            for i in every
        ],
        tickfont={"size": 13 if roomy else 11},
        ticklabeloverflow="allow",
        automargin=True,
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    if roomy:
        figure.update_layout(
            annotations=[_above(i, sentence, bar) for i, sentence in enumerate(sentences, start=1)]
        )
    if rows > 1:
        _mark_uniform(figure, rows)


def _above(row: int, sentence: str, bar: float) -> dict:
    """The beginning of a sentence, standing on its bars."""
    return {
        "text": inked(beginning(sentence, LABEL)),
        "x": 0,
        "y": row,
        "xanchor": "left",
        "yanchor": "bottom",
        "xshift": -2,
        "yshift": bar / 2 - 1,
        "align": "left",
        "showarrow": False,
        "font": {"size": 13},
    }


def _mark_uniform(figure: go.Figure, rows: int) -> None:
    """A thin line where every bar would end under uniform attention."""
    figure.add_vline(
        x=1 / rows,
        line={"width": 1, "dash": "dot", "color": _GREY},
        annotation={
            "text": inked("uniform"),
            "yref": "paper",
            "y": 1,
            "yanchor": "bottom",
            "xanchor": "center",
            "font": {"size": 11},
        },
    )
