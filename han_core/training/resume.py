"""The state of a run that is not over: enough to go on exactly where it stopped.

Model, optimiser, average and random state are tensors in a safetensors file, and the counters
are JSON: nothing is pickled.
"""

import hashlib
import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from han_core.models.architecture import (
    PRETRAINED_SIZES,
    SELF_ATTENTION_SIZES,
    Architecture,
)
from han_core.runtime.atomic_io import read_json
from han_core.runtime.checksums import DamagedFileError, verify_checksum
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.training.cost import batch_budget
from han_core.training.distributed import Processes
from han_core.training.prepare import Prepared, Teaching
from han_core.training.settings import DOMAIN, Settings

TENSORS, COUNTERS = "state.safetensors", "state.json"
OTHER_RUN = mark(
    "The run that has begun there had other data, model or settings; --resume takes "
    "the same command again (more --epochs may be asked for)."
)
UNVERIFIED = mark(
    "The state of this run was written by a version without checksums: whether it is "
    "still as it was written cannot be told."
)
LATER = {
    *SELF_ATTENTION_SIZES, *PRETRAINED_SIZES, *DOMAIN,
    "adversarial", "attention_guide", "crop", "dropout_layers", "guide_against", "layer_norm",
    "layers", "pretrain", "start_share", "virtual_adversarial",
}  # fmt: skip
"""Settings and sizes that the first runs, which must go on, did not have yet."""
ADAM = {"step", "exp_avg", "exp_avg_sq"}  # what AdamW keeps for each parameter


@dataclass(frozen=True)
class RunState:
    """A run between two steps.

    Attributes:
        tensors: by name: ``model.…``, ``best.…`` (once an epoch is over), ``average.…``,
            ``optimizer.…``, ``random.…``, ``teaching.probabilities`` (where teachers
            labelled documents), ``adversary.…`` (where it adapts to a domain), ``guiding.…``
            (where the checkpoint that it started from guides attention), ``start.…`` (where
            its weights have a share in those kept),
            ``pretraining.…`` (before the first step of a run that pretrains).
        counters: what is needed besides: ``history``, ``position`` (in the epoch that is
            not over), ``asked`` (the numbers of epochs asked for, in turn), ``scaler`` (of
            fp16's gradients), ``teaching`` (who the teachers were), ``domains`` (how far apart
            they were before the first step) and the ``fingerprint`` of data, model and settings.
        is_verified: whether it has been compared with its checksums.
    """

    tensors: dict[str, Tensor]
    counters: dict
    is_verified: bool = True

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


def teaching_tensors(teaching: Teaching | None) -> dict[str, Tensor]:
    """The soft labels of a run, so that nobody need be asked again."""
    return {"probabilities": torch.from_numpy(teaching.probabilities)} if teaching else {}


def teaching_of(state: RunState | None) -> Teaching | None:
    """The reverse, of a run that has begun; None where nobody taught it.

    Raises:
        UserError: if it is damaged.
    """
    if not state or not (tensors := state.part("teaching")):
        return None
    try:
        return Teaching(tensors["probabilities"].numpy(), dict(state.counters["teaching"]))
    except (LookupError, ValueError, TypeError) as error:
        raise UserError(tr("The state of the run that has begun there is damaged.")) from error


def read_state(folder: Path) -> RunState:
    """Read the state under ``folder/resume`` and verify its checksums.

    Raises:
        UserError: if there is none or it is damaged.
    """
    path = folder / "resume" / TENSORS
    if not path.is_file():
        raise UserError(
            tr("--resume goes on with a run that has begun; {folder} holds none.", folder=folder)
        )
    try:
        is_verified = all([verify_checksum(path), verify_checksum(path.with_name(COUNTERS))])
    except FileNotFoundError as error:
        raise UserError(
            tr(
                "The run in {folder} cannot go on: it has no {counters}.",
                folder=folder,
                counters=COUNTERS,
            )
        ) from error
    except DamagedFileError as error:
        raise UserError(
            tr(
                "The run in {folder} cannot go on: its state is damaged, and its weights would "
                "be others; begin a new run in another folder.",
                folder=folder,
            )
        ) from error
    counters = read_json(path.with_name(COUNTERS), 50_000_000)
    try:
        if not isinstance(counters, dict):
            raise ValueError(
                f"counters by name expected, {type(counters).__name__} came"  # not shown
            )
        return RunState(load(path.read_bytes()), counters, is_verified)
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(
            tr("The state of the run in {folder} is damaged.", folder=folder)
        ) from error


