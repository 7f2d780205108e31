"""How much memory training and scoring take as the documents grow to a million.

    python -m benchmarks.bounded_memory [--sizes N …] [--folder DIR]

Generates documents of 100 tokens in Parquet (0.6 GB for a million), then runs the commands
``train`` (one epoch, 2% validation) and ``score --workers 1`` with a small HAN on each size, on
the CPU. A line of JSON for each run: peak memory of the command's process, and how much of it is
the process's own, in MB; seconds; processor time of the command and of the processes that it
started, in milliseconds a document. Half an hour for the default sizes on two cores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SIZES = (50_000, 1_000_000)
VOCABULARY, WORDS, SENTENCE = 30_000, 94, 16  # six sentences, each with its full stop
PLANTED = ("bad", "good")  # of each label, three times in a document
PART = 20_000  # documents made at a time
EVERY = 0.5  # seconds between two looks at the memory that is the process's own
SMALL = ("--set", "embedding=8", "--set", "hidden=4", "--set", "batch_tokens=8000")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--folder", type=Path, help="where documents and runs go, and stay")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        for size in options.sizes:
            for line in measure(size, folder):
                print(json.dumps(line), flush=True)


def measure(size: int, folder: Path) -> list[dict]:
    """Return what ``train`` and ``score`` took of that many documents, written to ``folder``."""
    data, run = folder / f"{size}.parquet", folder / f"run-{size}"
    folder.mkdir(parents=True, exist_ok=True)
    write_documents(data, size)
    train = ("train", "--model", "han", "--validation", "0.02", "--epochs", "1", *SMALL)
    score = ("score", "--checkpoint", str(run), "--workers", "1")
    out = {"train": run, "score": folder / f"scores-{size}"}
    return [
        {"command": command[0], "documents": size,
         **_peaks((*command, "--data", str(data), "--out", str(out[command[0]])), size)}
        for command in (train, score)
    ]  # fmt: skip


def write_documents(path: Path, size: int) -> None:
    """Write ``size`` documents with the columns ``text`` and ``label`` (0 or 1) as Parquet.

    Words are drawn by Zipf's law from 30,000; three of each document tell its label.
    """
    draw = np.random.default_rng(0)
    words = np.array(
        ["".join(row) for row in draw.choice(list("abcdefghijklmnop"), (VOCABULARY, 6))]
    )
    share = 1 / np.arange(1, VOCABULARY + 1)
    schema = pa.schema({"text": pa.string(), "label": pa.int64()})
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, size, PART):
            count = min(PART, size - start)
            labels = draw.integers(0, 2, count)
            chosen = words[draw.choice(VOCABULARY, (count, WORDS), p=share / share.sum())]
            places = draw.integers(0, WORDS, (count, 3))
            np.put_along_axis(chosen, places, np.array(PLANTED)[labels][:, None], 1)
            texts = [_text(row) for row in chosen.tolist()]
            writer.write_table(pa.table({"text": texts, "label": labels}, schema=schema))


def _text(words: Sequence[str]) -> str:
    starts = range(0, len(words), SENTENCE)
    return " ".join(" ".join(words[at : at + SENTENCE]).capitalize() + "." for at in starts)


def _peaks(command: Sequence[str], documents: int) -> dict:
    """Peak memory in MB, seconds and processor time of one command of ``han_core``."""
    start, own = time.perf_counter(), 0
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "han_core", *command, "--device", "cpu"],
        env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not (waited := os.wait4(process.pid, os.WNOHANG))[0]:
            own = max(own, _own_memory(process.pid))
            time.sleep(EVERY)
    except BaseException:
        process.kill()
        raise
    _, status, used = waited
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}.")
    return {
        "peak": round(used.ru_maxrss * 1024 / 1e6),
        "own": round(own / 1e6),
        "seconds": round(time.perf_counter() - start),
        "ms_a_document": round(1000 * (used.ru_utime + used.ru_stime) / documents, 2),
    }


def _own_memory(pid: int) -> int:
    """Bytes that no file lies behind; 0 once the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


if __name__ == "__main__":
    main()
