"""Weights to and from a safetensors file.

A file is checked against the shapes that the configuration asks for before any tensor is
read: safetensors itself accepts absurd shapes and values that are not finite.

In "int8" a table of word vectors holds whole numbers of one byte, and beside it, under its name
with ``.scale``, one float16 factor for each row; all other weights are float16.
"""

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

LARGEST_HEADER = 1_000_000  # bytes; a real one has a few thousand
STORED = {"F32": 4, "F16": 2, "I8": 1}  # bytes in a number
SCALE = ".scale"
TABLE = 1_000  # rows from which a matrix is taken for a table of word vectors

Precision = Literal["float32", "float16", "int8"]


def write_weights(path: Path, weights: Mapping[str, Tensor], stored: Precision) -> None:
    """Write ``weights`` in a precision."""
    tensors = dict[str, Tensor]()
    for name, weight in weights.items():
        tensors |= _stored(name, weight.detach().cpu(), stored)
    save_file(tensors, path)


def rounded(weight: Tensor, stored: Precision) -> Tensor:
    """Return a copy of ``weight`` in float32 as it comes back from a file of that precision."""
    return _restored("", _stored("", weight.detach(), stored))


def _stored(name: str, weight: Tensor, stored: Precision) -> dict[str, Tensor]:
    if stored != "int8":
        return {name: weight.to(getattr(torch, stored), copy=True).contiguous()}
    if weight.dim() != 2 or len(weight) < TABLE:
        return {name: weight.half().contiguous()}
    # A row of zeros takes any factor; this one is the least that float16 has in full precision.
    factors = (weight.abs().amax(1) / 127).clamp(min=2**-14).half()  # (words,)
    numbers = (weight / factors.float()[:, None]).round().clamp(-127, 127)
    return {name: numbers.to(torch.int8).contiguous(), name + SCALE: factors}


def _restored(name: str, tensors: Mapping[str, Tensor]) -> Tensor:
    weight = tensors[name].float()
    return weight * tensors[name + SCALE].float()[:, None] if name + SCALE in tensors else weight


def read_weights(path: Path, expected: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of ``path`` as float32.

    Args:
        expected: a tensor (on any device, meta too) for each name; shapes count.

    Raises:
        UserError: if the file is missing, truncated, does not fit, or holds
            values that are not finite.
    """
    where = tr("{file} in {folder}", file=path.name, folder=path.parent.name)
    check_weights(path, {name: tuple(tensor.shape) for name, tensor in expected.items()})
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise UserError(tr("{where} is damaged or truncated.", where=where)) from error
    weights = {name: _restored(name, tensors) for name in expected}
    for name, tensor in weights.items():
        if not torch.isfinite(tensor).all():
            raise UserError(
                tr("{where}: {name} holds values that are not finite.", where=where, name=name)
            )
    return weights


def check_weights(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Check that a file holds exactly tensors of these shapes, by its header and its size alone.

    Raises:
        UserError: if the file is missing, truncated or does not fit.
    """
    where = tr("{file} in {folder}", file=path.name, folder=path.parent.name)
    stored, expected_size = _header(path, where)
    # A table in bytes has its factors beside it; nothing else may be in bytes.
    tables = {name for name, (dtype, _) in stored.items() if dtype == "I8" and name in shapes}
    shapes = {**shapes, **{name + SCALE: shapes[name][:1] for name in tables}}
    for name in sorted(shapes.keys() ^ stored.keys()):
        raise UserError(
            tr(
                "{where} does not fit its configuration: {name} is missing or unexpected.",
                where=where,
                name=name,
            )
        )
    for name, (dtype, shape) in stored.items():
        fits = dtype in STORED and (dtype != "I8" or name in tables)
        if not fits or shape != list(shapes[name]):
            raise UserError(
                tr(
                    "{where} does not fit its configuration: {name} should be {list} "
                    "and is {dtype} "
                    "{shape}.",
                    where=where,
                    name=name,
                    list=list(shapes[name]),
                    dtype=dtype,
                    shape=shape,
                )
            )
        expected_size += prod(shape) * STORED[dtype]
    if path.stat().st_size != expected_size:
        raise UserError(tr("{where} is damaged or truncated.", where=where))


def _header(path: Path, where: str) -> tuple[dict[str, tuple[str, list[int]]], int]:
    """Type and shape of every tensor, and where the first one starts."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if not 2 <= size <= LARGEST_HEADER:
                raise UserError(tr("{where} is not a safetensors file.", where=where))
            header = json.loads(file.read(size))
        stored = {
            name: (str(entry["dtype"]), entry["shape"])
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except FileNotFoundError as error:
        raise UserError(
            tr("{name} has no {name_2}.", name=path.parent.name, name_2=path.name)
        ) from error
    except (OSError, ValueError, RecursionError, AttributeError, TypeError, KeyError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(tr("{where} is damaged or truncated.", where=where)) from error
    return stored, 8 + size
