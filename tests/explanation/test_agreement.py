"""Agreement against brute force and by hand; pieces of a text lined up."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation.agreement import align, align_sentences, divergence, overlap, tau
from han_core.explanation.explanation import Explanation
from han_core.text.document import Document, Sentence, Span


def explained(text: str, sentences, sentence_weights, word_weights) -> Explanation:
    document = Document(
        text, tuple(Sentence(tuple(Span(*s) for s in spans)) for spans in sentences), len(text)
    )
    tokens = len(document.tokens)
    return Explanation(
        "1", document, ("no", "yes"), np.array([0.5, 0.5]), np.array(sentence_weights),
        np.array(word_weights), np.ones(tokens, dtype=bool),
    )  # fmt: skip


def kendall_by_pairs(a, b) -> float | None:
    """Tau-b over all pairs, as it is defined."""
    same = crossed = tied_a = tied_b = 0
    for i, j in combinations(range(len(a)), 2):
        sign = np.sign(a[i] - a[j]) * np.sign(b[i] - b[j])
        same, crossed = same + (sign > 0), crossed + (sign < 0)
        tied_a, tied_b = tied_a + (a[i] == a[j]), tied_b + (b[i] == b[j])
    pairs = len(a) * (len(a) - 1) / 2
    scale = ((pairs - tied_a) * (pairs - tied_b)) ** 0.5
    return (same - crossed) / scale if scale else None


pairs_of_weights = st.integers(6, 14).flatmap(
    lambda n: st.tuples(
        *[st.lists(st.sampled_from([1, 2, 3, 5, 8]), min_size=n, max_size=n) for _ in range(2)]
    )
)


@given(pairs_of_weights)
def test_tau_is_kendalls_with_ties_counted_by_pairs(pair):
    a, b = np.array(pair, dtype=float)
    expected = kendall_by_pairs(a, b)
    assert tau(a, b) == (None if expected is None else pytest.approx(expected))


def test_tau_needs_six_words_and_an_order():
    rising = np.arange(1.0, 7.0)
    assert tau(rising, rising) == pytest.approx(1)
    assert tau(rising, rising[::-1]) == pytest.approx(-1)
    assert tau(rising[:5], rising[:5]) is None
    assert tau(rising, np.ones(6)) is None


def test_overlap_by_hand():
    a = np.array([0.5, 0.3, 0.1, 0.06, 0.04])
    b = np.array([0.3, 0.05, 0.5, 0.1, 0.05])
    assert overlap(a, b, 1) == 0
    assert overlap(a, b, 2) == 0.5  # {0, 1} and {0, 2}
    assert overlap(a, b, 3) == pytest.approx(2 / 3)  # {0, 1, 2} and {0, 2, 3}
    assert overlap(a, b, 10) == 1  # all five


def test_overlap_does_not_break_ties_by_position():
    heavy_end = np.array([0.05, 0.05, 0.05, 0.05, 0.4, 0.4])
    even = np.full(6, 1 / 6)
    # Each word of the even side holds a third of two places: 2 * 1/3 of 2.
    assert overlap(heavy_end, even, 2) == pytest.approx(1 / 3)
    assert overlap(even, even, 2) == pytest.approx(1)


def test_divergence_by_hand():
    assert divergence(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(np.log(2))
    assert divergence(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0
    # Middle (.75, .25): half of [ln(4/3)] and of [.5 ln(2/3) + .5 ln 2].
    expected = (np.log(4 / 3) + 0.5 * np.log(2 / 3) + 0.5 * np.log(2)) / 2
    assert divergence(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == pytest.approx(expected)


@given(pairs_of_weights)
def test_agreement_is_symmetric_and_full_with_itself(pair):
    a, b = (np.array(side) / sum(side) for side in pair)
    assert overlap(a, b, 3) == pytest.approx(overlap(b, a, 3))
    assert divergence(a, b) == pytest.approx(divergence(b, a))
    assert 0 <= divergence(a, b) <= np.log(2) + 1e-12
    assert (overlap(a, a, 3), divergence(a, a)) == (pytest.approx(1), 0)
    assert tau(a, a) is None or tau(a, a) == pytest.approx(1)


TEXT = "don't go. no way"
#       0123456789012345
WHOLE = explained(TEXT, [[(0, 5), (6, 8), (8, 9)], [(10, 12), (13, 16)]], [0.4, 0.6],
                  [0.5, 0.25, 0.25, 0.5, 0.5])  # fmt: skip
PARTED = explained(TEXT, [[(0, 2), (2, 5), (6, 9), (10, 12), (13, 16)]], [1.0],
                   [0.1, 0.2, 0.3, 0.15, 0.25])  # fmt: skip


def test_sentences_of_different_tokenisers_are_joined_until_they_agree():
    aligned = align_sentences(WHOLE, PARTED)
    assert aligned.spans == (Span(0, 16),)
    assert aligned.weights.tolist() == [[pytest.approx(1)], [1.0]]


def test_the_same_sentences_stay_as_they_are():
    aligned = align_sentences(WHOLE, WHOLE)
    assert aligned.spans == (Span(0, 9), Span(10, 16))
    assert aligned.weights.tolist() == [[0.4, 0.6]] * 2


@given(st.lists(st.sets(st.integers(1, 19), max_size=12), min_size=1, max_size=4))
def test_joined_pieces_keep_all_weight_and_every_shared_edge(cuts):
    ways = []
    for inner in cuts:
        edges = [0, *sorted(inner), 20]
        spans = [Span(*edge) for edge in pairwise(edges)]
        ways.append((spans, np.array([float(span.end - span.start) for span in spans])))
    aligned = align(ways)
    # An edge survives exactly where every way has it; a weight here is a length.
    shared = sorted(set.intersection(*cuts))
    assert [span.end for span in aligned.spans] == [*shared, 20]
    lengths = [float(span.end - span.start) for span in aligned.spans]
    assert aligned.weights.tolist() == [lengths] * len(ways)


def test_other_texts_are_refused():
    with pytest.raises(ValueError, match="same text"):
        align_sentences(WHOLE, explained("no way", [[(0, 2), (3, 6)]], [1.0], [0.5, 0.5]))
