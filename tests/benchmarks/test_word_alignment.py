"""IBM model 1 as the benchmark asks it, and words that swap, by hand-made attention."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.word_alignment import ibm_links, is_aligned, swap_figures, swaps
from han_core.models.translate import Translation
from han_core.text.document import Span


def test_other_pairs_teach_what_gold_pairs_leave_open():
    gold = [(["A", "b"], ["y", "x"])]
    more = [(["a"], ["x"]), (["b"], ["y"])] * 20
    assert ibm_links(gold, more) == [{(0, 1), (1, 0)}]


def attending(pair, places):
    """A translation of ``pair`` whose words attend to the source words at ``places``."""
    sides = [text.replace(".", " .").split() for text in (pair.source, pair.target)]
    spans = []
    for text, words in zip((pair.source, pair.target), sides, strict=True):
        starts = [text.index(word) if word != "." else len(text) - 1 for word in words]
        spans.append(tuple(Span(at, at + len(w)) for at, w in zip(starts, words, strict=True)))
    attention = np.eye(len(spans[0]))[list(places)]
    numbers = [tuple(range(2, 2 + len(side))) for side in spans]
    logs = np.zeros(len(places))
    return Translation(pair.source, pair.target, *spans, attention, logs, *numbers)


def test_there_are_fifty_pairs():
    pairs = swaps()
    assert len(set(pairs)) == 50
    texts = {(pair.source, pair.target) for pair in pairs}
    assert ("I see a white dress.", "Je vois une robe blanche.") in texts
    assert ("I see an open window.", "Je vois une fenêtre ouverte.") in texts
    assert Counter(text.split()[2] for _, text in texts) == {"une": 27, "un": 23}


@pytest.mark.parametrize(
    ("places", "noun", "adjective"),
    [
        ((0, 1, 2, 4, 3, 5), True, True),
        ((0, 1, 2, 3, 4, 5), False, False),  # the diagonal
        ((0, 1, 2, 4, 4, 5), True, False),
    ],
)
def test_swapped_words_by_hand(places, noun, adjective):
    pair = swaps()[0]
    translation = attending(pair, places)
    assert is_aligned(translation, pair.noun) == noun
    assert is_aligned(translation, pair.adjective) == adjective


def test_shares_by_hand():
    pairs = swaps()[:2]
    found = [
        attending(pair, places)
        for pair, places in zip(pairs, ((0, 1, 2, 4, 3, 5), (0, 1, 2, 4, 4, 5)), strict=True)
    ]
    assert swap_figures(pairs, found) == {"noun": 1.0, "adjective": 0.5, "both": 0.5}
