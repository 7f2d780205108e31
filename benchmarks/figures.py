"""Measures, and writes what came of it into ``benchmarks/README.md``.

    python -m benchmarks.figures [NAME …] [--data bundled:classroom@all] [--device cpu]

For an idle machine. Without names all of them, which takes about an hour; each is written as
soon as it is there, between the two comments that carry its name. ``--data`` and ``--device``
are for ``bench``.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch

HERE = Path(__file__).parent
README = HERE / "README.md"
RUNS = {
    "bench": ["han_core", "bench"],
    "bench_whole": ["han_core", "bench", "--whole"],
    "pasted": ["benchmarks.pasted"],
    "pasted_server": ["benchmarks.pasted", "--server"],
    "first_paint": ["benchmarks.first_paint"],
    "evidence": ["benchmarks.evidence"],
    "a_class": ["benchmarks.a_class"],
    "a_class_trouble": ["benchmarks.a_class", "--trouble"],
    "beside_training": ["benchmarks.beside_training"],
    "growth": ["benchmarks.growth"],
}
"""What each name stands for, after ``python -m``."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *RUNS], metavar="NAME")
    parser.add_argument("--data", default="bundled:classroom@all")
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    for name in given.names or RUNS:
        more = ["--data", given.data, "--device", given.device] if name.startswith("bench") else []
        command = ["-m", *RUNS[name], *more]
        print(f"python {' '.join(command)}", file=sys.stderr, flush=True)
        done = subprocess.run(
            [sys.executable, *command], cwd=HERE.parent, stdout=subprocess.PIPE, text=True
        )
        if done.returncode:
            raise SystemExit(f"{name} ended with status {done.returncode}; nothing was written.")
        said = f"{_machine(given.device)}, `python {' '.join(command)}`:"
        text = written(README.read_text(encoding="utf-8"), name, f"{said}\n\n{table(done.stdout)}")
        README.write_text(text, encoding="utf-8")


def table(printed: str) -> str:
    """What a benchmark printed as a Markdown table: one of JSON, or its own."""
    lines = printed.splitlines()
    if own := [line for line in lines if line.startswith("|")]:
        return "\n".join(own)
    rows = [f"| {name} | {value} |" for name, value in _flat(json.loads(lines[-1]))]
    return "\n".join(["| what | figure |", "|---|---|", *rows])


def _flat(found: dict, before: str = "") -> Iterator[tuple[str, str]]:
    """Names and values of JSON; what stands inside carries the names around it."""
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}: ")
        elif value is not None:
            shown = " to ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield before + name, shown


def written(readme: str, name: str, text: str) -> str:
    """``readme`` with ``text`` between the comments that carry ``name``.

    Raises:
        ValueError: if it lacks one of them.
    """
    first, last = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    head, begins, rest = readme.partition(first)
    _, ends, tail = rest.partition(last)
    if not begins or not ends:
        raise ValueError(f"no place for {name}")
    return f"{head}{first}\n{text}\n{last}{tail}"


def _machine(device: str) -> str:
    """When, and on what."""
    name = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).is_file():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    if device.startswith("cuda"):
        name = f"{torch.cuda.get_device_name()} with {name}"
    return f"{time.strftime('%Y-%m-%d')}, {name}, {os.cpu_count()} cores, torch {torch.__version__}"


if __name__ == "__main__":
    main()
