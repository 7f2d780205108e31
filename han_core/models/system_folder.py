"""Systems beside the text classifiers: what one declares, and its checkpoint folder.

A folder has the files of a text classifier's (``checkpoint``) but a vocabulary, and its
``config.json`` names the system. It is hostile until proven otherwise in the same way.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor, nn

import han_core
from han_core.models.checkpoint import (
    CONFIG,
    HISTORY,
    METRICS,
    WEIGHTS,
    find_folder,
    read_metrics,
)
from han_core.models.registry import WithoutDrawing
from han_core.models.weights import read_weights, write_weights
from han_core.runtime.atomic_io import checksum, current_folder, read_json, whole_folder, write_json
from han_core.runtime.checksums import write_checksum
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

Ability = Literal["attention", "deletion", "gradient", "what-if"]
"""What a system offers beyond a prediction."""


class SystemConfig(BaseModel):
    """What every system's configuration has; its own class adds sizes and input.

    Attributes:
        system: the name under which it is registered.
        labels: the classes; empty where the output is no class.
        sha256: of the weights' file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    library: str = f"hanscope {han_core.__version__}"
    system: str
    labels: tuple[str, ...] = ()
    weights: Literal["float32", "float16"] = "float32"
    sha256: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class System:
    """Everything that the rest of the program asks about a system.

    Attributes:
        name: as configurations and commands spell it.
        title: as readers see it.
        input, output: what goes in and comes out, for readers.
        config: the class of its configuration.
        build: makes the module with random weights.
        commands: the module with its ``train``, ``evaluate`` and ``explain``.
        page: the page that shows it.
        use: the command that runs it on new input, from ``--input``.
        worker: the module that trains it as a job, from its page; "" where the page does not.
        abilities: what it offers beyond a prediction.
    """

    name: str
    title: str
    input: str
    output: str
    config: type[SystemConfig]
    build: Callable[..., nn.Module]
    commands: str
    page: str
    abilities: frozenset[Ability]
    use: str = "explain"
    worker: str = ""


@dataclass(frozen=True)
class SystemCheckpoint:
    """A model and all that is needed to use it; in evaluation mode, float32."""

    name: str
    config: SystemConfig
    model: nn.Module
    metrics: dict

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device


def system_named_in(folder: Path) -> str | None:
    """Return the name of the system in a folder's configuration; None of a text classifier.

    Raises:
        UserError: if there is no configuration that can be read.
    """
    content = read_json(folder / CONFIG)
    name = content.get("system") if isinstance(content, dict) else None
    return name if isinstance(name, str) else None


def save_system(
    folder: Path,
    config: SystemConfig,
    weights: Mapping[str, Tensor],
    metrics: dict,
    history: Sequence[dict],
    resume: Mapping[str, bytes] | None = None,
) -> None:
    """Write a whole folder or nothing; ``resume`` adds files under ``resume/``."""
    with whole_folder(folder) as new:
        write_weights(new / WEIGHTS, dict(weights), config.weights)
        sums = {WEIGHTS: checksum(new / WEIGHTS)}
        write_json(new / CONFIG, config.model_copy(update={"sha256": sums}).model_dump())
        write_json(new / METRICS, metrics)
        lines = "".join(json.dumps(epoch) + "\n" for epoch in history)
        (new / HISTORY).write_text(lines, encoding="utf-8")
        for name, content in (resume or {}).items():
            (new / "resume").mkdir(exist_ok=True)
            (new / "resume" / name).write_bytes(content)
            write_checksum(new / "resume" / name)


def load_system(
    folder: str | Path, system: System, device: torch.device | str = "cpu"
) -> SystemCheckpoint:
    """Load a folder, or a checkpoint of ``checkpoints_root`` by its name.

    Raises:
        UserError: if it is another system's, a file is missing or damaged, or the parts do not
            fit.
    """
    named = find_folder(folder)
    folder = current_folder(named)
    config = read_system_config(folder, system)
    if config.sha256.get(WEIGHTS) not in (None, _checksum(folder)):
        raise UserError(
            tr(
                "{weights} in {name} is damaged: its checksum is wrong.",
                weights=WEIGHTS,
                name=named.name,
            )
        )
    model = blank_system(config, system)
    model.load_state_dict(read_weights(folder / WEIGHTS, model.state_dict()), assign=True)
    model = model.to(device).eval().requires_grad_(True)
    return SystemCheckpoint(named.name, config, model, read_metrics(folder))


def blank_system(config: SystemConfig, system: System) -> nn.Module:
    """Return the module with shapes and no memory, on torch's meta device."""
    with torch.device("meta"), WithoutDrawing():
        return system.build(config)


def read_system_config(folder: Path, system: System) -> SystemConfig:
    """Return the configuration of a folder.

    Raises:
        UserError: names the field that is wrong.
    """
    try:
        return system.config.model_validate(read_json(folder / CONFIG))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "it"
        message = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise UserError(
            tr(
                "{config} in {name} does not fit: {field}: {message}.",
                config=CONFIG,
                name=folder.name,
                field=field,
                message=message,
            )
        ) from error


def _checksum(folder: Path) -> str:
    if not (folder / WEIGHTS).is_file():
        raise UserError(tr("{name} has no {weights}.", name=folder.name, weights=WEIGHTS))
    return checksum(folder / WEIGHTS)
