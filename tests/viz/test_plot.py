"""Figures: the builder, its lines, bands and layouts as Plotly's own, and the lazy figure."""

import ast
import copy
import json
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
import pytest

import han_core
from han_core.viz.markup import INK, PANEL, contrast
from han_core.viz.plot import RANKED, UNIFORM, FigureBuilder, LazyFigure, below, marked_line, rows
from tests.viz.conftest import plain

LINE = {"width": 2, "dash": "dot"}

BAND = {"fillcolor": "red", "line": {"width": 0}, "layer": "below"}

MODULES = sorted((Path(han_core.__file__).parent / "viz").rglob("*.py"))


def as_json(figure: go.Figure) -> dict:
    return json.loads(figure.to_json())


def dots(builder: FigureBuilder) -> FigureBuilder:
    builder.add_trace("scatter", x=[1, 2], y=[3, 4])
    return builder


@pytest.fixture
def plotlys() -> go.Figure:
    return go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))


def test_lines_and_bands_are_those_that_plotly_adds(plotlys):
    builder = dots(FigureBuilder())
    builder.add_vline(0.25, LINE, name={"text": "here", "y": 1, "yanchor": "bottom"})
    builder.add_hline(-3, LINE)
    builder.add_vband(0.5, 1.5, **BAND)
    builder.add_hband(1, 2, **BAND)
    name = {"text": "here", "y": 1, "yanchor": "bottom", "xanchor": "auto"}
    plotlys.add_vline(x=0.25, line=LINE, annotation=name)
    plotlys.layout.annotations[0].xanchor = None  # Plotly's choice of a side; ours is explicit
    plotlys.add_hline(y=-3, line=LINE)
    plotlys.add_vrect(x0=0.5, x1=1.5, **BAND)
    plotlys.add_hrect(y0=1, y1=2, **BAND)
    assert as_json(builder.build()) == as_json(plotlys)


def test_layouts_are_merged_as_plotly_merges_them(plotlys):
    builder = dots(FigureBuilder({"margin": {"l": 8, "t": 8}, "height": 100}))
    builder.update_layout(margin={"t": 44}, height=200)
    builder.update_xaxis(range=[0, 1], title={"text": "x"})
    builder.update_xaxis(range=[0, 2], title={"font": {"size": 9}})
    builder.update_yaxis(zeroline=False)
    plotlys.update_layout(margin={"l": 8, "t": 8})
    plotlys.update_layout(margin={"t": 44}, height=200)
    plotlys.update_xaxes(range=[0, 2], title={"text": "x", "font": {"size": 9}})
    plotlys.update_yaxes(zeroline=False)
    assert as_json(builder.build()) == as_json(plotlys)


def test_what_several_figures_share_stays_as_it_is():
    shared = {"margin": {"l": 8}, "hoverlabel": {"font": {"color": "red"}}}
    before = copy.deepcopy(shared)
    builder = dots(FigureBuilder(shared))
    builder.update_layout(margin={"l": 0}, hoverlabel={"font": {"color": "blue"}})
    first = builder.build()
    first.layout.hoverlabel.font.color = "green"
    assert shared == before
    assert builder.build().layout.hoverlabel.font.color == "blue"


@pytest.mark.parametrize(
    "wrong",
    [
        FigureBuilder(traces=[{"type": "scatter", "hight": 3}]),
        FigureBuilder(traces=[{"type": "scattered"}]),
        FigureBuilder({"xaxis": {"title_colour": "red"}}),
        FigureBuilder(annotations=[{"text": "x", "side": "left"}]),
        FigureBuilder(shapes=[{"type": "line", "width": 2}]),
    ],
)
def test_the_tests_of_figures_refuse_what_plotly_does_not_know(wrong):
    with pytest.raises(ValueError):
        wrong.build()


@pytest.mark.parametrize("wrong", [{"range": None}, {"title_text": "x"}])
def test_they_refuse_what_plotly_would_write_otherwise(wrong):
    with pytest.raises(AssertionError):
        FigureBuilder({"xaxis": wrong}).build()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_figures_are_made_in_one_place_and_every_one_is_tested(path):
    """``LazyFigure`` apart, Plotly lends the name of the type and nothing else."""
    tests = "".join(
        test.read_text(encoding="utf-8") for test in Path(__file__).parent.rglob("*.py")
    )
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    called = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    assert not [name for name in called if name.startswith("go.")]
    made = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.returns]
    for function in made:
        if ast.unparse(function.returns) == "go.Figure":
            assert f"{function.name}(" in tests


TRACES = [{"type": "scatter", "x": [1, 2], "y": [3.5, None], "name": "a"}]

LAYOUT = {"height": 90, "xaxis": {"range": [0, 3]}}


def specification() -> dict:
    return copy.deepcopy({"data": TRACES, "layout": LAYOUT})


def is_made(figure: LazyFigure) -> bool:
    return "_specification" not in vars(figure)


