"""The reference models are the same as ours: same weights, same answers."""

import pytest
import torch

from benchmarks.reference_models import (
    PackedBiLSTM,
    PackedHAN,
    TextbookHAN,
    as_documents,
    as_sentences,
    pad,
)
from han_core.models.architecture import Architecture
from han_core.models.registry import build_model
from han_core.text.batch import NumberedDocument, collate

SIZES = {"vocabulary_size": 30, "classes": 3, "embedding": 8, "hidden": 5, "attention_size": 4}


def document(lengths: list[int], seed: int = 1) -> NumberedDocument:
    draw = torch.Generator().manual_seed(seed)
    words = torch.randint(2, 30, (sum(lengths),), generator=draw).numpy()
    return NumberedDocument(words, torch.tensor(lengths).numpy())


DOCUMENTS = [document([3, 5], 1), document([4], 2), document([1, 2, 6], 3)]
OF_ONE_LENGTH = [document([4, 4, 4], 4), document([4, 4, 4], 5)]


@torch.no_grad()
def both_outputs(model: str, reference: type, documents, arguments):
    """The output of our model, and of the reference with the same weights."""
    shape = Architecture(model=model, **SIZES)
    ours, theirs = build_model(shape).eval(), reference(shape).eval()
    theirs.load_state_dict(ours.state_dict())  # the same names
    return ours(collate(documents)), theirs(*arguments)


def without_padding(weights, lengths):
    rows = weights.flatten(0, -2)
    return torch.cat([row[:length] for row, length in zip(rows, lengths, strict=True)])


@pytest.mark.parametrize(
    ("reference", "documents", "arguments"),
    [
        (PackedHAN, DOCUMENTS, as_sentences(DOCUMENTS)),
        (TextbookHAN, OF_ONE_LENGTH, (pad(OF_ONE_LENGTH),)),  # padding would change its answer
    ],
)
def test_reference_han_answers_as_ours(reference, documents, arguments):
    ours, (logits, sentences, words) = both_outputs("han", reference, documents, arguments)
    batch = collate(documents)
    words = without_padding(words, batch.sentence_lengths)
    sentences = without_padding(sentences, batch.document_lengths)
    assert torch.allclose(logits, ours.logits, atol=1e-5)
    assert torch.allclose(words, ours.word_weights, atol=1e-5)
    assert torch.allclose(sentences, ours.sentence_weights, atol=1e-5)


def test_packed_bilstm_answers_as_ours():
    arguments = as_documents(DOCUMENTS)
    ours, (logits, weights) = both_outputs("bilstm", PackedBiLSTM, DOCUMENTS, arguments)
    batch = collate(DOCUMENTS)
    of_document = ours.sentence_weights[batch.sentence_of_token] * ours.word_weights
    assert torch.allclose(logits, ours.logits, atol=1e-5)
    assert torch.allclose(
        without_padding(weights, batch.tokens_per_document), of_document, atol=1e-5
    )
