"""The state of a run that is not over: enough to go on exactly where it stopped.

Model, optimiser, average and random state are tensors in a safetensors file, and
the counters are JSON: nothing is pickled. It knows nothing about data or loss.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from han_core.models.architecture import Architecture
from han_core.models.folder import read_json
from han_core.training.batches import batch_budget
from han_core.training.prepare import Prepared
from han_core.training.settings import Settings
from han_core.wrong_input import WrongInput

TENSORS, COUNTERS = "state.safetensors", "state.json"
ADAM = {"step", "exp_avg", "exp_avg_sq"}  # what AdamW keeps for each parameter


@dataclass(frozen=True)
class RunState:
    """A run between two epochs.

    Attributes:
        tensors: by name: ``model.…``, ``best.…``, ``average.…``, ``optimizer.…``, ``random.…``.
        counters: what is needed besides: ``history``, ``asked`` (the numbers of epochs
            asked for, in turn), ``scaler`` (of fp16's gradients) and the
            ``fingerprint`` of data, model and settings.
    """

    tensors: dict[str, Tensor]
    counters: dict

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors under ``name``, by the rest of their names."""
        start = name + "."
        return {k.removeprefix(start): t for k, t in self.tensors.items() if k.startswith(start)}

    def files(self) -> dict[str, bytes]:
        """The state as files for ``save_checkpoint``."""
        tensors = {
            name: tensor.detach().cpu().contiguous().clone()
            for name, tensor in self.tensors.items()
        }
        return {TENSORS: save(tensors), COUNTERS: json.dumps(self.counters).encode()}


def read_state(folder: Path) -> RunState:
    """The state under ``folder/resume``.

    Raises:
        WrongInput: if there is none or it is damaged.
    """
    path = folder / "resume" / TENSORS
    if not path.is_file():
        raise WrongInput(f"--resume goes on with a run that has begun; {folder} holds none.")
    counters = read_json(path.with_name(COUNTERS), 50_000_000)
    try:
        if not isinstance(counters, dict):
            raise ValueError(f"counters by name expected, {type(counters).__name__} came")
        return RunState(load(path.read_bytes()), counters)
    except (SafetensorError, OSError, ValueError) as error:
        raise WrongInput(f"The state of the run in {folder} is damaged.") from error


def fingerprint(prepared: Prepared, architecture: Architecture, settings: Settings) -> str:
    """A digest of all that a run must find unchanged to go on; it may get more epochs."""
    digest = hashlib.sha256()
    told = {
        **settings.model_dump(exclude={"epochs", "patience"}),
        "batch_tokens": batch_budget(prepared.training.lengths, settings.batch_tokens),
        **architecture.model_dump(),
        "labels": prepared.labels,
        "words": prepared.vocabulary.words,
    }
    digest.update(json.dumps(told, sort_keys=True).encode())
    for examples in (prepared.training, prepared.validation):
        digest.update(examples.classes.tobytes())
        for document in examples.documents:
            digest.update(document.words.tobytes())
            digest.update(document.sentence_lengths.tobytes())
    return digest.hexdigest()


def prefixed(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def fitting(tensors: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """``tensors``, on the model's device, if they have the names and shapes of its own.

    Raises:
        ValueError: if they do not.
    """
    own = model.state_dict()
    if {n: t.shape for n, t in tensors.items()} != {n: t.shape for n, t in own.items()}:
        raise ValueError("the tensors are not those of the model")
    return {name: tensor.to(own[name].device) for name, tensor in tensors.items()}


def optimizer_tensors(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """The optimiser's state by parameter name: ``exp_avg.classifier.weight`` …"""
    state = optimizer.state_dict()["state"]
    names = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    return {
        f"{kind}.{names[number]}": tensor
        for number, kinds in state.items()
        for kind, tensor in kinds.items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, model: nn.Module, tensors: dict[str, Tensor]
) -> None:
    """The reverse of ``optimizer_tensors``.

    Raises:
        KeyError, ValueError: if a tensor belongs to no parameter, has another shape, or
            some of a parameter's are missing.
    """
    trained = {n: parameter for n, parameter in model.named_parameters() if parameter.requires_grad}
    names = list(trained)
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        kind, _, name = key.partition(".")
        if tensor.ndim and tensor.shape != trained[name].shape:  # the count of steps has no shape
            raise ValueError(f"{trained[name].shape} expected for {key}, {tensor.shape} came")
        state.setdefault(names.index(name), {})[kind] = tensor
    if any(kinds.keys() != ADAM for kinds in state.values()):
        raise ValueError(f"{ADAM} expected for each parameter")
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def random_tensors() -> dict[str, Tensor]:
    """torch's random state on the CPU and on every GPU."""
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states |= {f"cuda{i}": state for i, state in enumerate(torch.cuda.get_rng_state_all())}
    return states


def restore_random(tensors: dict[str, Tensor]) -> None:
    torch.set_rng_state(tensors["cpu"])
    gpus = [tensors[name] for name in sorted(tensors) if name.startswith("cuda")]
    if gpus and torch.cuda.device_count() == len(gpus):
        torch.cuda.set_rng_state_all(gpus)
