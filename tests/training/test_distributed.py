"""Several processes: how they are launched, and that they train as one does."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from han_core.models.checkpoint import HISTORY, METRICS, WEIGHTS, load_checkpoint
from han_core.models.predict import predict
from han_core.runtime.atomic_io import read_json
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
from han_core.training.train import train
from tests.training.several import quiet, request

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


ROOT = Path(__file__).parents[2]
STATE = Path("resume", "state.safetensors")
NO_DROPOUT = [f"dropout_{level}=0" for level in ("words", "sentences", "document")]
# Accumulation does not divide the batches, and some have fewer documents than there are processes.
SMALL = [
    *NO_DROPOUT, "hidden=8", "embedding=8", "learning_rate=0.01", "batch_tokens=120",
    "accumulation=4", "average=0.9", "clip=5",
]  # fmt: skip


def two_processes(*arguments: object) -> subprocess.CompletedProcess:
    """What torchrun says of two processes on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2",
        "--master_port", port, *arguments,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=240, cwd=ROOT,
        env=environment,
    )  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory, planted_corpora) -> Path:
    corpus = planted_corpora.training.first(90)
    pairs = zip(corpus.texts, corpus.labels, strict=True)
    path = tmp_path_factory.mktemp("parallel") / "data.jsonl"
    path.write_text("\n".join(json.dumps({"text": t, "label": label}) for t, label in pairs))
    return path


def history(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / HISTORY).read_text().splitlines()]


def figures(line: dict) -> list[float]:
    return [*line["train"].values(), *line["validation"].values()]


@pytest.mark.long
@pytest.mark.parametrize("more", [(), ("--set", "adversarial=1")])
def test_two_processes_do_as_one_does(tmp_path, data, run_command, more):
    command = [
        "train", "--model", "bilstm", "--data", data, "--validation", "0.2", "--test", "0.2",
        "--device", "cpu", "--epochs", "3", *(word for pair in SMALL for word in ("--set", pair)),
        *more,
    ]  # fmt: skip
    _, (one,), _ = run_command(*command, "--out", tmp_path / "one")
    done = two_processes("-m", "han_core", *command, "--out", tmp_path / "two")
    assert done.returncode == 0, done.stderr
    (two,) = (json.loads(line) for line in done.stdout.splitlines())  # one of them speaks
    assert done.stderr.count("2 processes train together.") == 1
    assert done.stderr.count("Epoch 3: validation") == 1
    assert (one["processes"], two["processes"]) == (1, 2)
    assert read_json(tmp_path / "two" / METRICS)["processes"] == 2
    for part in ("validation", "test"):
        assert two[part] == pytest.approx(one[part], abs=1e-4)
    lines = [history(tmp_path / name) for name in ("one", "two")]
    assert [line["step"] for line in lines[0]] == [line["step"] for line in lines[1]]
    for single, both in zip(*lines, strict=True):
        assert figures(both) == pytest.approx(figures(single), abs=1e-4)
    # Adam's moments too: the weights alone would not show gradients that are all twice as large.
    states = [load_file(tmp_path / name / STATE) for name in ("one", "two")]
    assert states[1].keys() - states[0].keys() == {"random.1.cpu"}
    for name, tensor in states[0].items():
        if not name.startswith("random"):
            assert (states[1][name] - tensor).abs().max() <= 1e-3 * tensor.abs().max(), name


@pytest.mark.long
def test_two_processes_stop_and_go_on_with_the_same_bits(tmp_path, data):
    done = two_processes(ROOT / "tests" / "training" / "several.py", data, tmp_path)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    for process in (0, 1):
        assert f"{process}: Stopped after step 3 of epoch 1." in said
    assert said.count("Going on after step 3 of epoch 1.") == 1
    assert sum("nb-svm labelled 21 unlabelled documents" in line for line in said) == 2
    for name in (WEIGHTS, STATE):
        whole, parts = (load_file(tmp_path / run / name) for run in ("whole", "parts"))
        assert whole.keys() == parts.keys()
        assert all(torch.equal(whole[key], parts[key]) for key in whole)
    random = {key for key in whole if key.startswith("random")}
    assert random == {"random.0.cpu", "random.1.cpu"}
    assert not torch.equal(*(whole[key] for key in random))
    # One process alone may go on with it; dropout is another then.
    alone = request(str(data), tmp_path / "stopped", resume=True)
    assert train(alone, torch.device("cpu"), quiet())["epochs"] == 2
