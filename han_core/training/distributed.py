"""The processes of one run: which one this is, and what they exchange.

A launcher such as torchrun starts them and gives their number in the environment. Only numbers
are exchanged, as sums: a process that has nothing to add adds zeros.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import torch
from torch import Tensor, distributed

from han_core.models.classifier import AttentionClassifier
from han_core.models.predict import Progress, predict_numbered
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.batch import NumberedDocument

COUNT = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
INDEX = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK")
LOCAL = ("LOCAL_RANK", "MPI_LOCALRANKID", "OMPI_COMM_WORLD_LOCAL_RANK")
"""Where torchrun, Intel's and Open MPI's launchers say it."""

LONGEST_WAIT = timedelta(hours=12)  # while the first process splits texts, the others wait


@dataclass(frozen=True)
class Processes:
    """This process among those of a run.

    Attributes:
        count: of all, on all machines.
        index: this one's, from 0.
        local: this one's on its machine, from 0.
    """

    count: int = 1
    index: int = 0
    local: int = 0

    @property
    def main(self) -> bool:
        """Whether it is the one that writes and speaks."""
        return self.index == 0

    def sum(self, values: Tensor) -> Tensor:
        """``values`` (any shape, on the CPU) added up over all processes, for all."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values

    def stacked(self, values: Tensor) -> Tensor:
        """(processes, …) the ``values`` of each process, for all; of one shape everywhere."""
        rows = torch.zeros((self.count, *values.shape), dtype=torch.float64)
        rows[self.index] = values
        return self.sum(rows).to(values.dtype)

    def decided(self, *flags: bool) -> tuple[bool, ...]:
        """What the main process says, for all."""
        own = torch.tensor([self.main and flag for flag in flags], dtype=torch.int32)
        return tuple(bool(flag) for flag in self.sum(own))

    def wait(self) -> None:
        """Until all are here."""
        self.sum(torch.zeros(1))

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """The main process does it first, then all others together."""
        if not self.main:
            self.wait()
        try:
            yield
        finally:
            if self.main:
                self.wait()


def predict_shared(
    model: AttentionClassifier,
    documents: Sequence[NumberedDocument],
    processes: Processes,
    progress: Progress | None = None,
    name: str | None = None,
) -> np.ndarray:
    """Return what ``predict_numbered`` does, each process computing a share of the rows.

    Args:
        progress: called for this process's share.
    """
    name = name or tr("The model")
    if processes.count == 1:
        return predict_numbered(model, documents, progress, name)
    mine = range(processes.index, len(documents), processes.count)
    rows = torch.zeros((len(documents), model.classifier.out_features), dtype=torch.float64)
    if mine:
        own = predict_numbered(model, [documents[i] for i in mine], progress, name)
        rows[list(mine)] = torch.from_numpy(own)
    return processes.sum(rows).numpy()


def launched(environment: Mapping[str, str] = os.environ) -> Processes:
    """The processes that a launcher started, as the environment says.

    Raises:
        UserError: if it says it in a way that cannot be.
    """
    given = [_number(environment, names, default) for names, default in _NUMBERS]
    count, index, local = given
    if not 0 <= index < count or local < 0:
        raise UserError(
            tr(
                "{count}, {index} and {local} say which process this is; {numbers} came.",
                count=COUNT[0],
                index=INDEX[0],
                local=LOCAL[0],
                numbers=", ".join(map(str, given)),
            )
        )
    return Processes(count, index, local)


_NUMBERS = ((COUNT, 1), (INDEX, 0), (LOCAL, 0))


def _number(environment: Mapping[str, str], names: tuple[str, ...], default: int) -> int:
    text = next((environment[name] for name in names if environment.get(name)), str(default))
    return int(text) if text.isdecimal() else -1


def fewer_than_asked(environment: Mapping[str, str] = os.environ) -> str | None:
    """A sentence where a launcher was asked for several processes and this one runs alone."""
    if launched(environment).count > 1 or any(environment.get(name) for name in COUNT):
        return None
    instead = tr("torchrun --nproc_per_node N -m han_core train … starts N that train together.")
    # Accelerate names the place to meet only where several processes were asked for.
    if environment.get("ACCELERATE_MIXED_PRECISION") and environment.get("MASTER_PORT"):
        return tr(
            "accelerate launch was asked for several processes and started one; {instead}",
            instead=instead,
        )
    if (tasks := environment.get("SLURM_STEP_NUM_TASKS", "1")) != "1":
        return tr(
            "SLURM started {tasks} processes that know nothing of each other; {instead}",
            tasks=tasks,
            instead=instead,
        )
    return None


def join(device: torch.device) -> Processes:
    """Meet the other processes of the run; at once where there is one.

    Raises:
        UserError: if the environment does not say where, or nobody is there.
    """
    processes = launched()
    if processes.count == 1 or distributed.is_initialized():
        return processes
    # What is said beside the gradients is on the CPU, whatever the device.
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    try:
        distributed.init_process_group(
            backend, rank=processes.index, world_size=processes.count, timeout=LONGEST_WAIT
        )
    except (ValueError, RuntimeError) as error:
        raise UserError(
            tr(
                "{count} processes are to train together and cannot meet: {reason}.",
                count=processes.count,
                reason=str(error).rstrip("."),
            )
        ) from error
    return processes


def leave() -> None:
    """End what ``join`` began."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def device_name(name: str, processes: Processes) -> str:
    """The device of one process of several that were asked to train on ``asked``.

    Raises:
        UserError: if processes would share what they cannot share.
    """
    if processes.count == 1 or name == "cpu":
        return name
    if name == "auto" and not torch.cuda.is_available():
        return "cpu"
    if name not in ("auto", "cuda"):
        raise UserError(
            tr(
                "Several processes train on --device cpu, or with cuda on a GPU each; {name} came.",
                name=name,
            )
        )
    return f"cuda:{processes.local}"
