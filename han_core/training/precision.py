"""Whether a device can train a model in bfloat16; a tiny model's training step answers it.

Some processors lack it for some layers: oneDNN has no LSTM in bfloat16 for x86 without AVX-512.
"""

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from han_core.models.architecture import Architecture
from han_core.models.registry import build_model
from han_core.runtime.devices import describe_device, mixed_precision
from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument, collate
from han_core.training.callbacks import device_trouble

TINY = {"vocabulary_size": 4, "classes": 2, "embedding": 3, "hidden": 2, "attention_size": 2}


def check_precision(name: str, model: str, device: torch.device) -> None:
    """Refuse a mixed precision in which ``device`` cannot train ``model``.

    Raises:
        UserError: if the device lacks fp16 or bf16, or fails.
    """
    mixed_precision(name, device)
    # "auto" is always a precision that the device has.
    if name == "bf16" and not trains_in_bf16(model, device):
        raise UserError(
            f"This device ({describe_device(str(device))}) cannot train {model} with "
            "mixed_precision=bf16: set mixed_precision=no, or choose another device to resume a "
            "run that began with bf16."
        )


def trains_in_bf16(model: str, device: torch.device) -> bool:
    """Return whether a forward and a backward pass of a tiny model succeed in bfloat16.

    Raises:
        UserError: if the device has no memory left or fails.
    """
    words = np.array([2, 3, 2], dtype=np.int32)
    sentences = (np.array([3], dtype=np.int32), np.array([1, 2], dtype=np.int32))
    batch = collate([NumberedDocument(words, lengths) for lengths in sentences]).to(device)
    targets = torch.tensor([0, 1], device=device)
    try:
        with device_trouble(device, several=False), torch.random.fork_rng(devices=[]):
            network = build_model(Architecture.model_validate({"model": model, **TINY})).to(device)
            with torch.autocast(device.type, torch.bfloat16):
                logits = network(batch).logits
            cross_entropy(logits.float(), targets).backward()
    except RuntimeError:  # device_trouble has taken memory and broken devices out
        return False
    return True
