"""The view Thresholds, drawn for a store made by hand."""

import pytest

from han_core.analysis.filters import Filter, Range
from pages.errors import thresholds
from tests.pages.errors_seen import context_of, draw
from tests.pages.seen import english, hooks

P = [0.9, 0.8, 0.8, 0.4, 0.1]


@pytest.fixture
def store(make_store, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    return make_store(
        true=["pos", "pos", "neg", "pos", "neg"], probabilities=[[1 - p, p] for p in P]
    )


def measures(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_measures_cells_and_curves_stand_at_one_half(store):
    app = draw("thresholds", context_of(store))
    assert measures(app) == {
        "Precision": "66.7%", "Recall": "66.7%", "F1": "66.7%", "False positive rate": "50.0%",
    }  # fmt: skip
    cells = app.dataframe[0].value
    assert cells.iloc[:, 1:].to_numpy().tolist() == [[2, 1], [1, 1]]
    assert {"precision-recall", "roc"} <= set(hooks(app))


def test_the_slider_and_the_buttons_set_the_threshold(store):
    app = draw("thresholds", context_of(store))
    app.slider(key=thresholds.THRESHOLD).set_value(0.85).run()
    assert measures(app)["Precision"] == "100.0%"
    assert measures(app)["Recall"] == "33.3%"
    app.button(key="threshold_best").click().run()
    assert app.slider(key=thresholds.THRESHOLD).value == pytest.approx(0.4)
    assert measures(app)["F1"] == "85.7%"
    app.button(key="threshold_half").click().run()
    assert app.slider(key=thresholds.THRESHOLD).value == 0.5


def test_another_class_is_told_from_the_rest(store):
    app = draw("thresholds", context_of(store))
    app.selectbox(key=thresholds.CLASS).select("neg").run()
    assert measures(app)["Recall"] == "50.0%"


def test_conditions_on_the_prediction_are_left_out_and_others_hold(store):
    hidden = Filter(outcome="right", confidence=Range(low=0.7))
    app = draw("thresholds", context_of(store, hidden))
    assert measures(app)["False positive rate"] == "50.0%"
    assert app.info[0].value == thresholds.LEFT_OUT
    app = draw("thresholds", context_of(store, Filter(true=("pos",))))
    assert "of other classes are expected" in app.error[0].value


def test_in_chinese(store):
    app = draw("thresholds", context_of(store, Filter(outcome="right")), locale="zh")
    assert english(app) == []
    assert list(measures(app)) == ["精确率", "召回率", "F1", "假正例率"]
