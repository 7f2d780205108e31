"""Faithfulness over a data set: every leaf of the JSON in its row, with its interval."""

import pytest

from han_core.viz.charts.faithfulness import QUESTIONS, SMALLEST, intervals
from tests.viz.conftest import plain

NO_INTERVAL = {"mean": None, "low": None, "high": None}


def leaf(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": round(mean - 0.02, 3), "high": round(mean + 0.03, 3)}


def falls(*means: float) -> dict[str, dict]:
    names = ("attention", "gradient", "leave_one_out", "random")
    return {name: leaf(mean) for name, mean in zip(names, means, strict=True)}


@pytest.fixture
def found() -> dict:
    return {
        "n": 500,
        "comprehensiveness": falls(0.288, 0.283, 0.56, 0.023),
        "sufficiency": falls(0.005, 0.009, -0.085, 0.242),
        "captured": leaf(0.49),
        "unknown_word": {
            "comprehensiveness": falls(0.2, 0.21, 0.5, 0.03),
            "sufficiency": falls(0.1, 0.11, -0.02, 0.2),
        },
        "tau_gradient": leaf(0.43),
        "tau_leave_one_out": leaf(0.33),
        "tau_ceiling": leaf(0.49),
        "flip": {
            "attention": leaf(0.11), "gradient": leaf(0.08),
            "random": NO_INTERVAL, "never": leaf(0.21),
        },
        "uniform_flips": leaf(0.1),
        "permutation_shift": leaf(0.18),
    }  # fmt: skip


def drawn(figure) -> list[tuple]:
    return [(*trace.x, trace.marker.symbol[1].endswith("-open")) for trace in figure.data]


def names(figure) -> list[str]:
    return [plain(tick) for tick in figure.layout.yaxis.ticktext]


def test_comprehensiveness_for_both_ways_to_take_words_out(found):
    figure = intervals(found, "comprehensiveness")
    assert names(figure) == ["attention", "gradient × input", "leave-one-out", "random order"]
    values = drawn(figure)
    assert values[0] == (0.268, 0.288, 0.318, False)
    assert values[1] == (0.18, 0.2, 0.23, True)
    assert values[6] == (0.003, 0.023, 0.053, False)
    rows = [trace.y[0] for trace in figure.data]
    assert rows[0] < 0 < rows[1] < rows[2] < 1 < rows[3]
    assert plain(figure.data[0].hovertext) == (
        "0.288, 95% interval 0.268 to 0.318attention, 500 documents"
    )
    assert "unknown word" in figure.data[1].hovertext


def test_random_order_is_a_band_behind_all(found):
    band = intervals(found, "comprehensiveness").layout.shapes[0]
    assert (band.x0, band.x1, band.layer) == (0.003, 0.053, "below")
    band = intervals(found, "tau").layout.shapes[0]
    assert (band.x0, band.x1) == (0.47, 0.52)  # the ceiling


def test_every_leaf_of_the_contract_is_drawn_in_one_figure(found):
    values = {value for question in QUESTIONS for value in drawn(intervals(found, question))}
    means = {value[1] for value in values}
    assert means >= {0.288, -0.085, 0.43, 0.33, 0.49, 0.11, 0.08, 0.21, 0.1, 0.18}
    assert names(intervals(found, "attention")) == [
        "captured, of leave-one-out", "an order never flips", "uniform attention flips",
        "change when shuffled",
    ]  # fmt: skip


def test_an_interval_without_values_is_noted(found):
    figure = intervals(found, "flip")
    assert len(figure.data) == 2
    assert "no document has a value" in [plain(note.text) for note in figure.layout.annotations]
    assert len(figure.layout.shapes) == 1  # no band where there is no random order: 0 alone


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_axis_holds_every_interval_and_zero(found, question):
    figure = intervals(found, question)
    low, high = figure.layout.xaxis.range
    for trace in figure.data:
        assert low < min(trace.x)
        assert max(trace.x) < high
    assert low < 0 < high
    assert high > SMALLEST


def test_what_is_no_interval_is_refused(found):
    with pytest.raises(ValueError, match="above"):
        intervals(found | {"tau_ceiling": {"mean": 0.1, "low": 0.2, "high": 0.0}}, "tau")
    del found["tau_ceiling"]
    with pytest.raises(KeyError):
        intervals(found, "tau")
