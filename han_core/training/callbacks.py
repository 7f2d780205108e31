"""Callbacks of a run, and sentences for a device that fails in the middle of it."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from han_core.data.prepared import Follow
from han_core.models.checkpoint import Checkpoint
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

Step = Callable[[int, float], None]
"""Called after each batch with its documents and its mean loss. Where an epoch goes on that was
stopped, the first call is of all the documents before."""


class Stopped(Exception):
    """A run was asked to stop, finished its step and saved; the message says where it stands."""


@dataclass(frozen=True)
class StepEvent:
    """A point between two steps of a run.

    Attributes:
        step: steps of the optimiser taken so far; 0 before the first.
        epoch: epochs over so far.
        ends_epoch: whether an epoch has just been validated.
        checkpoint: makes the checkpoint as it would be saved now (averaged and rounded
            where the settings say so), in evaluation mode on the run's device: a copy,
            made when it is called, and of the present weights only until the next step.
        rate, norm: learning rate and length of the gradient of the last step; None before it.
    """

    step: int
    epoch: int
    ends_epoch: bool
    checkpoint: Callable[[], Checkpoint]
    rate: float | None = None
    norm: float | None = None


def _nothing(*_: object) -> None:
    """What is done where nobody listens."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Callbacks:
    """What a run calls while it goes on. With several processes, the first one calls.

    Attributes:
        follow: wraps a loop over texts.
        epoch: called with epoch number and documents; gives what is called after each batch.
        say: called with a sentence.
        moment: called before the first step, after each step, and after each epoch.
        line: called with the history's line of each epoch.
        saved: called with the number of steps whenever they stand on the disk.
        stop: asked after each step, and after each epoch, whether to stop there.
        seen: called in each pass over a batch with the epochs that are over, the numbers of its
            documents, and how likely their classes were (documents,), on the run's device.
    """

    follow: Follow
    epoch: Callable[[int, int], Step]
    say: Callable[[str], None]
    moment: Callable[[StepEvent], None] = _nothing
    line: Callable[[dict], None] = _nothing
    saved: Callable[[int], None] = _nothing
    stop: Callable[[], bool] = _never
    seen: Callable[[int, Sequence[int], Tensor], None] | None = None


UNWATCHED = Callbacks(lambda texts, name: texts, lambda number, documents: _nothing, _nothing)
"""For the other processes of a run."""


@contextmanager
def device_trouble(
    device: torch.device, several: bool, left: Callable[[], str] = lambda: ""
) -> Iterator[None]:
    """What fails within for the device's sake is ``UserError``, which ends with ``left()``."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if reason := why_device_failed(error, device, several):
            raise UserError(f"{reason} {left()}") from error
        raise


def why_device_failed(error: BaseException, device: torch.device, several: bool) -> str | None:
    """A sentence for an error that is the device's; None for one that is our own.

    Args:
        several: whether other processes take part, which may be gone.
    """
    message = " ".join(str(error).split())
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or _MEMORY.search(message):
        return tr(
            "The memory of {device} is not enough for this run: a smaller batch_tokens, or "
            "other device, may do.",
            device=device,
        )
    if not isinstance(error, RuntimeError):
        return None
    if isinstance(error, torch.AcceleratorError) or _DEVICE.search(message):
        return tr("The device {device} failed: {reason}.", device=device, reason=message[:120])
    if several and _OTHERS.search(message):
        return tr("Another process of this run has gone, and this one cannot go on without it.")
    return None


_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory")  # not shown
_DEVICE = re.compile(r"\b(CUDA|cuDNN|cuBLAS|CUBLAS|CUDNN|NVML|MPS)\b")
_OTHERS = re.compile(r"gloo|NCCL|[Cc]onnection|peer|timed out", re.IGNORECASE)  # not shown