def fingerprint(prepared: Prepared, architecture: Architecture, settings: Settings) -> str:
    """A digest of all that a run must find unchanged to go on.

    It may get more epochs, and be saved more or less often.
    """
    digest = hashlib.sha256()
    elsewhere = {"teachers", "stretches"}  # what comes of them is among the training documents
    described = {
        **_described(settings, {"epochs", "patience", "save_seconds", *elsewhere}),
        "batch_tokens": batch_budget(prepared.training.lengths, settings.batch_tokens),
        **_described(architecture),
        "labels": prepared.labels,
        "words": prepared.vocabulary.words,
    }
    targets = prepared.training.targets
    if targets is not None:
        described["teachers"] = settings.teachers
        digest.update(targets.tobytes())
    digest.update(json.dumps(described, sort_keys=True).encode())
    for examples in (prepared.training, prepared.validation):
        digest.update(examples.classes.tobytes())
        for document in examples.documents:
            digest.update(document.words.tobytes())
            digest.update(document.sentence_lengths.tobytes())
    target = prepared.target.learning if prepared.target else ()
    for document in (*target, *prepared.untaught):
        digest.update(document.words.tobytes())
        digest.update(document.sentence_lengths.tobytes())
    return digest.hexdigest()


def _described(values: BaseModel, exclude: AbstractSet[str] = frozenset()) -> dict[str, object]:
    """Values by their names; a later one counts where it differs from its default."""
    fields = type(values).model_fields
    return {
        name: value
        for name, value in values.model_dump(exclude=set(exclude)).items()
        if name not in LATER or value != fields[name].default
    }


def prefixed(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def fitting(tensors: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """``tensors``, on the model's device, if they have names, shapes and types of its own.

    Raises:
        ValueError: if they do not.
    """
    own = model.state_dict()
    if _layout(tensors) != _layout(own):
        raise ValueError("the tensors are not those of the model")  # not shown
    return {name: tensor.to(own[name].device) for name, tensor in tensors.items()}


def _layout(tensors: dict[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}


def _trained(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, nn.Parameter]:
    """What the optimiser moves, by name, in the order of its groups."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    return {
        names[parameter]: parameter
        for group in optimizer.param_groups
        for parameter in group["params"]
    }


def optimizer_tensors(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """The optimiser's state by parameter name: ``exp_avg.classifier.weight`` …"""
    return {
        f"{kind}.{name}": tensor
        for name, parameter in _trained(optimizer, model).items()
        for kind, tensor in optimizer.state.get(parameter, {}).items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, model: nn.Module, tensors: dict[str, Tensor]
) -> None:
    """The reverse of ``optimizer_tensors``, however the parameters are grouped.

    Raises:
        KeyError, ValueError: if a tensor belongs to no parameter that is trained, has
            another shape, or some of a parameter's are missing.
    """
    trained = _trained(optimizer, model)
    numbers = {name: number for number, name in enumerate(trained)}
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        kind, _, name = key.partition(".")
        if tensor.ndim and tensor.shape != trained[name].shape:  # the count of steps has no shape
            raise ValueError(
                f"{trained[name].shape} expected for {key}, {tensor.shape} came"  # not shown
            )
        if not tensor.is_floating_point():
            raise ValueError(
                f"numbers with a fraction expected for {key}, {tensor.dtype} came"  # not shown
            )
        state.setdefault(numbers[name], {})[kind] = tensor
    if any(kinds.keys() != ADAM for kinds in state.values()):
        raise ValueError(f"{ADAM} expected for each parameter")  # not shown
    if state and len(state) != len(trained):
        raise ValueError(f"{len(trained)} parameters are trained, {len(state)} came")  # not shown
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def random_tensors(device: torch.device, processes: Processes) -> dict[str, Tensor]:
    """torch's random state in each process: ``0.cpu``, ``0.gpu``, ``1.cpu`` …"""
    own = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        own["gpu"] = torch.cuda.get_rng_state(device)
    return {
        f"{process}.{kind}": state
        for kind, states in own.items()
        for process, state in enumerate(processes.stacked(states))
    }


def restore_random(tensors: dict[str, Tensor], device: torch.device, processes: Processes) -> None:
    """The reverse; a process that there was none of, or a new device, stays as it is.

    Raises:
        KeyError: if there is none for the first process.
    """
    name = f"{processes.index}."
    if processes.main or f"{name}cpu" in tensors:
        torch.set_rng_state(tensors[f"{name}cpu"])
    if device.type == "cuda" and f"{name}gpu" in tensors:
        torch.cuda.set_rng_state(tensors[f"{name}gpu"], device)
