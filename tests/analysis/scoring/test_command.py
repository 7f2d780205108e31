"""The command ``score``: figures, wrong input, and what a killed run leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from han_core.cli import data as data_commands
from tests.processes import PATIENCE

CPU = ("--device", "cpu")
FIGURES = ("accuracy", "macro_f1", "loss")


@pytest.fixture
def in_process(monkeypatch, here):
    """Workers cost seconds; what they do is tested beside them."""
    monkeypatch.setattr(data_commands, "local_engine", lambda options: here)


@pytest.fixture
def pairs(tmp_path, corpus) -> Path:
    path = tmp_path / "pairs.jsonl"
    rows = zip(corpus.texts, corpus.labels, strict=True)
    path.write_text("\n".join(json.dumps({"text": text, "label": label}) for text, label in rows))
    return path


@pytest.mark.usefixtures("in_process")
def test_it_prints_what_evaluate_prints(run_command, folder, pairs, tmp_path):
    wanted = ("--checkpoint", folder, "--data", pairs)
    status, (result,), errors = run_command("score", *wanted, "--out", tmp_path / "out", *CPU)
    assert status == 0
    assert list(result) == ["out", "rows", "parts", *FIGURES, "documents_per_second"]
    assert (result["rows"], result["parts"]) == (30, 1)
    assert any("Scoring" in line and "30/30" in line for line in errors)
    _, (expected,), _ = run_command("evaluate", *wanted, *CPU)
    for name in FIGURES:
        assert result[name] == pytest.approx(expected[name], abs=1e-5)
    status, (again,), _ = run_command("score", *wanted, "--out", tmp_path / "out", *CPU)
    assert (status, again) == (0, {**result, "documents_per_second": None})


@pytest.mark.usefixtures("in_process")
def test_data_without_labels(run_command, folder, pairs, tmp_path):
    status, (result,), _ = run_command(
        "score", "--checkpoint", folder, "--data", pairs, "--out", tmp_path / "out", "--unlabelled"
    )
    assert (status, result["rows"], result["accuracy"]) == (0, 30, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workers", "0"], "at least 1"),
        (["--address", "auto"], "--address is for --engine ray"),
        (["--engine", "spark"], "--engine"),
        (["--label-column", "tag"], 'no column "tag"'),
        (["--device", "tpu"], "'tpu' came"),
        (["--checkpoint", "nowhere"], "'nowhere' is none"),
    ],
)
def test_wrong_input_is_one_line(run_command, folder, pairs, tmp_path, arguments, message):
    status, output, errors = run_command(
        "score", "--checkpoint", folder, "--data", pairs, "--out", tmp_path / "out", *arguments
    )
    assert (status, output) == (2, [])
    assert errors[-1].startswith("error: ")
    assert message in errors[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("in_process")
def test_another_checkpoint_does_not_mix_in(
    run_command, folder, random_checkpoint, pairs, tmp_path
):
    common = ("--data", pairs, "--out", tmp_path / "out", *CPU)
    assert run_command("score", "--checkpoint", folder, *common)[0] == 0
    other = random_checkpoint("bilstm")
    status, output, errors = run_command("score", "--checkpoint", other, *common)
    assert (status, output) == (2, [])
    assert "out holds the scores of han-additive on pairs.jsonl" in errors[-1]


def long_run(folder: Path, data: Path, out: Path) -> subprocess.Popen:
    """The command in a process of its own, with a worker."""
    arguments = ["--checkpoint", folder, "--data", data, "--out", out, "--workers", "1", *CPU]
    return subprocess.Popen(
        [sys.executable, "-m", "han_core", "score", *arguments],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def parts(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("part-*.parquet")}


def wait_for_parts(run: subprocess.Popen, out: Path, number: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(parts(out)) < number and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.mark.long
def test_killed_and_interrupted_it_goes_on_to_the_same_files(
    run_command, monkeypatch, here, folder, corpus, tmp_path
):
    data, out, calm = tmp_path / "many.jsonl", tmp_path / "out", tmp_path / "calm"
    texts = (corpus.texts[at % 30] for at in range(2500))  # ten parts
    data.write_text("\n".join(json.dumps({"text": text, "label": "pos"}) for text in texts))

    run = long_run(folder, data, out)
    wait_for_parts(run, out, 1)
    run.kill()
    run.communicate()
    killed = parts(out)
    assert 1 <= len(killed) < 8

    run = long_run(folder, data, out)
    wait_for_parts(run, out, len(killed) + 1)
    os.killpg(run.pid, signal.SIGINT)  # Ctrl-C reaches the worker as well
    _, errors = run.communicate(timeout=PATIENCE)
    interrupted = parts(out)
    assert run.returncode == 130
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith(f"Stopped: {len(interrupted)} of 10 parts")
    assert killed.items() < interrupted.items()

    monkeypatch.setattr(data_commands, "local_engine", lambda options: here)
    for folder_of_scores in (out, calm):
        arguments = ("--checkpoint", folder, "--data", data, "--out", folder_of_scores, *CPU)
        status, (result,), _ = run_command("score", *arguments)
        assert (status, result["rows"]) == (0, 2500)
    assert interrupted.items() < parts(out).items()
    assert parts(out) == parts(calm)
