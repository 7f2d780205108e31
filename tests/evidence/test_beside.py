"""A process beside this one gives the same answers, to many at once, and may die."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from han_core.evidence import beside as module
from han_core.evidence.beside import Beside
from han_core.evidence.faithfulness import quick
from han_core.evidence.subject import subject, subject_of
from han_core.evidence.variants import GONE, answers
from han_core.models.checkpoint import load_checkpoint
from tests import processes

LENGTHS = np.array([3, 1, 2])


@pytest.fixture(scope="module")
def checkpoints(random_checkpoint):
    return [load_checkpoint(random_checkpoint(model)) for model in ("han", "bilstm")]


@pytest.fixture(scope="module")
def process():
    return Beside()


def variants(seed: int, number: int = 9) -> np.ndarray:
    draw = np.random.default_rng(seed)
    words = draw.integers(2, 20, (number, LENGTHS.sum()))
    words[draw.random(words.shape) < 0.4] = GONE
    words[:, 3] = 5  # one is there in each
    return words


@pytest.fixture
def nothing_here(monkeypatch):
    """The process has to answer: nobody else can."""
    monkeypatch.setattr(module, "answers", None)


def children() -> list[int]:
    return processes.children("han_core.evidence.beside")


def test_it_says_what_is_said_here(process, checkpoints, nothing_here):
    for seed, checkpoint in enumerate(checkpoints * 2):
        here = answers(checkpoint.model, variants(seed), LENGTHS)
        there = process.answers(checkpoint, variants(seed), LENGTHS)
        assert there.shape == (9, 2)
        np.testing.assert_allclose(there, here, atol=1e-6)


def test_many_ask_at_once_and_each_gets_its_own(process, checkpoints, nothing_here):
    asked = [(checkpoints[seed % 2], variants(seed, 1 + seed)) for seed in range(24)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda each: process.answers(*each, LENGTHS), asked))
    for (checkpoint, words), there in zip(asked, found, strict=True):
        np.testing.assert_allclose(there, answers(checkpoint.model, words, LENGTHS), atol=1e-6)


def test_evidence_is_the_same(process, checkpoints, nothing_here):
    for checkpoint in checkpoints:
        here = subject(checkpoint, "The green table. A quiet road and bread.")
        there = subject_of(
            checkpoint,
            here.document,
            ask=lambda words, lengths, own=checkpoint: process.answers(own, words, lengths),
        )
        one, other = quick(here).deletion, quick(there).deletion
        for by, curve in one.comprehensiveness.items():
            np.testing.assert_allclose(other.comprehensiveness[by].values, curve.values, atol=1e-6)


def test_no_more_models_are_kept_than_fit(checkpoints, nothing_here, monkeypatch):
    monkeypatch.setattr(module, "MODELS", 1)
    process = Beside()
    for checkpoint in checkpoints * 2:
        there = process.answers(checkpoint, variants(1), LENGTHS)
        np.testing.assert_allclose(
            there, answers(checkpoint.model, variants(1), LENGTHS), atol=1e-6
        )
        assert list(process._models) == [id(checkpoint)]


def test_one_that_dies_is_begun_again_but_not_for_ever(checkpoints):
    (checkpoint, _), own = checkpoints, Beside()
    here = answers(checkpoint.model, variants(1), LENGTHS)

    def ask() -> list[int]:
        np.testing.assert_allclose(own.answers(checkpoint, variants(1), LENGTHS), here, atol=1e-6)
        return [child for child in children() if child not in others]

    others = children()
    (first,) = ask()
    os.kill(first, signal.SIGKILL)
    ask()  # it finds the line closed
    (second,) = ask()
    assert second != first
    own._deaths = module.DEATHS - 1
    os.kill(second, signal.SIGKILL)
    for _ in range(3):
        ask()
    assert ask() in ([], [second])  # nothing new; the dead one may not have been noted yet
