"""Five methods against slow ones: finite differences, the path walked, texts without a word."""

import sys

import numpy as np
import pytest
import torch

from han_core.explanation import attribution
from han_core.explanation.attribution import METHODS, Attribution, attribute
from han_core.explanation.explain import explain
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from tests import reference

SENTENCES = ["the quiet river walk", "bread music under window unheard", "seven road"]
TEXT = "\n\n".join(SENTENCES)
MODELS = [("han", "additive"), ("bilstm", "additive"), ("bilstm", "dot"), ("han", "linear")]
SIGNED = METHODS[1:]


@pytest.fixture(scope="module", params=MODELS, ids="-".join)
def asked(request, random_checkpoint):
    checkpoint = load_checkpoint(random_checkpoint(*request.param))
    with torch.no_grad():  # else the answer hardly moves, and any number would pass
        checkpoint.model.embedding.weight *= 3
        checkpoint.model.classifier.weight *= 3
    return probe_text(checkpoint, TEXT)


@pytest.fixture
def one_word(random_checkpoint):
    return probe_text(load_checkpoint(random_checkpoint()), "river")


def slow_probability(asked, vectors: torch.Tensor, target: int) -> torch.Tensor:
    """p(target) from word vectors (tokens, embedding) by the equations, in float64."""
    architecture = asked.checkpoint.config.architecture
    weights = {k: v.double() for k, v in asked.checkpoint.model.state_dict().items()}
    weights["embedding.weight"] = vectors
    rows = iter(range(asked.tokens))
    document = [[next(rows) for _ in range(n)] for n in asked.numbered.sentence_lengths]
    model = reference.han if architecture.model == "han" else reference.bilstm
    return model(weights, architecture.attention, document)[0].softmax(0)[target]


def test_attention_is_the_weight_within_the_document(asked):
    found = attribute(asked, "attention", target=0)
    assert found.words.tolist() == asked.explanation.document_weights.tolist()
    assert found.sentences.tolist() == pytest.approx(asked.explanation.sentence_weights.tolist())
    assert (found.signed, found.gap, found.target) == (False, None, "negative")


@pytest.mark.parametrize("target", [0, 1])
def test_gradient_times_input_is_the_slope_as_a_word_grows(asked, target):
    """Stretching a word's vector by 1 + t changes p by t · (gradient · vector)."""
    found, step = attribute(asked, "gradient", target), 1e-4
    vectors = asked.vectors.double()
    for token in range(asked.tokens):
        ends = []
        for sign in (1, -1):
            stretched = vectors.clone()
            stretched[token] *= 1 + sign * step
            ends.append(slow_probability(asked, stretched, target))
        slope = float(ends[0] - ends[1]) / (2 * step)
        assert found.words[token] == pytest.approx(slope, abs=1e-5)
    assert found.signed
    assert abs(found.words).max() > 1e-2


def test_integrated_gradients_are_the_gradients_along_the_path(asked):
    found, vectors = attribute(asked, "integrated_gradients", 1), asked.vectors.double()
    total = torch.zeros(asked.tokens, dtype=torch.float64)
    points = 80
    for step in range(points):
        at = (vectors * (step + 0.5) / points).requires_grad_()
        (gradient,) = torch.autograd.grad(slow_probability(asked, at, 1), at)
        total += (gradient * vectors).sum(1) / points
    assert found.words.tolist() == pytest.approx(total.tolist(), abs=2e-3)
    ends = [float(slow_probability(asked, at, 1)) for at in (vectors, torch.zeros_like(vectors))]
    assert found.words.sum() == pytest.approx(ends[0] - ends[1], abs=2e-3)
    assert found.gap == pytest.approx(found.words.sum() - (ends[0] - ends[1]), abs=1e-5)


@pytest.mark.parametrize("target", [0, 1])
def test_leaving_a_word_out_is_explaining_the_text_without_it(asked, target):
    found, whole = attribute(asked, "leave_one_word_out", target), asked.explanation
    for value, span in zip(found.words, asked.document.tokens, strict=True):
        without = explain(asked.checkpoint, TEXT[: span.start] + TEXT[span.end :])
        drop = whole.probabilities[target] - without.probabilities[target]
        assert value == pytest.approx(drop, abs=1e-6)
    assert (found.words > 1e-3).any()
    assert (found.words < -1e-3).any()


@pytest.mark.parametrize("target", [0, 1])
def test_leaving_a_sentence_out_is_explaining_the_text_without_it(asked, target):
    found, whole = attribute(asked, "leave_one_sentence_out", target), asked.explanation
    for number, value in enumerate(found.sentences):
        left = "\n\n".join(SENTENCES[:number] + SENTENCES[number + 1 :])
        drop = whole.probabilities[target] - explain(asked.checkpoint, left).probabilities[target]
        assert value == pytest.approx(drop, abs=1e-6)
    # Nothing tells its words apart, so they share it evenly.
    lengths = asked.numbered.sentence_lengths
    assert found.words.tolist() == pytest.approx(np.repeat(found.sentences / lengths, lengths))


@pytest.mark.parametrize("method", METHODS)
def test_words_sum_to_sentences_and_the_predicted_class_is_the_default(asked, method):
    found = attribute(asked, method)
    cut = np.split(found.words, np.cumsum(asked.numbered.sentence_lengths)[:-1])
    assert [part.sum() for part in cut] == pytest.approx(found.sentences.tolist())
    assert found.target == asked.explanation.label
    assert found.document is asked.document


@pytest.mark.parametrize("method", SIGNED)
def test_what_speaks_for_one_of_two_classes_speaks_against_the_other(asked, method):
    for_it, against = attribute(asked, method, 0), attribute(asked, method, 1)
    assert for_it.words.tolist() == pytest.approx((-against.words).tolist(), abs=1e-5)


@pytest.mark.parametrize(
    ("method", "last"),
    [("leave_one_word_out", 11), ("leave_one_sentence_out", 3), ("integrated_gradients", 52)],
)
def test_progress_reaches_its_end_in_one_pass_or_many(asked, monkeypatch, method, last):
    def ask() -> tuple[list, Attribution]:
        seen: list[tuple[int, int]] = []
        found = attribute(asked, method, progress=lambda done, of: seen.append((done, of)))
        return seen, found

    once, whole = ask()
    monkeypatch.setattr(attribution, "_CELLS", 2 * asked.tokens)
    monkeypatch.setattr("han_core.explanation.attribution.PATH_TOKENS", 7 * asked.tokens)
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


def test_a_text_too_long_to_leave_words_out_is_told_before_it_starts(asked, monkeypatch):
    monkeypatch.setattr(attribution, "MOST_READ", asked.tokens * 4)
    with pytest.raises(UserError, match=r"11 words of a text of 11 words take more"):
        attribute(asked, "leave_one_word_out")
    assert len(attribute(asked, "leave_one_sentence_out").sentences) == 3


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
