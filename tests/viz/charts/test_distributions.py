"""Probabilities of classes, documents of each class, and lengths."""

import pytest

from han_core.viz.charts.distributions import LISTED_CLASSES as LISTED
from han_core.viz.charts.distributions import class_bars, class_counts, lengths
from tests.viz.conftest import plain

BEFORE, AFTER = {"bad": 0.03, "good": 0.97}, {"bad": 0.6, "good": 0.4}


def names(figure) -> list[str]:
    return [plain(tick) for tick in figure.layout.yaxis.ticktext]


def test_a_bar_for_each_class_of_each_answer():
    figure = class_bars([("before", BEFORE), ("after", AFTER)])
    assert [list(trace.x) for trace in figure.data] == [[0.03, 0.97], [0.6, 0.4]]
    assert [plain(trace.name) for trace in figure.data] == ["before", "after"]
    assert names(figure) == ["bad", "good"]
    bottom, top = figure.layout.yaxis.range
    assert bottom > top  # the first class and the first answer on top
    assert figure.layout.barmode == "group"
    assert figure.layout.showlegend
    assert not class_bars([("", BEFORE)]).layout.showlegend


def test_numbers_are_written_and_the_predicted_class_is_bold():
    texts = class_bars([("before", BEFORE), ("after", AFTER)]).data
    assert [plain(text) for text in texts[0].text] == ["3.0%", "97.0%"]
    assert [text.startswith("<b>") for text in texts[0].text] == [False, True]
    assert [text.startswith("<b>") for text in texts[1].text] == [True, False]
    assert plain(texts[1].hovertext[0]) == "after0.600000 bad"


def test_what_is_nearly_certain_is_not_written_as_certain():
    (trace,) = class_bars([("", {"a": 0.99999, "b": 0.00001})]).data
    assert [plain(text) for text in trace.text] == [">99.9%", "<0.1%"]
    (trace,) = class_bars([("", {"a": 1.0, "b": 0.0})]).data
    assert [plain(text) for text in trace.text] == ["100.0%", "0.0%"]


def test_of_many_classes_the_most_probable_are_shown_and_the_rest_is_summed():
    one = {f"c{i}": share for i, share in enumerate([0.4, 0.2, 0.1, 0.1, 0.08, 0.06, 0.04, 0.02])}
    other = {**one, "c7": 0.42, "c0": 0.0}
    figure = class_bars([("one", one), ("other", other)])
    assert names(figure) == ["c7", "c0", "c1", "c2", "c3", "c4", "2 others"]
    first, second = figure.data
    assert list(first.x) == pytest.approx([0.02, 0.4, 0.2, 0.1, 0.1, 0.08, 0.1])
    assert list(second.x) == pytest.approx([0.42, 0.0, 0.2, 0.1, 0.1, 0.08, 0.1])
    six = {f"c{i}": 1 / 6 for i in range(6)}
    assert names(class_bars([("", six)])) == list(six)


def test_a_model_that_does_not_know_a_class_has_no_bar_there():
    figure = class_bars([("stars", {"one": 0.2, "two": 0.8}), ("mood", {"two": 0.3, "bad": 0.7})])
    assert names(figure) == ["one", "two", "bad"]
    assert [list(trace.x) for trace in figure.data] == [[0.2, 0.8, None], [None, 0.3, 0.7]]
    assert figure.data[0].text[2] == ""


def test_foreign_names_are_text():
    foreign = "<b>x</b> $y$"
    figure = class_bars([(foreign, {foreign: 1.0}), ("other", {"b": 1.0})])
    labels = (figure.data[0].name, figure.layout.yaxis.ticktext[0], figure.data[0].hovertext[0])
    for label in labels:
        assert "<b>x" not in label
        assert "$" not in label
    assert plain(labels[0]) == plain(labels[1]) == foreign


def test_the_figure_grows_with_classes_and_answers():
    few, more = class_bars([("a", BEFORE)]), class_bars([("a", BEFORE)] * 4)
    assert few.layout.height < more.layout.height < 400


def test_no_answer_is_no_figure():
    with pytest.raises(ValueError, match="at least one"):
        class_bars([])


PARTS = {"training": {"neg": 53, "pos": 50}, "validation": {"neg": 13, "pos": 12}}


def labels(figure) -> list[str]:
    return [text.split(">")[1].split("<")[0] for text in figure.layout.yaxis.ticktext]


def numbers(figure) -> list[str]:
    return [a.text.split(">")[1].split("<")[0] for a in figure.layout.annotations]


def test_a_bar_for_each_class_divided_among_the_parts():
    figure = class_counts(PARTS)
    assert [list(bar.x) for bar in figure.data] == [[53, 50], [13, 12]]
    assert labels(figure) == ["neg", "pos"]
    assert numbers(figure)[:2] == ["66", "62"]
    assert figure.layout.barmode == "stack"


def test_a_class_that_a_part_lacks_has_no_bar_there():
    figure = class_counts({"training": {"a": 2, "b": 1}, "test": {"b": 4}})
    assert [list(bar.x) for bar in figure.data] == [[2, 1], [0, 4]]


def test_of_many_classes_the_largest_stand_alone_and_the_others_share_a_row():
    figure = class_counts({"training": {f"c{n}": n for n in range(1, 201)}})
    assert labels(figure) == [*(f"c{n}" for n in range(200, 201 - LISTED, -1)), "189 others"]
    assert list(figure.data[0].x) == list(range(200, 201 - LISTED, -1))
    assert f"{sum(range(1, 190)):,} together" in numbers(figure)


def test_class_names_are_no_markup():
    figure = class_counts({"training": {"<b>x</b>": 1}})
    assert "<b>x" not in figure.layout.yaxis.ticktext[0] + figure.data[0].hovertext[0]


def test_no_class_is_refused():
    with pytest.raises(ValueError, match="at least one class"):
        class_counts({"training": {}})


def test_a_box_has_the_middle_half_and_its_whiskers():
    figure = lengths([("training", (3, 20, 40, 60, 120, 300)), ("test", (1, 2, 3, 4, 5, 6))])
    box = figure.data[0]
    assert (box.q1, box.median, box.q3) == ((20,), (40,), (60,))
    assert (box.lowerfence, box.upperfence) == ((3,), (120,))
    assert figure.data[1].x == (3, 20, 40, 60, 120, 300)
    assert figure.data[2].y == (1,)
    assert figure.layout.xaxis.range[1] == pytest.approx(315)


@pytest.mark.parametrize("wrong", [(1, 2, 3), (6, 5, 4, 3, 2, 1)])
def test_quantiles_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="six quantiles in order"):
        lengths([("training", wrong)])


def test_no_row_is_refused():
    with pytest.raises(ValueError, match="at least one row"):
        lengths([])
