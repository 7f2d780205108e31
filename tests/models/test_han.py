"""HAN against a slow reference from the paper's equations, and its parts."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from han_core.models.architecture import Architecture
from han_core.models.registry import build_model
from tests.reference import batch_of, han

WORDS = 12
ragged = st.lists(
    st.lists(st.integers(1, WORDS - 1), min_size=1, max_size=7), min_size=1, max_size=6
)


def model_of(form: str, **changed):
    torch.manual_seed(3)
    sizes = {"vocabulary_size": WORDS, "classes": 3, "embedding": 4, "hidden": 3}
    architecture = Architecture(model="han", attention=form, attention_size=5, **sizes, **changed)
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
def test_it_is_the_equations_of_the_paper(form, sizes, documents):
    model = model_of(form, **sizes)
    output = model(batch_of(*documents))
    expected = [han(model.state_dict(), form, document) for document in documents]
    close = {"rtol": 1e-9, "atol": 1e-12}
    torch.testing.assert_close(output.logits, torch.stack([e[0] for e in expected]), **close)
    torch.testing.assert_close(
        output.sentence_weights, torch.cat([e[1] for e in expected]), **close
    )
    torch.testing.assert_close(
        output.word_weights, torch.cat([w for e in expected for w in e[2]]), **close
    )


def test_the_order_of_words_and_sentences_matters():
    model = model_of("additive")
    logits = model(batch_of([[2, 3, 4], [5, 6]], [[4, 3, 2], [5, 6]], [[5, 6], [2, 3, 4]])).logits
    assert (logits[0] - logits[1]).abs().max() > 1e-3
    assert (logits[0] - logits[2]).abs().max() > 1e-3


@pytest.mark.parametrize("level", ["words", "sentences", "document"])
def test_each_level_of_dropout_acts_in_training_alone(level):
    rates = {f"dropout_{name}": 0.0 for name in ("words", "sentences", "document")}
    model = model_of("additive", **{**rates, f"dropout_{level}": 0.5})
    batch = batch_of([[2, 3], [4]], [[5], [6]])
    assert torch.equal(model(batch).logits, model(batch).logits)
    model.train()
    assert not torch.equal(model(batch).logits, model(batch).logits)
    words = model(batch).word_weights
    assert torch.equal(words, model(batch).word_weights) == (level != "words")
