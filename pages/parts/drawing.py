"""An explanation on the page: prediction, sentence bars, word heatmap.

Layout only; every figure comes from ``han_core.figures``.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import cached, controls, strip, wording
from pages.parts.figure_export import figure_export
from pages.parts.hook import hooked

if TYPE_CHECKING:
    from han_core.explanation.explanation import Explanation
    from han_core.figures.heatmap import Colour, Out

NARROWEST = 480  # pixels that bars or running text need beside each other
MANY = 500
"""Sentences up to which bars are drawn unasked; a browser draws 800 for half a minute."""


def prediction(explanation: "Explanation") -> None:
    """The predicted class, the probabilities, and how much of the text was seen."""
    from han_core.figures import legend

    st.html(legend.prediction(explanation))
    st.caption(legend.seen_line(explanation))
    st.caption(wording.PREDICTION)


def document(question: cached.Question) -> None:
    """A document as the model is: prediction, bars beside words, evidence."""
    explanation = cached.subject(question).explanation
    prediction(explanation)
    grid = side_by_side()
    with grid.cell():
        sentences([("", explanation)])
    with grid.cell():
        st.subheader("Words", anchor=False)
        words(explanation, attention_colour(explanation))
    strip.strip(question)


def side_by_side():
    """A grid for bars and running text: beside each other where there is room."""
    return st.grid(2, min_column_width=NARROWEST, gap=("small", "large"))


def sentences(named: "Sequence[tuple[str, Explanation]]", columns: int = 60) -> None:
    """The bars of one or several explanations, on one axis; ``columns`` as ``sentence_bars``."""
    from han_core.figures.bars import sentence_bars

    st.subheader("Sentences", anchor=False)
    number = max(len(explanation.sentence_weights) for _, explanation in named)
    if number > MANY and not st.toggle(wording.many_bars(number), key="many_bars"):
        return
    with hooked("sentence-bars", key="sentence_bars"):
        st.plotly_chart(
            sentence_bars(named, columns),
            key="sentence_figure",
            config={"displayModeBar": False},
            alt="Attention weight of each sentence",
        )
    figure_export("sentence_bars", "sentences")
    if len(named) == 1:
        st.caption(wording.sentence_concentration(named[0][1]))
    st.caption(wording.SENTENCES)


def attention_colour(explanation: "Explanation", beside: "Sequence[Explanation]" = ()) -> "Colour":
    """The switch of the reading, and words coloured by it, on a scale for those beside too."""
    from han_core.figures.heatmap import Colour
    from han_core.figures.scale import reading_scale

    reading = controls.reading()
    st.caption(wording.READINGS[reading])
    return Colour(explanation.weights(reading), reading_scale([explanation, *beside], reading))


def words(
    explanation: "Explanation",
    colour: "Colour",
    on_act: Callable[[dict], None] | None = None,
    added: frozenset[int] = frozenset(),
    out: "Sequence[Out]" = (),
) -> None:
    """The legend, and the text in its colours."""
    from han_core.figures.heatmap import heatmap
    from han_core.figures.legend import legend
    from pages.parts.heatmap import draw

    with st.container(key="words"):
        st.html(legend(colour.scale))
        draw(heatmap(explanation, colour, added=added, out=out), "heatmap", on_act)
    figure_export("words", "words")
    st.caption(wording.word_concentration(explanation))
    st.caption(wording.WORDS)
