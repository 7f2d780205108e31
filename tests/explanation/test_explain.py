"""The spine: whatever the text, the explanation keeps the contract, alone and in company."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation import explain as explain_module
from han_core.explanation.explain import (
    RequestBatcher,
    explain,
    explain_document,
    explain_many,
    token_runs,
)
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.runtime.errors import UserError
from han_core.text.document import Document
from tests.conftest import WORDS
from tests.reference import check_contract

KINDS = [
    ("transformer", "additive"),
    ("han", "additive"),
    ("bilstm", "additive"),
    ("bilstm", "dot"),
    ("han", "linear"),
]


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
    monkeypatch.setattr(explain_module, "BATCH_TOKENS", budget)
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
    monkeypatch.setattr(explain_module, "CHUNK", 2)
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


@pytest.fixture(scope="module")
def checkpoint(random_checkpoint):
    return load_checkpoint(random_checkpoint())


@pytest.fixture
def texts():
    return [f"The {WORDS[at]} and the road. " * (at % 5 + 1) for at in range(20)]


def assert_same_explanation(one, other):
    assert one.document.text == other.document.text
    assert np.allclose(one.probabilities, other.probabilities, atol=1e-5)
    assert np.allclose(one.word_weights, other.word_weights, atol=1e-5)
    assert np.allclose(one.sentence_weights, other.sentence_weights, atol=1e-5)


@pytest.fixture
def gate(monkeypatch):
    """Holds the first pass until it is opened, so that others come meanwhile."""
    opened, begun, real = threading.Event(), threading.Event(), explain_module.explain_documents

    def held(*arguments):
        begun.set()
        assert opened.wait(20)
        return real(*arguments)

    monkeypatch.setattr(explain_module, "explain_documents", held)
    return begun, opened


def ask_all(ask, documents, gate):
    """All answers; the first asks alone, and the others come while it is being answered."""
    begun, opened = gate
    with ThreadPoolExecutor(len(documents)) as pool:
        answers = [pool.submit(ask, documents[0])]
        assert begun.wait(20)
        answers += [pool.submit(ask, document) for document in documents[1:]]
        while len(ask._waiting) < len(documents) - 1:
            threading.Event().wait(0.01)
        opened.set()
        return [answer.exception() or answer.result() for answer in answers]


def test_those_who_wait_share_a_pass_and_get_what_they_would_get_alone(checkpoint, texts, gate):
    documents = [checkpoint.tokenizer(text) for text in texts]
    ask = RequestBatcher(checkpoint)
    answers = ask_all(ask, documents, gate)
    assert ask.passes == 2
    for answer, document in zip(answers, documents, strict=True):
        assert_same_explanation(answer, explain_document(checkpoint, document))


def test_a_pass_holds_no_more_than_the_budget(checkpoint, texts, gate):
    documents = [checkpoint.tokenizer("The road and the river.") for _ in range(7)]
    ask = RequestBatcher(checkpoint, budget=2 * len(documents[0].tokens))
    ask_all(ask, documents, gate)
    assert ask.passes == 1 + 3


def test_a_wrong_document_troubles_nobody_else(checkpoint, texts, gate):
    documents = [checkpoint.tokenizer(text) for text in texts[:4]]
    documents[2] = Document("", (), 0)
    first, second, wrong, last = ask_all(RequestBatcher(checkpoint), documents, gate)
    assert isinstance(wrong, UserError)
    for answer, document in zip((first, second, last), [*documents[:2], documents[3]], strict=True):
        assert_same_explanation(answer, explain_document(checkpoint, document))


def test_nobody_waits_for_a_long_document(checkpoint, monkeypatch):
    opened, begun = threading.Event(), threading.Event()

    def held(*arguments):
        begun.set()
        assert opened.wait(20)
        return explain_document(*arguments)

    monkeypatch.setattr(explain_module, "explain_document", held)
    short, long = (checkpoint.tokenizer(text) for text in ("The road.", "The road. " * 9))
    ask = RequestBatcher(checkpoint, budget=5)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(ask, long)
        assert begun.wait(20)
        assert_same_explanation(ask(short), explain_document(checkpoint, short))
        assert not waiting.done()
        opened.set()
        assert_same_explanation(waiting.result(), explain_document(checkpoint, long))
