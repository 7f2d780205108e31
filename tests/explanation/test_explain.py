"""The spine: whatever the text, the explanation keeps the contract, alone and in company."""

import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation import explain as room
from han_core.explanation.explain import explain, explain_many, token_runs
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.runtime.errors import UserError
from tests.reference import check_contract

KINDS = [("han", "additive"), ("bilstm", "additive"), ("bilstm", "dot"), ("han", "linear")]
ODD = [
    "\ud800", "\x00", "\u200b", "\u200d", "\u202e", "👨\u200d👩\u200d👧", "👍🏽", "e\u0301", "שלום",
    "电影", "\r\n", "\n\n", "\xa0", "<script>alert(1)</script>", "&amp;", "Green ", "river. ",
    "the", "<unk>", "<pad>", "a", " ",
]  # fmt: skip
odd_text = st.lists(
    st.sampled_from(ODD) | st.text(st.characters(exclude_categories=()), max_size=4), min_size=1
).map("".join)


@pytest.fixture(scope="session")
def checkpoint_of(random_checkpoint):
    loaded: dict[tuple[str, str], Checkpoint] = {}

    def load(kind: tuple[str, str]) -> Checkpoint:
        if kind not in loaded:
            loaded[kind] = load_checkpoint(random_checkpoint(*kind))
        return loaded[kind]

    return load


@pytest.mark.parametrize("kind", KINDS)
@given(odd_text.filter(str.strip))
def test_any_text_keeps_the_contract(checkpoint_of, kind, text):
    checkpoint = checkpoint_of(kind)
    value = explain(checkpoint, text, "x").to_json()
    assert value["id"] == "x"
    check_contract(value, text, known=set(checkpoint.vocabulary.words[2:]))
    assert value["seen"]["characters"] == len(text)


def test_known_words_are_told_by_hand(checkpoint_of):
    explanation = explain(checkpoint_of(KINDS[0]), "The zebra <unk>.")
    tokens = explanation.to_json()["sentences"][0]["tokens"]
    text = explanation.document.text
    assert [(text[t["start"] : t["end"]], t["known"]) for t in tokens] == [
        ("The", True), ("zebra", False), ("<", False), ("unk", False), (">", False), (".", True)
    ]  # fmt: skip


def assert_close(one: dict, other: dict) -> None:
    """The same but for the last digits."""
    assert one.keys() == other.keys()
    for part in ("id", "label", "seen"):
        assert one[part] == other[part]
    assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-5)
    for a, b in zip(one["sentences"], other["sentences"], strict=True):
        assert a["weight"] == pytest.approx(b["weight"], abs=1e-5)
        assert (a["start"], a["end"]) == (b["start"], b["end"])
        for x, y in zip(a["tokens"], b["tokens"], strict=True):
            assert x == {**y, "weight": pytest.approx(y["weight"], abs=1e-5)}


TEXTS = [
    "Stone.",
    "The green river. A quiet night, under zebra!\n\nMusic and bread.",
    "Green river to the road. " * 60,
    "Quiet",
    "a " * 500,
]


@pytest.mark.parametrize("budget", [20_000, 300, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_document_gets_the_same_numbers_in_any_company(checkpoint_of, monkeypatch, kind, budget):
    monkeypatch.setattr(room, "BATCH_TOKENS", budget)
    checkpoint = checkpoint_of(kind)
    ids = [f"id-{number}" for number in range(len(TEXTS))]
    together = list(explain_many(checkpoint, TEXTS, ids))
    assert [explanation.id for explanation in together] == ids
    assert [explanation.document.text for explanation in together] == TEXTS
    for explanation, text, id in zip(together, TEXTS, ids, strict=True):
        assert_close(explanation.to_json(), explain(checkpoint, text, id).to_json())


def test_no_more_than_a_chunk_is_split_into_words_before_the_first_explanation(
    checkpoint_of, monkeypatch
):
    monkeypatch.setattr(room, "CHUNK", 2)
    checkpoint, split = checkpoint_of(KINDS[0]), []
    real = checkpoint.tokenizer
    monkeypatch.setitem(checkpoint.__dict__, "tokenizer", lambda t: split.append(t) or real(t))
    explanations = explain_many(checkpoint, TEXTS, list("abcde"))
    assert next(explanations).id == "a"
    assert split == TEXTS[:2]
    assert [explanation.id for explanation in explanations] == list("bcde")
    assert split == TEXTS


def test_weights_that_are_finite_and_huge_are_one_sentence(random_checkpoint):
    checkpoint = load_checkpoint(random_checkpoint())
    with torch.no_grad():
        for weights in checkpoint.model.parameters():
            weights.fill_(3e38)
    with pytest.raises(UserError, match=r"^han-additive gives values that are not finite"):
        explain(checkpoint, TEXTS[1])


def test_the_numbers_are_the_models(checkpoint_of):
    from han_core.text.batch import collate, number_document

    checkpoint = checkpoint_of(KINDS[0])
    document = checkpoint.tokenizer(TEXTS[1])
    output = checkpoint.model(collate([number_document(document, checkpoint.vocabulary)]))
    found = explain(checkpoint, TEXTS[1])
    assert found.document == document
    np.testing.assert_allclose(found.probabilities, output.logits.softmax(1)[0].tolist(), atol=1e-6)
    np.testing.assert_allclose(found.sentence_weights, output.sentence_weights.tolist(), atol=1e-6)
    np.testing.assert_allclose(found.word_weights, output.word_weights.tolist(), atol=1e-6)


def test_no_document_is_no_explanation(checkpoint_of):
    assert list(explain_many(checkpoint_of(KINDS[0]), [], [])) == []


@pytest.mark.parametrize("text", ["", " ", "\n\n\t\u3000", "\r\n"])
def test_a_text_without_a_word_is_one_sentence(checkpoint_of, text):
    with pytest.raises(UserError, match="document b has none") as caught:
        next(explain_many(checkpoint_of(KINDS[0]), ["Good", text], ["a", "b"]))
    assert "\n" not in str(caught.value)


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The green river. " * 60_000, 20_000),
        ("river " * 170_000, 20_000),
        ("x" * 1_000_000, 5 * 10 * 79),
        ("x" * 100_000, 5 * 79),
        (" " * 999_990 + "river", 1),
        ("\u0301" * 100_000, 1),
        ("$" * 1_000_000, 20_000),
    ],
    ids=["1 MB", "one sentence", "one word", "100,000", "white space", "accents", "signs"],
)
@pytest.mark.parametrize("kind", KINDS[:2])
def test_long_texts_take_seconds(checkpoint_of, kind, text, tokens):
    checkpoint = checkpoint_of(kind)
    started = time.process_time()
    explanation = explain(checkpoint, text)
    assert time.process_time() - started < 15
    assert sum(explanation.document.sentence_lengths) == tokens
    assert (explanation.document.seen < len(text)) == (tokens == 20_000)
    check_contract(explanation.to_json(), text)


@given(st.lists(st.integers(1, 50)), st.integers(1, 100))
def test_runs_cover_all_documents_within_the_budget(lengths, budget):
    found = list(token_runs(lengths, budget))
    assert [i for start, end in found for i in range(start, end)] == list(range(len(lengths)))
    for start, end in found:
        assert sum(lengths[start:end]) <= budget or end - start == 1
    for (start, end), _ in pairwise(found):
        assert sum(lengths[start : end + 1]) > budget  # the next one would not have fitted
