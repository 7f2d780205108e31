"""Scoring in a process of its own: followed, stopped, gone on with, and the command's way."""

import json
import time

import pytest

from han_core.analysis.score_cache import find_scores, list_scores, open_scores
from han_core.analysis.scoring.manifest import checkpoint_sha256
from han_core.analysis.scoring_job import start_scoring
from han_core.analysis.sources import source_of
from han_core.runtime.jobs import job_state, stop_job
from han_core.runtime.locks import take
from han_core.runtime.paths import scores_root
from tests.conftest import WORDS
from tests.processes import PATIENCE


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))


@pytest.fixture
def folder(random_checkpoint):
    return random_checkpoint("han")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "many.jsonl"
    rows = ({"text": f"{WORDS[at % 26]} {at}.", "label": "pos"} for at in range(600))
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def wait(work, until, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not until(state := job_state(work)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return state


@pytest.mark.long
def test_it_waits_its_turn_is_stopped_and_goes_on_to_the_end(folder, path):
    source = source_of(str(path))
    scores_root().mkdir(parents=True)
    place = take(scores_root() / ".place")  # another scoring is at work
    work = start_scoring(folder, "cpu", source)
    assert wait(work, lambda state: "Waiting" in state.text).kind == "working"
    stop_job(work)
    assert wait(work, lambda state: state.kind != "working").kind == "stopped"
    assert list_scores() == []
    place.release()
    assert start_scoring(folder, "cpu", source) == work
    state = wait(work, lambda state: state.kind != "working")
    found = find_scores(source, checkpoint_sha256(folder))
    assert (state.kind, state.answer) == ("done", {"key": found.key})
    assert (found.scores.manifest.rows, found.origin.source.data) == (600, str(path))


def test_why_it_cannot_is_said(folder, path):
    path.write_text(path.read_text().replace("pos", "happy"))
    work = start_scoring(folder, "cpu", source_of(str(path)))
    state = wait(work, lambda state: state.kind != "working")
    assert state.kind == "failed"
    assert "happy" in state.text


def test_the_command_keeps_what_has_no_folder(run_command, folder, path, monkeypatch):
    from han_core.analysis.scoring.workers import score_here
    from han_core.cli import data
    from han_core.models.checkpoint import load_checkpoint

    here = lambda parts, job: score_here(parts, job, load_checkpoint(folder))  # noqa: E731
    monkeypatch.setattr(data, "local_engine", lambda options: here)
    arguments = ("--checkpoint", folder, "--data", path, "--device", "cpu")
    status, (found,), _ = run_command("score", *arguments)
    assert status == 0
    whole = find_scores(source_of(str(path)), checkpoint_sha256(folder))
    assert found["out"] == str(whole.scores.folder)
    assert open_scores(whole.key).origin.accuracy == found["accuracy"]
    status, output, errors = run_command("score", *arguments, "--unlabelled")
    assert (status, output) == (2, [])
    assert "Errors needs labels" in errors[-1]