@pytest.mark.parametrize("template", ["plotly", "plotly_dark+none", None])
def test_its_json_is_plotlys_own_in_the_current_template(monkeypatch, template):
    monkeypatch.setattr(pio.templates, "default", template)
    drawn = LazyFigure(specification())
    assert json.loads(drawn.to_json()) == json.loads(go.Figure(specification()).to_json())
    assert not is_made(drawn)
    assert ("template" in drawn.to_dict()["layout"]) == (template is not None)


def test_a_template_may_be_an_object_or_the_figures_own(monkeypatch):
    grey = go.layout.Template(layout={"paper_bgcolor": "grey"})
    monkeypatch.setattr(pio.templates, "default", grey)
    assert LazyFigure(specification()).layout.template.layout.paper_bgcolor == "grey"
    own = {"data": TRACES, "layout": {**LAYOUT, "template": {"layout": {"height": 5}}}}
    assert LazyFigure(own).to_dict()["layout"]["template"] == {"layout": {"height": 5}}


def test_its_parts_can_be_read_and_changed():
    drawn = LazyFigure(specification())
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
    drawn = LazyFigure(specification())
    out = drawn.to_dict()
    del out["data"][0]["name"], out["layout"]["height"]
    assert drawn.to_dict()["data"] == TRACES
    assert drawn.to_dict()["layout"]["height"] == 90


def test_it_can_be_copied_before_and_after_somebody_looked():
    drawn = LazyFigure(specification())
    for _ in range(2):
        assert copy.deepcopy(drawn).to_dict() == drawn.to_dict()
        assert drawn.layout.height == 90


def test_an_attribute_that_no_figure_has_is_missing():
    drawn = LazyFigure(specification())
    assert not hasattr(drawn, "hight")
    with pytest.raises(AttributeError, match="hight"):
        _ = drawn.hight
    assert drawn.layout.height == 90


FOREIGN = '<b>x</b><a href="http://e">y</a> $\\alpha$ &lt;'


def test_names_stand_from_the_top_in_the_order_given():
    figure = rows(["one", "two", "three"], "title", (0, 1)).build()
    assert [plain(tick) for tick in figure.layout.yaxis.ticktext] == ["one", "two", "three"]
    bottom, top = figure.layout.yaxis.range
    assert bottom > 2
    assert top < 0
    assert figure.layout.xaxis.range == (0, 1)


def test_height_follows_the_number_of_rows():
    heights = [rows(["r"] * n, "", (0, 1)).layout["height"] for n in (10, 20, 30)]
    assert heights[2] - heights[1] == heights[1] - heights[0] == 340
    assert rows(["r"] * 10, "", (0, 1), height=44).layout["height"] > heights[0]


def test_the_background_is_the_pages_and_every_label_has_its_own_ink():
    figure = rows(["one"], "first line\nsecond line", (0, 1)).build()
    layout = figure.layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    (title,) = layout.annotations
    inks = f"light-dark({INK['light']},{INK['dark']})"
    for label in (layout.yaxis.ticktext[0], layout.xaxis.tickprefix, title.text):
        assert inks in label
    assert [plain(line) for line in title.text.split("<br>")] == ["first line", "second line"]


def test_foreign_names_are_text():
    figure = rows([FOREIGN], FOREIGN, (0, 1)).build()
    line = marked_line(0.5, FOREIGN, "left")["name"]
    for label in (figure.layout.yaxis.ticktext[0], below(FOREIGN)["text"], line["text"]):
        ours = re.sub(r"<span style=\"color:light-dark\([#\w,]+\)\">|</span>", "", label)
        assert not {*"<>$"} & {*ours}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_look_can_be_seen_on_both_themes(theme):
    for look in [*RANKED.values(), UNIFORM]:
        assert contrast(look.colour, PANEL[theme]) >= 3


def test_no_two_looks_differ_by_colour_alone():
    for one, other in combinations([*RANKED.values(), UNIFORM], 2):
        assert one.symbol != other.symbol
        assert one.colour != other.colour
    assert len({look.dash for look in RANKED.values()}) == len(RANKED)


def test_colours_stay_apart_for_people_who_see_no_red_or_no_green():
    """Viénot, Brettel and Mollon 1999: what is left of linear red and green is one channel."""
    looks = [*RANKED.values(), UNIFORM]
    for confused in (np.array([0.293, 0.707]), np.array([0.114, 0.886])):
        seen = []
        for look in looks:
            red, green, blue = (int(look.colour[at : at + 2], 16) for at in (1, 3, 5))
            seen.append(
                (confused @ [(red / 255) ** 2.2, (green / 255) ** 2.2], (blue / 255) ** 2.2)
            )
        for (one, first), (other, second) in combinations(zip(looks, seen, strict=True), 2):
            assert np.hypot(*np.subtract(first, second)) > 0.04, (one.name, other.name)
