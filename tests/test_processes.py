"""No process outlives the tests: shown by test sessions that fail, pass and are killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.processes import PATIENCE

pytestmark = pytest.mark.long  # each begins an inner session of pytest

ROOT = Path(__file__).parents[1]
CONFTEST = """
from tests import processes
from tests.conftest import data_of_the_tests, no_process_left
processes.GRACE = 1
"""
TEST = """
import os, pathlib, subprocess, sys, time

def test_it(tmp_path):
    command = [sys.executable, "-c", {script!r}, str(tmp_path)]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE)
    process.stdout.readline()
    pathlib.Path({note!r}).write_text(str(process.pid))
    {then}

def test_next():
    pass
"""
STAYS = "import time; print(flush=True); time.sleep(3600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STAYS}"


def session(folder: Path, script: str, then: str) -> subprocess.Popen:
    """Begin tests whose first one begins a process in a session of its own."""
    (folder / "conftest.py").write_text(CONFTEST)
    test = TEST.format(script=script, note=str(folder / "pid"), then=then)
    (folder / "test_inner.py").write_text(test)
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--rootdir={folder}", folder],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def process_of(folder: Path) -> psutil.Process:
    """Return the process that the first test began, once it has noted it."""
    end = time.monotonic() + PATIENCE
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        assert time.monotonic() < end
        time.sleep(0.02)
    return psutil.Process(int((folder / "pid").read_text()))


@pytest.mark.parametrize(
    ("script", "then", "status"),
    [(STAYS, "assert False", 1), (STUBBORN, "pass", 0)],
    ids=["of a test that fails", "that ignores the wish to end"],
)
def test_a_process_that_a_test_leaves_is_ended_and_named(tmp_path, script, then, status):
    tests = session(tmp_path, script, then)
    output, _ = tests.communicate(timeout=PATIENCE)
    assert tests.returncode == status, output
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    assert "test_inner.py::test_it left at work: " in output


def test_a_process_that_ends_by_itself_is_not_named(tmp_path):
    tests = session(tmp_path, "print(flush=True)", "pass")
    output, _ = tests.communicate(timeout=PATIENCE)
    assert tests.returncode == 0, output
    assert "left at work" not in output


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_process_ends_when_the_tests_are_interrupted_or_killed(tmp_path, how):
    tests = session(tmp_path, STAYS, "time.sleep(3600)")
    process = process_of(tmp_path)
    tests.send_signal(how)
    tests.communicate(timeout=PATIENCE)
    process.wait(PATIENCE)
    assert not process.is_running()
