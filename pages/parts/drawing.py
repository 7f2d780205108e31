"""An explanation on the page: prediction, sentence bars, word heatmap.

Layout only; every figure comes from ``han_core.figures``.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import controls, wording
from pages.parts.hook import hooked

if TYPE_CHECKING:
    from han_core.explanation.explanation import Explanation

NARROWEST = 480  # pixels that bars or running text need beside each other


def prediction(explanation: "Explanation") -> None:
    """The predicted class, the probabilities, and how much of the text was seen."""
    from han_core.figures import heatmap

    st.html(heatmap.prediction(explanation))
    st.caption(heatmap.seen_line(explanation))
    st.caption(wording.PREDICTION)


def evidence(explanation: "Explanation") -> None:
    """Sentences beside words where there is room, above them where not."""
    grid = st.grid(2, min_column_width=NARROWEST, gap=("small", "large"))
    with grid.cell():
        st.subheader("Sentences", anchor=False)
        sentences([("", explanation)])
        st.caption(wording.sentence_concentration(explanation))
        st.caption(wording.SENTENCES)
    with grid.cell():
        st.subheader("Words", anchor=False)
        words(explanation)


def sentences(named: "Sequence[tuple[str, Explanation]]") -> None:
    """The bars of one or several explanations, on one axis."""
    from han_core.figures.bars import sentence_bars

    with hooked("sentence-bars", key="sentence_bars"):
        st.plotly_chart(
            sentence_bars(named),
            key="sentence_figure",
            config={"displayModeBar": False},
            alt="Attention weight of each sentence",
        )


def words(explanation: "Explanation") -> None:
    """The switch of the reading, the legend, and the text in its colours."""
    from han_core.figures.colour import scale_top
    from han_core.figures.heatmap import legend, word_heatmap

    reading = controls.reading()
    top = scale_top([explanation], reading)
    st.html(legend(reading, top))
    st.html(word_heatmap(explanation, reading, top))
    st.caption(wording.READINGS[reading])
    st.caption(wording.word_concentration(explanation))
    st.caption(wording.WORDS)
