"""How time and memory grow with the batch, the document, what its words see, and the corpus.

    python -m benchmarks.growth [--attention] [--quick]

Each case runs in a process of its own, on one thread, over generated documents: seconds are
processor time, memory is the growth of the process's peak. Prints a table, with the exponent of
the size that fits each model's seconds and MB, and draws a picture beside it.
``benchmarks.figures growth growth_attention`` puts both into ``benchmarks/README.md``.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
import torch
from matplotlib import pyplot
from torch import nn, optim
from torch.nn.functional import cross_entropy

from benchmarks.figures import markdown_table
from han_core.__main__ import main as command
from han_core.models.architecture import Architecture
from han_core.models.registry import build_model, model_kind
from han_core.text.batch import Batch, NumberedDocument, collate
from han_core.training.batches import epoch_batches

HERE = Path(__file__).parent
VOCABULARY = 20_000
SENTENCE = 20  # tokens
LEAST = 1e-3  # drawn in place of 0, which has no logarithm
BATCHES = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000]
LENGTHS = [100, 300, 1_000, 3_000, 10_000, 20_000]
SIZES = [1_000, 3_000, 10_000, 30_000, 50_000]
FITTED = 1_000  # the least size that exponents are fitted to; below it, what is fixed counts most
RECURRENT, PATTERNS = ("han", "bilstm"), ("full", "local", "sliding")
CASES = {
    "batch": ("tokens in a batch, training 64,000 tokens", RECURRENT, BATCHES),
    "length": ("tokens in a document, explained", RECURRENT, LENGTHS),
    "corpus": ("documents of 100 tokens, prepared and trained one epoch", RECURRENT, SIZES),
}
ATTENTION_CASES = {
    "explained": ("tokens in a document, explained", PATTERNS, [*LENGTHS[:-1], 16_000]),
    "trained": (
        "tokens in a document, forward and back",
        PATTERNS,
        [*LENGTHS[:-1], 16_000],
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attention", action="store_true", help="what a Transformer's words see")
    parser.add_argument("--quick", action="store_true", help="the three smallest of each")
    parser.add_argument("--case", nargs=3, metavar=("KIND", "MODEL", "SIZE"))
    options = parser.parse_args()
    if options.case:
        kind, model, size = options.case
        torch.set_num_threads(1)
        print(json.dumps(WORK[kind](model, int(size))))
        return
    head = ("what grows", "model", "size", "seconds", "ms a thousand tokens", "MB")
    print(markdown_table(head, []), flush=True)
    cases = ATTENTION_CASES if options.attention else CASES
    rows = []
    for kind, (_, models, sizes) in cases.items():
        for model in models:
            for size in sizes[:3] if options.quick else sizes:
                figures = _in_own_process(kind, model, size)
                rows.append({"case": kind, "model": model, "size": size, **figures})
                print(_line(rows[-1]), flush=True)
            if not options.quick:
                print(_exponents(rows, kind, model), flush=True)
    if not options.quick:
        _draw(rows, cases, "growth_attention.svg" if options.attention else "growth.svg")


def exponent(sizes: Sequence[float], figures: Sequence[float]) -> float:
    """Return k of the power size**k that fits best: the slope of the logarithms (least squares)."""
    return float(np.polyfit(np.log(sizes), np.log(figures), 1)[0])


def _exponents(rows: list[dict], kind: str, model: str) -> str:
    own = [r for r in rows if (r["case"], r["model"]) == (kind, model) and r["size"] >= FITTED]
    sizes = [row["size"] for row in own]
    seconds, megabytes = (
        exponent(sizes, [max(row[name], LEAST) for row in own]) for name in ("seconds", "megabytes")
    )
    return f"| {kind} | {model} | exponent | {seconds:.2f} | | {megabytes:.2f} |"


def _in_own_process(kind: str, model: str, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.growth", "--case", kind, model, str(size)]
    done = subprocess.run(command, cwd=HERE.parent, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _line(row: dict) -> str:
    return (
        f"| {row['case']} | {row['model']} | {row['size']:,} | {row['seconds']:.3g} | "
        f"{row['seconds_a_thousand_tokens'] * 1000:.3g} | {row['megabytes']:.0f} |"
    )


def batch(model: str, size: int) -> dict[str, float]:
    """Train over 64,000 tokens in documents of 250, with ``size`` tokens in a batch."""
    documents, network = _documents(256, 250), _network(model)
    optimizer = optim.AdamW(network.parameters(), fused=True)
    network.train()

    def work() -> None:
        for group in _batches(documents, size):
            logits = network(group).logits
            cross_entropy(logits, torch.zeros(len(group), dtype=torch.long)).backward()
            optimizer.step()
            optimizer.zero_grad()

    return _measure(work, 64_000)


def trained(pattern: str, size: int) -> dict[str, float]:
    """Read one document and go back through all of it, as a training step does."""
    (document,), network = _batches(_documents(1, size), size), _network(pattern)
    network.train()

    def work() -> None:
        network(document).logits.logsumexp(1).sum().backward()

    return _measure(work, size)


def length(model: str, size: int) -> dict[str, float]:
    """Compute the probabilities and attention of a document."""
    (document,), network = _batches(_documents(1, size), size), _network(model)
    network.eval()

    def work() -> None:
        with torch.inference_mode():
            network(document)

    return _measure(work, size, rounds=5)


def corpus(model: str, size: int) -> dict[str, float]:
    """Read, tokenize and train for an epoch, as the command ``train`` does."""
    draw = np.random.default_rng(0)
    words = np.array([f"word{number}" for number in range(VOCABULARY)])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HANSCOPE_DATA"] = folder
        path = Path(folder) / "texts.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for number in range(size):
                text = " ".join(words[draw.integers(0, VOCABULARY, 100)])
                file.write(json.dumps({"text": text, "label": "ab"[number % 2]}) + "\n")

        def work() -> None:
            status = command(
                ["train", "--model", model, "--data", str(path), "--validation", "0.02",
                 "--out", f"{folder}/out", "--epochs", "1", "--device", "cpu"]
            )  # fmt: skip
            assert status == 0

        return _measure(work, 100 * size, warm=False)


WORK: dict[str, Callable[[str, int], dict[str, float]]] = {
    "batch": batch,
    "length": length,
    "corpus": corpus,
    "explained": length,
    "trained": trained,
}


def _measure(
    work: Callable[[], None], tokens: int, rounds: int = 3, warm: bool = True
) -> dict[str, float]:
    """Return the median processor seconds, and by how many MB the peak of the process grew."""
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


def _network(model: str) -> nn.Module:
    """Return a recurrent model, or the Transformer with the attention pattern of this name."""
    sizes = {"vocabulary_size": VOCABULARY, "classes": 2}
    if model in PATTERNS:
        own = model_kind("transformer").defaults
        shape = Architecture(model="transformer", attention_pattern=model, **sizes, **own)
    else:
        shape = Architecture(model=model, embedding=100, hidden=50, **sizes)
    return build_model(shape)


def _documents(documents: int, tokens: int) -> list[NumberedDocument]:
    draw = np.random.default_rng(0)
    whole, rest = divmod(tokens, SENTENCE)
    lengths = np.array([SENTENCE] * whole + [rest] * (rest > 0))
    return [
        NumberedDocument(draw.integers(2, VOCABULARY, tokens), lengths) for _ in range(documents)
    ]


def _batches(documents: list[NumberedDocument], budget: int) -> list[Batch]:
    lengths = [len(document.words) for document in documents]
    batches = epoch_batches(lengths, budget, 0, 0)
    return [collate([documents[at] for at in chosen]) for chosen in batches]


def _draw(rows: list[dict], cases: Mapping[str, tuple], name: str) -> None:
    """Draw a line for each model: seconds above, memory below, both axes logarithmic."""
    matplotlib.use("svg")
    size = (13 / 3 * len(cases), 7)
    figure, axes = pyplot.subplots(2, len(cases), figsize=size, constrained_layout=True)
    for column, (kind, (title, models, _)) in enumerate(cases.items()):
        for model, mark in zip(models, "os^", strict=False):
            own = [row for row in rows if row["case"] == kind and row["model"] == model]
            for row, figure_name in enumerate(("seconds", "megabytes")):
                axis = axes[row, column]
                heights = [max(each[figure_name], LEAST) for each in own]
                axis.loglog([each["size"] for each in own], heights, marker=mark, label=model)
                axis.set_ylabel(figure_name)
                axis.set_xlabel(title)
                axis.grid(alpha=0.3)
        axes[0, column].legend()
    figure.savefig(HERE / name, metadata={"Date": None})


if __name__ == "__main__":
    main()
