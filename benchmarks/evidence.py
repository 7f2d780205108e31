"""Milliseconds of the evidence under a heatmap, for a document of 250 words.

    python -m benchmarks.evidence [--data bundled:classroom@all]

Prints one JSON line: for each shipped checkpoint, the median milliseconds of the quick
evidence on two threads, and of its parts. The goal is 100 for a HAN and 250 for a BiLSTM.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from han_core.data.corpus import read_corpus
from han_core.explanation.attention_permutation import replace_attention
from han_core.explanation.attribution import gradient_ranking, random_orders
from han_core.explanation.deletion import DRAWS, deletion
from han_core.explanation.faithfulness import quick
from han_core.explanation.model_probe import ModelProbe, probe_text
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.models.listing import list_checkpoints

WORDS = 250
ROUNDS = 15
WARM = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="bundled:classroom@all")
    texts = read_corpus(parser.parse_args().data, label_column=None).texts
    torch.set_num_threads(2)
    checkpoints = [load_checkpoint(listing.path) for listing in list_checkpoints()]
    print(json.dumps({each.name: milliseconds(each, texts) for each in checkpoints}))


def milliseconds(checkpoint: Checkpoint, texts: tuple[str, ...]) -> dict[str, float]:
    """Return the medians of the quick evidence and of its parts, each with a new probe."""
    text = first_words(checkpoint, " ".join(texts))

    def new_probe() -> ModelProbe:
        return probe_text(checkpoint, text)

    parts: dict[str, Callable[[ModelProbe], object]] = {
        "quick": quick,
        "subject": lambda _: new_probe(),
        "deletion": _deletion,
        "gradient": lambda probe: gradient_ranking(probe, "word"),
        "swaps": replace_attention,
    }
    sizes = {"words": new_probe().tokens, "sentences": new_probe().sentences}
    return {**sizes, **{name: median(part, new_probe) for name, part in parts.items()}}


def first_words(checkpoint: Checkpoint, text: str) -> str:
    """Return the first ``WORDS`` words of ``text``, as the checkpoint counts them."""
    return text[: checkpoint.tokenizer(text[: 20 * WORDS]).tokens[WORDS - 1].end]


def median(part: Callable[[ModelProbe], object], new_probe: Callable[[], ModelProbe]) -> float:
    """Return the milliseconds of ``part`` with a probe that has computed nothing yet."""
    seconds = []
    for _ in range(WARM + ROUNDS):
        probe = new_probe()
        started = time.perf_counter()
        part(probe)
        seconds.append(time.perf_counter() - started)
    return round(1000 * statistics.median(seconds[WARM:]), 1)


def _deletion(probe: ModelProbe) -> None:
    """Test as many orders as the quick evidence does, all of them random."""
    rng = np.random.default_rng(0)
    deletion(probe, {"random": random_orders(probe.tokens, DRAWS + 2, rng)})


if __name__ == "__main__":
    main()
