"""Runs of systems as folders: what was asked, how far it is, its curve, and deleting it."""

import json

import pytest

from han_core.models.series import SERIES
from han_core.runtime import jobs
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import REQUEST, JobState, write_state
from han_core.runtime.locks import take
from han_core.training.runs import system_jobs
from tests.processes import wait_for_children

IDS = "20260101-000000-aaaaaaaa", "20260102-000000-bbbbbbbb"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    return tmp_path / "runs" / SERIES.name


def made(place, id, state, history=()):
    """A run's folder as its process leaves it."""
    folder = place / id
    (folder / system_jobs.CHECKPOINT).mkdir(parents=True)
    (folder / REQUEST).write_text(json.dumps({"name": f"model {id[-1]}", "data": "bundled:pulse"}))
    (folder / system_jobs.CHECKPOINT / "history.jsonl").write_text("\n".join(history))
    write_state(folder, state)
    return folder


def test_runs_are_listed_newest_first_with_their_curves(place):
    made(place, IDS[0], JobState(kind="done", answer={"name": "mine"}), ['{"epoch": 1}', "broken"])
    made(place, IDS[1], JobState(kind="stopped"))
    (place / "else").mkdir()
    newer, older = system_jobs.system_jobs()
    assert (newer.id, newer.name, newer.can_go_on, newer.published) == (
        IDS[1], "model b", True, "",
    )  # fmt: skip
    assert (older.history, older.published, older.can_go_on) == (({"epoch": 1},), "mine", False)


@pytest.mark.parametrize("id", ["", "..", "../../runs", "20260103-000000-cccccccc"])
def test_what_is_no_run_is_not_found(place, id):
    made(place, IDS[0], JobState(kind="stopped"))
    assert system_jobs.find_job(SERIES, id) is None


def test_a_run_whose_process_is_gone_can_go_on_or_be_deleted(place):
    made(place, IDS[0], JobState(kind="working", text="Training", done=3, of=9))
    job = system_jobs.find_job(SERIES, IDS[0])
    assert (job.state.text, job.can_go_on) == (jobs.DIED, True)
    system_jobs.delete(job)
    assert list(place.iterdir()) == []


def test_a_run_at_work_is_not_deleted(place):
    folder = made(place, IDS[0], JobState(kind="working"))
    lock = take(folder / jobs.LOCK)
    with pytest.raises(UserError, match="stop it first"):
        system_jobs.delete(system_jobs.find_job(SERIES, IDS[0]))
    lock.release()
    assert folder.is_dir()


@pytest.mark.long
def test_a_file_that_was_sent_is_what_the_run_reads(place):
    request = {"target": None, "task": "classification", "name": "m", "loop": {}, "sizes": {}}
    id = system_jobs.begin(SERIES, request, {"data": ("wrong.CSV", b"a\n")})
    wait_for_children(id)
    job = system_jobs.find_job(SERIES, id)
    assert job.state.kind == "failed"
    assert job.state.text
    assert "Traceback" not in job.state.text
    assert (place / id / "data.csv").read_bytes() == b"a\n"
