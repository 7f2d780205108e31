"""Uniform and shuffled attention by other means, and what counts as a shuffle."""

from dataclasses import replace

import numpy as np
import pytest

from han_core.explanation.attention_permutation import (
    PERMUTATIONS,
    AttentionReplacement,
    is_hierarchical,
    permuted_attention,
    replace_attention,
)
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint

TEXT = "the quiet river walk. bread and music under the window. road unheard"
MODELS = [("han", "additive"), ("bilstm", "additive"), ("bilstm", "dot")]


@pytest.fixture(params=MODELS, ids="-".join)
def asked(request, random_checkpoint):
    return probe_text(load_checkpoint(random_checkpoint(*request.param)), TEXT)


def test_uniform_attention_is_even_at_both_levels_or_over_all_words(asked):
    lengths = asked.numbered.sentence_lengths
    alike = np.ones(3) if is_hierarchical(asked) else lengths
    sentences = (alike / alike.sum())[None]
    words = np.concatenate([np.full(length, 1 / length) for length in lengths])[None]
    expected = asked.with_attention(words, sentences)[0]
    found = replace_attention(asked)
    assert found.uniform == pytest.approx(expected)
    assert found.uniform_probability == pytest.approx(expected[asked.target])
    assert found.uniform_flips == (expected.argmax() != asked.target)


def test_a_han_shuffles_words_within_sentences_and_sentences(asked):
    words, sentences = permuted_attention(asked, 40, np.random.default_rng(0))
    own, cuts = asked.explanation, np.cumsum(asked.numbered.sentence_lengths)[:-1]
    if not is_hierarchical(asked):
        words = words * sentences[:, own.sentence_of_token]
        assert np.sort(words) == pytest.approx(np.tile(np.sort(own.document_weights), (40, 1)))
        assert len(np.unique(words.argmax(1))) > 5
        return
    for part, whole in zip(
        np.split(words, cuts, axis=1), np.split(own.word_weights, cuts), strict=True
    ):
        assert np.sort(part) == pytest.approx(np.tile(np.sort(whole), (40, 1)))
        assert len(np.unique(part.argmax(1))) == len(whole)
    assert np.sort(sentences) == pytest.approx(np.tile(np.sort(own.sentence_weights), (40, 1)))
    assert len(np.unique(sentences.argmax(1))) == 3


def test_the_shift_is_the_median_over_the_same_shuffles(asked):
    found = replace_attention(asked, seed=5)
    assert found.permuted.shape == (PERMUTATIONS,)
    shuffles = permuted_attention(asked, PERMUTATIONS, np.random.default_rng(5))
    moved = [
        abs(asked.with_attention(words[None], sentences[None])[0, asked.target] - found.probability)
        for words, sentences in zip(*shuffles, strict=True)
    ]
    assert found.permutation_shift == pytest.approx(np.median(moved), abs=1e-6)
    assert found.permutation_shift > 1e-6


def test_the_seed_decides_and_nothing_else(asked):
    np.testing.assert_array_equal(
        replace_attention(asked, 1).permuted, replace_attention(asked, 1).permuted
    )
    assert (
        replace_attention(asked, 1).permuted.tolist()
        != replace_attention(asked, 2).permuted.tolist()
    )


def test_a_sentence_of_words_of_one_word_each_can_be_shuffled(asked):
    found = replace_attention(probe_text(asked.checkpoint, "river. stone."), permutations=10)
    assert np.isfinite(found.permuted).all()
    assert found.flip is not None


def test_one_word_has_no_other_attention(asked):
    with pytest.raises(ValueError, match="at least two words"):
        replace_attention(probe_text(asked.checkpoint, "river"))


def test_figures_by_hand():
    found = AttentionReplacement(1, 0.9, np.array([0.6, 0.4]), np.array([0.8, 0.95, 0.3]), None)
    assert (found.uniform_flips, found.uniform_probability) == (True, 0.4)
    assert found.permutation_shift == pytest.approx(0.1)
    assert not replace(found, target=0).uniform_flips
    with pytest.raises(ValueError, match="known class"):
        replace(found, target=2)
    with pytest.raises(ValueError, match="permutation"):
        replace(found, permuted=np.array([]))
