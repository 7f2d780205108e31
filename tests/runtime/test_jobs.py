"""Work in another process: how far it is, its answer, its end, and its death."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from han_core.runtime import jobs
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import DIED, JobState, job_state, start_job, stop_job, write_state
from han_core.runtime.locks import is_held, take
from tests.processes import PATIENCE

WORK = """
import time
from han_core.runtime.jobs import run_job
from han_core.runtime.errors import UserError


def work(request, tell):
    tell("Counting", 0, request["to"])
    for at in range(request["to"]):
        time.sleep(request.get("pause", 0))
        if at == request.get("refuse"):
            raise UserError("Three is\\nno number.")
        if at == request.get("break"):
            raise OSError(28, "No space left on device")
        tell("Counting", at + 1, request["to"])
    return {"counted": request["to"]}


if __name__ == "__main__":
    run_job(work)
"""


@pytest.fixture
def counting(tmp_path, monkeypatch):
    """The name of a module that counts, where a process finds it."""
    (tmp_path / "counting.py").write_text(WORK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "counting"


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "work"


def ended(folder: Path, seconds: float = PATIENCE) -> JobState:
    deadline = time.monotonic() + seconds
    while (state := job_state(folder)) and state.kind == "working" and time.monotonic() < deadline:
        time.sleep(0.02)
    return state


def processes() -> list[tuple[int, str]]:
    """(id, command) of all that run."""
    told = subprocess.run(["ps", "-ewwo", "pid=,args="], capture_output=True, text=True, check=True)
    lines = (line.split(None, 1) for line in told.stdout.splitlines())
    return [(int(pid), said) for pid, said in lines]


def test_nothing_was_begun(folder):
    assert job_state(folder) is None


def test_it_works_and_answers(folder, counting):
    start_job(folder, counting, {"to": 3})
    assert job_state(folder).kind in ("working", "done")
    assert ended(folder) == JobState(kind="done", answer={"counted": 3})


@pytest.mark.parametrize(
    ("how", "said"),
    [("refuse", "Three is no number."), ("break", "The disk refused: No space left on device.")],
)
def test_why_it_failed_is_one_sentence(folder, counting, how, said):
    start_job(folder, counting, {"to": 5, how: 3})
    assert ended(folder) == JobState(kind="failed", text=said)


def test_it_can_be_stopped_whatever_it_does_and_begun_again(folder, counting):
    start_job(folder, counting, {"to": 10, "pause": 60})
    while (state := job_state(folder)).of == 0:
        assert state.kind == "working", state.text
        time.sleep(0.02)
    stop_job(folder)
    state = ended(folder)
    assert (state.kind, state.of) == ("stopped", 10)
    start_job(folder, counting, {"to": 2})
    assert ended(folder).kind == "done"


def test_while_it_works_it_is_not_begun_again_and_killed_it_says_so(folder, counting):
    start_job(folder, counting, {"to": 10, "pause": 60})
    start_job(folder, "no_such_module", {})
    assert is_held(folder / "lock")
    assert job_state(folder).kind == "working"
    process = next(pid for pid, said in processes() if f"-m counting {folder}" in said)
    assert os.getpgid(process) == process  # a session of its own: it outlives the one here
    os.kill(process, signal.SIGKILL)
    assert (ended(folder).kind, ended(folder).text) == ("failed", DIED)


def test_a_module_that_cannot_run_is_a_death(folder):
    start_job(folder, "no_such_module", {})
    assert ended(folder).text == DIED
    assert "no_such_module" in (folder / "stderr.log").read_text()


def test_a_full_disk_is_one_sentence(folder, counting, monkeypatch):
    def full(path, value):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs, "write_json", full)
    with pytest.raises(UserError, match="cannot begin on this machine: No space left"):
        start_job(folder, counting, {"to": 1})
    assert not is_held(folder / "lock")


def test_a_state_that_is_damaged_is_none(folder):
    folder.mkdir()
    (folder / "state.json").write_text('{"kind": "sleeping"}')
    assert job_state(folder) is None


def test_the_pace_tells_what_is_left(folder, monkeypatch):
    folder.mkdir()
    clock = [100.0]
    monkeypatch.setattr(jobs.time, "monotonic", lambda: clock[0])
    lock = take(folder / "lock")
    tell = jobs._ProgressWriter(folder)
    tell("Scored", 100, 400)  # there before
    assert job_state(folder).seconds_left is None
    clock[0] += 10
    tell("Scored", 200, 400)
    assert job_state(folder) == JobState(
        kind="working", text="Scored", done=200, of=400, seconds_left=20
    )
    assert job_state(folder).share == 0.5
    clock[0] += jobs.OFTEN / 2
    tell("Scored", 210, 400)  # too soon to be told
    assert job_state(folder).done == 200
    lock.release()


def test_a_share_without_a_whole():
    assert JobState(kind="working").share == 0


def test_somebody_who_looks_sees_a_whole_state(folder):
    folder.mkdir()
    write_state(folder, JobState(kind="done", answer={"key": "a"}))
    assert [path.name for path in folder.iterdir()] == ["state.json"]
