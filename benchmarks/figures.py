"""Run benchmarks and write their results into ``benchmarks/README.md``.

    python -m benchmarks.figures [NAME …] [--data bundled:classroom@all] [--device cpu]

For an idle machine. Without names all of them, which takes about an hour; each result is written
as soon as it is there, between the two comments that carry its name. ``--data`` and ``--device``
are for ``bench``.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch

HERE = Path(__file__).parent
README = HERE / "README.md"
RUNS = {
    "bench": ["han_core", "bench"],
    "bench_whole": ["han_core", "bench", "--whole"],
    "pasted": ["benchmarks.pasted"],
    "pasted_server": ["benchmarks.pasted", "--server"],
    "first_paint": ["benchmarks.pasted", "--start"],
    "evidence": ["benchmarks.evidence"],
    "a_class": ["benchmarks.a_class"],
    "a_class_trouble": ["benchmarks.a_class", "--trouble"],
    "beside_training": ["benchmarks.beside_training"],
    "growth": ["benchmarks.growth"],
    "growth_attention": ["benchmarks.growth", "--attention"],
}
"""The command of each name, after ``python -m``."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *RUNS], metavar="NAME")
    parser.add_argument("--data", default="bundled:classroom@all")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    of_bench = ["--data", options.data, "--device", options.device]
    for name in options.names or RUNS:
        command = ["-m", *RUNS[name], *(of_bench if name.startswith("bench") else [])]
        print(f"python {' '.join(command)}", file=sys.stderr, flush=True)
        done = subprocess.run(
            [sys.executable, *command], cwd=HERE.parent, stdout=subprocess.PIPE, text=True
        )
        if done.returncode:
            raise SystemExit(f"{name} ended with status {done.returncode}; nothing was written.")
        heading = f"{_machine(options.device)}, `python {' '.join(command)}`:"
        text = f"{heading}\n\n{output_table(done.stdout)}"
        readme = replace_section(README.read_text(encoding="utf-8"), name, text)
        README.write_text(readme, encoding="utf-8")


def output_table(output: str) -> str:
    """Return the table that a benchmark printed, or its last line of JSON as a table."""
    lines = output.splitlines()
    if own := [line for line in lines if line.startswith("|")]:
        return "\n".join(own)
    return markdown_table(("what", "figure"), _flatten(json.loads(lines[-1])))


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown; a list becomes "a to b", None an empty cell."""
    cells = [head, ["---"] * len(head), *([_cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return " to ".join(map(_cell, value))
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


def _flatten(figures: dict, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield names and values of nested JSON; a name carries the names around it."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}: ")
        elif value is not None:
            yield prefix + name, value


def replace_section(readme: str, name: str, text: str) -> str:
    """Return ``readme`` with ``text`` between the comments that carry ``name``.

    Raises:
        ValueError: if it lacks one of them.
    """
    first, last = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    head, begins, rest = readme.partition(first)
    _, ends, tail = rest.partition(last)
    if not begins or not ends:
        raise ValueError(f"the README has no section for {name}")
    return f"{head}{first}\n{text}\n{last}{tail}"


def _machine(device: str) -> str:
    """Return the date, processor and version of torch."""
    name = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).is_file():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    if device.startswith("cuda"):
        name = f"{torch.cuda.get_device_name()} with {name}"
    return f"{time.strftime('%Y-%m-%d')}, {name}, {os.cpu_count()} cores, torch {torch.__version__}"


if __name__ == "__main__":
    main()
