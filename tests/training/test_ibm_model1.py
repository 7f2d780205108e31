"""IBM model 1, beside the textbook's loops."""

from collections import defaultdict

import numpy as np
import pytest

from han_core.training.ibm_model1 import DiagonalPrior, align_corpus

PLAIN = DiagonalPrior(tension=0.0, null=0.0)


def textbook(pairs, rounds, prior):
    """EM by loops over sentences, target words and source words; place -1 is no word."""
    probability = defaultdict(lambda: 1.0)
    for _ in range(rounds + 1):
        counts, totals, best = defaultdict(float), defaultdict(float), []
        for source, target in pairs:
            weights, words, places = prior.weights(len(source), len(target)), [-1, *source], []
            for j, f in enumerate(target):
                joint = [probability[e, f] * weights[j, i] for i, e in enumerate(words)]
                places.append(int(np.argmax(joint)) - 1)
                for e, value in zip(words, joint, strict=True):
                    counts[e, f] += value / sum(joint)
                    totals[e] += value / sum(joint)
            best.append(places)
        for e, f in counts:
            probability[e, f] = counts[e, f] / max(totals[e], 1e-300)
    return best


@pytest.mark.parametrize("prior", [PLAIN, DiagonalPrior(), DiagonalPrior(2.0, 0.2)])
def test_beside_the_textbook(prior):
    chance = np.random.default_rng(4)
    pairs = []
    for _ in range(30):
        source = chance.integers(0, 8, chance.integers(1, 6)).tolist()
        target = [word + 10 for word in reversed(source)] + [20] * int(chance.integers(0, 2))
        pairs.append((source, target))
    found = [places.tolist() for places in align_corpus(pairs, 4, prior)]
    assert found == textbook(pairs, 4, prior)


def test_words_that_go_together_are_found_against_their_order():
    """the house / la maison, the book / le livre, a book / un livre: book is livre."""
    pairs = [([0, 1], [10, 11]), ([0, 2], [12, 10]), ([3, 2], [13, 12])]
    found = align_corpus(pairs, 10, PLAIN)
    assert [places.tolist() for places in found] == [[0, 1], [1, 0], [0, 1]]


def test_the_prior_by_hand():
    """One target word of one, two source words: at 1/2 and 1 of the sentence, λ = 2."""
    weights = DiagonalPrior(2.0, 0.1).weights(2, 1)[0]
    near = np.exp(-2 * 0.5)
    assert weights == pytest.approx([0.1, 0.9 * near / (1 + near), 0.9 / (1 + near)])


def test_no_pairs_have_no_alignment():
    assert align_corpus([]) == []
