"""Load a stranger's checkpoint once in a child process, before it moves in.

A zip of a few megabytes can hold weights that take gigabytes, so the server that everybody
uses never is the first to read them. The child has limits on memory and time, and answers with
nothing, or with the sentence that says what is wrong.
"""

import threading
from pathlib import Path
from typing import Any

from torch import nn

from han_core.data.sandbox import Limits, NoAnswer, answer_parent, confine, run_in_child
from han_core.data.table import Table
from han_core.models.checkpoint import load_checkpoint, read_config
from han_core.models.predict import predict
from han_core.models.registry import blank_model, count_parameters
from han_core.models.system_folder import (
    blank_system,
    load_system,
    read_system_config,
    system_named_in,
)
from han_core.models.systems import find_system
from han_core.runtime.errors import UserError, gibibytes
from han_core.runtime.messages import tr

LARGEST_LOADED = 2**30
"""Bytes that an imported checkpoint's weights may take in memory, as float32."""

LIMITS = Limits(memory=5 * LARGEST_LOADED, processor_seconds=120, wall_seconds=240.0)
_PLACE = threading.BoundedSemaphore(1)


def check_import(folder: Path) -> None:
    """Load the checkpoint of ``folder`` in a child process; one of texts predicts once.

    Raises:
        UserError: if it is damaged, does not fit, or needs more memory than ``LARGEST_LOADED``.
    """
    request = {"folder": str(folder)}
    environment = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    try:
        with _PLACE:
            run_in_child(__name__, request, seconds=LIMITS.wall_seconds, environment=environment)
    except NoAnswer as error:
        raise UserError(
            tr(
                "{name} made the process that checks it stop: it is damaged, or needs more than "
                "{gibibytes} of memory.",
                name=folder.name,
                gibibytes=gibibytes(LIMITS.memory),
            )
        ) from error


def check_size(folder: Path) -> None:
    """Refuse weights that take too much memory, by the configuration alone.

    Raises:
        UserError: names both sizes.
    """
    size = 4 * count_parameters(_blank(folder))
    if size > LARGEST_LOADED:
        raise UserError(
            tr(
                "Weights of at most {gibibytes} are expected; those of {name} take {gibibytes_2}.",
                gibibytes=gibibytes(LARGEST_LOADED),
                name=folder.name,
                gibibytes_2=gibibytes(size),
            )
        )


def _blank(folder: Path) -> nn.Module:
    """The model of ``folder`` with shapes and no memory."""
    if (name := system_named_in(folder)) is None:
        return blank_model(read_config(folder).architecture)
    system = find_system(name)
    return blank_system(read_system_config(folder, system), system)


def _check_in_child(request: dict[str, Any]) -> Table:
    folder = Path(request["folder"])
    confine(LIMITS)
    try:
        check_size(folder)
        if (name := system_named_in(folder)) is None:
            predict(load_checkpoint(folder), ["A text."])
        else:
            load_system(folder, find_system(name))
    except (MemoryError, RuntimeError) as error:  # torch's allocator raises the latter
        raise UserError(
            tr("{name} needs more memory than is given to it.", name=folder.name)
        ) from error
    return Table(folder.name, {"checkpoint": (folder.name,)})


if __name__ == "__main__":
    answer_parent(_check_in_child)
