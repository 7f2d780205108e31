"""Which process of a run this is; ``test_parallel`` has several that train."""

import numpy as np
import pytest
import torch

from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import predict
from han_core.runtime.errors import UserError
from han_core.text.batch import number_document
from han_core.training.distributed import (
    Processes,
    device_name,
    fewer_than_asked,
    join,
    launched,
    predict_shared,
)

SECOND = Processes(count=2, index=1, local=1)


def test_torchrun_and_mpi_say_which_process_it_is():
    assert launched({}) == Processes(1, 0, 0)
    assert launched({"WORLD_SIZE": "8", "RANK": "5", "LOCAL_RANK": "1"}) == Processes(8, 5, 1)
    assert launched({"PMI_SIZE": "2", "PMI_RANK": "1"}) == Processes(2, 1, 0)
    assert launched({"OMPI_COMM_WORLD_SIZE": "2", "WORLD_SIZE": ""}).count == 2
    assert launched({"WORLD_SIZE": "2"}).main
    assert not SECOND.main


@pytest.mark.parametrize(
    "environment",
    [{"WORLD_SIZE": "0"}, {"WORLD_SIZE": "2", "RANK": "2"}, {"RANK": "one"}, {"LOCAL_RANK": "-1"}],
)
def test_what_cannot_be_is_one_sentence(environment):
    with pytest.raises(UserError, match="say which process this is"):
        launched(environment)


def test_a_launcher_that_started_fewer_than_it_was_asked_for_is_told():
    """The variables are those that accelerate 1.15 sets for ``--cpu --num_processes 2``."""
    accelerate = {"ACCELERATE_MIXED_PRECISION": "no", "ACCELERATE_USE_CPU": "True"}
    assert fewer_than_asked(accelerate) is None
    said = fewer_than_asked({**accelerate, "MASTER_PORT": "29500", "MASTER_ADDR": "127.0.0.1"})
    assert "torchrun --nproc_per_node N" in said
    torchrun = {"WORLD_SIZE": "2", "RANK": "1", "MASTER_PORT": "29500"}
    assert fewer_than_asked({**accelerate, **torchrun}) is None
    assert fewer_than_asked({}) is None
    assert "SLURM started 4" in fewer_than_asked({"SLURM_STEP_NUM_TASKS": "4"})
    assert fewer_than_asked({"SLURM_STEP_NUM_TASKS": "4", **torchrun}) is None


def test_alone_nothing_is_asked_of_others():
    alone = join(torch.device("cpu"))
    assert alone.sum(torch.tensor([1.0, 2.0])).tolist() == [1.0, 2.0]
    state = torch.get_rng_state()
    assert torch.equal(alone.stacked(state), state[None])
    assert alone.decided(True, False) == (True, False)
    with alone.main_first():
        alone.wait()


def test_each_process_takes_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_name("auto", SECOND) == device_name("cuda", SECOND) == "cuda:1"
    assert device_name("cpu", SECOND) == "cpu"
    for name in ("auto", "cuda:3", "mps"):
        assert device_name(name, Processes()) == name
    for name in ("cuda:0", "mps"):
        with pytest.raises(UserError, match=f"{name} came"):
            device_name(name, SECOND)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_name("auto", SECOND) == "cpu"


def test_processes_that_cannot_meet_are_one_sentence(monkeypatch):
    for name, value in {"WORLD_SIZE": "2", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(UserError, match="2 processes are to train together and cannot meet"):
        join(torch.device("cpu"))


class Unsummed(Processes):
    """One of several processes, whose sums are left to the test."""

    def sum(self, values):
        return values


TEXTS = ["The green river.", "Night.", "A quiet " * 40 + "walk.", "zebra zebra", "Stone. " * 9]


@pytest.mark.parametrize("processes", [1, 2, 7])
def test_the_shares_of_several_processes_add_up_to_all_rows(random_checkpoint, processes):
    """Seven are more than there are documents."""
    checkpoint = load_checkpoint(random_checkpoint("han"))
    documents = [number_document(checkpoint.tokenizer(t), checkpoint.vocabulary) for t in TEXTS]
    rows = [
        predict_shared(checkpoint.model, documents, Unsummed(processes, index, index))
        for index in range(processes)
    ]
    np.testing.assert_allclose(sum(rows), predict(checkpoint, TEXTS), atol=1e-6)
    assert np.count_nonzero(np.stack(rows).sum(2)) == len(TEXTS)
