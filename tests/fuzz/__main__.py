"""``python -m tests.fuzz --inputs 20000 --seed 1``: hostile inputs by chance, and what they did.

``--only NUMBER`` runs one input again. The exit status is 1 after a traceback, a hang or more
memory than is allowed.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import argparse
import faulthandler
import re
import sys
import tempfile
import time
from pathlib import Path

MOST_MEMORY = 2**30  # bytes of this process


def main() -> int:
    """Run the inputs that are asked for and print what happened to them."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=2_000, metavar="N", help="how many (2000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="run this input alone")
    parser.add_argument("--kind", help="run inputs of this kind alone")
    parser.add_argument("--out", type=Path, help="folder of the inputs that fail (a new one)")
    options = parser.parse_args()
    faulthandler.enable()
    out = options.out or Path(tempfile.mkdtemp(prefix="hanscope-failed-"))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hanscope-fuzz-") as root:
        os.environ["HANSCOPE_DATA"] = os.environ["HANSCOPE_CHECKPOINTS"] = root
        from tests.fuzz.kinds import all_kinds
        from tests.fuzz.runner import fuzz

        kinds = all_kinds(Path(root))
        numbers = range(options.inputs) if options.only is None else [options.only]
        if options.kind:
            numbers = [at for at in numbers if kinds[at % len(kinds)].name == options.kind]
        report = fuzz(kinds, numbers, options.seed, out)
    memory = most_memory()
    print(*report.lines(), sep="\n")
    slowest, which = report.slowest
    print(f"{time.monotonic() - began:.0f} seconds; the slowest input took {slowest:.1f} ({which})")
    print(f"{memory / 2**20:,.0f} MiB of memory at most")
    for folder in report.failed:
        print(f"failed: {folder}", file=sys.stderr)
    return int(bool(report.failed) or memory > MOST_MEMORY)


def most_memory() -> int:
    """Return the most memory that this process has held, in bytes.

    ``ru_maxrss`` would count what the process that started this one held.
    """
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"^VmHWM:\s*(\d+)", status, re.MULTILINE)[1])


if __name__ == "__main__":
    sys.exit(main())
