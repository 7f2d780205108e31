"""Ray gives the same bytes as this process; without it there is one sentence."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from han_core.analysis.scoring.manifest import checkpoint_sha256, parts_of
from han_core.analysis.scoring.ray_cluster import score_on_ray
from han_core.analysis.scoring.workers import Job
from han_core.runtime.errors import UserError
from tests.processes import PATIENCE


@pytest.fixture
def job(folder):
    return Job(folder, checkpoint_sha256(folder), "key")


@pytest.fixture
def parts(corpus):
    return list(parts_of(corpus, None, 10, range(3)))


@pytest.fixture
def ray(missing):
    """Needed by tests that start a cluster."""
    if importlib.util.find_spec("ray") is None:
        missing("Ray is not installed (requirements-cluster.txt)")


@pytest.mark.long
@pytest.mark.usefixtures("ray")
def test_ray_gives_the_same_bytes(parts, job, here):
    assert dict(score_on_ray(parts, job, "cpu", 2, None)) == dict(here(parts, job))


@pytest.fixture
def two_nodes(ray, tmp_path, monkeypatch):
    """The address of a cluster of two nodes, started one by one, that asks for a token."""
    token = tmp_path / ".ray" / "auth_token"
    token.parent.mkdir()
    token.write_text("a" * 32)
    monkeypatch.setenv("HOME", str(tmp_path))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with ExitStack() as nodes:
        nodes.enter_context(_node(tmp_path, "--head", f"--port={port}"))
        nodes.enter_context(_node(tmp_path, f"--address=127.0.0.1:{port}"))
        yield f"127.0.0.1:{port}"


@contextmanager
def _node(home: Path, *options: str):
    """A node with one CPU, and its processes, until the end."""
    store = "--object-store-memory=100000000"
    command = (Path(sys.executable).with_name("ray"), "start", "--block", "--num-cpus=1", store)
    log = home / f"node-{options[0].strip('-')[:4]}.log"
    with log.open("w") as out:
        environment = {**os.environ, "RAY_AUTH_MODE": "token"}
        node = subprocess.Popen((*command, *options), stdout=out, stderr=out, env=environment)
    try:
        until = time.monotonic() + PATIENCE
        while "Ray runtime started" not in log.read_text():
            assert node.poll() is None, log.read_text()
            assert time.monotonic() < until
            time.sleep(0.2)
        yield
    finally:
        node.terminate()  # which ends what it has started
        node.wait()


@pytest.mark.long
def test_nodes_that_were_started_one_by_one_give_the_same_bytes(
    two_nodes, corpus, folder, tmp_path, monkeypatch
):
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    data = tmp_path / "texts.jsonl"
    data.write_text("\n".join(json.dumps({"text": text}) for text in 20 * corpus.texts))
    command = (sys.executable, "-m", "han_core", "score", "--unlabelled", "--device", "cpu")
    of = ("--checkpoint", folder, "--data", data)
    for engine in (("ray", "--address", two_nodes), ("local", "--workers", "1")):
        out = ("--out", tmp_path / engine[0])
        subprocess.run((*command, *of, *out, "--engine", *engine), check=True)
    ours, theirs = (sorted((tmp_path / name).glob("part-*")) for name in ("local", "ray"))
    assert len(ours) == 6  # three parts and their sums
    assert [path.read_bytes() for path in ours] == [path.read_bytes() for path in theirs]


@pytest.mark.long
@pytest.mark.usefixtures("ray")
def test_what_an_actor_refuses_is_told_here(parts, job):
    changed = Job(job.folder, "other", "key")
    with pytest.raises(UserError, match="changed while it was scoring"):
        list(score_on_ray(parts, changed, "cpu", 1, None))


@pytest.mark.parametrize("device", ["cuda:3", "mps"])
def test_a_device_of_one_machine_means_nothing_on_many(parts, job, device):
    with pytest.raises(UserError, match=f"takes auto, cpu or cuda; {device} came"):
        list(score_on_ray(parts, job, device, 1, None))


@pytest.mark.usefixtures("ray")
def test_nobody_at_the_address(parts, job):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(UserError, match=f"Ray cannot be reached at {address}"):
            list(score_on_ray(parts, job, "cpu", 1, address))


def test_without_ray_it_says_what_to_install(parts, job, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"pip install -r requirements-cluster\.txt"):
        list(score_on_ray(parts, job, "cpu", 1, None))
