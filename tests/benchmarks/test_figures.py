"""The output of benchmarks becomes the tables of their README."""

import json

import pytest

from benchmarks.figures import README, RUNS, output_table, replace_section

SECTIONS = "one\n<!-- begin a -->\nold\n<!-- end a -->\ntwo\n<!-- begin b -->\n<!-- end b -->\n"


def test_text_goes_between_its_comments_and_nowhere_else():
    assert replace_section(SECTIONS, "a", "new") == SECTIONS.replace("old", "new")
    assert replace_section(replace_section(SECTIONS, "a", "x"), "a", "old") == SECTIONS


def test_a_missing_section_is_an_error():
    with pytest.raises(ValueError, match="section for c"):
        replace_section(SECTIONS, "c", "new")


def test_every_benchmark_has_a_section():
    text = README.read_text(encoding="utf-8")
    for name in RUNS:
        assert "new figures" in replace_section(text, name, "new figures")


def test_json_becomes_rows():
    printed = "a message\n" + json.dumps({"a": 1.5, "b": {"c": [2, 3], "d": None}})
    assert output_table(printed).splitlines()[2:] == ["| a | 1.5 |", "| b: c | 2 to 3 |"]


def test_a_table_stays_as_it_is():
    assert output_table("| x |\n|---|\n| 1 |\nother") == "| x |\n|---|\n| 1 |"
