"""Figures of two models: places, numbers, what a click gives, odd names, many classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from han_core.analysis.model_pairs import CHANGES, Pair
from han_core.analysis.pair_attention import MeanShift
from han_core.explanation.statistics import NO_INTERVAL, Interval
from han_core.viz.charts.comparison import (
    GAIN,
    LOSS,
    MEASURES,
    MOST_CLASSES,
    OPPOSED_COLOUR,
    agreement_matrix,
    class_changes,
    divergences,
    moved_words,
    pairwise,
    shown_classes,
)
from han_core.viz.charts.confusion import STRONGEST, change_matrix
from han_core.viz.markup import INK, PANEL, contrast
from tests.viz.conftest import plain

PAIR = Pair(fixed=30, broken=10, both_right=50, both_wrong=10)


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


UP = [0.05, 0.1, 0.15, 0.2, 0.22, 0.28]

VALUES = np.array([UP, UP[::-1], [-value for value in UP]])


def test_tau_by_hand():
    found = pairwise(VALUES, "tau")
    assert found[0, 1] == found[1, 0] == pytest.approx(-1)
    assert found[0, 2] == pytest.approx(1)  # a sign is no size
    assert np.isnan(np.diag(found)).all()


def test_overlap_by_hand():
    found = pairwise(VALUES, "overlap", top=4)
    assert found[0, 1] == 0.5  # words 3 and 4 of 1 to 4 and 3 to 6
    assert found[0, 2] == 1


def test_divergence_by_hand():
    found = pairwise(np.array([[1, 0], [0, 3], [1, 1]]), "divergence")
    assert found[0, 1] == pytest.approx(np.log(2))  # 3 is made to sum to 1
    middle = np.array([0.75, 0.25])
    by_hand = (np.log(1 / 0.75) + (np.log(0.5 / middle) * 0.5).sum()) / 2
    assert found[0, 2] == pytest.approx(by_hand)


@given(arrays(float, (4, 7), elements=st.sampled_from([-2.0, -1.0, 0.0, 0.5, 3.0])))
def test_pairs_are_symmetric_and_within_bounds(values):
    limits = {"tau": (-1, 1), "overlap": (0, 1), "divergence": (0, np.log(2))}
    for measure in MEASURES:
        found = pairwise(values, measure, top=3)
        np.testing.assert_array_equal(found, found.T)
        there = found[~np.isnan(found)]
        low, high = limits[measure]
        assert ((there >= low - 1e-9) & (there <= high + 1e-9)).all()


def test_there_is_none_where_nothing_can_be_compared():
    still = np.array([UP, [0.0] * 6])
    assert np.isnan(pairwise(still, "tau")[0, 1])
    assert np.isnan(pairwise(still, "divergence")[0, 1])
    assert np.isnan(pairwise(VALUES[:, :5], "tau")).all()  # five words
    figure = agreement_matrix(["a", "b"], still, "tau")
    assert [plain(note.text) for note in figure.layout.annotations].count("–") == 2
    assert figure.data[0].z[1][1] is None


def test_numbers_and_colours_stand_in_their_cells():
    figure = agreement_matrix(["one", "two", "three"], VALUES, "tau")
    notes = figure.layout.annotations
    assert [plain(note.text) for note in notes[:3]] == ["one", "two", "three"]
    middles = figure.layout.yaxis.tickvals
    written = {(middles.index(note.y), note.x): plain(note.text) for note in notes[3:9]}
    assert written == {
        (0, 1): "−1.00", (1, 0): "−1.00", (0, 2): "1.00", (2, 0): "1.00", (1, 2): "−1.00",
        (2, 1): "−1.00",
    }  # fmt: skip
    cells = figure.data[0]
    below_names = [[cell and round(cell, 9) for cell in row] for row in cells.z[1::2]]
    assert below_names == [[None, -1, 1], [-1, None, -1], [1, -1, None]]
    assert all(cell is None for row in cells.z[::2] for cell in row)  # where the names stand
    edges = cells.y
    for row, middle in enumerate(middles):
        assert edges[2 * row + 1] < middle < edges[2 * row + 2]
    assert plain(cells.hovertext[1][2]) == "1.0000onethree"
    first, last = figure.layout.yaxis.range
    assert first > last  # the first name on top


def test_a_darker_cell_is_closer_agreement_in_every_measure():
    values = np.array([UP, [value + 0.001 for value in UP], UP[::-1]])
    for measure in MEASURES:
        shares = agreement_matrix(["a", "b", "c"], values, measure, top=3).data[0].z
        assert shares[1][1] > shares[1][2]


def test_a_foreign_name_is_text_and_whole_on_hover():
    foreign = "<b>x</b> $y$ " * 4
    figure = agreement_matrix([foreign, "other"], VALUES[:2], "tau")
    for label in (figure.layout.annotations[0].text, figure.data[0].hovertext[1][1]):
        assert "<b>x" not in label
        assert "$" not in label
    assert plain(figure.data[0].hovertext[1][1]).startswith("-1.0000" + foreign.strip())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_are_readable_on_every_shade_of_orange(theme):
    panel = [int(PANEL[theme][at : at + 2], 16) for at in (1, 3, 5)]
    for opacity in np.linspace(0, STRONGEST, 50):
        pairs = zip(OPPOSED_COLOUR, panel, strict=True)
        mixed = [round(opacity * orange + (1 - opacity) * behind) for orange, behind in pairs]
        assert contrast("#" + bytes(mixed).hex(), INK[theme]) >= 4.5


@pytest.mark.parametrize("columns", [1, 9])
def test_too_few_and_too_many_columns_are_refused(columns):
    with pytest.raises(ValueError, match="2 to 8"):
        pairwise(np.ones((columns, 6)), "tau")


def test_names_and_columns_go_together():
    with pytest.raises(ValueError, match="3 names expected, 2 came"):
        agreement_matrix(["a", "b"], VALUES, "tau")
