"""What can go wrong with a device in the middle of a run, as a sentence.

It knows nothing about runs.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from han_core.wrong_input import WrongInput


@contextmanager
def device_trouble(
    device: torch.device, several: bool, left: Callable[[], str] = lambda: ""
) -> Iterator[None]:
    """What fails within for the device's sake is ``WrongInput``, which ends with ``left()``."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if reason := why_device_failed(error, device, several):
            raise WrongInput(f"{reason} {left()}") from error
        raise


def why_device_failed(error: BaseException, device: torch.device, several: bool) -> str | None:
    """A sentence for an error that is the device's; None for one that is our own.

    Args:
        several: whether other processes take part, which may be gone.
    """
    said = " ".join(str(error).split())
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or _MEMORY.search(said):
        return (
            f"The memory of {device} is not enough for this run: a smaller batch_tokens, or "
            "other device, may do."
        )
    if not isinstance(error, RuntimeError):
        return None
    if isinstance(error, torch.AcceleratorError) or _DEVICE.search(said):
        return f"The device {device} failed: {said[:120]}."
    if several and _OTHERS.search(said):
        return "Another process of this run has gone, and this one cannot go on without it."
    return None


_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory")
_DEVICE = re.compile(r"\b(CUDA|cuDNN|cuBLAS|CUBLAS|CUDNN|NVML|MPS)\b")
_OTHERS = re.compile(r"gloo|NCCL|[Cc]onnection|peer|timed out", re.IGNORECASE)
