"""The cheap figure: the same as Plotly's own, and Plotly's objects only when they are asked for."""

import copy
import json

import plotly.graph_objects as go
import plotly.io as pio
import pytest

from han_core.viz.plot import LazyFigure

TRACES = [{"type": "scatter", "x": [1, 2], "y": [3.5, None], "name": "a"}]
LAYOUT = {"height": 90, "xaxis": {"range": [0, 3]}}


def told() -> dict:
    return copy.deepcopy({"data": TRACES, "layout": LAYOUT})


def is_made(figure: LazyFigure) -> bool:
    return "_specification" not in vars(figure)


@pytest.mark.parametrize("template", ["plotly", "plotly_dark+none", None])
def test_it_is_told_as_plotlys_own_in_the_template_of_the_time(monkeypatch, template):
    monkeypatch.setattr(pio.templates, "default", template)
    drawn = LazyFigure(told())
    assert json.loads(drawn.to_json()) == json.loads(go.Figure(told()).to_json())
    assert not is_made(drawn)
    assert ("template" in drawn.to_dict()["layout"]) == (template is not None)


def test_a_template_may_be_an_object_or_the_figures_own(monkeypatch):
    grey = go.layout.Template(layout={"paper_bgcolor": "grey"})
    monkeypatch.setattr(pio.templates, "default", grey)
    assert LazyFigure(told()).layout.template.layout.paper_bgcolor == "grey"
    own = {"data": TRACES, "layout": {**LAYOUT, "template": {"layout": {"height": 5}}}}
    assert LazyFigure(own).to_dict()["layout"]["template"] == {"layout": {"height": 5}}


def test_its_parts_can_be_read_and_changed():
    drawn = LazyFigure(told())
    assert drawn.data[0].name == "a"
    assert is_made(drawn)
    assert drawn.layout.xaxis.range == (0, 3)
    drawn.update_layout(height=100)
    drawn.add_bar(x=[1], y=[2])
    again = drawn.to_dict()
    assert again["layout"]["height"] == 100
    assert [trace["type"] for trace in again["data"]] == ["scatter", "bar"]
    assert "template" in again["layout"]


def test_what_comes_out_may_lose_parts_and_the_figure_does_not():
    drawn = LazyFigure(told())
    out = drawn.to_dict()
    del out["data"][0]["name"], out["layout"]["height"]
    assert drawn.to_dict()["data"] == TRACES
    assert drawn.to_dict()["layout"]["height"] == 90


def test_it_can_be_copied_before_and_after_somebody_looked():
    drawn = LazyFigure(told())
    for _ in range(2):
        assert copy.deepcopy(drawn).to_dict() == drawn.to_dict()
        assert drawn.layout.height == 90


def test_an_attribute_that_no_figure_has_is_missing():
    drawn = LazyFigure(told())
    assert not hasattr(drawn, "hight")
    with pytest.raises(AttributeError, match="hight"):
        _ = drawn.hight
    assert drawn.layout.height == 90
