"""Score with Ray Data, on this machine or on a cluster.

The driver puts the parts into Ray's object store; actors that hold the checkpoint score them;
the driver writes the results. Machines need no shared disk: library and checkpoint travel, and
only the packages of ``requirements-cluster.txt`` must be installed there.
"""

import logging
import os
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

import han_core
from han_core.analysis.scoring.manifest import Part
from han_core.analysis.scoring.workers import Job, Scorer
from han_core.models.checkpoint import CONFIG, VOCABULARY, WEIGHTS
from han_core.runtime.atomic_io import current_folder
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

LIBRARY = Path(han_core.__file__).parent


def score_on_ray(
    parts: Iterable[Part], job: Job, device: str, workers: int | None, address: str | None
) -> Iterator[tuple[int, bytes]]:
    """Yield the parts as ``score_locally`` does, scored by actors with one CPU or GPU each.

    Args:
        device: "auto" is CUDA where the cluster has a GPU, else the CPU.
        workers: at most so many actors; None: as many as there are CPUs, or GPUs.
        address: of a cluster; None starts one on this machine.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise UserError(
            tr("On Ray --device takes auto, cpu or cuda; {device} came.", device=device)
        )
    with _cluster(address) as ray:
        from ray.data import ActorPoolStrategy
        from ray.exceptions import RayError

        resources = ray.cluster_resources()
        gpu = _on_gpu(device, resources.get("GPU", 0))
        available = max(1, int(resources.get("GPU" if gpu else "CPU", 1)))
        waiting = [
            ray.put(pa.table({"number": [part.number], "request": [part.to_bytes()]}))
            for part in parts
        ]
        files = ray.put(_files(job.folder))  # held until the end: an actor may start again
        answers = ray.data.from_arrow_refs(waiting).map_batches(
            _Actor,
            fn_constructor_args=(job, files, "cuda" if gpu else "cpu"),
            compute=ActorPoolStrategy(min_size=1, max_size=min(workers or available, len(waiting))),
            batch_size=1,
            batch_format="pyarrow",
            num_cpus=0 if gpu else 1,
            num_gpus=1 if gpu else 0,
        )
        try:
            for batch in answers.iter_batches(batch_size=1, batch_format="pyarrow"):
                (answer,) = batch.to_pylist()
                if answer["refusal"] is not None:
                    raise UserError(answer["refusal"])
                yield answer["number"], answer["part"]
        except RayError as error:
            cause = getattr(error, "cause", None) or error
            raise UserError(
                tr(
                    "Ray stopped before all parts were done ({name}: {cause}); the same command "
                    "goes on from there.",
                    name=type(cause).__name__,
                    cause=cause,
                )
            ) from error


class _Actor:
    """A ``Scorer`` somewhere, whose checkpoint came by Ray."""

    def __init__(self, job: Job, files: Any, device: str) -> None:
        self._job, self._files, self._device = job, files, device

    def __call__(self, batch: Any) -> Any:
        """A part to its file, or to the sentence that refuses it: Ray would wrap an exception."""
        part = refusal = None
        try:
            part = self._score(batch["request"][0].as_py())
        except UserError as error:
            refusal = str(error)
        schema = {"number": pa.int64(), "part": pa.large_binary(), "refusal": pa.string()}
        cells = {"number": batch["number"][0].as_py(), "part": part, "refusal": refusal}
        return pa.Table.from_pylist([cells], pa.schema(schema))

    @cached_property
    def _score(self) -> Scorer:
        import ray

        with tempfile.TemporaryDirectory(prefix="hanscope-") as home:
            folder = Path(home) / self._job.folder.name
            folder.mkdir()
            for name, content in ray.get(self._files).items():
                (folder / name).write_bytes(content)
            return Scorer(replace(self._job, folder=folder), self._device)


def _files(folder: Path) -> dict[str, bytes]:
    there = current_folder(folder)
    return {name: (there / name).read_bytes() for name in (CONFIG, VOCABULARY, WEIGHTS)}


def _on_gpu(device: str, gpus: float) -> bool:
    if device == "cuda" and gpus < 1:
        raise UserError(tr("The cluster has no GPU; --device takes auto or cpu there."))
    return gpus >= 1 and device != "cpu"


@contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    """Connect to Ray, without its output: standard output is for results."""
    try:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        _use_token()
        import ray
        from ray.data import DataContext
    except ImportError as error:
        raise UserError(
            tr(
                "The engine ray needs a package that is missing: pip install -r "
                "requirements-cluster.txt"
            )
        ) from error
    try:
        _check_reachable(address)
        ray.init(
            address=address or "local",
            runtime_env={"py_modules": [str(LIBRARY)]},
            log_to_driver=False,
            logging_level=logging.CRITICAL,
            include_dashboard=None if address else False,
        )
    except (OSError, ValueError, RuntimeError) as error:
        where = address or tr("this machine")
        raise UserError(
            tr("Ray cannot be reached at {where}: {error}.", where=where, error=error)
        ) from error
    try:
        DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        yield ray
    finally:
        ray.shutdown()


def _use_token() -> None:
    """Identify to a cluster by this user's token, where there is one.

    Ray's own commands do so; at an address ``ray.init`` does not unless it is told to (2.60).
    A cluster without tokens takes such a connection as well.
    """
    given = {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & set(os.environ)
    if given or (Path.home() / ".ray" / "auth_token").exists():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def _check_reachable(address: str | None) -> None:
    """Check that a server listens: Ray would take two minutes, and end the process."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=5).close()
