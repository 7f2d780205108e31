"""What ``python -m han_core bench`` measures: our models beside reference models, in one run.

Interleaved, one thread, processor time: other programs and a slow machine change the seconds,
hardly the ratios. Medians, and their quartiles. One text is timed from text to explanation, beside
the packed model with the same tokenizer, in processor time as well: on an idle machine it waits for
nothing else.

``--whole`` adds training with the command ``train`` over all documents, step by step, each in a
process of its own: at first small batches in single precision; then large batches of documents
of like length; then half precision, where the device's own choice is that; then gradients of
several batches in one step.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.reference_models import CPU, contestants, explaining, training
from han_core.cli.common import print_json
from han_core.cli.common import say as show
from han_core.cli.models import bench_flags
from han_core.data.corpus import read_corpus
from han_core.explanation.explain import explain
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import Checkpoint, Config
from han_core.models.recurrent import scan_kernel
from han_core.models.registry import build_model
from han_core.runtime.devices import choose_device, mixed_precision
from han_core.runtime.errors import UserError
from han_core.runtime.paths import PROJECT
from han_core.text.batch import NumberedDocument, number_document
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import Vocabulary
from han_core.training.cost import forward_operations, operations_per_second

WORDS = 250
TEXT_ROUNDS = 40


def one_text(
    texts: Sequence[str], vocabulary: Vocabulary, sizes: dict[str, Any]
) -> dict[str, float]:
    """Medians in milliseconds for the first ``WORDS`` words of ``texts``, and their ratio."""
    text = " ".join(" ".join(texts).split()[:WORDS])
    found: dict[str, float] = {}
    for model in ("han", "bilstm"):
        shape = Architecture(model=model, vocabulary_size=len(vocabulary), classes=2, **sizes)
        config = Config(architecture=shape, labels=("a", "b"))
        checkpoint = Checkpoint("bench", config, vocabulary, build_model(shape).eval(), {})
        packed = contestants(shape, [])["packed"]
        packed.model.eval()

        def baseline(packed=packed, tokenizer=checkpoint.tokenizer) -> None:
            document = number_document(tokenizer(text), vocabulary)
            with torch.no_grad():
                packed.forward(packed.model, [document]).softmax(1).tolist()

        ours, theirs = _medians(partial(explain, checkpoint, text), baseline)
        found[f"{model}_text_to_explanation_ms"] = round(ours, 2)
        found[f"{model}_text_to_explanation_ms_packed"] = round(theirs, 2)
        found[f"{model}_text_to_explanation_vs_packed"] = round(theirs / ours, 2)
    return found


def _medians(*ways: Callable[[], object]) -> list[float]:
    """Milliseconds of each, interleaved; the first rounds do not count."""
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(TEXT_ROUNDS):
        for times, run in zip(seconds, ways, strict=True):
            started = time.process_time()
            run()
            times.append(time.process_time() - started)
    return [1000 * float(np.median(times[5:])) for times in seconds]


SMALL, LARGE = 4_000, 64_000  # tokens in a batch: 16 and 240 film reviews
EPOCHS = 2  # what is loaded once counts for less


def rungs(device: torch.device) -> dict[str, dict[str, object]]:
    """Settings of ``train`` by what is added; a rung that changes nothing is left out."""
    single = {"batch_tokens": SMALL, "mixed_precision": "no", "accumulation": 1}
    found = {"as_they_come": single, "batching": {**single, "batch_tokens": LARGE}}
    if mixed_precision("auto", device) != "no":
        found["mixed_precision"] = {**found["batching"], "mixed_precision": "auto"}
    return {**found, "accumulation": {**list(found.values())[-1], "accumulation": 4}}


def climbed(
    data: str,
    device: torch.device,
    columns: tuple[str, str] = ("text", "label"),
    limit: int | None = None,
    say: Callable[[str], None] = lambda line: None,
    train: Callable[[list[str]], dict] | None = None,
) -> dict[str, float]:
    """Training documents a second on each rung, and how many times the first the last one is.

    Args:
        columns: of texts and labels.
        limit: documents trained on; all where none is said.
        train: what runs the command; here in a process of its own.

    Raises:
        UserError: as ``train`` says it.
    """
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for model in ("han", "bilstm"):
            for name, settings in rungs(device).items():
                say(f"{model}: trains, {name.replace('_', ' ')}")
                out = str(Path(folder) / f"{model}-{name}")
                arguments = command(model, data, device, columns, limit, settings, out)
                told = (train or (lambda given: _apart(given, folder)))(arguments)
                found[f"{model}_{name}"] = told["train_documents_per_second"]
            rates = [rate for name, rate in found.items() if name.startswith(model)]
            found[f"{model}_gain"] = round(rates[-1] / rates[0], 2)
    return {f"whole_{name}": rate for name, rate in found.items()}


def command(
    model: str,
    data: str,
    device: torch.device,
    columns: tuple[str, str],
    limit: int | None,
    settings: dict[str, object],
    out: str,
) -> list[str]:
    """What stands after ``python -m han_core``."""
    sizes = {"embedding": 200, "hidden": 50, "save_seconds": 0}
    given = ["train", "--model", model, "--data", data, "--validation", "0.02", "--out", out]
    given += ["--epochs", str(EPOCHS), "--device", str(device)]
    given += ["--text-column", columns[0], "--label-column", columns[1]]
    given += ["--limit", str(limit)] if limit else []
    for name, value in {**sizes, **settings}.items():
        given += ["--set", f"{name}={value}"]
    return given


def _apart(given: list[str], folder: str) -> dict:
    """The summary that the command prints; what it keeps goes into ``folder``."""
    done = subprocess.run(
        [sys.executable, "-m", "han_core", *given],
        cwd=PROJECT,
        env={**os.environ, "HANSCOPE_DATA": folder},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise UserError((done.stderr.strip().splitlines() or ["train ended early."])[-1])
    return json.loads(done.stdout.splitlines()[-1])


SIZES: dict[str, Any] = {"embedding": 100, "hidden": 50, "attention_size": 100}
ROUNDS = 5
FEWEST = 8
"""Documents from which on a comparison says something."""


def measured(
    texts: Sequence[str],
    device: torch.device = CPU,
    rounds: int = ROUNDS,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, object]:
    """The ratios, documents a second, quartiles and shares of the machine's matrix rate.

    On a GPU the clock on the wall, and no shares: what is measured of the machine is its CPU.

    Raises:
        UserError: if there are fewer than ``FEWEST`` texts.
    """
    if len(texts) < FEWEST:
        raise UserError(f"bench needs {FEWEST} documents or more; {len(texts)} came.")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        numbered, vocabulary = number_texts(texts)
        found: dict[str, object] = {
            "device": str(device),
            "recurrent_layers": scan_kernel.name() if device.type == "cpu" else "PyTorch",
            "documents": len(numbered),
            "mean_tokens": round(sum(len(each.words) for each in numbered) / len(numbered), 1),
        }
        for model in ("han", "bilstm"):
            shape = Architecture(model=model, vocabulary_size=len(vocabulary), classes=2, **SIZES)
            ways = contestants(shape, numbered, device)
            for work, make in (("train", training), ("explain", explaining)):
                say(f"{model}: {work}")
                runs = {name: make(way) for name, way in ways.items()}
                seconds = interleaved(runs, rounds, clock_of(device))
                found |= speed_ratios(f"{model}_{work}", seconds, len(numbered))
                if model == "han" and device.type == "cpu":
                    found |= _share_of_peak(work, shape, numbered, seconds["ours"])
        say("one pasted text")
        return found | one_text(texts, vocabulary, SIZES)
    finally:
        torch.set_num_threads(threads)


def number_texts(texts: Sequence[str]) -> tuple[list[NumberedDocument], Vocabulary]:
    tokenizer = Tokenizer()
    documents = [tokenizer(text) for text in texts]
    vocabulary = Vocabulary.build(document.token_texts() for document in documents)
    return [number_document(document, vocabulary) for document in documents], vocabulary


def clock_of(device: torch.device) -> Callable[[], float]:
    """Processor time; on a GPU the time at which it has done all that it was given."""
    if device.type == "cpu":
        return time.process_time

    def finished() -> float:
        (torch.cuda if device.type == "cuda" else torch.mps).synchronize()
        return time.perf_counter()

    return finished


def interleaved(
    ways: dict[str, Callable[[], None]], rounds: int, clock: Callable[[], float]
) -> dict[str, np.ndarray]:
    """(rounds,) seconds of each, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, run in ways.items():
            started = clock()
            run()
            seconds[name].append(clock() - started)
    return {name: np.array(times[1:]) for name, times in seconds.items()}


