"""The browser's data of an alignment, its page, its CSV and its JSON, by hand."""

import csv
import io
import json

import numpy as np
import pytest

from han_core.explanation.translation import Candidate, SourceWordRemoval
from han_core.viz.alignment import (
    alignment_csv,
    alignment_page,
    alignment_view,
    attention_scale,
    drop_scale,
    translation_json,
)
from han_core.viz.markup import background
from tests.viz.test_translation import TARGET, TEXT, removal, translation


def view(**more):
    steps = [[Candidate("x", 0.9, 1, True)], [], [Candidate("", 0.8, 1, True)]]
    given = {"values": translation().alignment, "scale": attention_scale(), **more}
    return alignment_view(translation(), steps, **given)


def test_words_and_gaps_give_back_both_texts():
    data = view()
    for side, text in (("source", TEXT), ("target", TARGET)):
        words, gaps = data[side], data[f"{side}Gaps"]
        assert "".join(a + b for a, b in zip(gaps, [*words, ""], strict=True)) == text


def test_the_data_say_what_is_known_and_likely():
    data = view(totals=np.array([0.85, 1.15]))
    assert data["known"] == [True, False]
    assert data["probabilities"] == pytest.approx(np.exp([-0.1, -0.7]).tolist(), abs=1e-5)
    assert data["steps"][0] == [{"word": "x", "probability": 0.9, "rank": 1, "said": True}]
    assert data["coverage"] == [0.85, 1.15]
    assert data["values"] == [[0.75, 0.25], [0.1, 0.9]]


def test_the_scale_begins_at_no_colour_and_ends_at_the_top():
    data = view()
    assert (data["low"], data["top"]) == (0, 1.0)
    assert data["palette"][0][:2] == [background(0, "light"), background(0, "dark")]
    assert data["palette"][-1][:2] == [background(1, "light"), background(1, "dark")]
    signed = view(values=removal().drops, scale=drop_scale(removal()))
    assert (signed["low"], signed["top"]) == (-1, 0.6)
    assert signed["palette"][len(signed["palette"]) // 2][0] == background(0, "light")


def test_unknown_words_are_drawn_without_a_drop():
    drops = np.array([[0.1, 0.2], [np.nan, np.nan]])
    assert view(values=drops)["values"][1] == [0.0, 0.0]


def test_small_drops_stay_pale():
    small = SourceWordRemoval(np.array([0.1]), np.array([[0.01, 0.0]]), np.array([[0.5, 0.5]]))
    assert drop_scale(small).top == 0.25


def test_the_table_has_a_row_for_each_pair_of_words():
    rows = list(
        csv.DictReader(io.StringIO(alignment_csv(translation(), removal()).decode("utf-8-sig")))
    )
    assert [(row["target word"], row["source word"]) for row in rows] == [
        ("x", "a"), ("x", "<b>"), ("y", "a"), ("y", "<b>"),
    ]  # fmt: skip
    assert [float(row["attention"]) for row in rows] == [0.75, 0.25, 0.1, 0.9]
    assert [float(row["drop"]) for row in rows] == [0.6, -0.1, 0.02, 0.4]
    assert "drop" not in alignment_csv(translation(), None).decode("utf-8-sig")


def test_the_json_is_that_of_the_command():
    content = json.loads(translation_json(translation(), removal()))
    assert content["alignment"] == [[0.75, 0.25], [0.1, 0.9]]
    assert content["removal"]["drops"] == [[0.6, -0.1], [0.02, 0.4]]
    assert json.loads(translation_json(translation(), None))["removal"] is None


def test_the_page_holds_its_data_and_no_markup_of_the_text():
    page = alignment_page(view(), attention_scale(), "<i>title</i>", ["a note"])
    assert "&lt;i&gt;title" in page
    assert "<b>" not in page.split('id="data"')[1].split("</script>")[0]
    assert "a note" in page
