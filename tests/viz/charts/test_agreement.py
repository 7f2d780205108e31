"""The matrix of agreement: pairs by hand, colours that can be read, foreign names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from han_core.viz.charts.agreement import MEASURES, ORANGE, agreement_matrix, pairwise
from han_core.viz.charts.confusion import STRONGEST
from han_core.viz.markup import INK, PANEL, contrast
from tests.viz.conftest import plain

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
        pairs = zip(ORANGE, panel, strict=True)
        mixed = [round(opacity * orange + (1 - opacity) * behind) for orange, behind in pairs]
        assert contrast("#" + bytes(mixed).hex(), INK[theme]) >= 4.5


@pytest.mark.parametrize("columns", [1, 9])
def test_too_few_and_too_many_columns_are_refused(columns):
    with pytest.raises(ValueError, match="2 to 8"):
        pairwise(np.ones((columns, 6)), "tau")


def test_names_and_columns_go_together():
    with pytest.raises(ValueError, match="3 names expected, 2 came"):
        agreement_matrix(["a", "b"], VALUES, "tau")
