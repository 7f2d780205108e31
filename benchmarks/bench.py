"""What ``python -m han_core bench`` measures: ours beside the baselines, in one run.

Interleaved, one thread, processor time: other programs and a slow machine change the seconds,
hardly the ratios. Medians, and the quartiles beside them.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from benchmarks.contestants import CPU, contestants, explaining, training
from benchmarks.one_text import one_text
from han_core.models.architecture import Architecture
from han_core.planning.speed import forward_operations, operations_per_second
from han_core.text.batch import NumberedDocument, number_document
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import Vocabulary
from han_core.wrong_input import WrongInput

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
        WrongInput: if there are fewer than ``FEWEST`` texts.
    """
    if len(texts) < FEWEST:
        raise WrongInput(f"bench needs {FEWEST} documents or more; {len(texts)} came.")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        numbered, vocabulary = _numbered(texts)
        found: dict[str, object] = {
            "device": str(device),
            "documents": len(numbered),
            "mean_tokens": round(sum(len(each.words) for each in numbered) / len(numbered), 1),
        }
        for model in ("han", "bilstm"):
            shape = Architecture(model=model, vocabulary_size=len(vocabulary), classes=2, **SIZES)
            ways = contestants(shape, numbered, device)
            for work, make in (("train", training), ("explain", explaining)):
                say(f"{model}: {work}")
                runs = {name: make(way) for name, way in ways.items()}
                seconds = _interleaved(runs, rounds, _clock(device))
                found |= _ratios(f"{model}_{work}", seconds, len(numbered))
                if model == "han" and device.type == "cpu":
                    found |= _share_of_peak(work, shape, numbered, seconds["ours"])
        say("one pasted text")
        return found | one_text(texts, vocabulary, SIZES)
    finally:
        torch.set_num_threads(threads)


def _numbered(texts: Sequence[str]) -> tuple[list[NumberedDocument], Vocabulary]:
    tokenizer = Tokenizer()
    documents = [tokenizer(text) for text in texts]
    vocabulary = Vocabulary.build(document.token_texts() for document in documents)
    return [number_document(document, vocabulary) for document in documents], vocabulary


def _clock(device: torch.device) -> Callable[[], float]:
    """Processor time; on a GPU the time at which it has done all that it was given."""
    if device.type == "cpu":
        return time.process_time

    def finished() -> float:
        (torch.cuda if device.type == "cuda" else torch.mps).synchronize()
        return time.perf_counter()

    return finished


def _interleaved(
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


def _ratios(work: str, seconds: dict[str, np.ndarray], documents: int) -> dict[str, object]:
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
