"""Three readings of the weights, the JSON form, ranks and how gathered weights are, by hand."""

import math

import numpy as np
import pytest

from han_core.explanation.explanation import Explanation, entropy, ranks, top_mass
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
