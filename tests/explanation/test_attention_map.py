"""Maps of attention by hand, and the two levels of a model as maps."""

import gc
import weakref

import numpy as np
import pytest
import torch

from han_core.explanation.attention_map import AttentionMap, once_per_map, window_maps
from han_core.explanation.explain import explain
from han_core.explanation.explain_maps import with_maps
from han_core.models import attention_patterns
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import predict
from han_core.models.self_attention import AttentionWindow
from han_core.runtime.errors import UserError
from han_core.text.document import Span

TEXT = "A fine film. It was dull at the end!"


@pytest.mark.parametrize("kind", ["han", "bilstm"])
def test_the_levels_of_a_model_are_its_weights(random_checkpoint, kind):
    checkpoint = load_checkpoint(random_checkpoint(kind))
    explanation = with_maps(checkpoint, explain(checkpoint, TEXT))
    words = explanation.maps[0]
    assert [words.text_of_key(TEXT, at) for at in range(3)] == ["A", "fine", "film"]
    if not checkpoint.kind.hierarchical:
        assert np.array_equal(words.weights[0, 0, 0], explanation.document_weights)
        return
    sentences = explanation.maps[1]
    assert np.array_equal(sentences.weights[0, 0, 0], explanation.sentence_weights)
    together = sentences.weights[0, 0, 0] @ words.weights[0, 0]
    assert together == pytest.approx(explanation.document_weights, abs=1e-12)


def test_a_window_has_special_positions_of_no_length_and_says_its_tokens():
    weights = torch.full((1, 4, 4), 0.25)
    windows = [AttentionWindow(start, start + 2, (weights,), 1, 1) for start in (0, 1)]
    tokens = [Span(0, 2), Span(3, 4), Span(5, 9)]
    first, second = window_maps(windows, tokens, ("[CLS]", "[SEP]"))
    assert first.keys == ((0, 0), (0, 2), (3, 4), (4, 4))
    assert second.name == "self-attention, tokens 2 to 3"
    assert first.to_json()["special"] == ["[CLS]", "[SEP]"]


@pytest.mark.parametrize(
    "weights",
    [np.ones((1, 1, 1)), np.full((1, 1, 1, 2), 0.6), np.array([[[[1.5, -0.5]]]])],
)
def test_what_is_no_distribution_is_refused(weights):
    with pytest.raises(ValueError):
        AttentionMap("a", "token", "token", ((0, 1),), ((0, 1), (1, 2)), weights)


def test_a_layer_of_other_positions_is_refused():
    with pytest.raises(ValueError):
        AttentionWindow(0, 3, (torch.ones(1, 2, 2),))


def test_a_long_text_is_read_in_little_memory_and_its_maps_are_refused(
    random_checkpoint, monkeypatch
):
    """Three layers of four heads of 3,000 × 3,000 weights, held three times, take 1.21 GiB."""
    monkeypatch.setattr(attention_patterns, "available_memory", lambda device: 100 * 2**20)
    checkpoint = load_checkpoint(random_checkpoint("transformer"))
    text = "bread music river " * 1_000
    explanation = explain(checkpoint, text)
    assert len(explanation.document.tokens) == 3_000
    again = predict(checkpoint, [text, "bread"])[0]
    assert again.tolist() == pytest.approx(explanation.probabilities.tolist(), abs=1e-6)
    with pytest.raises(UserError, match=r"needs 1\.21 GiB here, and 0\.0977 GiB are free"):
        with_maps(checkpoint, explanation)


def test_a_measure_is_kept_as_long_as_its_map():
    places = ((0, 1), (2, 3))
    made = [
        AttentionMap("a", "token", "token", places, places, np.full((1, 1, 2, 2), 0.5))
        for _ in range(2)
    ]
    measured: list[str] = []

    @once_per_map
    def total(attention_map: AttentionMap) -> float:
        measured.append(attention_map.name)
        return float(attention_map.weights.sum())

    assert [total(one) for one in (*made, *made)] == [2.0] * 4
    assert len(measured) == 2  # equal maps are two maps
    gone = weakref.ref(made.pop())
    gc.collect()
    assert gone() is None
