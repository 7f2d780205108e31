"""Figures of two models: places, numbers, what a click gives, odd names, many classes."""

import html
import re

import numpy as np
import pytest

from han_core.analysis.model_pairs import CHANGES, Pair
from han_core.analysis.pair_attention import MeanShift
from han_core.explanation.statistics import NO_INTERVAL, Interval
from han_core.viz.charts.confusion import change_matrix
from han_core.viz.charts.pair import (
    GAIN,
    LOSS,
    MOST_CLASSES,
    class_changes,
    divergences,
    moved_words,
    shown_classes,
)

PAIR = Pair(fixed=30, broken=10, both_right=50, both_wrong=10)


def plain(label: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", label)).strip()


def test_every_cell_has_its_place_its_numbers_and_its_change():
    figure = change_matrix(PAIR, "one", "two", selected="broken")
    cells, markers = figure.data
    assert np.array(cells.z).tolist() == [[0.5, 0.1], [0.3, 0.1]]
    places = {
        c[0]: (y, x) for c, y, x in zip(markers.customdata, markers.y, markers.x, strict=True)
    }
    assert places == {"both_right": (0, 0), "broken": (0, 1), "fixed": (1, 0), "both_wrong": (1, 1)}
    assert set(places) == set(CHANGES)
    written = [(note.y, note.x, plain(note.text)) for note in figure.layout.annotations]
    assert (1, 0, "30 · 30.0%") in written
    assert (1, 0, "fixed") in written
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.y0) == (0.52, -0.48)
    assert cells.hoverinfo == "skip"
    assert markers.hovertext[1] == (
        "<b>10 documents</b>: the first model is right, the second wrong"
    )
    axes = figure.layout.yaxis, figure.layout.xaxis
    assert [plain(axis.title.text) for axis in axes] == ["one", "two"]


def test_no_document_draws_a_matrix_all_the_same():
    figure = change_matrix(Pair(0, 0, 0, 0), "one", "two")
    assert np.array(figure.data[0].z).tolist() == [[0, 0], [0, 0]]
    assert not figure.layout.shapes


def test_bars_of_classes_go_left_and_right_and_give_back_their_class():
    pairs = (Pair(1, 5, 3, 0), Pair(7, 2, 1, 1), Pair(0, 0, 4, 0))
    labels = ("<b>odd</b>", "good", "same")
    figure = class_changes(pairs, labels)
    broken, fixed = figure.data
    assert list(fixed.customdata[0]) == ["good", "fixed"]  # gains most: on top
    assert [list(data) for data in broken.customdata] == [
        ["good", "broken"], ["same", "broken"], ["<b>odd</b>", "broken"],
    ]  # fmt: skip
    assert list(fixed.x) == [7, 0, 1]
    assert list(broken.x) == [-2, 0, -5]
    assert (fixed.marker.color, broken.marker.color) == (GAIN, LOSS)
    assert plain(broken.text[2]) == "5"
    assert not any("<b>odd" in tick for tick in figure.layout.yaxis.ticktext)
    assert "of 9 documents" in fixed.hovertext[2]
    with pytest.raises(ValueError, match="3 pairs expected"):
        class_changes(pairs[:2], ("a", "b", "c"))


def test_of_many_classes_those_that_changed_most_are_drawn():
    pairs = [Pair(at, 150 - at, 1, 1) if at % 2 else Pair(0, 1, 9, 9) for at in range(150)]
    shown = shown_classes(pairs)
    assert len(shown) == MOST_CLASSES
    assert all(at % 2 for at in shown)
    gains = [pairs[at].fixed - pairs[at].broken for at in shown]
    assert gains == sorted(gains, reverse=True)
    figure = class_changes(pairs, [f"class {at}" for at in range(150)])
    assert figure.layout.height < 1_000
    assert class_changes((), ()).data[0].x == ()


def test_divergences_draw_their_intervals_and_say_where_there_is_none():
    figure = divergences((("fixed", 12, Interval(0.2, 0.1, 0.4)), ("broken", 0, NO_INTERVAL)))
    (line,) = figure.data
    assert list(line.x) == [0.1, 0.2, 0.4]
    assert set(line.y) == {0}
    assert "12 documents" in line.hovertext
    labels_drawn = [plain(note.text) for note in figure.layout.annotations]
    assert "no document" in labels_drawn
    assert "0.200" in labels_drawn


def test_words_that_gained_stand_on_top_and_names_are_escaped():
    words = (
        MeanShift("<i>film", 4, 0.1, 0.5, 0.4), MeanShift("the", 9, 0.1, 0.2, 0.1),
        MeanShift("same", 9, 0.1, 0.1, 0.0), MeanShift("good", 3, 0.4, 0.1, -0.3),
    )  # fmt: skip
    figure = moved_words(words, 10)
    (bars,) = figure.data
    assert list(bars.x) == [0.4, 0.1, -0.3]
    assert list(bars.marker.color) == [GAIN, GAIN, LOSS]
    assert "4 of 10 documents" in bars.hovertext[0]
    assert "&#60;i&#62;film" in bars.hovertext[0]
    assert moved_words((), 0).data[0].x == ()


@pytest.mark.parametrize("theme", ["#ffffff", "#0e1117"])
def test_both_colours_are_seen_on_either_background(theme):
    from han_core.viz.markup import contrast

    assert min(contrast(colour, theme) for colour in (GAIN, LOSS)) >= 3
