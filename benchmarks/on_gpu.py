"""Everything that needs a GPU, in under ten minutes: tests, models, mixed precision and bench.

    python -m benchmarks.on_gpu --out DIR [--device cuda] [--budget 540]
    python -m benchmarks.on_gpu --out DIR --device cpu --quick

On a machine without packages, ``benchmarks/on_gpu.sh DIR`` installs them first. Each step is a
process with a time limit of its own: one that fails or takes too long is recorded with its reason,
and the others go on. Writes ``on_gpu.json`` and ``on_gpu.md`` into DIR after every step.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import torch

from benchmarks.figures import markdown_table
from benchmarks.model_speed import KINDS, QUICK_KINDS, write_documents
from han_core.runtime.atomic_io import write_atomically, write_json
from han_core.runtime.devices import choose_device, describe_device
from han_core.runtime.errors import UserError

ROOT = Path(__file__).parents[1]
PYTHON = [sys.executable, "-m"]
BUDGET = 540
SHORTEST = 5
"""Seconds; a step that has fewer left is not begun."""

COLUMNS = {
    "model": "model",
    "attention": "attention",
    "mixed_precision": "mixed precision",
    "train_documents_per_second": "training, documents/s",
    "train_vs_textbook": "× textbook",
    "train_peak_mb": "peak MB",
    "predict_documents_per_second": "prediction, documents/s",
    "predict_vs_textbook": "× textbook",
    "predict_peak_mb": "peak MB",
    "reason": "remark",
}


@dataclass(frozen=True)
class Step:
    """A command with a time limit, and how to read its result.

    Attributes:
        limit: seconds.
        read: takes the standard output, complete or not, and returns entries of the report.
    """

    name: str
    command: list[str]
    limit: float
    read: Callable[[str], dict]


def main() -> int:
    options = _options()
    started = time.monotonic()
    try:
        device = choose_device(options.device)
    except UserError as error:
        print(f"{error} --device cpu --quick runs the same steps in a small form.", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    report = {**_machine(device), "quick": options.quick, "budget_seconds": options.budget,
              "steps": [], "tests": None, "models": [], "bench": None, "whole": None}  # fmt: skip
    if report["note"]:
        print(report["note"], file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        for step in steps(str(device), options.quick, Path(folder)):
            print(step.name, file=sys.stderr, flush=True)
            left = options.budget - (time.monotonic() - started)
            run_step(step, left, report, Path(folder))
            report["seconds"] = round(time.monotonic() - started, 1)
            write_json(options.out / "on_gpu.json", report)
            write_atomically(options.out / "on_gpu.md", markdown(report).encode())
    print(markdown(report))
    return int(any(step["state"] == "failed" for step in report["steps"]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--device", default="cuda", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--budget", type=float, default=BUDGET, metavar="SECONDS", help="for all")
    parser.add_argument("--quick", action="store_true", help="a small form of every step")
    return parser.parse_args()


def _machine(device: torch.device) -> dict[str, object]:
    gpu = device.type == "cuda"
    return {
        "date": time.strftime("%Y-%m-%d"),
        "device": str(device),
        "device_name": describe_device(str(device)),
        "device_memory_mb": round(torch.cuda.mem_get_info(device)[1] / 1e6) if gpu else None,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "python": sys.version.split()[0],
        "note": None if torch.cuda.is_available() else "No CUDA device was found on this machine.",
    }


def steps(device: str, quick: bool, folder: Path) -> list[Step]:
    """Return the steps, the most important first; ``folder`` is for temporary files."""
    results = folder / "tests.xml"
    tests = [*PYTHON, "pytest", "-m", "device", "-p", "no:cacheprovider", f"--junitxml={results}"]
    tests += ["tests/test_on_each_device.py"] if quick else ["tests"]
    bench = [*PYTHON, "han_core", "bench", "--device", device, "--data"]
    bench += [str(write_documents(folder / "documents.jsonl", quick))]
    small = ["--limit", "16", "--rounds", "1"]  # of the ratios, which the step before has in full
    longer = 2 if quick else 1  # a busy machine is slow, not wrong
    first = [
        Step("tests", tests, 150 * longer, lambda output: {"tests": read_tests(results)}),
        *(_models(device, quick, kinds) for kinds in ([QUICK_KINDS] if quick else zip(KINDS[:3]))),
        Step("bench", [*bench, *(small if quick else ["--limit", "512"])], 120 * longer,
             lambda output: {"bench": next(iter(_json_lines(output)), None)}),
    ]  # fmt: skip
    if quick:
        return first
    whole = Step("training, step by step", [*bench, *small, "--whole"], 240, _whole)
    return [*first, whole, *(_models(device, quick, (kind,)) for kind in KINDS[3:])]


def _models(device: str, quick: bool, kinds: Sequence[str]) -> Step:
    command = [*PYTHON, "benchmarks.model_speed", "--device", device, *kinds]
    return Step(
        f"models: {', '.join(kinds)}",
        [*command, "--quick"] if quick else command,
        180 if quick else 60,
        lambda output: {"models": _json_lines(output)},
    )


def _whole(output: str) -> dict:
    figures = next(iter(_json_lines(output)), {})
    return {"whole": {name: each for name, each in figures.items() if name.startswith("whole_")}}


def run_step(step: Step, left: float, report: dict, folder: Path) -> None:
    """Run ``step`` within ``left`` seconds, and add its result to ``report``."""
    entry: dict[str, object] = {"name": step.name, "state": "done", "seconds": 0.0, "reason": None}
    report["steps"].append(entry)
    if left < SHORTEST:
        entry |= {"state": "left out", "reason": f"{max(left, 0):.0f} seconds were left."}
        return
    started = time.monotonic()
    output, reason = _run(step.command, min(step.limit, left), folder)
    entry["seconds"] = round(time.monotonic() - started, 1)
    try:
        for name, value in step.read(output).items():
            report[name] = [*report[name], *value] if isinstance(value, list) else value
    except (OSError, ValueError, ElementTree.ParseError) as error:
        reason = reason or f"Its result cannot be read: {error}"
    if reason:
        entry |= {"state": "failed", "reason": reason}


def _run(command: list[str], limit: float, folder: Path) -> tuple[str, str | None]:
    """Return standard output and the reason of a failure; end the processes of the command."""
    environment = {**os.environ, "HANSCOPE_DATA": str(folder / "hanscope")}
    with (folder / "errors").open("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE,
                                   stderr=errors, text=True, start_new_session=True)  # fmt: skip
        late = False
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            late = True
        finally:  # of its session, for pytest and bench start processes of their own
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        if late:
            output, _ = process.communicate()
        errors.seek(0)
        last = ([line for line in errors if line.strip()] or [""])[-1].strip()[:300]
    if late:
        return output, f"It took more than {limit:.0f} seconds. {last}".strip()
    return output, f"Exit status {process.returncode}. {last}" if process.returncode else None


def read_tests(file: Path) -> dict[str, object]:
    """Return the counts of a JUnit file, and the names of the tests that failed."""
    suite = ElementTree.parse(file).getroot().find("testsuite")
    if suite is None:
        raise ValueError(f"no test suite in {file.name}")
    total, *wrong, skipped = (
        int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")
    )
    failed = [
        f"{case.get('classname')}::{case.get('name')}"
        for case in suite.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]
    return {
        "passed": total - sum(wrong) - skipped,
        "failed": sum(wrong),
        "skipped": skipped,
        "failures": failed,
    }


def _json_lines(output: str) -> list[dict]:
    """Read whole lines of JSON: a process that was ended may leave half of one."""
    lines = [line for line in output.splitlines() if line.startswith("{") and line.endswith("}")]
    return [json.loads(line) for line in lines]


def markdown(report: dict) -> str:
    """Return the machine, then a table each of steps, models and the figures of bench."""
    cuda = f", CUDA {report['cuda']}" if report["cuda"] else ""
    parts = [
        "# On a GPU",
        f"{report['date']}, {report['device_name']}, torch {report['torch']}{cuda}; "
        f"{report['seconds']:.0f} of {report['budget_seconds']:.0f} seconds.",
    ]
    parts += [report["note"]] if report["note"] else []
    steps = [(s["name"], s["state"], s["seconds"], s["reason"]) for s in report["steps"]]
    parts.append(markdown_table(("step", "state", "seconds", "remark"), steps))
    if tests := report["tests"]:
        counts = ", ".join(f"{tests[name]} {name}" for name in ("passed", "failed", "skipped"))
        parts.append("\n".join([f"Tests: {counts}.", *(f"* {name}" for name in tests["failures"])]))
    if report["models"]:
        rows = ([line.get(name) for name in COLUMNS] for line in report["models"])
        parts.append(markdown_table(tuple(COLUMNS.values()), rows))
    for name in ("bench", "whole"):
        if report[name]:
            parts.append(markdown_table((name, "figure"), report[name].items()))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
