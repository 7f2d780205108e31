"""Cutting and breaking to a width."""

from hypothesis import given
from hypothesis import strategies as st

from han_core.viz.markup import beginning, columns, wrapped


def test_chinese_counts_double_and_marks_count_nothing():
    assert columns("酒店") == 4
    assert columns("e\u0301\u200b") == 1


def test_the_beginning_by_hand():
    assert beginning("one two", 7) == "one two"
    assert beginning("one  two\nthree", 9) == "one two…"
    assert beginning("酒店在古城", 7) == "酒店在…"


@given(st.text(), st.integers(2, 30))
def test_the_beginning_fits_and_says_where_it_is_cut(text, width):
    short = beginning(text, width)
    assert columns(short) <= width
    assert short == " ".join(text.split()) or short.endswith("…")


def test_lines_by_hand():
    assert wrapped("one two three", 8) == ["one two", "three"]
    assert wrapped("酒店在古城", 6) == ["酒店在", "古城"]
    assert wrapped("x" * 10, 8) == ["xxxxxxxx", "xx"]


@given(st.text(), st.integers(4, 30))
def test_lines_fit_and_lose_only_white_space(text, width):
    lines = wrapped(text, width, lines=10**6)
    assert all(columns(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_what_does_not_fit_is_counted():
    assert wrapped("aaaa bbbb cccc dddd", 4, lines=2) == ["aaaa", "… and 12 more characters"]
