"""The baselines are the same models as ours: same weights, same answers."""

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


@pytest.fixture
def documents():
    draw = torch.Generator().manual_seed(1)

    def number(lengths):
        words = torch.randint(2, 30, (sum(lengths),), generator=draw).numpy()
        return NumberedDocument(words, torch.tensor(lengths).numpy())

    return [number([3, 5]), number([4]), number([1, 2, 6])]


def with_weights_of(ours, baseline):
    baseline.load_state_dict(ours.state_dict())  # the same names
    return baseline.eval()


def flat(weights, lengths):
    """What stands in padded rows of ``lengths``, one after another."""
    rows = weights.flatten(0, -2)
    return torch.cat([row[:length] for row, length in zip(rows, lengths, strict=True)])


def test_the_packed_han_answers_as_ours(documents):
    ours = build_model(Architecture(model="han", **SIZES)).eval()
    theirs = with_weights_of(ours, PackedHAN(Architecture(model="han", **SIZES)))
    batch = collate(documents)
    with torch.no_grad():
        expected = ours(batch)
        logits, sentences, words = theirs(*as_sentences(documents))
    assert torch.allclose(logits, expected.logits, atol=1e-5)
    assert torch.allclose(flat(words, batch.sentence_lengths), expected.word_weights, atol=1e-5)
    assert torch.allclose(
        flat(sentences, batch.document_lengths), expected.sentence_weights, atol=1e-5
    )


def test_the_packed_bilstm_answers_as_ours(documents):
    ours = build_model(Architecture(model="bilstm", **SIZES)).eval()
    theirs = with_weights_of(ours, PackedBiLSTM(Architecture(model="bilstm", **SIZES)))
    batch = collate(documents)
    with torch.no_grad():
        expected = ours(batch)
        logits, weights = theirs(*as_documents(documents))
    of_document = expected.sentence_weights[batch.sentence_of_token] * expected.word_weights
    assert torch.allclose(logits, expected.logits, atol=1e-5)
    assert torch.allclose(flat(weights, batch.tokens_per_document), of_document, atol=1e-5)


def test_the_textbook_han_answers_as_ours_where_nothing_is_padded():
    words = torch.arange(2, 26).numpy()
    documents = [
        NumberedDocument(words[at : at + 12], torch.tensor([4, 4, 4]).numpy()) for at in (0, 12)
    ]
    ours = build_model(Architecture(model="han", **SIZES)).eval()
    theirs = with_weights_of(ours, TextbookHAN(Architecture(model="han", **SIZES)))
    with torch.no_grad():
        expected = ours(collate(documents))
        logits, sentences, weights = theirs(pad(documents))
    assert torch.allclose(logits, expected.logits, atol=1e-5)
    assert torch.allclose(sentences.flatten(), expected.sentence_weights, atol=1e-5)
    assert torch.allclose(weights.flatten(), expected.word_weights, atol=1e-5)


def test_bench_prints_what_it_is_asked_for(run_command):
    status, (found,), _ = run_command("bench", "--limit", "12", "--rounds", "1")
    assert status == 0
    for key in (
        "han_train_vs_textbook", "han_train_vs_packed", "han_explain_vs_textbook",
        "han_explain_vs_packed", "bilstm_train_vs_padded", "bilstm_train_vs_packed",
        "han_text_to_explanation_vs_packed",
    ):  # fmt: skip
        assert found[key] > 0
        assert key.startswith("han_text") or len(found[f"{key}_quartiles"]) == 2
    assert 0 < found["fraction_of_peak_train"] < 1
    assert 0 < found["fraction_of_peak_explain"] < 1
    assert found["documents"] == 12


@pytest.mark.parametrize("lines", [0, 1, 7])
def test_bench_on_too_few_documents_is_one_sentence(run_command, tmp_path, lines):
    (path := tmp_path / "few.jsonl").write_text('{"text": "one"}\n' * lines, encoding="utf-8")
    status, found, errors = run_command("bench", "--data", path)
    assert (status, found, len(errors)) == (2, [], 1)


def test_bench_on_a_missing_device_is_one_sentence(run_command):
    status, found, (error,) = run_command("bench", "--device", "cuda:7")
    assert (status, found) == (2, [])
    assert "cuda:7" in error
