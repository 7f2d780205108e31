"""While one session asks for much, others get their answers."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from han_core.explanation import explain
from han_core.explanation.explain import THREADED, explain_document
from pages.shared import cache
from tests.pages.small import write_small_checkpoints

SOON = 300  # seconds; whoever waits for the large request waits for ever


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """A question to one of two small checkpoints."""
    write_small_checkpoints(tmp_path)
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(tmp_path))
    names = list(cache.listings())
    return lambda text, model=0: cache.Question(names[model], "cpu", text)


@pytest.fixture
def large():
    return "The road and the river. " * (THREADED // 6 + 1)


@pytest.fixture
def gate():
    """Holds whoever calls ``held`` until it is opened."""

    class Gate:
        begun, opened = threading.Event(), threading.Event()

        def held(self, *_):
            self.begun.set()
            assert self.opened.wait(4 * SOON)

    return Gate()


def beside(gate, large, small):
    """The answer of ``small``, which has to come while ``large`` is held."""
    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(large)
        assert gate.begun.wait(SOON)
        try:
            answer = pool.submit(small).result(SOON)
            assert not holding.done()
        finally:
            gate.opened.set()
        holding.result(SOON)
    return answer


def test_a_text_is_explained_while_a_large_one_is(ask, large, gate, monkeypatch):
    def held(*given):
        gate.held()
        return explain_document(*given)

    monkeypatch.setattr(explain, "explain_document", held)
    answer = beside(
        gate, lambda: cache.probe(ask(large)), lambda: cache.probe(ask("A small road."))
    )
    assert answer.document.text == "A small road."


@pytest.mark.parametrize("model", [0, 1])
def test_evidence_is_measured_while_that_of_a_large_text_is(ask, large, gate, model):
    """The large one stands still where it tells its progress, in the middle of its passes."""
    nothing = lambda done, of: None  # noqa: E731
    answer = beside(
        gate,
        lambda: cache.evidence(ask(large[:3000]), "word", "delete", "quick", gate.held),
        lambda: cache.evidence(
            ask("A small road, but a long one for all of us.", model),
            "word", "delete", "quick", nothing,
        ),
    )  # fmt: skip
    assert answer.deletion is not None


def test_a_large_comparison_holds_nobody_up(ask, large, gate, monkeypatch):
    def held(*given):
        gate.held()
        return explain_document(*given)

    monkeypatch.setattr(explain, "explain_document", held)
    both = beside(
        gate,
        lambda: [cache.probe(ask(large, model)) for model in (0, 1)],
        lambda: [cache.probe(ask("Two models, one road.", model)) for model in (0, 1)],
    )
    assert [subject.tokens > 3 for subject in both] == [True, True]
