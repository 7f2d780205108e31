"""What benchmarks print becomes what stands in their README."""

import json

import pytest

from benchmarks.figures import README, RUNS, table, written

PLACES = "one\n<!-- begin a -->\nold\n<!-- end a -->\ntwo\n<!-- begin b -->\n<!-- end b -->\n"


def test_text_goes_between_its_comments_and_nowhere_else():
    assert written(PLACES, "a", "new") == PLACES.replace("old", "new")
    assert written(written(PLACES, "a", "x"), "a", "old") == PLACES


def test_no_place_is_an_error():
    with pytest.raises(ValueError, match="c"):
        written(PLACES, "c", "new")


def test_every_benchmark_has_its_place():
    text = README.read_text(encoding="utf-8")
    for name in RUNS:
        assert "new figures" in written(text, name, "new figures")


def test_json_becomes_rows():
    printed = "said\n" + json.dumps({"a": 1.5, "b": {"c": [2, 3], "d": None}})
    assert table(printed).splitlines()[2:] == ["| a | 1.5 |", "| b: c | 2 to 3 |"]


def test_a_table_stays_as_it_is():
    assert table("| x |\n|---|\n| 1 |\nother") == "| x |\n|---|\n| 1 |"
