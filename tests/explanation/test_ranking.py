"""Rankings against finite differences, one run at a time, and orders that are only orders."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation.attribution import (
    attention_weights,
    descending_order,
    gradient_ranking,
    leave_one_out,
    random_orders,
    unit_count,
)
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.text.batch import Batch
from han_core.text.vocabulary import UNKNOWN

TEXT = "the quiet river walk. bread and music under the window. road unheard"
MODELS = [("han", "additive"), ("bilstm", "additive"), ("bilstm", "dot")]


@pytest.fixture(params=MODELS, ids="-".join)
def asked(request, random_checkpoint):
    return probe_text(load_checkpoint(random_checkpoint(*request.param)), TEXT)


def test_attention_is_the_weight_within_the_document(asked):
    words, sentences = attention_weights(asked, "word"), attention_weights(asked, "sentence")
    assert (len(words), len(sentences)) == (
        unit_count(asked, "word"),
        unit_count(asked, "sentence"),
    )
    assert words.sum() == pytest.approx(1)
    parts = np.split(words, np.cumsum(asked.numbered.sentence_lengths)[:-1])
    assert sentences == pytest.approx([part.sum() for part in parts])


@pytest.mark.parametrize("hold", [True, False])
def test_gradient_times_input_is_how_the_prediction_moves_as_a_vector_grows(asked, hold):
    """d p / d ε where a unit's vectors are (1 + ε) times what they were, from both sides."""
    step = 0.02
    owner = {"word": np.arange(asked.tokens), "sentence": asked.explanation.sentence_of_token}
    for unit, places in (("word", (0, 6, asked.tokens - 1)), ("sentence", (0, 1, 2))):
        found = gradient_ranking(asked, unit, hold_attention=hold)
        assert found.shape == (unit_count(asked, unit),)
        for place in places:
            grown = torch.from_numpy(owner[unit] == place).float().unsqueeze(1) * step
            pair = torch.stack((asked.vectors * (1 + grown), asked.vectors * (1 - grown)))
            with torch.no_grad():
                above, below = asked.probability_of(pair, asked.target, hold).double()
            slope = (above - below).item() / (2 * step)
            assert found[place] == pytest.approx(slope, abs=3e-5)


def plain_run(asked, sentences) -> float:
    """The probability of the predicted class for sentences of word numbers, by themselves."""
    sentences = [[word for word in sentence if word is not None] for sentence in sentences]
    sentences = [sentence for sentence in sentences if sentence]
    batch = Batch(
        torch.tensor([word for sentence in sentences for word in sentence]),
        torch.tensor([len(sentence) for sentence in sentences]),
        torch.tensor([len(sentences)]),
    )
    with torch.no_grad():
        return asked.checkpoint.model(batch).logits.double().softmax(1)[0, asked.target].item()


@pytest.mark.parametrize("fill", ["delete", "unknown"])
def test_leave_one_out_runs_the_model_without_each_unit(asked, fill):
    gap = None if fill == "delete" else UNKNOWN
    cuts = np.cumsum(asked.numbered.sentence_lengths)[:-1]
    whole = [part.tolist() for part in np.split(asked.numbered.words, cuts)]
    before = plain_run(asked, whole)
    places = [(s, w) for s, sentence in enumerate(whole) for w in range(len(sentence))]
    words = [
        before - plain_run(asked, [
            [gap if (s, w) == place else word for w, word in enumerate(sentence)]
            for s, sentence in enumerate(whole)
        ])
        for place in places
    ]  # fmt: skip
    sentences = [
        before - plain_run(asked, [
            [gap] * len(sentence) if s == place else sentence for s, sentence in enumerate(whole)
        ])
        for place in range(len(whole))
    ]  # fmt: skip
    assert leave_one_out(asked, "word", fill) == pytest.approx(words, abs=1e-6)
    assert leave_one_out(asked, "sentence", fill) == pytest.approx(sentences, abs=1e-6)


def test_leave_one_out_in_several_calls_is_the_same(asked, monkeypatch):
    once, seen = leave_one_out(asked, "word"), []
    monkeypatch.setattr("han_core.explanation.attribution._CELLS", 4 * asked.tokens)
    parts = leave_one_out(asked, "word", progress=lambda *done: seen.append(done))
    assert parts == pytest.approx(once, abs=1e-6)
    assert seen == [(4, 14), (8, 14), (12, 14), (14, 14)]


def test_leave_one_out_says_what_it_cannot_do(asked, random_checkpoint, monkeypatch):
    alone = probe_text(asked.checkpoint, "river")
    with pytest.raises(UserError, match="nothing to leave out"):
        leave_one_out(alone, "word")
    monkeypatch.setattr("han_core.explanation.attribution.MOST_READ", 14 * 14 - 1)
    with pytest.raises(UserError, match="14 words of a text of 14 words"):
        leave_one_out(asked, "word")
    assert len(leave_one_out(asked, "sentence")) == 3


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=20), st.integers(0, 99))
def test_an_order_names_every_unit_once_and_higher_ones_first(scores, seed):
    ranked = descending_order(np.array(scores), np.random.default_rng(seed))
    assert sorted(ranked) == list(range(len(scores)))
    assert [scores[i] for i in ranked] == sorted(scores, reverse=True)
    assert (
        ranked.tolist() == descending_order(np.array(scores), np.random.default_rng(seed)).tolist()
    )


def test_ties_stand_in_every_order_alike():
    rng, found = np.random.default_rng(0), {}
    for _ in range(1200):
        ranked = tuple(descending_order(np.array([0.5, 2.0, 0.5, 0.5]), rng).tolist())
        found[ranked] = found.get(ranked, 0) + 1
    assert {ranked[0] for ranked in found} == {1}
    assert len(found) == 6
    assert min(found.values()) > 150


def test_random_orders_are_all_alike():
    drawn = random_orders(5, 4000, np.random.default_rng(1))
    assert np.sort(drawn, axis=1).tolist() == [[0, 1, 2, 3, 4]] * 4000
    shares = [[(drawn[:, place] == unit).mean() for place in range(5)] for unit in range(5)]
    assert np.array(shares) == pytest.approx(np.full((5, 5), 0.2), abs=0.03)
