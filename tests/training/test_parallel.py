"""Two processes that torchrun starts train as one does: the same steps, figures and weights."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from han_core.models.checkpoint import HISTORY, METRICS, WEIGHTS
from han_core.runtime.atomic_io import read_json
from han_core.training.train import train
from tests.training.several import quiet, request

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
def test_two_processes_do_as_one_does(tmp_path, data, run_command):
    command = [
        "train", "--model", "bilstm", "--data", data, "--validation", "0.2", "--test", "0.2",
        "--device", "cpu", "--epochs", "3", *(word for pair in SMALL for word in ("--set", pair)),
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
