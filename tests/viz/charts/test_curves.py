"""Training curves of one run and of several."""

import pytest

from han_core.viz.charts.curves import MOST, Drawing, RunHistory, curves, smoothed

LINES = [
    {
        "epoch": epoch,
        "train": {"loss": 1 / epoch, "accuracy": 1 - 0.4 / epoch},
        "validation": {"loss": 1.2 / epoch, "accuracy": 0.9 - 0.4 / epoch, "macro_f1": 0.5},
    }
    for epoch in (1, 2, 4)
]


def drawn(figure, dash):
    return [list(zip(t.x, t.y, strict=True)) for t in figure.data if t.line.dash == dash]


def test_validation_is_a_full_line_and_training_a_dotted_one():
    figure = curves([RunHistory("a", LINES)], "loss")
    assert drawn(figure, "solid") == [[(1, 1.2), (2, 0.6), (4, 0.3)]]
    assert drawn(figure, "dot") == [[(1, 1.0), (2, 0.5), (4, 0.25)]]


def test_a_measure_that_training_lacks_is_drawn_for_validation_alone():
    figure = curves([RunHistory("a", LINES)], "macro_f1")
    assert len(figure.data) == 1
    assert set(figure.data[0].y) == {0.5}


def test_an_epoch_without_validation_leaves_a_gap():
    stopped = [*LINES, {"epoch": 5, "train": {"loss": 0.1, "accuracy": 1.0}, "validation": None}]
    figure = curves([RunHistory("a", stopped)], "accuracy")
    assert [x for x, _ in drawn(figure, "solid")[0]] == [1, 2, 4]
    assert [x for x, _ in drawn(figure, "dot")[0]] == [1, 2, 4, 5]


def test_single_steps_stand_under_the_loss_of_one_run():
    course = RunHistory("a", LINES, [(0.5, 2.0), (0.6, 1.9)])
    assert list(curves([course], "loss").data[0].y) == [2.0, 1.9]
    assert len(curves([course], "accuracy").data) == 2
    assert len(curves([course, course], "loss").data) == 4


def test_runs_differ_in_colour_and_symbol_and_are_named_once_in_the_legend():
    figure = curves([RunHistory(f"run {at}", LINES) for at in range(MOST)], "accuracy")
    full = [trace for trace in figure.data if trace.line.dash == "solid"]
    assert len({trace.line.color for trace in full}) == MOST
    assert len({trace.marker.symbol for trace in full}) == MOST
    assert sum(bool(trace.showlegend) for trace in figure.data) == MOST


def test_the_axis_reaches_the_epochs_that_are_still_to_come():
    assert curves([RunHistory("a", LINES)], "loss", until=20).layout.xaxis.range[1] >= 20
    assert curves([RunHistory("a", LINES)], "loss").layout.xaxis.range[1] < 5
    assert curves([RunHistory("a", [])], "loss").layout.xaxis.range[1] >= 1


def test_shares_have_one_axis_for_all_runs():
    assert curves([RunHistory("a", [])], "accuracy").layout.yaxis.range == (0, 1.03)
    assert curves([RunHistory("a", LINES)], "loss").layout.yaxis.range is None


def test_names_are_no_markup():
    figure = curves([RunHistory("<b>x</b>", LINES), RunHistory("$y$", LINES)], "loss")
    labels = " ".join(str(trace.name) + str(trace.hovertext) for trace in figure.data)
    assert "<b>x" not in labels
    assert "$" not in labels


def test_too_many_runs_are_refused():
    with pytest.raises(ValueError, match=f"at most {MOST}"):
        curves([RunHistory("a", LINES)] * (MOST + 1), "loss")


def test_many_epochs_are_a_line_without_symbols():
    lines = [{**LINES[0], "epoch": epoch} for epoch in range(1, 200)]
    assert {trace.mode for trace in curves([RunHistory("a", lines)], "loss").data} == {"lines"}
    assert {trace.mode for trace in curves([RunHistory("a", LINES)], "loss").data} == {
        "lines+markers"
    }


def test_smoothing_by_hand():
    assert smoothed([4.0, 2.0, 3.0], 0.0) == [4.0, 2.0, 3.0]
    # averages 2, 2 and 2.5, over 1 - 0.5, 1 - 0.25 and 1 - 0.125
    assert smoothed([4.0, 2.0, 3.0], 0.5) == pytest.approx([4.0, 2 / 0.75, 2.5 / 0.875])
    assert smoothed([7.0] * 50, 0.98) == pytest.approx([7.0] * 50)
    assert smoothed([], 0.9) == []


def test_smoothed_lines_stand_over_faint_ones_of_the_values():
    figure = curves([RunHistory("a", LINES)], "loss", drawing=Drawing(smoothing=0.5))
    faint = [list(trace.y) for trace in figure.data if trace.opacity]
    assert faint == [[1.0, 0.5, 0.25], [1.2, 0.6, 0.3]]
    (solid,) = drawn(figure, "solid")
    assert [y for _, y in solid] == pytest.approx(smoothed([1.2, 0.6, 0.3], 0.5))


def test_logarithmic_axes_reach_from_the_least_value_to_the_largest():
    figure = curves([RunHistory("a", LINES)], "accuracy", 9, Drawing(log_x=True, log_y=True))
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")
    low, high = figure.layout.xaxis.range
    assert low <= 0 <= high  # 10^0 is epoch 1
    assert 10**high >= 9
    assert 10 ** figure.layout.yaxis.range[0] == pytest.approx(0.5, rel=0.1)
    assert curves([RunHistory("a", [])], "loss", drawing=Drawing(log_x=True)).layout.xaxis.type
