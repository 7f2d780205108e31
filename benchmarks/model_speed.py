"""How fast every model trains and predicts on a device, in every precision.

    python -m benchmarks.model_speed --device cuda [--quick] han-additive bilstm-dot …

Prints a JSON line for each model and precision: documents a second in training (the steps of an
epoch, as ``train`` takes them) and in prediction (probabilities, from numbered documents), the
largest memory that tensors took on a GPU, and how many times as fast that is as the textbook loop
in single precision on the same device. Documents are generated; one word tells the class.
"""

import argparse
import gc
import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from accelerate.state import AcceleratorState, GradientState

from benchmarks.reference_models import BATCH, contestants, explaining, training
from han_core.models.architecture import Architecture
from han_core.models.predict import predict_numbered
from han_core.models.registry import model_kind
from han_core.runtime.devices import choose_device, mixed_precision
from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.training.prepare import Examples, Prepared
from han_core.training.settings import Settings
from han_core.training.trainer import Run

KINDS = (
    "han-additive",
    "bilstm-additive",
    "transformer-additive",
    "bilstm-dot",
    "bilstm-linear",
)
QUICK_KINDS = ("han-additive", "bilstm-dot", "transformer-additive")
PRECISIONS = {"no": None, "bf16": torch.bfloat16, "fp16": torch.float16}
LABELS = ("negative", "positive")
WORDS, QUICK_WORDS = 20_000, 500
DOCUMENTS, QUICK_DOCUMENTS = 2_048, 16
OF_TEXTBOOK = (
    512  # documents are enough for its rate; of all it would take a minute on an older GPU
)
ROUNDS, QUICK_ROUNDS = 3, 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--quick", action="store_true", help="few documents, one round")
    parser.add_argument("kinds", nargs="+", choices=KINDS)
    options = parser.parse_args()
    device = choose_device(options.device)
    for kind in options.kinds:
        for line in measure(kind, device, options.quick):
            print(json.dumps(line), flush=True)


def measure(kind: str, device: torch.device, quick: bool) -> Iterator[dict[str, object]]:
    """Yield a line for each precision of ``kind``; ``reason`` says why one failed."""
    prepared, rounds = _prepared(quick), QUICK_ROUNDS if quick else ROUNDS
    model, attention = kind.split("-")
    sizes = {**model_kind(model).defaults, "vocabulary_size": len(prepared.vocabulary)}
    shape = Architecture(model=model, attention=attention, classes=len(LABELS), **sizes)
    baseline = textbook(shape, prepared, device, rounds)
    for precision in PRECISIONS:
        line = {"model": model, "attention": attention, "mixed_precision": precision}
        try:
            mixed_precision(precision, device)
        except UserError as error:
            yield line | {"state": "left out", "reason": str(error)}
            continue
        try:
            yield line | ours(shape, prepared, device, precision, rounds, baseline)
        except (UserError, RuntimeError) as error:  # the GPU, its memory or its libraries
            yield line | {"state": "failed", "reason": str(error).splitlines()[0][:300]}


def ours(
    shape: Architecture,
    prepared: Prepared,
    device: torch.device,
    precision: str,
    rounds: int,
    baseline: dict[str, float],
) -> dict[str, object]:
    """Return speed and memory of ``shape`` in ``precision``, and its ratio to the textbook loop."""
    _forget_precision()
    documents = prepared.training.documents
    # As many tokens as the documents of a textbook batch have.
    budget = int(prepared.training.lengths.sum()) * BATCH // len(documents)
    settings = Settings(epochs=rounds + 1, mixed_precision=precision, batch_tokens=budget)
    run = Run(prepared, shape, settings, device)

    def epochs() -> float:
        lines = [run.train_epoch(lambda documents, loss: None) for _ in range(rounds + 1)]
        return float(np.median([line["documents_per_second"] for line in lines[1:]]))

    def predictions() -> float:
        run.learner.model.eval()
        half = PRECISIONS[precision]
        with torch.autocast(device.type, dtype=half, enabled=half is not None):
            return _rate(lambda: predict_numbered(run.learner.model, documents), len(documents),
                         rounds, device)  # fmt: skip

    train_rate, train_memory = _with_peak(epochs, device)
    predict_rate, predict_memory = _with_peak(predictions, device)
    return {
        "state": "done",
        "documents": len(documents),
        "batch_tokens": run.budget,
        "train_documents_per_second": round(train_rate, 1),
        "predict_documents_per_second": round(predict_rate, 1),
        "train_peak_mb": train_memory,
        "predict_peak_mb": predict_memory,
        "train_vs_textbook": round(train_rate / baseline["train"], 2),
        "predict_vs_textbook": round(predict_rate / baseline["predict"], 2),
        "textbook_train_documents_per_second": round(baseline["train"], 1),
        "textbook_predict_documents_per_second": round(baseline["predict"], 1),
        "training_losses": [round(line["train"]["loss"], 4) for line in run.history],
    }


