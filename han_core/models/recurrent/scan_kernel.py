"""Build, load and call the scans of ``scan_kernel.c``: GRU and LSTM on a CPU, in single precision.

``python -m han_core.models.recurrent.scan_kernel`` builds it beside its source, as ``make install``
does; ``HANSCOPE_KERNEL=0`` switches it off. Where it is missing, PyTorch computes the same.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from han_core.models.recurrent.scan_plan import ScanPlan, doubled
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

SOURCE = Path(__file__).with_suffix(".c")
SWITCH = "HANSCOPE_KERNEL"
FLAGS = ("-O3", "-shared", "-fPIC", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math")
WORTH = 2_000
"""Steps of all sequences from which on a thread for each direction is quicker than one."""

Weights = Sequence[Sequence[Tensor]]
"""Of both directions: input and recurrent weights, input and recurrent biases."""


def built_file() -> Path:
    """Return where this source is built to: another source, another file."""
    told = SOURCE.read_bytes() + " ".join((*FLAGS, sysconfig.get_platform())).encode()
    return SOURCE.with_name(f"{SOURCE.stem}-{hashlib.sha256(told).hexdigest()[:16]}.so")


def build() -> Path:
    """Compile the source where that has not been done, and remove what older sources became.

    Raises:
        UserError: if there is no C compiler, or it fails.
    """
    target = built_file()
    if target.exists():
        return target
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise UserError(tr("there is no C compiler."))
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as folder:
        new = Path(folder) / target.name
        command = [compiler, *FLAGS, str(SOURCE), "-o", str(new)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode or not new.exists():
            lines = [line for line in done.stderr.splitlines() if "error" in line]
            reason = next(iter(lines), str(done.returncode)).strip()
            raise UserError(tr("{compiler} failed: {reason}", compiler=compiler, reason=reason))
        os.replace(new, target)
    for older in target.parent.glob(f"{SOURCE.stem}-*.so"):
        if older != target:
            older.unlink(missing_ok=True)
    return target


@cache
def _found(switch: str | None) -> ctypes.CDLL | None:
    if switch == "0":
        return None
    try:
        return ctypes.CDLL(str(built_file()))
    except OSError:
        return None


def kernel() -> ctypes.CDLL | None:
    """Return the library; None where it has not been built, cannot be loaded or is switched off."""
    return _found(os.environ.get(SWITCH))


forget = _found.cache_clear
"""Look for the library anew."""


def name() -> str:
    """Say what computes recurrent layers on this machine's CPU."""
    library = kernel()
    return "PyTorch" if library is None else f"C, {library.lanes()} numbers at a time"


def usable(*tensors: Tensor) -> bool:
    """Return whether the kernel computes with these."""
    plain = all(t.device.type == "cpu" and t.dtype == torch.float32 for t in tensors)
    return plain and kernel() is not None


