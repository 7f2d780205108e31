"""The confusion matrix: places, counts, clicks and readable numbers."""

import numpy as np
import pytest

from han_core.viz.charts.confusion import CELL_COLOUR, CLICKED, MOST, STRONGEST, confusion_matrix
from han_core.viz.markup import INK, PANEL, contrast
from tests.viz.conftest import plain

COUNTS = np.array([[5, 1, 0], [2, 6, 0], [0, 0, 0]])

LABELS = ("bad", "good", "<b>odd</b>")


@pytest.fixture(scope="module")
def figure():
    return confusion_matrix(COUNTS, LABELS, selected=("good", "bad"))


def test_rows_are_true_and_columns_predicted_classes(figure):
    cells, markers = figure.data
    assert np.array(cells.z) == pytest.approx(np.sqrt(COUNTS / 6), abs=1e-4)
    places = {
        tuple(cell): (y, x)
        for cell, y, x in zip(markers.customdata, markers.y, markers.x, strict=True)
    }
    assert places["bad", "good"] == (0, 1)
    assert places["good", "bad"] == (1, 0)
    assert len(places) == 9
    first, last = figure.layout.yaxis.range
    assert first > last  # the first class on top
    assert "true" in figure.layout.yaxis.title.text
    assert "predicted" in figure.layout.xaxis.title.text


def test_counts_stand_in_their_cells(figure):
    written = {(note.y, note.x): plain(note.text) for note in figure.layout.annotations}
    assert written == {(r, c): str(COUNTS[r, c]) for r in range(3) for c in range(3)}


def test_the_markers_take_clicks_and_hovering_and_the_heatmap_none(figure):
    cells, markers = figure.data
    assert cells.hoverinfo == "skip"
    assert figure.layout.clickmode == "event+select"
    assert markers.hovertext[1] == (
        "<b>1 document</b><br>16.7% of the true class<br>14.3% of the predicted class<br>"
        "true: bad<br>predicted: good"
    )


@pytest.mark.parametrize(
    ("by", "shares", "written"),
    [
        ("true", [[5 / 6, 1 / 6, 0], [0.25, 0.75, 0], [0, 0, 0]], "83.3%"),
        ("predicted", [[5 / 7, 1 / 7, 0], [2 / 7, 6 / 7, 0], [0, 0, 0]], "71.4%"),
    ],
)
def test_shares_of_the_row_or_of_the_column(by, shares, written):
    figure = confusion_matrix(COUNTS, LABELS, by=by)
    assert np.array(figure.data[0].z) == pytest.approx(np.array(shares), abs=1e-4)
    assert plain(figure.layout.annotations[0].text) == written
    assert figure.data[1].customdata[0] == ["bad", "bad"]


def test_labels_are_shown_escaped_and_given_back_whole(figure):
    assert [plain(tick) for tick in figure.layout.xaxis.ticktext] == list(LABELS)
    assert "<b>odd" not in figure.layout.xaxis.ticktext[2]
    assert "predicted: &#60;b&#62;odd" in figure.data[1].hovertext[2]
    assert figure.data[1].customdata[2][1] == "<b>odd</b>"


def test_the_selected_cell_is_framed(figure):
    (frame,) = figure.layout.shapes
    assert frame.x0 < 0 < frame.x1 < 1
    assert frame.y0 < 1 < frame.y1 < 2
    assert not confusion_matrix(COUNTS, LABELS).layout.shapes
    assert not confusion_matrix(COUNTS, LABELS, selected=("bad", "gone")).layout.shapes


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_are_readable_on_every_shade(theme):
    panel = [int(PANEL[theme][at : at + 2], 16) for at in (1, 3, 5)]
    for opacity in np.linspace(0, STRONGEST, 50):
        mixed = [
            round(opacity * blue + (1 - opacity) * behind)
            for blue, behind in zip(CELL_COLOUR, panel, strict=True)
        ]
        assert contrast("#" + bytes(mixed).hex(), INK[theme]) >= 4.5


def test_twenty_classes_fit_on_a_screen():
    labels = tuple(f"class {i}" for i in range(20))
    assert confusion_matrix(np.eye(20, dtype=int), labels).layout.height < 700


def test_counts_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 3\)"):
        confusion_matrix(np.ones((2, 2)), LABELS)


MANY = tuple(f"class <{i}>" for i in range(150))


@pytest.fixture(scope="module")
def many():
    counts = 40 * np.eye(150, dtype=int)
    counts[3, 140] = 2
    return confusion_matrix(counts, MANY, selected=("class <3>", "class <140>"))


def test_a_hundred_and_fifty_classes_fit_on_a_screen_without_numbers(many):
    assert many.layout.height < 750
    assert not many.layout.annotations
    assert many.layout.dragmode == "zoom"
    assert many.layout.xaxis.labelalias["149"].count("class &#60;149&#62;") == 1


def test_of_many_classes_only_cells_with_documents_can_be_clicked_and_the_least_is_seen(many):
    cells, markers = many.data
    assert len(markers.customdata) == 151
    at = markers.customdata.index(["class <3>", "class <140>"])
    assert (markers.y[at], markers.x[at]) == (3, 140)
    assert cells.z[3][140] > 0.2
    assert cells.z[140][3] == 0
    assert many.layout.shapes[0].x0 == pytest.approx(139.52)


def test_the_fullest_cells_take_clicks_where_there_are_too_many():
    counts = np.arange(150 * 150).reshape(150, 150)
    markers = confusion_matrix(counts, MANY).data[1]
    assert len(markers.customdata) == CLICKED
    assert min(counts[y, x] for x, y in zip(markers.x, markers.y, strict=True)) == 22_500 - CLICKED


def test_more_classes_than_have_cells_are_refused():
    labels = tuple(map(str, range(MOST + 1)))
    with pytest.raises(ValueError, match="at most"):
        confusion_matrix(np.zeros((MOST + 1, MOST + 1)), labels)