def textbook(
    shape: Architecture, prepared: Prepared, device: torch.device, rounds: int
) -> dict[str, float]:
    """Return the speed of the textbook's HAN, or of the padded model with additive attention."""
    documents = list(prepared.training.documents[:OF_TEXTBOOK])
    found = contestants(shape, documents, device)
    contestant = found["textbook" if shape.model == "han" else "padded"]
    return {
        name: _rate(make(contestant), len(documents), rounds, device)
        for name, make in (("train", training), ("predict", explaining))
    }


def _rate(work: Callable[[], object], documents: int, rounds: int, device: torch.device) -> float:
    """Return documents a second: the median over rounds, after one that does not count."""
    ends = []
    for _ in range(rounds + 2):
        if device.type != "cpu":
            (torch.cuda if device.type == "cuda" else torch.mps).synchronize()
        ends.append(time.perf_counter())
        if len(ends) < rounds + 2:
            work()
    return documents / float(np.median([after - before for before, after in pairwise(ends)][1:]))


def _with_peak(work: Callable[[], float], device: torch.device) -> tuple[float, float | None]:
    """Return the result of ``work``, and the most MB that tensors took on a CUDA device."""
    if device.type != "cuda":
        return work(), None
    gc.collect()
    torch.cuda.reset_peak_memory_stats(device)
    found = work()
    return found, round(torch.cuda.max_memory_allocated(device) / 1e6, 1)


def _forget_precision() -> None:
    """Reset Accelerate, which remembers a precision for the life of the process."""
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()


def _prepared(quick: bool) -> Prepared:
    count, words = (QUICK_DOCUMENTS, QUICK_WORDS) if quick else (DOCUMENTS, WORDS)
    vocabulary = Vocabulary((*RESERVED, *(f"word{number}" for number in range(words))))
    training, validation = (
        _examples(size, words, seed) for seed, size in enumerate((count, max(8, count // 16)))
    )
    return Prepared(vocabulary, LABELS, training, validation)


def _examples(count: int, known: int, seed: int) -> Examples:
    """Return documents of 1 to 19 sentences with 5 to 44 words; two words tell the classes."""
    draw, documents = np.random.default_rng(seed), []
    classes = np.arange(count) % len(LABELS)
    for label in classes:
        lengths = draw.integers(5, 45, draw.integers(1, 20)).astype(np.int32)
        words = len(RESERVED) + draw.integers(len(LABELS), known, lengths.sum())
        words[draw.integers(0, len(words))] = len(RESERVED) + label
        documents.append(NumberedDocument(words.astype(np.int32), lengths))
    return Examples(tuple(documents), classes)


def write_documents(file: Path, quick: bool) -> Path:
    """Write the documents as texts with labels, for commands that read a data set."""
    prepared = _prepared(quick)
    with file.open("w", encoding="utf-8") as output:
        for document, label in zip(
            prepared.training.documents, prepared.training.classes, strict=True
        ):
            ends = np.cumsum(document.sentence_lengths)[:-1]
            sentences = [
                " ".join(prepared.vocabulary.words[number] for number in part)
                for part in np.split(document.words, ends)
            ]
            line = {"text": ". ".join(sentences) + ".", "label": LABELS[label]}
            output.write(json.dumps(line) + "\n")
    return file


if __name__ == "__main__":
    main()
