"""Five methods against slow ones: finite differences, the path walked, texts without a word."""

import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation import attribution
from han_core.explanation.attribution import (
    MAP_METHODS,
    METHODS,
    Attribution,
    attention_weights,
    attribute,
    descending_order,
    gradient_ranking,
    leave_one_out,
    methods_of,
    random_orders,
    unit_count,
)
from han_core.explanation.explain import explain
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.text.batch import Batch
from han_core.text.vocabulary import UNKNOWN
from tests import reference

SENTENCES = ["the quiet river walk", "bread music under window unheard", "seven road"]


TEXT = "\n\n".join(SENTENCES)


MODELS = [("han", "additive"), ("bilstm", "additive"), ("bilstm", "dot"), ("han", "linear")]


SIGNED = METHODS[1:]


@pytest.fixture(scope="module", params=MODELS, ids="-".join)
def probe(request, random_checkpoint):
    checkpoint = load_checkpoint(random_checkpoint(*request.param))
    with torch.no_grad():  # else the answer hardly moves, and any number would pass
        checkpoint.model.embedding.weight *= 3
        checkpoint.model.classifier.weight *= 3
    return probe_text(checkpoint, TEXT)


@pytest.fixture
def one_word(random_checkpoint):
    return probe_text(load_checkpoint(random_checkpoint()), "river")


def slow_probability(probe, vectors: torch.Tensor, target: int) -> torch.Tensor:
    """p(target) from word vectors (tokens, embedding) by the equations, in float64."""
    architecture = probe.checkpoint.config.architecture
    weights = {k: v.double() for k, v in probe.checkpoint.model.state_dict().items()}
    weights["embedding.weight"] = vectors
    rows = iter(range(probe.tokens))
    document = [[next(rows) for _ in range(n)] for n in probe.numbered.sentence_lengths]
    model = reference.han if architecture.model == "han" else reference.bilstm
    return model(weights, architecture.attention, document)[0].softmax(0)[target]


def test_attention_is_the_weight_within_the_document(probe):
    found = attribute(probe, "attention", target=0)
    assert found.words.tolist() == probe.explanation.document_weights.tolist()
    assert found.sentences.tolist() == pytest.approx(probe.explanation.sentence_weights.tolist())
    assert (found.signed, found.gap, found.target) == (False, None, "negative")


@pytest.mark.parametrize("target", [0, 1])
def test_gradient_times_input_is_the_slope_as_a_word_grows(probe, target):
    """Stretching a word's vector by 1 + t changes p by t · (gradient · vector)."""
    found, step = attribute(probe, "gradient", target), 1e-4
    vectors = probe.vectors.double()
    for token in range(probe.tokens):
        ends = []
        for sign in (1, -1):
            stretched = vectors.clone()
            stretched[token] *= 1 + sign * step
            ends.append(slow_probability(probe, stretched, target))
        slope = float(ends[0] - ends[1]) / (2 * step)
        assert found.words[token] == pytest.approx(slope, abs=1e-5)
    assert found.signed
    assert abs(found.words).max() > 1e-2


def test_integrated_gradients_are_the_gradients_along_the_path(probe):
    found, vectors = attribute(probe, "integrated_gradients", 1), probe.vectors.double()
    total = torch.zeros(probe.tokens, dtype=torch.float64)
    points = 80
    for step in range(points):
        at = (vectors * (step + 0.5) / points).requires_grad_()
        (gradient,) = torch.autograd.grad(slow_probability(probe, at, 1), at)
        total += (gradient * vectors).sum(1) / points
    assert found.words.tolist() == pytest.approx(total.tolist(), abs=2e-3)
    ends = [float(slow_probability(probe, at, 1)) for at in (vectors, torch.zeros_like(vectors))]
    assert found.words.sum() == pytest.approx(ends[0] - ends[1], abs=2e-3)
    assert found.gap == pytest.approx(found.words.sum() - (ends[0] - ends[1]), abs=1e-5)


@pytest.mark.parametrize("target", [0, 1])
def test_leaving_a_word_out_is_explaining_the_text_without_it(probe, target):
    found, whole = attribute(probe, "leave_one_word_out", target), probe.explanation
    for value, span in zip(found.words, probe.document.tokens, strict=True):
        without = explain(probe.checkpoint, TEXT[: span.start] + TEXT[span.end :])
        drop = whole.probabilities[target] - without.probabilities[target]
        assert value == pytest.approx(drop, abs=1e-6)
    assert (found.words > 1e-3).any()
    assert (found.words < -1e-3).any()


@pytest.mark.parametrize("target", [0, 1])
def test_leaving_a_sentence_out_is_explaining_the_text_without_it(probe, target):
    found, whole = attribute(probe, "leave_one_sentence_out", target), probe.explanation
    for number, value in enumerate(found.sentences):
        left = "\n\n".join(SENTENCES[:number] + SENTENCES[number + 1 :])
        drop = whole.probabilities[target] - explain(probe.checkpoint, left).probabilities[target]
        assert value == pytest.approx(drop, abs=1e-6)
    # Nothing tells its words apart, so they share it evenly.
    lengths = probe.numbered.sentence_lengths
    assert found.words.tolist() == pytest.approx(np.repeat(found.sentences / lengths, lengths))


