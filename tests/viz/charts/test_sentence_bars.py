"""Sentence bars, and the difference of two columns."""

import re

import numpy as np
import pytest

from han_core.explanation.attribution import Attribution
from han_core.explanation.comparison import Column, Difference, attention_column
from han_core.explanation.explanation import Explanation
from han_core.text.document import Document, Sentence, Span
from han_core.viz.charts.sentence_bars import (
    ROOMY,
    TALLEST,
    column_bars,
    difference_heatmap,
    difference_scale,
    sentence_bars,
)
from han_core.viz.colour_scale import FLOOR
from tests.viz.conftest import plain


@pytest.fixture
def three(made):
    return made([["First", "one"], ["Second"], ["Third", "here"]], [0.125, 0.625, 0.25])


def above(figure) -> list[str]:
    return [plain(text) for trace in figure.data if trace.type == "scatter" for text in trace.text]


def bars_of(figure) -> list:
    return [trace for trace in figure.data if trace.type == "bar"]


def test_values_and_reading_order_from_the_top(three):
    figure = sentence_bars([("", three)])
    (bars,) = bars_of(figure)
    assert list(bars.x) == [0.125, 0.625, 0.25]
    assert list(bars.y) == [1, 2, 3]
    assert bars.orientation == "h"
    bottom, top = figure.layout.yaxis.range
    assert bottom > 3
    assert top < 1
    assert above(figure) == ["First one", "Second", "Third here"]
    assert [plain(tick) for tick in figure.layout.yaxis.ticktext] == ["1", "2", "3"]


def test_a_narrow_place_gets_less_of_a_sentence(three):
    assert above(sentence_bars([("", three)], columns=6)) == ["First…", "Second", "Third…"]


def test_hovering_shows_exact_weight_rank_and_the_sentence(three):
    notes = sentence_bars([("", three)]).data[0].hovertext
    assert notes[0] == "<b>0.125000</b>, rank 3 of 3 sentences<br>First one"
    assert notes[1] == "<b>0.625000</b>, rank 1 of 3 sentences<br>Second"


def test_several_models_share_one_axis_from_zero(made, three):
    even = made([["First", "one"], ["Second"], ["Third", "here"]])
    figure = sentence_bars([("han", three), ("bilstm", even)])
    assert [plain(trace.name) for trace in bars_of(figure)] == ["han", "bilstm"]
    assert figure.layout.barmode == "group"
    assert figure.layout.showlegend
    left, right = figure.layout.xaxis.range
    assert left == 0
    assert right == pytest.approx(1.04 * 0.625)
    assert figure.data[1].hovertext[0].startswith("bilstm<br><b>0.333333</b>, rank 1 of 3")
    assert not sentence_bars([("", three)]).layout.showlegend


def test_sentences_that_models_split_differently_share_a_row(made):
    parted = made([["One", "two"], ["three"], ["four"]], [0.5, 0.2, 0.3])
    joined = made([["One", "two"], ["three\nfour"]], [0.4, 0.6])
    figure = sentence_bars([("a", parted), ("b", joined)])
    assert list(figure.data[0].x) == pytest.approx([0.5, 0.5])
    assert list(figure.data[1].x) == pytest.approx([0.4, 0.6])
    assert above(figure) == ["One two", "three four"]


def test_uniform_attention_is_marked_by_a_line(three, made):
    (line,) = sentence_bars([("", three)]).layout.shapes
    assert line.x0 == line.x1 == pytest.approx(1 / 3)
    assert not sentence_bars([("", made([["alone"]]))]).layout.shapes


def test_foreign_text_is_text_and_not_markup(made):
    foreign = '<b>x</b><a href="http://e">y</a> $\\alpha$ &lt; \0 {x} %{y}'
    figure = sentence_bars([("<i>m</i>", made([[foreign]])), ("n", made([[foreign]]))])
    labels = [figure.data[0].name, *figure.data[0].hovertext, figure.data[-1].text[0]]
    for label in labels:
        ours = re.sub(r"<span style=\"color:light-dark\([#\w,]+\)\">|</span>|</?b>|<br>", "", label)
        assert not {*"<>$\0"} & {*ours}
    assert above(figure)[0] == foreign.replace("\0", "\ufffd")
    assert plain(labels[0]) == "<i>m</i>"
    assert figure.data[0].hovertemplate is None  # templates read %{…} in text


