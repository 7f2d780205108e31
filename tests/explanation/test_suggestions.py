"""Counterfactual suggestions of a model that has learnt one rule, and by brute force."""

from itertools import combinations

import numpy as np
import pytest

from han_core.explanation.counterfactual import what_if
from han_core.explanation.explain import explain
from han_core.explanation.model_probe import probe_text
from han_core.explanation.suggestions import (
    ANTONYMS,
    nearest_words,
    smallest_flip,
    suggest,
    words_that_count,
)
from han_core.models.checkpoint import load_checkpoint

TEXT = "The river walk was splendid. It is not a train under the window."


@pytest.fixture(scope="module")
def checkpoint(planted_checkpoint):
    return load_checkpoint(planted_checkpoint)


@pytest.fixture(scope="module")
def probe(checkpoint):
    return probe_text(checkpoint, TEXT)


def by_kind(probe) -> dict:
    return {each.kind: each for each in suggest(probe)}


def test_the_planted_word_counts_most(probe):
    assert probe.document.token_texts()[words_that_count(probe)[0]] == "splendid"


def test_words_are_ordered_by_leave_one_out(probe):
    found = words_that_count(probe)
    texts = probe.document.token_texts()
    left = []
    for at in found.tolist():
        kept = np.ones((1, probe.tokens), dtype=bool)
        kept[0, at] = False
        left.append(probe.probabilities(kept)[0, probe.target])
    assert np.diff(left).min() >= -1e-6
    assert {texts[at] for at in found} == set(texts) - {"."}


def test_each_suggestion_says_what_the_model_says_after_its_edits(checkpoint, probe):
    found = suggest(probe)
    assert {each.kind for each in found} >= {"negate", "similar", "flip"}
    for each in found:
        after = what_if(checkpoint, probe.document, each.edits).after
        assert each.label == after.label
        assert each.probability == pytest.approx(after.probabilities[probe.target], abs=1e-5)


def test_the_flip_takes_out_the_word_of_the_rule_alone(probe):
    flip = by_kind(probe)["flip"]
    assert flip.changes == (("splendid", ""),)
    assert flip.label != "good"


def test_a_negation_that_stands_there_may_go(probe):
    assert by_kind(probe)["negate"].changes[0] in {("was", "was not"), ("is not", "is")}


def test_no_flip_is_larger_than_needed_when_words_come_back(checkpoint):
    probe = probe_text(checkpoint, "Splendid music and splendid bread. A road of stone.")
    (edits,) = smallest_flip(probe, words_that_count(probe))
    places = [edit.start for edit in edits]
    for fewer in combinations(range(len(edits)), len(edits) - 1):
        if fewer:
            some = [edits[at] for at in fewer]
            assert what_if(checkpoint, probe.document, some).after.label == "good"
    assert places == sorted(places)


def test_an_opposite_comes_from_the_list_with_the_case_of_the_word(random_checkpoint):
    checkpoint = load_checkpoint(random_checkpoint("bilstm", "additive"))
    suggestion = by_kind(probe_text(checkpoint, "Quiet river and the table."))["opposite"]
    assert suggestion.changes == (("Quiet", "Noisy"),)


def test_nearest_words_have_the_largest_cosine(probe, checkpoint):
    number = checkpoint.vocabulary.number("splendid")
    vectors = checkpoint.model.embedding.weight.detach().double().numpy()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)
    cosine = {word: unit[at] @ unit[number] for at, word in enumerate(checkpoint.vocabulary.words)}
    found = nearest_words(probe, number, 5)
    others = [w for w in cosine if w.isalpha() and w != "splendid" and w not in found]
    assert min(cosine[w] for w in found) >= max(cosine[w] for w in others)


def test_one_word_has_no_suggestion(checkpoint):
    assert suggest(probe_text(checkpoint, "Splendid")) == []


def test_marks_alone_have_no_word_that_counts(checkpoint):
    assert by_kind(probe_text(checkpoint, "... !!! ?")) == {}


def test_a_long_text_asks_about_the_most_attended_words_alone(checkpoint):
    text = "The river under a quiet cloud. " * 60 + "Splendid."  # 422 tokens, 361 words
    assert explain(checkpoint, text).label == "good"
    assert len(words_that_count(probe_text(checkpoint, text))) == 30_000 // 422


def test_opposites_go_both_ways():
    for opposites in ANTONYMS.values():
        assert all(opposites[other] == word for word, other in opposites.items())
