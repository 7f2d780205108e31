"""Many who ask at once get what each would get alone."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from han_core.explanation import explain
from han_core.explanation.explain import RequestBatcher, explain_document
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.text.document import Document
from tests.conftest import WORDS


@pytest.fixture(scope="module")
def checkpoint(random_checkpoint):
    return load_checkpoint(random_checkpoint())


@pytest.fixture
def texts():
    return [f"The {WORDS[at]} and the road. " * (at % 5 + 1) for at in range(20)]


def same(one, other):
    assert one.document.text == other.document.text
    assert np.allclose(one.probabilities, other.probabilities, atol=1e-5)
    assert np.allclose(one.word_weights, other.word_weights, atol=1e-5)
    assert np.allclose(one.sentence_weights, other.sentence_weights, atol=1e-5)


@pytest.fixture
def gate(monkeypatch):
    """Holds the first pass until it is opened, so that others come meanwhile."""
    opened, begun, real = threading.Event(), threading.Event(), explain.explain_documents

    def held(*arguments):
        begun.set()
        assert opened.wait(20)
        return real(*arguments)

    monkeypatch.setattr(explain, "explain_documents", held)
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
        same(answer, explain_document(checkpoint, document))


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
        same(answer, explain_document(checkpoint, document))


def test_nobody_waits_for_a_long_document(checkpoint, monkeypatch):
    opened, begun = threading.Event(), threading.Event()

    def held(*arguments):
        begun.set()
        assert opened.wait(20)
        return explain_document(*arguments)

    monkeypatch.setattr(explain, "explain_document", held)
    short, long = (checkpoint.tokenizer(text) for text in ("The road.", "The road. " * 9))
    ask = RequestBatcher(checkpoint, budget=5)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(ask, long)
        assert begun.wait(20)
        same(ask(short), explain_document(checkpoint, short))
        assert not waiting.done()
        opened.set()
        same(waiting.result(), explain_document(checkpoint, long))
