"""The reference models are the same as ours: same weights, same answers."""

import pytest
import torch

from benchmarks.reference_models import (
    PackedBiLSTM,
    PackedHAN,
    PaddedTransformer,
    TextbookHAN,
    as_documents,
    as_sentences,
    contestants,
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


OF_TORCH = {
    "attention.project.weight": "self_attn.in_proj_weight",
    "attention.project.bias": "self_attn.in_proj_bias",
    "attention.output.weight": "self_attn.out_proj.weight",
    "attention_norm.weight": "norm1.weight",
    "attention_norm.bias": "norm1.bias",
    "feedforward_norm.weight": "norm2.weight",
    "feedforward_norm.bias": "norm2.bias",
    "expand.weight": "linear1.weight",
    "expand.bias": "linear1.bias",
    "contract.weight": "linear2.weight",
    "contract.bias": "linear2.bias",
}
"""What the parameters of a layer of ours are called in ``nn.TransformerEncoderLayer``."""


@torch.no_grad()
@pytest.mark.parametrize("embedding", [8, 6])
def test_padded_transformer_answers_as_ours(embedding):
    sizes = {**SIZES, "embedding": embedding, "hidden": 8, "heads": 2, "layers": 2}
    shape = Architecture(model="transformer", **sizes)
    ours, theirs = build_model(shape).eval(), PaddedTransformer(shape).eval()
    weights = {}
    for name, tensor in ours.state_dict().items():
        level, _, rest = name.partition(".")
        if level != "encoder":
            weights[name] = tensor
        elif rest.startswith("layers."):
            _, number, own = rest.split(".", 2)
            weights[f"encoder.layers.{number}.{OF_TORCH[own]}"] = tensor
        else:  # "enter" and "enter_norm" stand before the encoder there
            weights[name if rest.startswith("norm") else rest] = tensor
    missing = theirs.load_state_dict(weights, strict=False)
    assert missing.unexpected_keys == []
    assert {name.split(".", 3)[-1] for name in missing.missing_keys} == {"self_attn.out_proj.bias"}
    for layer in theirs.encoder.layers:
        layer.self_attn.out_proj.bias.zero_()  # ours has none
    output = ours(collate(DOCUMENTS))
    logits, attention = theirs(*as_documents(DOCUMENTS))
    batch = collate(DOCUMENTS)
    of_document = output.sentence_weights[batch.sentence_of_token] * output.word_weights
    assert torch.allclose(logits, output.logits, atol=1e-5)
    assert torch.allclose(
        without_padding(attention, batch.tokens_per_document), of_document, atol=1e-5
    )


@pytest.mark.parametrize("model", ["han", "bilstm", "transformer"])
def test_the_textbook_loop_is_on_the_device_as_a_whole(model):
    """On "meta" nothing is computed, but a tensor left on the CPU is an error as on a GPU."""
    shape = Architecture(model=model, **{**SIZES, "hidden": 8})
    found = contestants(shape, DOCUMENTS, torch.device("meta"))
    contestant = found["textbook" if model == "han" else "padded"]
    logits = contestant.forward(contestant.model, contestant.batches[0])
    assert (logits.device.type, tuple(logits.shape)) == ("meta", (3, 3))
    logits.sum().backward()
    assert all(weight.grad.device.type == "meta" for weight in contestant.model.parameters())
