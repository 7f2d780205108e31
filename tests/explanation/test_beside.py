"""A process beside this one measures the same, for many at once, and may die."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from han_core.explanation import faithfulness, worker
from han_core.explanation.faithfulness import Evidence, measure_evidence
from han_core.explanation.model_probe import probe_document
from han_core.explanation.worker import EvidenceRequest, EvidenceWorker
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from tests import processes

TEXT = "The green table. A quiet road and bread."


@pytest.fixture(scope="module")
def folders(random_checkpoint):
    return [random_checkpoint(model) for model in ("han", "bilstm")]


@pytest.fixture(scope="module")
def process():
    return EvidenceWorker()


def asked(folder, text=TEXT, unit="word", fill="delete", stage="quick") -> EvidenceRequest:
    document = load_checkpoint(folder).tokenizer(text)
    return EvidenceRequest(str(folder), "as it is", document, unit, fill, stage)


def here(question: EvidenceRequest) -> Evidence:
    subject = probe_document(load_checkpoint(question.folder), question.document)
    return measure_evidence(subject, question.unit, question.fill, question.stage)


def same(one: Evidence, other: Evidence) -> None:
    for by, curve in other.deletion.comprehensiveness.items():
        values = one.deletion.comprehensiveness[by].values
        np.testing.assert_allclose(values, curve.values, atol=1e-6)
    assert (one.label, one.words, one.unit) == (other.label, other.words, other.unit)
    assert one.tau_gradient == pytest.approx(other.tau_gradient)
    assert one.tau_leave_one_out == pytest.approx(other.tau_leave_one_out)
    assert (one.swaps is None) == (other.swaps is None)
    if one.swaps:
        np.testing.assert_allclose(one.swaps.permuted, other.swaps.permuted, atol=1e-6)


@pytest.mark.parametrize("unit", ["word", "sentence"])
@pytest.mark.parametrize("stage", ["brief", "quick", "thorough"])
def test_it_says_what_is_said_here(process, folders, unit, stage):
    for folder in folders:
        question = asked(folder, unit=unit, fill="unknown", stage=stage)
        same(process.evidence(question), here(question))


def test_many_ask_at_once_and_each_gets_its_own(process, folders):
    questions = [asked(folders[i % 2], TEXT + " Two roads." * i) for i in range(12)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(process.evidence, questions))
    for question, there in zip(questions, found, strict=True):
        same(there, here(question))


def test_how_far_it_is_is_told(process, folders):
    told = []
    process.evidence(asked(folders[0]), lambda done, of: told.append((done, of)))
    assert told
    assert told[-1][0] == told[-1][1]


def test_what_is_wrong_is_a_sentence_here_too(process, folders, tmp_path):
    question = asked(folders[0])
    with pytest.raises(UserError, match="gone"):
        process.evidence(question._replace(folder=str(tmp_path / "gone")))
    same(process.evidence(question), here(question))


def test_who_leaves_in_the_middle_leaves_no_answer_behind(process, folders):
    def leave(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.evidence(asked(folders[0], "Another text, and a road."), leave)
    question = asked(folders[0])
    same(process.evidence(question), here(question))


@pytest.mark.long
def test_one_that_dies_is_begun_again_but_not_for_ever(folders):
    own, question, others = EvidenceWorker(), asked(folders[0]), children()

    def ask() -> tuple[Evidence | None, list[int]]:
        found = own.evidence(question)
        return found, [child for child in children() if child not in others]

    _, (first,) = ask()
    os.kill(first, signal.SIGKILL)
    assert ask()[0] is None  # it finds the line closed
    found, (second,) = ask()
    same(found, here(question))
    assert second != first
    own._deaths = worker.DEATHS - 1
    os.kill(second, signal.SIGKILL)
    assert [ask()[0] for _ in range(3)] == [None] * 3
    assert ask()[1] == []


def children() -> list[int]:
    return processes.children("han_core.explanation.worker")


def test_all_evidence_of_a_stage(folders):
    subject = probe_document(load_checkpoint(folders[0]), asked(folders[0]).document)
    quick = faithfulness.quick(subject, "sentence", "unknown")
    same(measure_evidence(subject, "sentence", "unknown", "quick"), quick)
    same(
        measure_evidence(subject, "sentence", "unknown", "thorough"),
        faithfulness.thorough(subject, quick),
    )
    assert measure_evidence(subject, stage="brief").swaps is None
