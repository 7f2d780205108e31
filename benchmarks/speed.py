"""How fast: training beside the textbook loop, and one document explained.

    python -m benchmarks.speed [--data bundled:classroom@all] [--documents 128]

Everything is measured in this one run, one thread for training, interleaved, and
printed as one JSON line of medians and ratios. A test would be the wrong place:
machines differ and are noisy.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import torch
from torch.nn.functional import cross_entropy

from benchmarks.textbook import TextbookHAN, pad
from han_core.corpora.corpus import read_corpus
from han_core.explanation.explain import explain
from han_core.models.architecture import Architecture
from han_core.models.build import build_model
from han_core.models.checkpoint import load_checkpoint
from han_core.models.listing import list_checkpoints
from han_core.text.batch import NumberedDocument, collate, number_document
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import Vocabulary

BATCH = 64
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="bundled:classroom@all")
    parser.add_argument("--documents", type=int, default=128)
    given = parser.parse_args()
    texts = read_corpus(given.data).texts[: given.documents]
    print(json.dumps({**training_ratio(texts), **explain_times(texts)}))


def training_ratio(texts: tuple[str, ...]) -> dict[str, float]:
    """Documents a second of a training step, ours and the textbook's; processor time."""
    torch.set_num_threads(1)
    tokenizer = Tokenizer()
    documents = [tokenizer(text) for text in texts]
    vocabulary = Vocabulary.build(document.token_texts() for document in documents)
    numbered = [number_document(document, vocabulary) for document in documents]
    architecture = Architecture(model="han", vocabulary_size=len(vocabulary), classes=2)
    ours, textbook = build_model(architecture), TextbookHAN(architecture)
    groups = [numbered[at : at + BATCH] for at in range(0, len(numbered), BATCH)]
    steps = {
        "ours": _epoch(ours, lambda group: ours(collate(group)).logits, groups),
        "textbook": _epoch(textbook, lambda group: textbook(pad(group)), groups),
    }
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS + 1):
        for name, step in steps.items():
            seconds[name].append(_timed(step, time.process_time))
    median = {name: statistics.median(times[1:]) for name, times in seconds.items()}
    return {
        "mean_tokens": round(sum(len(n.words) for n in numbered) / len(numbered), 1),
        "train_documents_per_second": round(len(numbered) / median["ours"], 1),
        "textbook_documents_per_second": round(len(numbered) / median["textbook"], 1),
        "train_vs_textbook": round(median["textbook"] / median["ours"], 2),
    }


def explain_times(texts: tuple[str, ...]) -> dict[str, float]:
    """Median milliseconds from a 250-word text to its explanation, a figure a checkpoint."""
    torch.set_num_threads(2)
    text = " ".join(" ".join(texts).split()[:250])
    figures = {}
    for listing in list_checkpoints():
        checkpoint = load_checkpoint(listing.path)
        times = [
            _timed(lambda c=checkpoint: explain(c, text), time.perf_counter) for _ in range(30)
        ]
        figures[f"explain_ms_{listing.name}"] = round(1000 * statistics.median(times[3:]), 2)
    return figures


def _epoch(
    model: torch.nn.Module,
    logits: Callable[[list[NumberedDocument]], torch.Tensor],
    groups: list[list[NumberedDocument]],
) -> Callable[[], None]:
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    model.train()

    def run() -> None:
        for group in groups:
            loss = cross_entropy(logits(group), torch.zeros(len(group), dtype=torch.long))
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()

    return run


def _timed(function: Callable[[], object], clock: Callable[[], float]) -> float:
    started = clock()
    function()
    return clock() - started


if __name__ == "__main__":
    main()
