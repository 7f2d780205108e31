"""Masks over words become spans of characters, a list for each person."""

import json

import pandas as pd
import pytest

from benchmarks.yelp_hat import main, marked_spans
from han_core.data.rationales import read_rationales


def test_a_mask_marks_words_as_white_space_divides_them():
    text = " So  good, really!"
    assert [text[start:end] for start, end in marked_spans(text, [1, 0, 1])] == ["So", "really"]
    with pytest.raises(ValueError):
        marked_spans(text, [1, 0])


def test_punctuation_is_marked_where_it_is_all_of_a_word():
    text = '("Isn\'t it well-made?") :-) ... _so_'
    found = [text[start:end] for start, end in marked_spans(text, [1] * 6)]
    assert found == ["Isn't", "it", "well-made", ":-)", "...", "so"]


def test_a_table_of_people_becomes_a_line_a_review(tmp_path):
    rows = [
        {"part": 1, "doc_id": 3, "text": "So good.", "label": 1, "mask": [0, 1]},
        {"part": 1, "doc_id": 3, "text": "So good.", "label": 1, "mask": [1, 1]},
        {"part": 2, "doc_id": 3, "text": "Never again", "label": 0, "mask": [0, 0]},
    ]
    table, out = tmp_path / "hat.parquet", tmp_path / "marked.jsonl"
    pd.DataFrame(rows).to_parquet(table)
    main([str(table), str(out)])
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(line["id"], line["label"]) for line in lines] == [
        ("1-3", "positive"),
        ("2-3", "negative"),
    ]
    assert lines[0]["spans"] == [[[3, 7]], [[0, 2], [3, 7]]]
    assert lines[1]["spans"] == [[]]
    assert read_rationales(str(out)).texts == ("So good.",)
