import pytest

from han_core.viz.charts.distributions import LISTED_CLASSES as LISTED
from han_core.viz.charts.distributions import class_counts, lengths

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