def speed_ratios(work: str, seconds: dict[str, np.ndarray], documents: int) -> dict[str, object]:
    """How many times as fast ours is, by the median over rounds of the ratio in a round."""
    found: dict[str, object] = {}
    for name, times in seconds.items():
        found[f"{work}_documents_per_second_{name}"] = round(documents / float(np.median(times)), 1)
        if name != "ours":
            low, median, high = np.quantile(times / seconds["ours"], (0.25, 0.5, 0.75))
            found[f"{work}_vs_{name}"] = round(float(median), 2)
            found[f"{work}_vs_{name}_quartiles"] = [round(float(low), 2), round(float(high), 2)]
    return found


def _share_of_peak(
    work: str, shape: Architecture, documents: list[NumberedDocument], seconds: np.ndarray
) -> dict[str, object]:
    """Operations of the layers' own products a second, as a share of a large product's.

    The way back takes twice the operations of the way forward.
    """
    words = sum(len(each.words) for each in documents)
    sentences = sum(len(each.sentence_lengths) for each in documents)
    operations = forward_operations(shape, words, sentences) * (3 if work == "train" else 1)
    rate = operations / float(np.median(seconds))
    return {f"fraction_of_peak_{work}": round(rate / operations_per_second(), 3)}


def main() -> None:
    """Print one JSON line of ratios; called by the command ``bench``."""
    parser = argparse.ArgumentParser(description="Speed compared with other implementations.")
    bench_flags(parser)
    try:
        print_json(_measure_all(parser.parse_args()))
    except UserError as error:
        sys.exit(str(error))


def _measure_all(options: argparse.Namespace) -> dict[str, object]:
    device = choose_device("cpu" if options.device == "auto" else options.device)
    corpus = read_corpus(options.data, text_column=options.text_column, label_column=None)
    ratios = measured(corpus.first(options.limit).texts, device, options.rounds, show)
    if options.whole:
        columns = (options.text_column, options.label_column)
        ratios |= climbed(options.data, device, columns, say=show)
    return ratios


if __name__ == "__main__":
    main()
