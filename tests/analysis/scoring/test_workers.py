"""Worker processes: the same bytes from any number of them, and a sentence when one dies."""

import os
import signal
import time
from dataclasses import replace

import pytest
import torch

from han_core.analysis.scoring import workers
from han_core.analysis.scoring.manifest import checkpoint_sha256, parts_of
from han_core.analysis.scoring.workers import Job, score_here, score_locally, worker_devices
from han_core.runtime.errors import UserError
from tests import processes


@pytest.fixture
def job(folder):
    return Job(folder, checkpoint_sha256(folder), "key")


@pytest.fixture
def parts(corpus):
    return list(parts_of(corpus, None, 7, range(5)))


@pytest.mark.long
def test_any_number_of_processes_gives_the_same_bytes(parts, job, here):
    expected = dict(here(parts, job))
    parts_scored = list(score_locally(parts, job, ["cpu"] * 2))
    assert sorted(number for number, _ in parts_scored) == [0, 1, 2, 3, 4]
    assert dict(parts_scored) == expected
    assert dict(score_locally(parts[:2], job, ["cpu"])) == {at: expected[at] for at in (0, 1)}


def test_this_process_gives_the_same_bytes(parts, job, here, checkpoint):
    threads = torch.get_num_threads()
    assert dict(score_here(parts, job, checkpoint)) == dict(here(parts, job))
    assert torch.get_num_threads() == threads


def test_no_part_is_read_before_a_worker_is_free_and_none_is_left_over(parts, job):
    read = []

    def reading():
        for part in parts:
            read.append(part.number)
            yield part

    answers = score_locally(reading(), job, ["cpu"])
    next(answers)
    assert read == [0, 1]  # the second is with the worker while the first is written
    answers.close()
    assert read == [0, 1]


def test_what_a_worker_refuses_is_told_here(parts, job):
    with pytest.raises(UserError, match="changed while it was scoring"):
        list(score_locally(parts, replace(job, sha256="other"), ["cpu"]))


def test_a_worker_that_dies_is_one_sentence(parts, job):
    answers = score_locally(parts, job, ["cpu"])
    next(answers)
    (worker,) = children()
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(UserError, match=r"ended before its part was done.*fewer workers"):
        list(answers)


def children() -> list[int]:
    """Python processes that this one spawned to work; not the resource tracker."""
    return processes.children("spawn_main")


@pytest.mark.long
def test_no_worker_stays(parts, job):
    list(score_locally(parts[:1], job, ["cpu"] * 2))
    deadline = time.monotonic() + processes.PATIENCE
    while children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children() == []


def test_a_worker_for_each_core_or_some_for_each_gpu(monkeypatch):
    monkeypatch.setattr(workers, "_cores", lambda: 16)
    assert worker_devices("cpu") == ["cpu"] * 16
    assert worker_devices("cpu", 3) == ["cpu"] * 3
    gpus = ["cuda:0", "cuda:1"]
    monkeypatch.setattr(workers, "available_devices", lambda: [*gpus, "cpu"])
    monkeypatch.setattr(
        workers, "choose_device", lambda name: "cuda:1" if "1" in name else "cuda:0"
    )
    assert worker_devices("cuda") == gpus * 4
    assert worker_devices("auto", 3) == [*gpus, "cuda:0"]
    assert worker_devices("cuda:1") == ["cuda:1"] * 4


def test_a_device_that_is_not_there():
    with pytest.raises(UserError, match="There is no device cuda:99"):
        worker_devices("cuda:99", 2)
