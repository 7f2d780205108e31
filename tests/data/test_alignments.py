"""Gold alignments and the alignment error rate, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.data.alignments import (
    GoldAlignment,
    alignment_error,
    check_gold,
    diagonal_links,
    gold_of,
    read_gold,
    read_gold_sentences,
)
from han_core.runtime.errors import UserError

places = st.tuples(st.integers(0, 5), st.integers(0, 5))
link_sets = st.frozensets(places, max_size=8)


def test_links_count_from_one_and_sure_ones_are_possible_too():
    gold = gold_of("1-1 2p3")
    assert gold.sure == {(0, 0)}
    assert gold.possible == {(0, 0), (1, 2)}


@pytest.mark.parametrize("line", ["0-1", "1-0", "1:2", "1-2-3", "a-b", "1q2", "-1", "1²-1"])
def test_what_is_no_link_is_named(line):
    with pytest.raises(UserError, match="Line 3"):
        gold_of(f"1-1 {line}", "Line 3")


def test_the_error_by_hand():
    """Sure 1-1, 2-2; possible also 3-2. Found 1-1, 3-2, 3-3: one sure, two possible, of three."""
    gold = gold_of("1-1 2-2 3p2")
    scores = alignment_error([gold], [frozenset({(0, 0), (2, 1), (2, 2)})])
    assert scores["precision"] == pytest.approx(2 / 3)
    assert scores["recall"] == pytest.approx(1 / 2)
    assert scores["aer"] == pytest.approx(1 - (1 + 2) / (3 + 2))


def test_the_error_is_over_all_links_and_not_a_mean_over_pairs():
    gold = [gold_of("1-1"), gold_of("1-1 2-2 3-3")]
    found = [frozenset({(0, 1)}), frozenset({(0, 0), (1, 1), (2, 2)})]
    assert alignment_error(gold, found)["aer"] == pytest.approx(1 - 6 / 8)


@given(sure=link_sets, possible=link_sets, found=link_sets)
def test_the_error_lies_between_none_and_one(sure, possible, found):
    gold = GoldAlignment(sure, possible)
    scores = alignment_error([gold], [found])
    assert all(0 <= value <= 1 for value in scores.values())
    assert alignment_error([gold], [gold.sure])["aer"] == 0


@given(st.integers(1, 12), st.integers(1, 12))
def test_the_diagonal_links_each_target_word_once(source, target):
    links = sorted(diagonal_links(source, target), key=lambda link: link[1])
    assert [j for _, j in links] == list(range(target))
    assert [i for i, _ in links] == sorted(i for i, _ in links)
    assert all(0 <= i < source for i, _ in links)


def test_the_diagonal_of_equal_lengths():
    assert diagonal_links(3, 3) == {(0, 0), (1, 1), (2, 2)}


def test_files_are_read_line_by_line(tmp_path):
    (tmp_path / "g.gold").write_text("1-1\n\n2p1 1-2\n")
    (tmp_path / "g.src-tgt").write_text("a b ||| c d\ne ||| f\ng h ||| i j\n")
    gold = read_gold(tmp_path / "g.gold")
    pairs = read_gold_sentences(tmp_path / "g.src-tgt")
    check_gold(gold, pairs, "g.gold")
    assert [len(links.possible) for links in gold] == [1, 0, 2]
    assert pairs[0] == (["a", "b"], ["c", "d"])


def test_what_does_not_belong_together_is_refused(tmp_path):
    with pytest.raises(UserError, match="links of 2 pairs; 1 pairs"):
        check_gold([gold_of("1-1")] * 2, [(["a"], ["b"])], "g")
    with pytest.raises(UserError, match="Line 1 of g links words 1 and 2"):
        check_gold([gold_of("1-2")], [(["a"], ["b"])], "g")
    (tmp_path / "x").write_text("a b\n")
    with pytest.raises(UserError, match="Line 1 of x is not"):
        read_gold_sentences(tmp_path / "x")
    (tmp_path / "y").write_bytes(b"\xff\xfe1-1")
    with pytest.raises(UserError, match="UTF-8"):
        read_gold(tmp_path / "y")
    with pytest.raises(UserError, match="no file"):
        read_gold(tmp_path / "nothing")
