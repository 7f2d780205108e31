"""How time and memory grow with the batch, the document and the corpus.

    python -m benchmarks.growth [--quick]

Each case runs in a process of its own, on one thread, over generated documents: seconds are
processor time, memory is the peak of the process less what it held before the work. Writes
``benchmarks/growth.svg`` and prints a table; ``benchmarks.figures growth`` puts it into
``benchmarks/README.md``.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import optim
from torch.nn.functional import cross_entropy

from han_core.__main__ import main as command
from han_core.models.architecture import Architecture
from han_core.models.registry import build_model
from han_core.text.batch import NumberedDocument, collate
from han_core.training.batches import epoch_batches

HERE = Path(__file__).parent
VOCABULARY = 20_000
SENTENCE = 20  # tokens
LEAST = 1e-3  # drawn in place of nothing, which has no logarithm
BATCHES = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000]
LENGTHS = [100, 300, 1_000, 3_000, 10_000, 20_000]
SIZES = [1_000, 3_000, 10_000, 30_000, 50_000]
CASES = {
    "batch": ("tokens in a batch, training 64,000 tokens", BATCHES),
    "length": ("tokens in a document, explained", LENGTHS),
    "corpus": ("documents of 100 tokens, prepared and trained one epoch", SIZES),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the three smallest of each")
    parser.add_argument("--case", nargs=3, metavar=("KIND", "MODEL", "SIZE"))
    given = parser.parse_args()
    if given.case:
        kind, model, size = given.case
        print(json.dumps(WORK[kind](model, int(size))))
        return
    rows = []
    print("| what grows | model | size | seconds | ms a thousand tokens | MB |")
    print("|---|---|---|---|---|---|", flush=True)
    for kind, (_, sizes) in CASES.items():
        for model in ("han", "bilstm"):
            for size in sizes[:3] if given.quick else sizes:
                rows.append(
                    {"case": kind, "model": model, "size": size, **_apart(kind, model, size)}
                )
                print(_line(rows[-1]), flush=True)
    if not given.quick:
        _draw(rows)


def _apart(kind: str, model: str, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.growth", "--case", kind, model, str(size)]
    done = subprocess.run(command, cwd=HERE.parent, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _line(row: dict) -> str:
    return (
        f"| {row['case']} | {row['model']} | {row['size']:,} | {row['seconds']:.3g} | "
        f"{row['seconds_a_thousand_tokens'] * 1000:.3g} | {row['megabytes']:.0f} |"
    )


def batch(model: str, size: int) -> dict[str, float]:
    """Training steps over 64,000 tokens in documents of 250, so many tokens in a batch."""
    documents = _numbered(256, 250)
    built, torch = _model(model)
    step = optim.AdamW(built.parameters(), fused=True)
    built.train()

    def work() -> None:
        for group in _groups(documents, size):
            logits = built(group).logits
            cross_entropy(logits, torch.zeros(len(group), dtype=torch.long)).backward()
            step.step()
            step.zero_grad()

    return _measured(work, 64_000)


def length(model: str, size: int) -> dict[str, float]:
    """A document's probabilities and attention."""
    (document,) = _groups(_numbered(1, size), size)
    built, torch = _model(model)
    built.eval()

    def work() -> None:
        with torch.inference_mode():
            built(document)

    return _measured(work, size, rounds=5)


def corpus(model: str, size: int) -> dict[str, float]:
    """Words found, numbered and trained on for an epoch, as the command ``train`` does."""
    draw = np.random.default_rng(0)
    words = np.array([f"word{number}" for number in range(VOCABULARY)])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HANSCOPE_DATA"] = folder
        path = Path(folder) / "texts.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for number in range(size):
                said = " ".join(words[draw.integers(0, VOCABULARY, 100)])
                file.write(json.dumps({"text": said, "label": "ab"[number % 2]}) + "\n")

        def work() -> None:
            status = command(
                ["train", "--model", model, "--data", str(path), "--validation", "0.02",
                 "--out", f"{folder}/out", "--epochs", "1", "--device", "cpu"]
            )  # fmt: skip
            assert status == 0

        return _measured(work, 100 * size, warm=False)


WORK: dict[str, Callable[[str, int], dict[str, float]]] = {
    "batch": batch,
    "length": length,
    "corpus": corpus,
}


def _measured(
    work: Callable[[], None], tokens: int, rounds: int = 3, warm: bool = True
) -> dict[str, float]:
    """Median processor seconds, and by how many MB the peak of the process grew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for _ in range(rounds + 1 if warm else 1):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    seconds = float(np.median(times[1:] if warm else times))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {
        "seconds": seconds,
        "seconds_a_thousand_tokens": 1000 * seconds / tokens,
        "megabytes": grown,
    }


def _model(name: str):
    torch.set_num_threads(1)
    shape = Architecture(
        model=name, vocabulary_size=VOCABULARY, classes=2, embedding=100, hidden=50
    )
    return build_model(shape), torch


def _numbered(documents: int, tokens: int) -> list:
    draw = np.random.default_rng(0)
    lengths = np.array(
        [SENTENCE] * (tokens // SENTENCE) + [tokens % SENTENCE] * (tokens % SENTENCE > 0)
    )
    return [
        NumberedDocument(draw.integers(2, VOCABULARY, tokens), lengths) for _ in range(documents)
    ]


def _groups(documents: list, budget: int) -> list:
    lengths = [len(document.words) for document in documents]
    batches = epoch_batches(lengths, budget, 0, 0)
    return [collate([documents[at] for at in chosen]) for chosen in batches]


def _draw(rows: list[dict]) -> None:
    """A line for each model: seconds above, memory below, both axes logarithmic."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, len(CASES), figsize=(13, 7), constrained_layout=True)
    for column, (kind, (title, _)) in enumerate(CASES.items()):
        for model, mark in (("han", "o"), ("bilstm", "s")):
            own = [row for row in rows if row["case"] == kind and row["model"] == model]
            for row, what in enumerate(("seconds", "megabytes")):
                place = axes[row, column]
                heights = [max(each[what], LEAST) for each in own]
                place.loglog([each["size"] for each in own], heights, marker=mark, label=model)
                place.set_ylabel(what)
                place.set_xlabel(title)
                place.grid(alpha=0.3)
        axes[0, column].legend()
    figure.savefig(HERE / "growth.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