@pytest.mark.parametrize("method", METHODS)
def test_words_sum_to_sentences_and_the_predicted_class_is_the_default(probe, method):
    found = attribute(probe, method)
    cut = np.split(found.words, np.cumsum(probe.numbered.sentence_lengths)[:-1])
    assert [part.sum() for part in cut] == pytest.approx(found.sentences.tolist())
    assert found.target == probe.explanation.label
    assert found.document is probe.document


@pytest.mark.parametrize("method", SIGNED)
def test_what_speaks_for_one_of_two_classes_speaks_against_the_other(probe, method):
    for_it, against = attribute(probe, method, 0), attribute(probe, method, 1)
    assert for_it.words.tolist() == pytest.approx((-against.words).tolist(), abs=1e-5)


@pytest.mark.parametrize(
    ("method", "last"),
    [("leave_one_word_out", 11), ("leave_one_sentence_out", 3), ("integrated_gradients", 52)],
)
def test_progress_reaches_its_end_in_one_pass_or_many(probe, monkeypatch, method, last):
    def ask() -> tuple[list, Attribution]:
        seen: list[tuple[int, int]] = []
        found = attribute(probe, method, progress=lambda done, of: seen.append((done, of)))
        return seen, found

    once, whole = ask()
    monkeypatch.setattr(attribution, "_CELLS", 2 * probe.tokens)
    monkeypatch.setattr("han_core.explanation.attribution.PATH_TOKENS", 7 * probe.tokens)
    often, parts = ask()
    assert len(often) > len(once)
    assert once[-1] == often[-1] == (last, last)
    assert [done for done, _ in often] == sorted({done for done, _ in often})
    assert parts.words.tolist() == pytest.approx(whole.words.tolist(), abs=1e-6)


def test_one_word_and_one_sentence_leave_nothing_to_leave_out(one_word, random_checkpoint):
    with pytest.raises(UserError, match=r"has one word: there is nothing to leave out"):
        attribute(one_word, "leave_one_word_out")
    with pytest.raises(UserError, match=r"has one sentence: there is nothing to leave out"):
        attribute(one_word, "leave_one_sentence_out")
    for method in ("attention", "gradient", "integrated_gradients"):
        assert len(attribute(one_word, method).words) == 1
    two = probe_text(load_checkpoint(random_checkpoint("bilstm")), "river road")
    assert len(attribute(two, "leave_one_word_out").words) == 2


def test_a_text_too_long_to_leave_words_out_is_told_before_it_starts(probe, monkeypatch):
    monkeypatch.setattr(attribution, "MOST_READ", probe.tokens * 4)
    with pytest.raises(UserError, match=r"11 words of a text of 11 words take more"):
        attribute(probe, "leave_one_word_out")
    assert len(attribute(probe, "leave_one_sentence_out").sentences) == 3