class _Scan(ctypes.Structure):
    """``struct scan`` of the source, which says what each one is."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("direction", "part", "parts", "hidden", "sequences")),
        *((name, ctypes.c_void_p) for name in ("lengths", "rows", "before", "inputs")),
        ("input_stride", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("weight", "bias", "states")),
        ("state_stride", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("saved", "cells", "gradient", "flowing")),
        ("bias_gradient", ctypes.c_void_p),
    )


def _parts(steps: int) -> int:
    """Return how many threads each direction gets."""
    return max(1, torch.get_num_threads() // 2) if steps >= WORTH else 1


def _run(
    work: str,
    lengths: Tensor,
    both: dict[str, Tensor],
    rows: Tensor | None = None,
    before: Tensor | None = None,
    parts: int = 1,
) -> None:
    """Call ``work``; on threads where torch has several and there is enough to do.

    Args:
        lengths: as the source has them; so are ``rows`` and ``before``.
        both: by the names of the source, (2, …) of each direction, contiguous but for rows that
            stand further apart.

    Raises:
        MemoryError: if there is too little for what a block holds.
    """
    hidden, states = both["weight"].shape[2], both["states"]
    scans = [
        _Scan(
            direction=direction,
            part=part,
            parts=parts,
            hidden=hidden,
            sequences=len(lengths),
            lengths=lengths.data_ptr(),
            rows=None if rows is None else rows.data_ptr(),
            before=None if before is None else before.data_ptr(),
            input_stride=both["inputs"].stride(1) if "inputs" in both else 0,
            state_stride=states.stride(1),
            **{name: each[direction].data_ptr() for name, each in both.items()},
        )
        for direction in (0, 1)
        for part in range(parts)
    ]
    library, several = kernel(), torch.get_num_threads() > 1 and states.shape[1] >= WORTH
    cell = "lstm" if both["weight"].shape[1] == 4 * hidden else "gru"
    function = getattr(library, f"{cell}_{work}")
    if several:
        with ThreadPoolExecutor(len(scans)) as pool:
            failed = list(pool.map(function, map(ctypes.byref, scans)))
    else:
        failed = [function(ctypes.byref(scan)) for scan in scans]
    if any(failed):
        raise MemoryError(f"too little memory for states of {hidden} numbers")


def table_states(
    table: Tensor, weights: Weights, lengths: Tensor, index: Tensor | None = None
) -> Tensor:
    """Return states (steps, 2 × hidden) of sequences that stand one after another.

    Args:
        table: (2, rows, gates) projected inputs of both directions, with their biases; in those
            of an LSTM g is ``doubled``.
        lengths: (sequences,) steps in each, at least 1.
        index: (steps,) the row of ``table`` at each step; None where there are as many.
    """
    (lengths, steps), both = _checked(lengths), _table(table, weights)
    if index is not None:
        index = _rows(index, steps, table.shape[1])
    elif table.shape[1] != steps:
        raise ValueError(f"{steps} rows expected, {table.shape[1]} came")
    states = table.new_empty(steps, 2 * both["weight"].shape[2])
    both["states"] = _sides(states)
    _run("forward", lengths, both, index, parts=_parts(steps))
    return states


def plan_states(table: Tensor, weights: Weights, index: Tensor, plan: ScanPlan) -> Tensor:
    """Return states (2, readings, hidden) of a plan; arguments as ``table_states``."""
    assert plan.before is not None
    both, readings, rows = _table(table, weights), sum(plan.sizes), table.shape[1]
    both["states"] = table.new_empty(2, readings, both["weight"].shape[2])
    both["cells"] = torch.empty_like(both["states"])
    read = _rows(index.repeat(2)[plan.reads], 2 * readings, rows)
    _run("plan", torch.tensor(plan.sizes), both, read, plan.before)
    return both["states"]


def _table(table: Tensor, weights: Weights) -> dict[str, Tensor]:
    """What a scan without a gradient reads; the table holds all biases but a GRU's recurrent."""
    (_, first, _, bias), (_, second, _, other) = weights
    recurrent = torch.stack((first, second))
    (gates, hidden), biases = recurrent.shape[1:], table.new_zeros(2, 4 * recurrent.shape[2])
    if table.shape[0] != 2 or table.shape[2] != gates:
        raise ValueError(f"a table of {gates} gates expected, {table.shape[2]} came")
    if gates == 4 * hidden:
        doubled(recurrent, 1)
    else:
        biases[0, :gates], biases[1, :gates] = bias, other
    return {"inputs": table.contiguous(), "weight": recurrent, "bias": biases}


def _checked(lengths: Tensor) -> tuple[Tensor, int]:
    """Return lengths as the source reads them, and the steps of all sequences."""
    if int(lengths.min()) < 1:
        raise ValueError("sequences of at least one step expected")
    return lengths.long().contiguous(), int(lengths.sum())


def _rows(rows: Tensor, count: int, among: int) -> Tensor:
    """Return ``rows``; C reads what stands there without another look.

    Raises:
        ValueError: if there are others than ``count``, or one that is not among those there are.
    """
    if len(rows) != count or not 0 <= int(rows.min()) <= int(rows.max()) < among:
        raise ValueError(f"{count} rows below {among} expected")
    return rows.long().contiguous()


def _sides(states: Tensor) -> Tensor:
    """(steps, 2 × hidden) → (2, steps, hidden), in the same memory."""
    return states.unflatten(1, (2, -1)).transpose(0, 1)


def trained_states(steps: Tensor, lengths: Tensor, weights: Weights) -> Tensor:
    """Return states (steps, 2 × hidden) of a layer, with a gradient.

    Args:
        steps: (steps, features) sequences one after another.
        lengths: (sequences,) steps in each, at least 1.
    """
    lengths, total = _checked(lengths)
    if total != len(steps):
        raise ValueError(f"lengths that add up to {len(steps)} expected")
    return _TrainedScan.apply(steps, lengths, *weights[0], *weights[1])


