"""The deletion curve, rank agreement, flips, and uniform and shuffled attention."""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from han_core.explanation.attention_permutation import AttentionReplacement, Flip
from han_core.explanation.deletion import Curve, Deletion
from han_core.explanation.faithfulness import Evidence, MethodTaus
from han_core.runtime.messages import speaking
from han_core.viz.charts.evidence import SMALLEST, deletion_curve, flip_strip, swap_strip, tau_dots
from tests.viz.conftest import plain

FLIP = Flip("word", 250, 0.06, 0.5, None, 20)

SWAPS = AttentionReplacement(1, 0.97, np.array([0.6, 0.4]), np.linspace(0.5, 0.9, 100), FLIP)


def written(figure) -> list[str]:
    return [plain(note.text) for note in figure.layout.annotations]


def dots(figure) -> dict[float, float]:
    """Row → value of the large markers."""
    found = (t for t in figure.data if t.mode == "markers" and len(t.x) == 1)
    return {trace.y[0]: trace.x[0] for trace in found}


def evidence(*taus: float | None, by: tuple = ("attention", "leave_one_out")) -> Evidence:
    curves = {name: Curve(np.zeros((1, 5))) for name in by}
    deletion = Deletion("word", "delete", 9, np.array([1, 1, 1, 2, 5]), curves, curves)
    return Evidence("positive", 0.9, "word", 9, 2, deletion, None, *taus)


def test_tau_stands_in_its_row_and_is_joined_to_the_ceiling():
    figure = tau_dots(evidence(0.43, -0.31, 0.49))
    assert dots(figure) == {0: 0.43, 1: -0.31}
    joins = [(list(t.x), t.y[0]) for t in figure.data if t.mode == "lines"]
    assert joins == [([0.43, 0.49], 0), ([-0.31, 0.49], 1)]
    assert {".43", "−.31", "ceiling .49", "no relation"} <= {*written(figure)}
    assert [line.x0 for line in figure.layout.shapes] == [0, 0.49]
    low, high = figure.layout.xaxis.range
    assert low < -0.31
    assert high >= 1


def test_a_missing_tau_says_why():
    figure = tau_dots(evidence(0.4, None, None, by=("attention",)))
    assert "not measured yet" in written(figure)
    assert dots(figure) == {0: 0.4}
    assert len(figure.layout.shapes) == 1  # no ceiling either
    figure = tau_dots(evidence(None, None, None))
    assert written(figure).count("none: fewer than six, or all alike") == 2
    assert dots(figure) == {}
    alone = replace(evidence(None), deletion=None)
    assert "not measured yet" in written(tau_dots(alone))


def test_methods_that_read_self_attention_have_rows_of_their_own():
    methods = {"rollout": MethodTaus(0.1), "gradient_weighted": MethodTaus(0.6, -0.5)}
    figure = tau_dots(replace(evidence(0.43, 0.31, 0.49), methods=methods))
    assert dots(figure) == {0: 0.43, 1: 0.31, 2: 0.1, 4: 0.6, 5: -0.5}
    names = [re.sub("<br>", ", ", name) for name in figure.layout.yaxis.ticktext]
    assert [plain(name) for name in names] == [
        "attention, gradient × input", "attention, leave-one-out",
        "rollout, gradient × input", "rollout, leave-one-out",
        "gradient-weighted, gradient × input", "gradient-weighted, leave-one-out",
    ]  # fmt: skip
    assert "none: fewer than six, or all alike" in written(figure)
    assert "with attention" not in plain(figure.layout.annotations[0].text)
    notes = [plain(t.hovertext[0]) for t in figure.data if t.mode == "markers"]
    assert notes[2] == "rollout: 0.100 with gradient × input"
    assert figure.layout.xaxis.range[0] < -0.5
    figure = flip_strip(replace(FLIP, methods={"rollout": 0.2, "gradient_weighted": None}))
    assert dots(figure) == {0: 0.06, 1: 0.5, 2: 0.2}
    assert [plain(name) for name in figure.layout.yaxis.ticktext] == [
        "attention", "gradient × input", "rollout", "gradient-weighted", "random order"
    ]  # fmt: skip
    arrows = [t.y[0] for t in figure.data if "triangle-right" in str(t.marker.symbol)]
    assert arrows == [3, 4]