def test_without_captum_there_is_one_clear_sentence(one_word, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(UserError, match=r"captum, which is not installed\. .*pip install captum"):
        attribute(one_word, "integrated_gradients")


@pytest.mark.parametrize("target", [-1, 2])
def test_there_is_no_such_class(one_word, target):
    with pytest.raises(ValueError, match="from 0 to 1"):
        attribute(one_word, "attention", target)


@pytest.mark.parametrize(
    ("words", "sentences", "said"),
    [
        ([1.0, 0.0], [1.0], "words and sentences"),
        ([np.nan], [np.nan], "finite"),
        ([0.5], [0.25], "do not sum"),
    ],
)
def test_an_attribution_checks_its_own_shapes(one_word, words, sentences, said):
    with pytest.raises(ValueError, match=said):
        Attribution(
            "gradient", "positive", one_word.document, np.array(words), np.array(sentences), True
        )


RANKING_TEXT = "the quiet river walk. bread and music under the window. road unheard"


RANKING_MODELS = [("han", "additive"), ("bilstm", "additive"), ("bilstm", "dot")]


@pytest.fixture(params=RANKING_MODELS, ids="-".join)
def ranking_probe(request, random_checkpoint):
    return probe_text(load_checkpoint(random_checkpoint(*request.param)), RANKING_TEXT)


def test_a_unit_ranks_by_its_attention_within_the_document(ranking_probe):
    words, sentences = (
        attention_weights(ranking_probe, "word"),
        attention_weights(ranking_probe, "sentence"),
    )
    assert (len(words), len(sentences)) == (
        unit_count(ranking_probe, "word"),
        unit_count(ranking_probe, "sentence"),
    )
    assert words.sum() == pytest.approx(1)
    parts = np.split(words, np.cumsum(ranking_probe.numbered.sentence_lengths)[:-1])
    assert sentences == pytest.approx([part.sum() for part in parts])


@pytest.mark.parametrize("hold", [True, False])
def test_gradient_times_input_is_how_the_prediction_moves_as_a_vector_grows(ranking_probe, hold):
    """d p / d ε where a unit's vectors are (1 + ε) times what they were, from both sides."""
    step = 0.02
    owner = {
        "word": np.arange(ranking_probe.tokens),
        "sentence": ranking_probe.explanation.sentence_of_token,
    }
    for unit, places in (("word", (0, 6, ranking_probe.tokens - 1)), ("sentence", (0, 1, 2))):
        found = gradient_ranking(ranking_probe, unit, hold_attention=hold)
        assert found.shape == (unit_count(ranking_probe, unit),)
        for place in places:
            grown = torch.from_numpy(owner[unit] == place).float().unsqueeze(1) * step
            pair = torch.stack(
                (ranking_probe.vectors * (1 + grown), ranking_probe.vectors * (1 - grown))
            )
            with torch.no_grad():
                above, below = ranking_probe.probability_of(
                    pair, ranking_probe.target, hold
                ).double()
            slope = (above - below).item() / (2 * step)
            assert found[place] == pytest.approx(slope, abs=3e-5)


def plain_run(ranking_probe, sentences) -> float:
    """The probability of the predicted class for sentences of word numbers, by themselves."""
    sentences = [[word for word in sentence if word is not None] for sentence in sentences]
    sentences = [sentence for sentence in sentences if sentence]
    batch = Batch(
        torch.tensor([word for sentence in sentences for word in sentence]),
        torch.tensor([len(sentence) for sentence in sentences]),
        torch.tensor([len(sentences)]),
    )
    with torch.no_grad():
        return (
            ranking_probe.checkpoint.model(batch)
            .logits.double()
            .softmax(1)[0, ranking_probe.target]
            .item()
        )


@pytest.mark.parametrize("fill", ["delete", "unknown"])
def test_leave_one_out_runs_the_model_without_each_unit(ranking_probe, fill):
    gap = None if fill == "delete" else UNKNOWN
    cuts = np.cumsum(ranking_probe.numbered.sentence_lengths)[:-1]
    whole = [part.tolist() for part in np.split(ranking_probe.numbered.words, cuts)]
    before = plain_run(ranking_probe, whole)
    places = [(s, w) for s, sentence in enumerate(whole) for w in range(len(sentence))]
    words = [
        before - plain_run(ranking_probe, [
            [gap if (s, w) == place else word for w, word in enumerate(sentence)]
            for s, sentence in enumerate(whole)
        ])
        for place in places
    ]  # fmt: skip
    sentences = [
        before - plain_run(ranking_probe, [
            [gap] * len(sentence) if s == place else sentence for s, sentence in enumerate(whole)
        ])
        for place in range(len(whole))
    ]  # fmt: skip
    assert leave_one_out(ranking_probe, "word", fill) == pytest.approx(words, abs=1e-6)
    assert leave_one_out(ranking_probe, "sentence", fill) == pytest.approx(sentences, abs=1e-6)


def test_leave_one_out_in_several_calls_is_the_same(ranking_probe, monkeypatch):
    once, seen = leave_one_out(ranking_probe, "word"), []
    monkeypatch.setattr("han_core.explanation.attribution._CELLS", 4 * ranking_probe.tokens)
    parts = leave_one_out(ranking_probe, "word", progress=lambda *done: seen.append(done))
    assert parts == pytest.approx(once, abs=1e-6)
    assert seen == [(4, 14), (8, 14), (12, 14), (14, 14)]


def test_leave_one_out_says_what_it_cannot_do(ranking_probe, random_checkpoint, monkeypatch):
    alone = probe_text(ranking_probe.checkpoint, "river")
    with pytest.raises(UserError, match="nothing to leave out"):
        leave_one_out(alone, "word")
    monkeypatch.setattr("han_core.explanation.attribution.MOST_READ", 14 * 14 - 1)
    with pytest.raises(UserError, match="14 words of a text of 14 words"):
        leave_one_out(ranking_probe, "word")
    assert len(leave_one_out(ranking_probe, "sentence")) == 3


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


def test_models_with_self_attention_have_two_methods_more(self_attentive_probe, probe):
    offered = methods_of(self_attentive_probe.checkpoint.kind)
    assert offered == (*METHODS, *MAP_METHODS)
    assert methods_of(probe.checkpoint.kind) == METHODS
    for method in MAP_METHODS:
        found = attribute(self_attentive_probe, method, 1)
        assert not found.signed
        assert found.words.sum() == pytest.approx(1)
        assert found.words.min() >= 0
    one, other = (attribute(self_attentive_probe, "gradient_weighted", t).words for t in (0, 1))
    assert abs(one - other).max() > 1e-3  # it knows the class
    with pytest.raises(UserError, match="no self-attention"):
        attribute(probe, "rollout")
