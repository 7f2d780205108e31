"""Figures of several answers, by hand."""

import numpy as np
import pytest

from han_core.explanation.attribution import Attribution
from han_core.explanation.comparison import Column, Difference, attention_column
from han_core.explanation.explanation import Explanation
from han_core.text.document import Document, Sentence, Span
from han_core.viz.charts.sentence_bars import column_bars, difference_heatmap, difference_scale
from han_core.viz.colour_scale import FLOOR

TEXT = "don't go. no way"
WHOLE = [[(0, 5), (6, 8), (8, 9)], [(10, 12), (13, 16)]]
PARTED = [[(0, 2), (2, 5), (6, 8), (8, 9)], [(10, 12), (13, 16)]]


def explained(sentences, sentence_weights, word_weights) -> Explanation:
    document = Document(
        TEXT, tuple(Sentence(tuple(Span(*s) for s in spans)) for spans in sentences), len(TEXT)
    )
    return Explanation(
        "1", document, ("no", "yes"), np.array([0.25, 0.75]), np.array(sentence_weights),
        np.array(word_weights), np.ones(len(word_weights), dtype=bool),
    )  # fmt: skip


ONE = attention_column("<one>", explained(WHOLE, [0.4, 0.6], [0.5, 0.25, 0.25, 0.5, 0.5]))
TWO = attention_column("two", explained(PARTED, [0.7, 0.3], [0.1, 0.3, 0.4, 0.2, 0.5, 0.5]))
EFFECTS = Column(
    "effects",
    ONE.explanation,
    Attribution(
        "gradient", "yes", ONE.answer.document, np.array([0.1, -0.4, 0.0, 0.1, 0.0]),
        np.array([-0.3, 0.1]), signed=True,
    ),
    ONE.place,
)  # fmt: skip


def bars(figure) -> list[list[float]]:
    return [list(trace.x) for trace in figure.data if trace.type == "bar"]


def test_sentence_bars_of_weights_are_the_weights():
    figure = column_bars([ONE, TWO])
    assert bars(figure) == [pytest.approx([0.4, 0.6]), pytest.approx([0.7, 0.3])]
    labels = figure.data[-1].text
    assert any("don&#39;t go." in label for label in labels)
    assert "&#60;one&#62;" in figure.data[0].name
    assert figure.layout.xaxis.range[0] == 0


def test_sentence_bars_of_effects_are_shares_with_a_sign():
    figure = column_bars([ONE, EFFECTS])
    assert bars(figure) == [pytest.approx([0.4, 0.6]), pytest.approx([-0.75, 0.25])]
    assert figure.layout.xaxis.range[0] < -0.75
    assert figure.layout.xaxis.range[1] > 0.6
    assert "speaks against" in figure.layout.xaxis.title.text


def test_the_difference_is_drawn_on_the_words_that_both_tell_apart():
    drawn = difference_heatmap(Difference(TWO, ONE)).data
    assert drawn["tokens"] == ["don't", "go", ".", "no", "way"]
    # .28 − .2, .28 − .1, .14 − .1, and .15 − .3 twice.
    assert drawn["values"] == ["+8%", "+18%", "+4%", "−15%", "−15%"]
    assert drawn["weights"] == pytest.approx([0.28, 0.28, 0.14, 0.15, 0.15])
    assert drawn["sentences"]["weights"] == pytest.approx([0.7, 0.3])
    assert "".join(g + t for g, t in zip(drawn["gaps"], drawn["tokens"], strict=True)) == TEXT
    lights = [drawn["palette"][colour][0] for colour in drawn["colours"]]
    assert lights[3] == lights[4] != lights[0]


def test_no_difference_has_no_colour():
    drawn = difference_heatmap(Difference(ONE, ONE)).data
    assert drawn["values"] == ["0%"] * 5
    assert [drawn["palette"][colour][0] for colour in drawn["colours"]] == ["#ffffff"] * 5
    assert drawn["rules"] == []


def test_the_scale_of_a_difference_is_that_of_the_values():
    scale = difference_scale(Difference(ONE, ONE))
    assert scale.top == pytest.approx(FLOOR / 5)  # four times uniform attention
    assert scale.signed
    assert scale.title == "Difference of the weights: <one> minus <one>"
    opposed = Column("x", ONE.explanation, EFFECTS.answer, ONE.place)
    assert difference_scale(Difference(EFFECTS, opposed)).top == pytest.approx(
        max(0.4, FLOOR * 0.12)
    )


def test_added_and_gone_words_are_marked():
    drawn = difference_heatmap(Difference(ONE, ONE), {1}, [(2, "away", "0")]).data
    assert drawn["added"] == [1]
    assert drawn["out"] == [[2, "away", "0"]]
