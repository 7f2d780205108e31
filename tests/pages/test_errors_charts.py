"""The ways in and the view Slices, drawn for a store made by hand."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from han_core.analysis.calibration import calibration
from han_core.analysis.filters import Filter, Range
from han_core.analysis.metrics import class_scores
from han_core.runtime.messages import speaking
from han_core.viz.charts import confusion
from pages.errors import charts, selection, sentences
from pages.errors.charts import calibration_line, class_places
from tests.analysis.made import by_chance, made
from tests.pages.errors_seen import context_of, draw
from tests.pages.seen import captions, hooks


@pytest.fixture
def store(class_store):
    return class_store


def drawn(store, **conditions) -> AppTest:
    return draw("charts", context_of(store, Filter(**conditions)))


def chart(app: AppTest) -> dict:
    (figure,) = app.get("plotly_chart")
    return json.loads(figure.proto.spec)


def written(app: AppTest) -> list[str]:
    notes = chart(app)["layout"]["annotations"]
    return [note["text"].split(">")[1].split("<")[0] for note in notes]


def test_the_matrix_and_the_list_of_confusions(store):
    app = drawn(store)
    assert "confusion-matrix" in hooks(app)
    assert written(app) == ["2", "1", "0", "1", "2", "0", "1", "0", "3"]
    listed = app.dataframe(key=charts.LIST).value
    assert set(zip(listed["true"], listed["predicted"], strict=True)) == {
        ("a", "b"), ("b", "a"), ("c", "a")
    }  # fmt: skip
    app.segmented_control(key=charts.CELLS).set_value("true").run()
    assert written(app)[0] == "66.7%"


def test_the_matrix_shows_all_cells_of_the_other_conditions_and_frames_its_own(store):
    app = drawn(store, true=("a",), predicted=("b",), tokens=Range(high=6))
    assert written(app) == ["2", "1", "0", "1", "2", "0", "0", "0", "0"]
    assert len(chart(app)["layout"]["shapes"]) == 1
    assert app.dataframe(key=charts.LIST).value.iloc[0]["true"] == "a"


@pytest.mark.parametrize(
    ("way", "hook"),
    [
        ("classes", "class-scores"),
        ("calibration", "reliability"),
        ("length", "by-length"),
        ("confidence", "by-confidence"),
    ],
)
def test_every_other_way_in_is_drawn_for_many_some_and_no_document(store, way, hook):
    for conditions in ({}, {"outcome": "wrong"}, {"loss": Range(low=99)}):
        app = draw("charts", context_of(store, Filter(**conditions)), **{charts.CHART: way})
        assert hook in hooks(app)
        marked = conditions == {"outcome": "wrong"}
        assert (sentences.OWN_CONDITION in captions(app)) == marked


def test_what_was_drawn_is_kept_until_something_that_decides_it_changes(store, monkeypatch):
    session: dict = {}
    monkeypatch.setattr(selection.st, "session_state", session)
    counted = []
    make = lambda of: counted.append(len(of)) or len(of)  # noqa: E731
    for of, own in (
        (context_of(store), ()),
        (context_of(store), ()),
        (context_of(store, Filter(outcome="wrong")), ()),
        (context_of(store, Filter(outcome="wrong")), ("outcome",)),
    ):
        assert selection.cached_figure(of, own, ("x",), make) in (10, 3)
    assert counted == [10, 3, 10]
    with speaking("zh"):
        selection.cached_figure(of, own, ("x",), make)
    assert counted == [10, 3, 10, 10]


def test_classes_in_every_order():
    scores = class_scores(np.array([[1, 4, 0], [0, 9, 0], [0, 0, 0]]))
    labels = ("b", "a", "C")
    assert class_places(scores, labels, "F1, lowest first") == [0, 1, 2]  # none has F1 last
    assert class_places(scores, labels, "Documents, most first") == [1, 0, 2]
    assert class_places(scores, labels, "As in the model") == [0, 1, 2]
    assert class_places(scores, labels, "By name") == [1, 0, 2]


def test_the_calibration_error_in_a_sentence():
    result = calibration(by_chance(400, too_sure=0.1))
    sentence = calibration_line(result)
    assert f"**{result.error.mean:.1%}** (95% interval {result.error.low:.1%} to" in sentence
    assert f"accuracy {by_chance(400, too_sure=0.1).right.mean():.1%}" in sentence
    assert (
        calibration_line(calibration(made([], [], labels=("a",))))
        == "The filter selects no document."
    )


def test_the_page_says_how_to_read_the_matrix_where_it_is_drawn_without_numbers():
    assert charts.WRITTEN == confusion.WRITTEN