def test_a_share_is_a_dot_and_never_is_an_arrow_past_the_end():
    figure = flip_strip(FLIP)
    assert dots(figure) == {0: 0.06, 1: 0.5}
    assert "6%" in written(figure)
    (arrow,) = (trace for trace in figure.data if "triangle-right" in str(trace.marker.symbol))
    assert arrow.y[0] == 2
    assert arrow.x[-1] > 1
    assert arrow.x[-1] < figure.layout.xaxis.range[1]
    assert "never" in written(figure)
    assert "100%" not in written(figure)
    assert arrow.hovertext == "never flips with one of 250 weights left, median of 20 orders"


def test_an_order_that_flips_draws_no_arrow():
    figure = flip_strip(replace(FLIP, random=0.8))
    assert dots(figure)[2] == 0.8
    late = flip_strip(replace(FLIP, random=249 / 250))
    assert ">99%" in written(late)
    assert not {"never", "100%"} & {*written(late)}
    assert "never" not in written(figure)
    notes = [t.hovertext[0] for t in figure.data if t.mode == "markers"]
    assert plain(notes[2]) == "200 of 250 weights, median of 20 orders"
    assert "sentences zeroed" in plain(
        flip_strip(replace(FLIP, unit="sentence")).layout.annotations[0].text
    )


def test_uniform_and_shuffled_attention_next_to_the_models_own():
    figure = swap_strip(SWAPS, "positive")
    assert dots(figure) == {0: 0.4}
    (line,) = figure.layout.shapes
    assert line.x0 == line.x1 == 0.97
    assert "own attention .97" in written(figure)
    (shuffled,) = (trace for trace in figure.data if len(trace.x) == 100)
    assert sorted(shuffled.x) == pytest.approx(np.linspace(0.5, 0.9, 100).tolist())
    assert all(0.7 < y < 1.3 for y in shuffled.y)
    assert len({*shuffled.y}) == 100  # none on top of another
    assert "p(positive)" in written(figure)
    notes = [t.hovertext[0] for t in figure.data if len(t.x) == 1]
    assert plain(notes[0]) == "0.400, the prediction flips"
    stays = swap_strip(replace(SWAPS, uniform=np.array([0.2, 0.8])), "positive")
    assert "the prediction stays" in stays.data[0].hovertext[0]


def test_a_picture_is_the_same_each_time():
    assert swap_strip(SWAPS, "x").to_json() == swap_strip(SWAPS, "x").to_json()


def test_a_foreign_class_is_text():
    title = swap_strip(SWAPS, "<img src=x> $y$").layout.annotations[0].text
    assert "<img" not in title
    assert "$" not in title
    assert plain(title) == "p(<img src=x> $y$)"


FALLS = [0.01, 0.1, 0.2, 0.3, 0.4]

DRAWS = np.array([FALLS, [0.0] * 5, [-0.05] * 5])


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


def test_sufficiency_keeps_only_the_top_words(deletion):
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


def test_notes_give_the_deleted_words_and_the_fall(deletion):
    note = traces(deletion_curve(deletion, "positive"))["attention"].hovertext[3]
    assert plain(note) == "40 of 200 words deleted, attention:the probability falls by 0.300"
    unknown = deletion_curve(replace(deletion, fill="unknown"), "positive")
    assert "words replaced by the unknown word" in plain(unknown.layout.annotations[0].text)
    assert "words deleted" in plain(deletion_curve(deletion, "x").layout.annotations[0].text)


def test_shares_are_the_deleted_ones_and_equal_ones_are_drawn_once():
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


def test_a_foreign_class_is_text_in_the_deletion_curve(deletion):
    figure = deletion_curve(deletion, "<b>bad</b> $x$ " * 9)
    title = figure.layout.yaxis.title.text
    assert "<b>" not in title
    assert "$" not in title
    assert plain(title).startswith("fall of p(<b>bad</b>")
    assert len(plain(title)) < 45


def test_in_chinese(deletion):
    with speaking("zh"):
        figures = [
            deletion_curve(deletion, "positive"),
            tau_dots(evidence(0.4, None, None, by=("attention",))),
            flip_strip(FLIP),
            swap_strip(SWAPS, "positive"),
        ]
    texts = [plain(text) for figure in figures for text in _texts(figure.to_dict())]
    assert {"注意力", "梯度 × 输入", "尚未测量", "均匀注意力"} <= {*texts}
    assert [text for text in texts if re.search("[a-z]{2,} [a-z]{2,}", text)] == []


def _texts(part: object) -> Iterator[str]:
    """What a figure writes: titles, notes, names and hovers."""
    for name, value in part.items() if isinstance(part, dict) else enumerate(part):
        if name in ("text", "hovertext", "name", "ticktext") and not isinstance(value, dict):
            yield from [value] if isinstance(value, str) else value
        elif isinstance(value, dict | list) and name != "template":
            yield from _texts(value)
