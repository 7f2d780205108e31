"""Ray gives the same bytes as this process; without it there is one sentence."""

import importlib.util
import socket
import sys

import pytest

from han_core.analysis.scoring.manifest import checkpoint_sha256, parts_of
from han_core.analysis.scoring.ray_cluster import score_on_ray
from han_core.analysis.scoring.workers import Job
from han_core.runtime.errors import UserError


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