class _TrainedScan(torch.autograd.Function):
    """The projection of a layer's inputs, its scan, and their gradients.

    Gates stand in four parts of (2, steps, 4 × hidden): a GRU's in three, and in the last one the
    recurrent product of n, whose gradient that of the recurrent weights is made of.
    """

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx, steps: Tensor, lengths: Tensor, *weights: Tensor) -> Tensor:
        inward, recurrent, bias = _forward_weights(weights)
        (gates, hidden), many = recurrent.shape[1:], len(steps)
        saved = steps.new_empty(2, many, 4 * hidden)
        for direction in (0, 1):
            torch.mm(steps, inward[direction].t(), out=saved[direction, :, :gates])
        states = steps.new_empty(many, 2 * hidden)
        cells = torch.empty_like(states) if gates == 4 * hidden else states
        both = {"inputs": saved, "weight": recurrent, "bias": bias, "states": _sides(states)}
        both |= {"saved": saved, "cells": _sides(cells)}
        _run("forward", lengths, both, parts=_parts(many))
        ctx.save_for_backward(steps, lengths, states, cells, saved, *weights)
        return states

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        steps, lengths, states, cells, saved, *weights = ctx.saved_tensors
        recurrent = torch.stack((weights[1], weights[5]))
        (gates, hidden), parts = recurrent.shape[1:], _parts(len(steps))
        flowing = torch.empty_like(saved)
        of_bias = flowing.new_zeros(2, parts, 4 * hidden)
        both = {"weight": recurrent, "states": _sides(states), "cells": _sides(cells)}
        both |= {"gradient": _sides(gradient.contiguous()), "saved": saved, "flowing": flowing}
        _run("backward", lengths, {**both, "bias_gradient": of_bias}, parts=parts)
        found: list[Tensor | None] = []
        earlier = _earlier(states, lengths)
        for direction, bias in enumerate(of_bias.sum(1)):
            of_gates = flowing[direction, :, :gates].t()
            product = flowing[direction].t() @ earlier[direction]
            if gates == 4 * hidden:
                found += (of_gates @ steps, product, bias, bias)
            else:
                kept = torch.cat((product[: 2 * hidden], product[3 * hidden :]))
                other = torch.cat((bias[: 2 * hidden], bias[3 * hidden :]))
                found += (of_gates @ steps, kept, bias[:gates], other)
        of_steps = None
        if ctx.needs_input_grad[0]:
            of_steps = flowing[0, :, :gates] @ weights[0]
            of_steps.addmm_(flowing[1, :, :gates], weights[4])
        return of_steps, None, *found


def _forward_weights(weights: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """(2, …) input weights, recurrent weights and biases, as the source's forward scans want them.

    Args:
        weights: of one direction and then the other, under the names of ``nn.GRU``.
    """
    inward, recurrent, first, second = map(torch.stack, zip(weights[:4], weights[4:], strict=True))
    hidden = recurrent.shape[2]
    if recurrent.shape[1] == 4 * hidden:
        return doubled(inward, 1), doubled(recurrent, 1), doubled(first + second, 1)
    both = first[:, : 2 * hidden] + second[:, : 2 * hidden]
    bias = torch.cat((both, second[:, 2 * hidden :], first[:, 2 * hidden :]), dim=1)
    return inward, recurrent, bias


def _earlier(states: Tensor, lengths: Tensor) -> Tensor:
    """(2, steps, hidden) the state that each one goes on from, 0 at a sequence's beginning."""
    forward, backward = states.chunk(2, dim=1)
    earlier = states.new_empty(2, *forward.shape)
    earlier[0, 1:], earlier[1, :-1] = forward[:-1], backward[1:]
    ends = lengths.cumsum(0)
    earlier[0, ends - lengths] = 0
    earlier[1, ends - 1] = 0
    return earlier


def main() -> None:
    """Build it, or say in one line why not."""
    try:
        build()
    except UserError as error:
        print(tr("PyTorch computes recurrent layers, more slowly: {error}", error=error))


if __name__ == "__main__":
    main()
