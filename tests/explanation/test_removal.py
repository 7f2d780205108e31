"""The deletion test for any method, against texts written without the words."""

import numpy as np
import pytest

from han_core.explanation.attribution import METHODS, Attribution, attribute
from han_core.explanation.deletion import Removal, measure_removal
from han_core.explanation.explain import explain
from han_core.explanation.model_probe import probe_text
from han_core.explanation.verdicts import removal_sentence
from han_core.models.checkpoint import load_checkpoint

TEXT = "the quiet river walk bread music under window unheard seven road\n\nthe river road"


@pytest.fixture(scope="module", params=["han", "bilstm"])
def asked(request, random_checkpoint):
    return probe_text(load_checkpoint(random_checkpoint(request.param)), TEXT)


@pytest.mark.parametrize("method", METHODS[:4])
@pytest.mark.parametrize("target", [0, 1])
def test_the_highest_ranked_tenth_goes(asked, method, target):
    answer = attribute(asked, method, target)
    found = measure_removal(asked, answer)
    assert (found.words, found.attended) == (2, method == "attention")  # 10% of 14, rounded up
    gone = [asked.document.tokens[i] for i in np.argsort(-answer.words)[:2]]
    text = "".join(" " if any(a <= i < b for a, b in gone) else c for i, c in enumerate(TEXT))
    left = explain(asked.checkpoint, text).probabilities[target]
    before = asked.explanation.probabilities[target]
    assert found.fall == pytest.approx(before - left, abs=1e-6)
    assert found.target == asked.checkpoint.labels[target]


def test_random_words_are_the_same_for_every_method(asked):
    one, other = (measure_removal(asked, attribute(asked, m, 1)) for m in ("gradient", "attention"))
    assert one.random == other.random
    assert one.random != one.fall


def test_one_word_cannot_go(random_checkpoint):
    asked = probe_text(load_checkpoint(random_checkpoint()), "river")
    weights = np.ones(1)
    answer = Attribution("attention", "positive", asked.document, weights, weights, False)
    assert measure_removal(asked, answer) is None


def test_sentences():
    assert removal_sentence(Removal("good", False, 3, 0.312, 0.008)) == (
        "Removing the 10% highest ranked words lowers the probability of good by .31; random "
        "words by .01."
    )
    assert removal_sentence(Removal("good", True, 1, 0.2, -0.1)) == (
        "Removing the most attended word lowers the probability of good by .20; removing a random "
        "word raises it by .10."
    )
    assert removal_sentence(Removal("good", True, 2, 0.001, 0.0)) == (
        "Removing the 10% most attended words changes the probability of good by .00; random "
        "words by .00."
    )
