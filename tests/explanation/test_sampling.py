"""A sample has as many of each class and length as the whole, and is the seed's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation.dataset_evidence import sample, spread
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import predict
from han_core.runtime.errors import UserError


@pytest.fixture
def checkpoint(random_checkpoint):
    return load_checkpoint(random_checkpoint())


@given(st.integers(0, 50), st.integers(1, 60), st.integers(0, 9))
def test_classes_and_lengths_keep_their_shares(seed, number, classes):
    rng = np.random.default_rng(seed)
    predicted = rng.integers(0, classes + 1, size=60)
    lengths = rng.integers(5, 50, size=60)
    rows = spread(predicted, lengths, number, seed)
    assert len(set(rows.tolist())) == len(rows) == number
    assert rows.tolist() == sorted(rows.tolist())
    for label in range(classes + 1):
        ours, whole = lengths[rows[predicted[rows] == label]], lengths[predicted == label]
        exact = len(whole) * number / 60
        assert abs(len(ours) - exact) <= 1
        short = np.median(whole) if len(whole) else 0
        assert abs((ours < short).sum() - (whole < short).sum() * number / 60) <= 1


def test_every_document_may_be_chosen():
    found = {int(spread(np.zeros(4), np.full(4, 9), 1, seed)[0]) for seed in range(60)}
    assert found == {0, 1, 2, 3}


def test_a_sample_is_stratified_by_what_the_model_predicts(checkpoint, planted_corpora):
    texts = planted_corpora.test.texts
    rows = sample(checkpoint, texts, 20, seed=4)
    assert len(rows) == 20
    assert rows == sample(checkpoint, texts, 20, seed=4) != sample(checkpoint, texts, 20, seed=5)
    positive = predict(checkpoint, texts).argmax(1) == 1
    assert positive[rows].sum() == pytest.approx(positive.sum() / 5, abs=1)


def test_few_documents_are_all_taken(checkpoint):
    seen = []
    assert sample(checkpoint, ["river", "walk"], 2, progress=lambda *d: seen.append(d)) == [0, 1]
    assert seen == [(2, 2)]


def test_texts_too_long_are_never_chosen(checkpoint, monkeypatch):
    monkeypatch.setattr("han_core.explanation.dataset_evidence.MOST_READ", 9)
    texts = ["river walk", "a b c d", "river stone walk", "one two three four five"]
    said = []
    assert sample(checkpoint, texts, 9, say=said.append) == [0, 2]
    assert said == ["2 of 4 texts are above 3 words: left out."]
    assert all(sample(checkpoint, texts, 1, seed)[0] in (0, 2) for seed in range(8))
    with pytest.raises(UserError, match="at most 3 words"):
        sample(checkpoint, texts[1:2])


def test_wrong_input_is_one_sentence(checkpoint):
    with pytest.raises(UserError, match="number 2 has none"):
        sample(checkpoint, ["river", " \n "])
    with pytest.raises(ValueError, match="at least one document"):
        sample(checkpoint, ["river"], 0)
