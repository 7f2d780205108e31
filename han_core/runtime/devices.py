"""Which devices there are, and how to name one.

Names are those of the command line: auto, cpu, cuda, cuda:N, mps.
"""

import re

import psutil
import torch

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr


def available_devices() -> list[str]:
    """Names that can be chosen here, the one that ``auto`` prefers first."""
    cuda = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return [*cuda, *mps, "cpu"]


def choose_device(name: str = "auto") -> torch.device:
    """The device called ``name``; ``auto`` prefers CUDA, then MPS, then CPU.

    On CUDA, float32 is computed as float32 from then on, in all of the process.

    Raises:
        UserError: if the name is none of these or the device is not there.
    """
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,3})?", name):
        raise UserError(
            tr("A device is auto, cpu, cuda, cuda:N or mps; {name!r} came.", name=name[:40])
        )
    there = available_devices()
    chosen = {"auto": there[0], "cuda": "cuda:0"}.get(name, name)
    if chosen not in there:
        raise UserError(
            tr("There is no device {name} here; there is {join}.", name=name, join=", ".join(there))
        )
    if chosen.startswith("cuda"):
        # By default cuDNN's recurrent layers round to TF32, which keeps three digits: a document
        # alone and in company would differ by more than 1e-5. bf16 is chosen apart from this.
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
    return torch.device(chosen)


def describe_device(name: str) -> str:
    """``name`` for people: with the model of the GPU where there is one."""
    if name.startswith("cuda"):
        return f"{name} ({torch.cuda.get_device_name(name)})"
    return {"cpu": "CPU", "mps": "Apple GPU (mps)"}.get(name, name)


def available_memory(device: torch.device) -> int:
    """Bytes that are free on ``device``; where that is not known, of the machine."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


def mixed_precision(name: str, device: torch.device) -> str:
    """The mixed precision called ``name`` on ``device``, in Accelerate's words."""
    if name == "auto":
        return "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "no"
    if name == "fp16" and device.type != "cuda":
        raise UserError(
            tr("fp16 needs a CUDA GPU; on {type} there are no and bf16.", type=device.type)
        )
    return name
