"""Pairs of sentences: read, cleaned and divided."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.data.sentence_pairs import SentencePairs, clean_pairs, read_pairs, split_pairs
from han_core.runtime.errors import UserError


def test_empty_sides_are_left_out_and_counted():
    pairs = clean_pairs("p", ["a", "", " b ", "c"], ["x", "y", "z", "  "])
    assert (pairs.sources, pairs.targets) == (("a", "b"), ("x", "z"))
    assert pairs.notes == ("2 pairs with an empty side left out of p.",)


def test_a_side_of_five_thousand_words_is_left_out_and_counted():
    pairs = clean_pairs("p", ["a", "word " * 5_000], ["x", "y"])
    assert len(pairs) == 1
    assert "1 pair with more than 5,000 characters" in pairs.notes[0]


def test_no_pair_is_refused():
    with pytest.raises(UserError, match="holds no pair"):
        clean_pairs("p", ["a", ""], ["", "b"])


def test_a_file_is_read_by_its_columns(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps({"en": f"e{n}", "fr": f"f{n}"}) + "\n" for n in range(3)))
    assert read_pairs(str(path), "en", "fr").targets == ("f0", "f1", "f2")
    with pytest.raises(UserError, match="de"):
        read_pairs(str(path), "en", "de")
    with pytest.raises(UserError, match="Two columns"):
        read_pairs(str(path), "en", "en")


@given(st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=60), st.integers(0, 50))
def test_no_sentence_is_on_two_sides_and_none_is_lost(sources, seed):
    pairs = SentencePairs("p", tuple(sources), tuple(map(str, range(len(sources)))))
    try:
        parts = [part for part in split_pairs(pairs, 0.3, 0.3, seed).values() if part]
    except UserError:
        return
    assert sorted(target for part in parts for target in part.targets) == sorted(pairs.targets)
    sides = [set(part.sources) for part in parts]
    assert sum(map(len, sides)) == len(set(sources))


def test_shares_are_about_what_was_asked_for():
    pairs = SentencePairs("p", tuple(map(str, range(4_000))), ("x",) * 4_000)
    parts = split_pairs(pairs, 0.1, 0.2, seed=3)
    assert 320 < len(parts["validation"]) < 480
    assert 700 < len(parts["test"]) < 900
