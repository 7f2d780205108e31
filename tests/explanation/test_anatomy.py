"""The anatomy of attention against plain loops, the explanation and the model itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from han_core.explanation.anatomy import anatomy, state_changes
from han_core.explanation.explain import explain_document
from han_core.explanation.model_probe import probe_text
from han_core.models.attention import (
    AdditiveAttention,
    DotAttention,
    LinearAttention,
    ScoreParts,
    attention_pooling,
)
from han_core.models.checkpoint import load_checkpoint
from han_core.models.transformer import FirstPooling, MeanPooling
from han_core.runtime.errors import UserError
from han_core.text.document import Document
from han_core.text.tokenizer import Tokenizer
from tests.conftest import WORDS
from tests.pretrained import pretrained_checkpoint

TEXT = "the quiet river walk. bread and music under the window. road unheard"
MODELS = [
    ("han", "additive"),
    ("han", "dot"),
    ("han", "linear"),
    ("bilstm", "additive"),
    ("bilstm", "dot"),
    ("bilstm", "general"),
    ("bilstm", "linear", "deep"),
    ("transformer", "additive"),
    ("transformer", "dot"),
]


@pytest.fixture(params=MODELS, ids="-".join)
def loaded(request, random_checkpoint):
    return load_checkpoint(random_checkpoint(*request.param))


def rescored(step) -> list[float]:
    """features · query / divisor + bias, one product at a time."""
    scores = []
    for row, segment in enumerate(step.owner):
        pairs = zip(step.features[row].tolist(), step.query[segment].tolist(), strict=True)
        scores.append(sum(a * b for a, b in pairs) / step.divisor + float(step.bias[row]))
    return scores


def softmax(scores: list[float]) -> list[float]:
    exponentials = np.exp(np.array(scores) - max(scores))
    return (exponentials / exponentials.sum()).tolist()


def check_anatomy(checkpoint, text: str) -> None:
    document = checkpoint.tokenizer(text)
    found, explanation = anatomy(checkpoint, document), explain_document(checkpoint, document)
    for step in found.steps:
        assert step.scores.tolist() == pytest.approx(rescored(step), abs=1e-5)
        for segment in range(len(step.query)):
            rows = step.rows(segment)
            weights = softmax(step.scores[rows].astype(float).tolist())
            assert step.weights[rows].tolist() == pytest.approx(weights, abs=1e-5)
            context = step.weights[rows] @ step.states[rows]
            assert step.contexts[segment] == pytest.approx(context, abs=1e-5)
    logits = found.classifier @ found.steps[-1].contexts[0] + found.classifier_bias
    assert found.logits == pytest.approx(logits, abs=1e-4)
    assert softmax(found.logits.tolist()) == pytest.approx(explanation.probabilities, abs=1e-5)
    words = found.steps[0]
    if len(found.steps) == 2:
        assert words.weights == pytest.approx(explanation.word_weights, abs=1e-5)
        assert found.steps[1].weights == pytest.approx(explanation.sentence_weights, abs=1e-5)
    else:
        summed = np.bincount(words.items, words.weights)
        assert summed == pytest.approx(explanation.document_weights, abs=1e-5)


def test_scores_weights_contexts_and_logits_follow_from_each_other(loaded):
    check_anatomy(loaded, TEXT)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.sampled_from([*WORDS, "unheard", "."]), min_size=1, max_size=30))
def test_they_do_for_any_text(loaded, text):
    check_anatomy(loaded, " ".join(text))


def test_additive_features_are_the_tanh_of_the_projected_states(loaded):
    for step in anatomy(loaded, loaded.tokenizer(TEXT)).steps:
        layers = [m for m in loaded.model.modules() if isinstance(m, AdditiveAttention)]
        if step.form != "additive":
            assert step.features is step.states or (step.features == step.states).all()
            continue
        layer = layers[0 if step.unit == "word" else -1]
        weight, bias = (one.detach().numpy() for one in layer.project.parameters())
        assert step.features == pytest.approx(np.tanh(step.states @ weight.T + bias), abs=1e-6)
        assert step.padding_scores == pytest.approx(np.tanh(bias) @ step.query[0], abs=1e-5)


def test_the_rows_are_the_words_and_sentences_of_the_text(loaded):
    document = loaded.tokenizer(TEXT)
    first, *rest = anatomy(loaded, document).steps
    assert first.names == document.token_texts()
    assert first.inputs == pytest.approx(
        loaded.model.embedding.weight.detach().numpy()[loaded.number(document).words]
    )
    for step in rest:
        assert step.names == ("the quiet river walk.", "bread and music under the window.",
                              "road unheard")  # fmt: skip
        assert step.inputs == pytest.approx(first.contexts, abs=1e-6)
        assert [first.names[i] for i in range(*first.rows(2).indices(99))] == ["road", "unheard"]


def test_hand_worked_scores():
    states, owner = torch.tensor([[1.0, 2.0], [0.0, 1.0]]), torch.tensor([0, 0])
    query = torch.tensor([[3.0, 4.0]])
    parts = DotAttention().score_parts(states, owner, query)
    assert (parts.form, parts.divisor) == ("dot", 2**0.5)
    assert (parts.features @ parts.query[0] / parts.divisor).tolist() == pytest.approx(
        [11 / 2**0.5, 4 / 2**0.5]
    )
    linear = LinearAttention(2)
    linear.load_state_dict(
        {"scorer.weight": torch.tensor([[1.0, -1]]), "scorer.bias": torch.ones(1)}
    )
    parts = linear.score_parts(states, owner, query)
    assert (parts.features @ parts.query[0] + parts.bias).tolist() == [0, 0]


@pytest.mark.parametrize("layer", [MeanPooling(), FirstPooling()])
def test_a_layer_without_scores_gives_constants(layer):
    states, owner, query = torch.randn(3, 4), torch.tensor([0, 0, 1]), torch.randn(2, 4)
    parts = layer.score_parts(states, owner, query)
    assert parts.form == "fixed"
    assert parts.features.shape == (3, 0)
    assert parts.bias.tolist() == layer.plain_scores(states, owner, query).tolist()


@pytest.mark.parametrize("form", ["additive", "dot", "general", "linear"])
def test_parts_are_what_the_layer_scores(form):
    layer = attention_pooling(form, 6, 5)
    states, owner, query = torch.randn(4, 6), torch.tensor([0, 0, 1, 1]), torch.randn(2, 6)
    parts = layer.score_parts(states, owner, query)
    scores = (parts.features * parts.query[owner]).sum(1) / parts.divisor + parts.bias
    assert scores.tolist() == pytest.approx(
        layer.plain_scores(states, owner, query).tolist(), abs=1e-6
    )
    assert parts.form == form


def test_a_model_of_one_level_needs_no_method_of_its_own(self_attentive_probe):
    probe = self_attentive_probe
    (step,) = anatomy(probe.checkpoint, probe.document).steps
    assert step.weights == pytest.approx(probe.explanation.document_weights, abs=1e-5)


def test_pieces_of_words_are_rows(tmp_path):
    checkpoint = load_checkpoint(pretrained_checkpoint(tmp_path))
    text = "the film is unlikely good. not a dull plot"
    check_anatomy(checkpoint, text)
    document = checkpoint.tokenizer(text)
    (step,) = anatomy(checkpoint, document).steps
    assert len(step.names) > len(document.tokens)
    assert set(step.items) == set(range(len(document.tokens)))


def test_what_does_not_fit_is_refused(random_checkpoint):
    checkpoint = load_checkpoint(random_checkpoint())
    with pytest.raises(UserError, match="at least one word"):
        anatomy(checkpoint, Document("  ", (), 2))
    found = anatomy(checkpoint, Tokenizer("en")(TEXT))
    with pytest.raises(ValueError, match="one length"):
        replace(found.steps[0], names=("one",))
    with pytest.raises(ValueError, match="classes expected"):
        replace(found, labels=("one",))
    with pytest.raises(ValueError, match="units expected"):
        ScoreParts("dot", torch.ones(2, 3), torch.ones(1, 2), 1.0, torch.zeros(2))


STOPS = "the quiet river walk. bread! music under window."


def changes(folder, text: str) -> np.ndarray:
    checkpoint = load_checkpoint(folder)
    return state_changes(checkpoint, checkpoint.tokenizer(text))


@pytest.mark.parametrize("model", ["han", "bilstm"])
def test_cosines_are_those_of_the_shorter_texts(random_checkpoint, model):
    checkpoint = load_checkpoint(random_checkpoint(model))
    probe = probe_text(checkpoint, STOPS)
    cosines = state_changes(probe.checkpoint, probe.document)
    assert cosines.shape == (probe.tokens, probe.tokens, 2)
    before = anatomy(checkpoint, probe.document).steps[0].states
    size = before.shape[1] // 2
    for gone, span in enumerate(probe.document.tokens):
        # White space takes the word's place, so every other word keeps its own.
        text = STOPS[: span.start] + " " * (span.end - span.start) + STOPS[span.end :]
        document = probe_text(checkpoint, text).document
        left = [at for at in range(probe.tokens) if at != gone]
        if document.tokens != tuple(probe.document.tokens[at] for at in left) or len(
            document.sentences
        ) != len(probe.document.sentences):
            continue  # other borders of sentences without it
        after = anatomy(checkpoint, document).steps[0].states
        for at, state in zip(left, after, strict=True):
            for half in (0, 1):
                part = slice(half * size, (half + 1) * size)
                one, other = before[at, part], state[part]
                expected = one @ other / np.sqrt((one @ one) * (other @ other))
                assert cosines[gone, at, half] == pytest.approx(expected, abs=1e-5)


def test_only_the_half_that_reads_across_the_gap_changes(random_checkpoint):
    cosines = changes(random_checkpoint("bilstm"), STOPS)
    count = len(cosines)
    for gone in range(count):
        assert np.isnan(cosines[gone, gone]).all()
        assert cosines[gone, :gone, 0] == pytest.approx(1, abs=1e-5)
        assert cosines[gone, gone + 1 :, 1] == pytest.approx(1, abs=1e-5)
        if 0 < gone < count - 1:
            assert cosines[gone, gone - 1, 1] < 0.9999
            assert cosines[gone, gone + 1, 0] < 0.9999


def test_other_sentences_of_a_han_keep_their_states(random_checkpoint):
    probe = probe_text(load_checkpoint(random_checkpoint()), STOPS)
    cosines, owner = (
        state_changes(probe.checkpoint, probe.document),
        probe.explanation.sentence_of_token,
    )
    other = owner[:, None] != owner[None, :]
    assert other.any()
    assert cosines[other] == pytest.approx(1, abs=1e-5)


def test_what_reads_in_no_direction_is_refused(random_checkpoint):
    with pytest.raises(UserError, match="from both sides"):
        changes(random_checkpoint("transformer"), STOPS)
    with pytest.raises(UserError, match="two words"):
        changes(random_checkpoint(), "road")
