"""What the figures of attention over a data set hold."""

import numpy as np
import pandas as pd
import pytest

from han_core.analysis.word_attention import BINS
from han_core.analysis.word_ranking import SHARES, PositionProfile
from han_core.viz.charts.corpus_attention import (
    QUESTIONS,
    SMALLEST,
    attended_words,
    entropy_shares,
    intervals,
    position_profile,
)
from tests.viz.conftest import plain

WORDS = pd.DataFrame(
    {
        "word": ["<b>fine</b>", "dull", "\n"],
        "documents": [9, 1, 4],
        "occurrences": [12, 1, 4],
        "attention": [0.3, 0.2, 0.1],
        "lift": [30.0, 20.0, 10.0],
        "low": [25.0, np.nan, 9.0],
        "high": [35.0, np.nan, 11.0],
        "shrunken": [29.0, 15.0, 10.0],
    }
)


@pytest.mark.parametrize(("by", "end"), [("lift", 44.1), ("attention", 44.1)])
def test_words_stand_in_rows_and_carry_themselves(by, end):
    figure = attended_words(WORDS, by, {"Right": np.array([42.0, np.nan, 1.0])})
    dots, right = figure.data
    assert list(dots.x) == WORDS[by].tolist()
    assert list(dots.customdata) == list(right.customdata) == ["<b>fine</b>", "dull", "\n"]
    assert dots.error_x.array[1] == 0  # one document has no interval
    assert figure.layout.xaxis.range[1] == pytest.approx(end)
    assert "<b>fine</b>" not in figure.layout.yaxis.ticktext[0]
    assert "\\n" in figure.layout.yaxis.ticktext[2]
    assert "in 1 document, 1 times" in dots.hovertext[1]
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_no_word_is_refused():
    with pytest.raises(ValueError, match="one word"):
        attended_words(WORDS.head(0), "lift")


def profile(mean: float, documents: int = 7) -> PositionProfile:
    return PositionProfile(documents, np.full(BINS, mean), np.full(BINS, mean - 0.1),
                   np.full(BINS, mean + 0.1))  # fmt: skip


def test_profiles_have_a_band_and_a_line_each_and_empty_groups_none():
    figure = position_profile({"A": profile(1.5), "None": profile(np.nan, 0), "B": profile(0.5)})
    bands, lines = figure.data[::2], figure.data[1::2]
    assert [len(lines), len(bands)] == [2, 2]
    assert list(lines[0].y) == [1.5] * BINS
    assert lines[0].line.color == bands[0].fillcolor != lines[1].line.color
    assert "0% to 10% of the document" in lines[0].hovertext[0]
    assert figure.layout.yaxis.range[0] < 0.4
    assert figure.layout.yaxis.range[1] > 1.6
    assert figure.layout.showlegend
    assert len(position_profile({}).data) == 0


def test_shares_of_entropy():
    counts = np.zeros(SHARES, int)
    counts[[3, 19]] = 1, 3
    figure = entropy_shares({"All": counts, "None": np.zeros(SHARES, int)})
    (line,) = figure.data
    assert (line.y[3], line.y[19], sum(line.y)) == (0.25, 0.75, 1)
    assert "<b>75.0%</b> of 4 documents" in line.hovertext[19]
    assert "0.95 to 1.00" in line.hovertext[19]
    assert not figure.layout.showlegend
    assert figure.layout.xaxis.range == (0.15, 1)  # from the lowest that there is


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
