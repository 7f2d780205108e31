"""The deletion curve: values, band, the shares that really went, and foreign names."""

import html
import re
from dataclasses import replace

import numpy as np
import pytest

from han_core.explanation.deletion import Curve, Deletion
from han_core.viz.charts.evidence import SMALLEST, deletion_curve

FALLS = [0.01, 0.1, 0.2, 0.3, 0.4]
DRAWS = np.array([FALLS, [0.0] * 5, [-0.05] * 5])


def plain(label: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", label))


def made(units: int, removed: list[int], **curves) -> Deletion:
    found = {name: Curve(np.atleast_2d(values)) for name, values in curves.items()}
    alone = {name: Curve(-curve.values) for name, curve in found.items()}
    return Deletion("word", "delete", units, np.array(removed), found, alone)


@pytest.fixture
def deletion() -> Deletion:
    return made(
        200, [2, 10, 20, 40, 100], attention=FALLS, gradient=FALLS[::-1], random=DRAWS,
        leave_one_out=[0.5] * 5,
    )  # fmt: skip


def traces(figure) -> dict:
    return {trace.legendgroup: trace for trace in figure.data if trace.mode == "lines+markers"}


def test_every_ranking_has_its_curve_and_attention_is_on_top(deletion):
    figure = deletion_curve(deletion, "positive")
    found = traces(figure)
    assert list(found["attention"].y) == FALLS
    assert list(found["gradient"].y) == FALLS[::-1]
    assert list(found["leave_one_out"].y) == [0.5] * 5
    assert list(found["random"].y) == pytest.approx(DRAWS.mean(0).tolist())
    assert figure.data[-1].legendgroup == "attention"
    names = [plain(trace.name) for trace in sorted(found.values(), key=lambda t: t.legendrank)]
    assert names == [
        "attention", "gradient × input", "leave-one-out", "random order (3 draws, 5% to 95%)"
    ]  # fmt: skip


def test_the_band_spans_the_draws_quantiles(deletion):
    figure = deletion_curve(deletion, "positive")
    (band,) = (trace for trace in figure.data if trace.fill)
    low, high = np.quantile(DRAWS, 0.05, axis=0), np.quantile(DRAWS, 0.95, axis=0)
    assert list(band.y) == pytest.approx([*high, *low[::-1]])
    assert list(band.x) == [0, 1, 2, 3, 4, 4, 3, 2, 1, 0]
    assert band.showlegend is False
    assert figure.data[0] is band  # under the curves


def test_sufficiency_is_the_other_half_and_says_so(deletion):
    figure = deletion_curve(deletion, "positive", "sufficiency")
    assert list(traces(figure)["attention"].y) == [-fall for fall in FALLS]
    assert "words kept, all others deleted" in plain(figure.layout.annotations[0].text)
    filled = deletion_curve(replace(deletion, fill="unknown"), "positive", "sufficiency")
    assert "kept, all others unknown" in plain(filled.layout.annotations[0].text)
    note = traces(figure)["attention"].hovertext[4]
    assert (
        plain(note)
        == "100 of 200 words kept, all others deleted, attention:the probability rises by 0.400"
    )


def test_notes_tell_what_went_and_what_came_of_it(deletion):
    note = traces(deletion_curve(deletion, "positive"))["attention"].hovertext[3]
    assert plain(note) == "40 of 200 words deleted, attention:the probability falls by 0.300"
    unknown = deletion_curve(replace(deletion, fill="unknown"), "positive")
    assert "words replaced by the unknown word" in plain(unknown.layout.annotations[0].text)
    assert "words deleted" in plain(deletion_curve(deletion, "x").layout.annotations[0].text)


def test_shares_are_those_that_really_went_and_equal_ones_are_one():
    figure = deletion_curve(made(8, [1, 1, 1, 2, 4], attention=[0.1, 0.1, 0.1, 0.2, 0.4]), "x")
    assert [plain(tick) for tick in figure.layout.xaxis.ticktext] == ["12%", "25%", "50%"]
    assert list(traces(figure)["attention"].y) == [0.1, 0.2, 0.4]
    assert list(traces(figure)["attention"].x) == list(figure.layout.xaxis.tickvals)


def test_the_axis_holds_the_band_and_does_not_stretch_nothing(deletion):
    low, high = deletion_curve(deletion, "positive").layout.yaxis.range
    assert low < -0.05
    assert high > 0.5
    flat = deletion_curve(made(200, [2, 10, 20, 40, 100], attention=[1e-4] * 5), "x")
    low, high = flat.layout.yaxis.range
    assert low < 0
    assert high >= SMALLEST


def test_a_foreign_class_is_text(deletion):
    figure = deletion_curve(deletion, "<b>bad</b> $x$ " * 9)
    title = figure.layout.yaxis.title.text
    assert "<b>" not in title
    assert "$" not in title
    assert plain(title).startswith("fall of p(<b>bad</b>")
    assert len(plain(title)) < 45
