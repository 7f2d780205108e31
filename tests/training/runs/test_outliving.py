"""A run outlives the process that began it; these are real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from han_core.models.checkpoint import WEIGHTS
from han_core.runtime.processes import NICE
from han_core.training.runs.manage import resume, stop, view

APP = """
import sys, time
from han_core.training.runs.manage import start
from han_core.training.runs.plan import Plan
print(start(Plan.model_validate_json(sys.argv[1])), flush=True)
time.sleep(3600)
"""


@pytest.fixture
def app():
    """``app(plan)``: a process that begins a run and does nothing else; and the run's id."""
    apps = []

    def begin(plan):
        asked = [sys.executable, "-c", APP, plan.model_dump_json()]
        apps.append(subprocess.Popen(asked, stdout=subprocess.PIPE, text=True))
        return apps[-1], apps[-1].stdout.readline().strip()

    yield begin
    for process in apps:
        process.kill()
        process.wait()
        process.stdout.close()


def worker_of(folder: Path) -> int:
    """The process id of a run's worker, as the system knows it."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"han_core.cli.run_worker" in words and str(folder).encode() in words:
            return int(path.parent.name)
    raise AssertionError(f"{folder} has no worker")


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
@pytest.mark.long
def test_a_run_outlives_the_app_and_goes_on_after_both_were_killed(app, plan, wait):
    asked = plan(epochs=30, settings={"save_seconds": 0.05})
    first, id = app(asked)
    first.kill()  # as kill -9 does
    first.wait()
    run = wait(id, lambda run: run.step > 0)
    assert run.status == "training"
    worker = worker_of(run.folder)
    assert os.getsid(worker) == worker  # a terminal that closes does not reach it
    assert os.getpriority(os.PRIO_PROCESS, worker) == min(19, os.nice(0) + NICE)
    os.kill(worker, signal.SIGKILL)
    assert wait(id).status == "interrupted"
    resume(id)  # by another process than the one that began it
    assert wait(id, lambda run: run.status == "training").step >= run.state.saved
    stop(id)
    stopped = wait(id)
    assert stopped.status == "stopped"
    assert (stopped.checkpoint / WEIGHTS).exists()
    assert (stopped.folder / "stderr.log").read_text() == ""
    assert view(id).can_resume
