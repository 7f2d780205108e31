"""A process beside this one measures the same, for many at once, and may die."""

import dataclasses
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from han_core.explanation import faithfulness, worker
from han_core.explanation.faithfulness import Evidence, measure_evidence
from han_core.explanation.model_probe import probe_document, probe_text
from han_core.explanation.worker import EvidenceRequest, EvidenceWorker, from_json, to_json
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


def make_request(folder, text=TEXT, unit="word", fill="delete", stage="quick") -> EvidenceRequest:
    document = load_checkpoint(folder).tokenizer(text)
    return EvidenceRequest(str(folder), "as it is", document, unit, fill, stage)


def measured_in_process(request: EvidenceRequest) -> Evidence:
    probe = probe_document(load_checkpoint(request.folder), request.document)
    return measure_evidence(probe, request.unit, request.fill, request.stage)


def assert_close(one: Evidence, other: Evidence) -> None:
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
def test_the_worker_measures_what_this_process_measures(process, folders, unit, stage):
    for folder in folders:
        request = make_request(folder, unit=unit, fill="unknown", stage=stage)
        assert_close(process.evidence(request), measured_in_process(request))


def test_many_threads_each_get_their_own_answer(process, folders):
    requests = [make_request(folders[i % 2], TEXT + " Two roads." * i) for i in range(12)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(process.evidence, requests))
    for request, there in zip(requests, found, strict=True):
        assert_close(there, measured_in_process(request))


def test_progress_is_reported(process, folders):
    reported = []
    process.evidence(make_request(folders[0]), lambda done, of: reported.append((done, of)))
    assert reported
    assert reported[-1][0] == reported[-1][1]


def test_an_error_of_the_user_comes_back_as_one(process, folders, tmp_path):
    request = make_request(folders[0])
    with pytest.raises(UserError, match="gone"):
        process.evidence(request._replace(folder=str(tmp_path / "gone")))
    assert_close(process.evidence(request), measured_in_process(request))


def test_an_interrupted_caller_leaves_no_answer_behind(process, folders):
    def leave(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.evidence(make_request(folders[0], "Another text, and a road."), leave)
    request = make_request(folders[0])
    assert_close(process.evidence(request), measured_in_process(request))


@pytest.mark.long
def test_a_process_that_dies_is_restarted_but_not_for_ever(folders):
    own, request, others = EvidenceWorker(), make_request(folders[0]), children()

    def ask() -> tuple[Evidence | None, list[int]]:
        found = own.evidence(request)
        return found, [child for child in children() if child not in others]

    _, (first,) = ask()
    os.kill(first, signal.SIGKILL)
    assert ask()[0] is None  # it finds the line closed
    found, (second,) = ask()
    assert_close(found, measured_in_process(request))
    assert second != first
    own._deaths = worker.DEATHS - 1
    os.kill(second, signal.SIGKILL)
    assert [ask()[0] for _ in range(3)] == [None] * 3
    assert ask()[1] == []


def children() -> list[int]:
    return processes.children("han_core.explanation.worker")


def test_all_evidence_of_a_stage(folders):
    probe = probe_document(load_checkpoint(folders[0]), make_request(folders[0]).document)
    quick = faithfulness.quick(probe, "sentence", "unknown")
    assert_close(measure_evidence(probe, "sentence", "unknown", "quick"), quick)
    assert_close(
        measure_evidence(probe, "sentence", "unknown", "thorough"),
        faithfulness.thorough(probe, quick),
    )
    assert measure_evidence(probe, stage="brief").swaps is None


TEXTS = ["Bread.", "The green table.", "The green table. A quiet road and bread. One two three."]


@pytest.mark.parametrize("model", ["han", "bilstm"])
@pytest.mark.parametrize("stage", ["brief", "quick", "thorough"])
@pytest.mark.parametrize("unit", ["word", "sentence"])
def test_evidence_survives_json(random_checkpoint, model, stage, unit):
    checkpoint = load_checkpoint(random_checkpoint(model))
    for text in TEXTS:
        evidence = measure_evidence(probe_text(checkpoint, text), unit, "unknown", stage)
        assert_identical(from_json(to_json(evidence)), evidence)


def assert_identical(one, other) -> None:
    assert type(one) is type(other)
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            assert_identical(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_identical(one[key], other[key])
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other
