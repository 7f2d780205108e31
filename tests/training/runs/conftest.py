"""Runs in folders of their own, and workers that begin in milliseconds."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from han_core.training.runs import manage, queue
from han_core.training.runs.plan import Plan, checked_plan
from han_core.training.runs.view import RunView
from tests.processes import PATIENCE

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch) -> Path:
    """A folder without runs; published checkpoints go to ``checkpoints`` in it."""
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return tmp_path


@pytest.fixture
def plan() -> Callable[..., Plan]:
    """``plan(name=…, epochs=…, …)``: a small BiLSTM on some of the bundled reviews."""

    def make(name: str = "small", epochs: int = 2, **changed) -> Plan:
        settings = {"epochs": epochs, "patience": epochs, "batch_tokens": 300}
        settings |= changed.pop("settings", {})
        values = {
            "model": "bilstm",
            "source": {"data": "bundled:classroom", "limit": 60},
            "sizes": {"embedding": 8, "hidden": 4, "attention_size": 4},
            **changed,
        }
        return checked_plan(name=name, settings=settings, **values)

    return make


class Zygote:
    """A process that has imported everything, and forks the workers of runs.

    A worker of its own process imports for two seconds before it does anything.
    """

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        script = Path(__file__).with_name("zygote.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), str(theirs.fileno())],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self.workers: dict[str, int] = {}

    def begin_process(self, folder: Path, lock) -> None:
        """Takes the place of the function in ``launch``; keeps the worker's process id."""
        places = ("HANSCOPE_DATA", "HANSCOPE_CHECKPOINTS", "HANSCOPE_RUNS_AT_ONCE")
        asked = {
            "folder": str(folder),
            "environment": {name: os.environ[name] for name in places if name in os.environ},
        }
        socket.send_fds(self._socket, [json.dumps(asked).encode()], [lock.handle])
        self.workers[folder.name] = int(self._socket.recv(100))

    def kill(self, id: str) -> None:
        """Ends the worker of a run as ``kill -9`` does, if it has not ended yet."""
        if manage.view(id).is_live:
            os.kill(self.workers[id], signal.SIGKILL)

    def close(self) -> None:
        self._socket.close()
        self._process.wait(PATIENCE)


@pytest.fixture(scope="session")
def one_zygote():
    zygote = Zygote()
    yield zygote
    zygote.close()


@pytest.fixture
def zygote(one_zygote, monkeypatch) -> Zygote:
    """Workers of this test are forked; they are gone when it ends."""
    one_zygote.workers.clear()
    monkeypatch.setattr(queue, "begin_process", one_zygote.begin_process)
    yield one_zygote
    for id in one_zygote.workers:
        if (manage.runs_root() / id).exists():
            one_zygote.kill(id)


@pytest.fixture
def wait() -> Callable[..., RunView]:
    """``wait(id, condition)``: the run as soon as the condition holds, or when it ended."""

    def until(
        id: str,
        condition: Callable[[RunView], bool] = lambda run: not run.is_live,
        seconds: float = PATIENCE,
    ) -> RunView:
        end = time.monotonic() + seconds
        while not condition(run := manage.view(id)):
            assert time.monotonic() < end, (run.status, run.message, run.state.messages)
            time.sleep(0.01)
        return run

    return until
