"""The BiLSTM against a slow reference, and its flat attention told per sentence."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from han_core.models.architecture import Architecture
from han_core.models.registry import build_model
from tests.reference import batch_of, bilstm

WORDS = 12
ragged = st.lists(
    st.lists(st.integers(1, WORDS - 1), min_size=1, max_size=7), min_size=1, max_size=5
)


def model_of(form: str, **sizes):
    torch.manual_seed(4)
    architecture = Architecture(
        model="bilstm", attention=form, vocabulary_size=WORDS, classes=3, embedding=4, hidden=3,
        attention_size=5, **sizes,
    )  # fmt: skip
    model = build_model(architecture).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # so that gates and attention are far from even
    return model


@pytest.mark.parametrize(
    "sizes", [{}, {"layers": 3}, {"layers": 2, "layer_norm": True}, {"layer_norm": True}]
)
@pytest.mark.parametrize("form", ["additive", "dot", "linear"])
@settings(max_examples=10)
@given(st.lists(ragged, min_size=1, max_size=3))
def test_it_is_a_flat_softmax_over_the_whole_document(form, sizes, documents):
    """A sentence's weight is the sum of its words' attention, a word's its share of that."""
    model = model_of(form, **sizes)
    output = model(batch_of(*documents))
    logits, sentences, shares = [], [], []
    for document in documents:
        expected, flat = bilstm(model.state_dict(), form, document)
        logits.append(expected)
        for weights in flat.split([len(words) for words in document]):
            sentences.append(weights.sum())
            shares.append(weights / weights.sum())
    close = {"rtol": 1e-9, "atol": 1e-12}
    torch.testing.assert_close(output.logits, torch.stack(logits), **close)
    torch.testing.assert_close(output.sentence_weights, torch.stack(sentences), **close)
    torch.testing.assert_close(output.word_weights, torch.cat(shares), **close)


def test_sentence_boundaries_do_not_change_the_decision():
    model = model_of("additive")
    one, many = model(batch_of([[2, 3, 4, 5]])), model(batch_of([[2], [3, 4], [5]]))
    torch.testing.assert_close(one.logits, many.logits)
    owner = torch.tensor([0, 1, 1, 2])
    torch.testing.assert_close(one.word_weights, many.sentence_weights[owner] * many.word_weights)


def test_a_sentence_without_any_attention_still_has_shares():
    model = model_of("linear").float()
    with torch.no_grad():
        model.attention.scorer.weight.mul_(1e4)
    output = model(batch_of([[2, 3], [4, 5], [6]]))
    assert torch.isfinite(output.word_weights).all()
    assert output.sentence_weights.min() == 0
    assert output.word_weights[:2].sum().item() == pytest.approx(1)
    assert output.word_weights[2:4].sum().item() == pytest.approx(1)
