"""Three readings of the weights, the JSON form, ranks and how gathered weights are, by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation.attention_map import AttentionMap
from han_core.explanation.explanation import (
    Explanation,
    entropy,
    join_words,
    ranks,
    reweighted,
    top_mass,
)
from han_core.text.document import Document, Sentence, Span

TEXT = "Good. Not bad, zebra"


DOCUMENT = Document(
    TEXT, (Sentence((Span(0, 4), Span(4, 5))), Sentence((Span(6, 9), Span(10, 13)))), 14
)


def explanation(**changed) -> Explanation:
    parts = {
        "probabilities": np.array([0.25, 0.75]),
        "sentence_weights": np.array([0.25, 0.75]),
        "word_weights": np.array([0.5, 0.5, 0.125, 0.875]),
        "known": np.array([True, True, False, True]),
        **changed,
    }
    return Explanation("7", DOCUMENT, ("negative", "positive"), **parts)


def test_the_decision_is_the_likeliest_class():
    assert (explanation().label, explanation().probability) == ("positive", 0.75)
    even = explanation(probabilities=np.array([0.5, 0.5]))
    assert (even.label, even.probability) == ("negative", 0.5)


def test_the_three_readings_by_hand():
    e = explanation()
    assert e.sentence_of_token.tolist() == [0, 0, 1, 1]
    assert e.weights("sentence").tolist() == [0.5, 0.5, 0.125, 0.875]
    assert e.weights("document").tolist() == [0.125, 0.125, 0.09375, 0.65625]
    assert e.weights("lift").tolist() == [0.5, 0.5, 0.375, 2.625]
    assert e.document_weights.sum() == 1


def test_the_json_form():
    e = explanation()
    assert e.unknown == 1
    assert e.to_json() == {
        "id": "7",
        "label": "positive",
        "probabilities": {"negative": 0.25, "positive": 0.75},
        "sentences": [
            {
                "start": 0,
                "end": 5,
                "weight": 0.25,
                "tokens": [
                    {"start": 0, "end": 4, "weight": 0.5, "known": True},
                    {"start": 4, "end": 5, "weight": 0.5, "known": True},
                ],
            },
            {
                "start": 6,
                "end": 13,
                "weight": 0.75,
                "tokens": [
                    {"start": 6, "end": 9, "weight": 0.125, "known": False},
                    {"start": 10, "end": 13, "weight": 0.875, "known": True},
                ],
            },
        ],
        "seen": {"characters": 14, "of": 20, "tokens": 4, "unknown": 1},
    }


@pytest.mark.parametrize("name", ["probabilities", "sentence_weights", "word_weights", "known"])
def test_a_part_of_the_wrong_length_is_refused(name):
    for wrong in (np.ones(3), np.ones(0)):
        with pytest.raises(ValueError, match="expected"):
            explanation(**{name: wrong})


@pytest.mark.parametrize(
    ("weights", "expected"),
    [([0.2, 0.5, 0.3], [3, 1, 2]), ([0.25] * 4, [1] * 4), ([0.4, 0.4, 0.2], [1, 1, 3]), ([1], [1])],
)
def test_ranks_by_hand(weights, expected):
    assert ranks(np.array(weights)).tolist() == expected


def test_entropy_by_hand():
    assert entropy(np.full(8, 1 / 8)) == pytest.approx(1)
    assert entropy(np.array([0.5, 0.5, 0, 0])) == pytest.approx(0.5)
    assert entropy(np.array([0.75, 0.25])) == pytest.approx(
        -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    )
    assert entropy(np.array([1.0])) == 1


def test_all_weight_on_one_is_no_entropy_and_not_a_negative_one():
    assert f"{entropy(np.array([0.0, 1.0, 0.0])):.0%}" == "0%"


def test_top_mass_by_hand():
    weights = np.array([0.1, 0.4, 0.2, 0.3])
    assert top_mass(weights, 1) == pytest.approx(0.4)
    assert top_mass(weights, 3) == pytest.approx(0.9)
    assert top_mass(weights, 9) == pytest.approx(1)


def joining_explanation(lengths, seed=0, unseen="") -> Explanation:
    """One-letter words with a blank behind each, and weights by chance."""
    spans = [Span(2 * i, 2 * i + 1) for i in range(sum(lengths))]
    ends = np.cumsum(lengths).tolist()
    parts = [spans[end - n : end] for end, n in zip(ends, lengths, strict=True)]
    draw, text = np.random.default_rng(seed), "w " * sum(lengths)
    words = [draw.dirichlet(np.ones(n)) for n in lengths]
    return Explanation(
        "7", Document(text + unseen, tuple(Sentence(tuple(p)) for p in parts), len(text)),
        ("no", "yes"), np.array([0.25, 0.75]), draw.dirichlet(np.ones(len(lengths))),
        np.concatenate(words), draw.random(sum(lengths)) > 0.3,
    )  # fmt: skip


def test_by_hand():
    document = Document("don't go. no", (
        Sentence((Span(0, 2), Span(2, 5), Span(6, 8), Span(8, 9))), Sentence((Span(10, 12),)),
    ), 12)  # fmt: skip
    before = Explanation(
        "7", document, ("no", "yes"), np.array([0.25, 0.75]), np.array([0.8, 0.2]),
        np.array([0.5, 0.25, 0.125, 0.125, 1.0]), np.array([True, False, True, True, True]),
    )  # fmt: skip
    after = join_words(before, np.array([0, 0, 1, 2, 4]))
    assert after.document.token_texts() == ("don't", "go", ".", "no")
    assert after.document.sentence_lengths == (3, 1)
    assert after.sentence_weights == pytest.approx([0.8, 0.2])
    assert after.word_weights == pytest.approx([0.75, 0.125, 0.125, 1.0])
    assert after.known.tolist() == [False, True, True, True]
    over_the_end = join_words(before, np.array([0, 1, 2, 3, 3]))
    assert over_the_end.document.token_texts() == ("do", "n't", "go", ". no")
    assert over_the_end.document.sentence_lengths == (4,)
    assert over_the_end.sentence_weights == pytest.approx([1.0])
    assert over_the_end.word_weights == pytest.approx([0.4, 0.2, 0.1, 0.3])


def test_joined_words_add_as_keys_and_average_as_queries():
    before = joining_explanation([2, 1])
    tokens, whole = ((0, 1), (2, 3), (4, 5)), ((0, 5),)
    rows = np.array([[0.2, 0.1, 0.3, 0.4], [0.5, 0, 0.25, 0.25], [0.1, 0.2, 0.3, 0.4]])
    rows = np.vstack([[0.7, 0.1, 0.1, 0.1], rows])[None, None]  # [CLS] stands first
    special = ((0, 0), *tokens)
    maps = (
        AttentionMap("self-attention", "token", "token", special, special, rows, ("[CLS]",)),
        AttentionMap("words", "sentence", "token", whole, tokens, np.array([[[[0.5, 0.2, 0.3]]]])),
        AttentionMap("sentences", "sentence", "sentence", whole, ((0, 3), (4, 5)),
                     np.array([[[[0.6, 0.4]]]])),
    )  # fmt: skip
    pairs, words, sentences = join_words(replace(before, maps=maps), np.array([0, 0, 1])).maps
    assert pairs.queries == pairs.keys == ((0, 0), (0, 3), (4, 5))
    expected = [[0.7, 0.2, 0.1], [0.35, 0.325, 0.325], [0.1, 0.5, 0.4]]
    assert pairs.weights[0, 0] == pytest.approx(np.array(expected))
    assert (words.keys, words.queries) == (((0, 3), (4, 5)), whole)
    assert words.weights.ravel() == pytest.approx([0.7, 0.3])
    assert sentences.keys == ((0, 3), (4, 5))
    over_the_end = join_words(replace(before, maps=maps), np.array([0, 1, 1])).maps
    assert over_the_end[1].weights.ravel() == pytest.approx([0.5, 0.5])
    assert (over_the_end[2].keys, over_the_end[2].weights.tolist()) == (((0, 5),), [[[[1.0]]]])


def test_a_sentence_without_weight_leaves_its_words_without():
    before = joining_explanation([2, 2])
    nothing = Explanation(
        "7", before.document, before.labels, before.probabilities, np.array([0.0, 1.0]),
        before.word_weights, before.known,
    )  # fmt: skip
    assert join_words(nothing, np.array([0, 0, 1, 2])).word_weights[0] == 0


def test_nothing_to_join_changes_nothing():
    before = joining_explanation([2, 3])
    assert join_words(before, np.arange(5)) is before


def test_numbers_that_do_not_fit_are_refused():
    for groups in ([0, 1], [0, 2, 1]):
        with pytest.raises(ValueError, match="3 numbers"):
            join_words(joining_explanation([3]), np.array(groups))


lengths = st.lists(st.integers(1, 4), min_size=1, max_size=5)


@given(lengths, st.data())
def test_all_weight_and_every_word_is_kept(lengths, data):
    before = joining_explanation(lengths, unseen="not seen")
    steps = st.lists(st.integers(0, 1), min_size=sum(lengths), max_size=sum(lengths))
    groups = np.cumsum(data.draw(steps))
    after = join_words(before, groups)
    assert after.document.text == before.document.text
    assert after.document.seen == before.document.seen
    assert after.sentence_weights.sum() == pytest.approx(1)
    sums = [before.document_weights[groups == group].sum() for group in np.unique(groups)]
    assert after.document_weights == pytest.approx(sums)
    # A sentence ends where one ended before, unless a word reaches over that end.
    ends = [
        end for end in np.cumsum(lengths) if end == len(groups) or groups[end - 1] < groups[end]
    ]
    tokens = before.document.tokens
    assert [s.end for s in after.document.sentences] == [tokens[end - 1].end for end in ends]


def test_other_weights_are_read_like_attention():
    found = reweighted(explanation(), np.array([1.0, 1, 0, 6]))
    assert found.sentence_weights.tolist() == [0.25, 0.75]
    assert found.word_weights.tolist() == [0.5, 0.5, 0, 1]
    nothing = reweighted(explanation(), np.array([0.0, 0, 1, 3]))
    assert nothing.document_weights.tolist() == [0, 0, 0.25, 0.75]
