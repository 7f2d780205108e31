"""IBM model 1 as the benchmark asks it: gold pairs first, other pairs to learn from."""

from benchmarks.word_alignment import ibm_links


def test_other_pairs_teach_what_gold_pairs_leave_open():
    gold = [(["A", "b"], ["y", "x"])]
    more = [(["a"], ["x"]), (["b"], ["y"])] * 20
    assert ibm_links(gold, more) == [{(0, 1), (1, 0)}]