def test_a_long_sentence_is_cut_above_its_bar_and_whole_on_hover(made):
    words = [f"word{i:02}" for i in range(40)]
    figure = sentence_bars([("", made([words]))])
    assert len(above(figure)[0]) <= 60
    assert above(figure)[0].endswith("…")
    note = figure.data[0].hovertext[0].split("<br>")
    assert " ".join(note[1:]) == " ".join(words)
    assert max(map(len, note)) <= 72


@pytest.mark.parametrize("rows", [ROOMY + 1, 1500])
def test_many_sentences_are_all_there_in_thinner_rows(made, rows):
    few = sentence_bars([("", made([["w"]] * ROOMY))])
    many = sentence_bars([("", made([["w"]] * rows))])
    assert len(many.data[0].x) == rows
    assert many.layout.height / rows < few.layout.height / ROOMY / 2
    assert many.layout.height < TALLEST + 200
    assert above(many) == []
    assert plain(many.layout.yaxis.ticktext[0]) == "1  w"
    per_label = many.layout.height / len(many.layout.yaxis.ticktext)
    assert per_label > 11  # no label stands on another


def test_thin_rows_show_half_as_much_of_a_sentence(made):
    words = [[f"word{i:02}" for i in range(9)]] * (ROOMY + 1)
    for columns, shown in [(60, 28), (36, 18)]:
        (first, *_) = sentence_bars([("", made(words))], columns).layout.yaxis.ticktext
        assert plain(first).startswith("1  word00")
        assert shown - 6 < len(plain(first).removeprefix("1  ")) <= shown


def test_height_follows_the_number_of_sentences(made):
    heights = [sentence_bars([("", made([["w"]] * n))]).layout.height for n in (5, 10, 20)]
    assert heights[2] - heights[1] == 2 * (heights[1] - heights[0])


def test_the_background_is_left_to_the_page(three):
    layout = sentence_bars([("", three)]).layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"


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


def test_added_and_deleted_words_are_marked():
    drawn = difference_heatmap(Difference(ONE, ONE), {1}, [(2, "away", "0")]).data
    assert drawn["added"] == [1]
    assert drawn["out"] == [[2, "away", "0"]]


HEBREW, ENGLISH = ["סרט", "נהדר", "."], ["What", "a", "film", "."]


def drawn(made, *sentences):
    figure = sentence_bars([("", made(sentences))])
    return figure, next(trace for trace in figure.data if trace.type == "scatter")


def test_a_text_from_right_to_left_has_its_bars_from_the_right(made):
    figure, texts = drawn(made, HEBREW, HEBREW, ENGLISH)
    start, end = figure.layout.xaxis.range
    assert (start, end) == (pytest.approx(1.04 / 3), 0)
    assert figure.layout.yaxis.side == "right"
    assert texts.textposition == ("top left", "top left", "top right")
    assert texts.x == (0, 0, start)  # the English one begins at the left
    assert plain(texts.text[0]) == "\u2068סרט נהדר .\u2069"


def test_a_sentence_from_right_to_left_begins_at_the_right(made):
    figure, texts = drawn(made, ENGLISH, HEBREW)
    assert figure.layout.xaxis.range[0] == 0
    assert figure.layout.yaxis.side == "left"
    assert texts.textposition == ("top right", "top left")
    assert texts.x == (0, figure.layout.xaxis.range[1])


def test_thin_rows_have_the_number_away_from_the_axis_on_either_side(made):
    for sentence, ticks in [
        (ENGLISH, "1  What a film ."),
        (HEBREW, "\u2068\u2068סרט נהדר .\u2069  1\u2069"),
    ]:
        figure = sentence_bars([("", made([sentence] * (ROOMY + 1)))])
        assert plain(figure.layout.yaxis.ticktext[0]) == ticks
