"""How soon: the evidence under a heatmap, for one document of 250 words.

    python -m benchmarks.evidence [--data bundled:classroom@all]

Prints one JSON line: for each shipped checkpoint, the median milliseconds of the quick
answer on two threads, and of its parts. The goal is 100 for a HAN and 250 for a BiLSTM.
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
from han_core.explanation.deletion import deletion
from han_core.explanation.faithfulness import DRAWS, quick
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
    print(json.dumps({found.name: milliseconds(found, texts) for found in checkpoints}))


def milliseconds(checkpoint: Checkpoint, texts: tuple[str, ...]) -> dict[str, float]:
    """Medians of the quick answer and of what it is made of; each asks a subject anew."""
    text = first_words(checkpoint, " ".join(texts))

    def asked() -> ModelProbe:
        return probe_text(checkpoint, text)

    parts: dict[str, Callable[[ModelProbe], object]] = {
        "quick": quick,
        "subject": lambda _: asked(),
        "deletion": _deletion,
        "gradient": lambda made: gradient_ranking(made, "word"),
        "swaps": replace_attention,
    }
    sizes = {"words": asked().tokens, "sentences": asked().sentences}
    return {**sizes, **{name: median(part, asked) for name, part in parts.items()}}


def first_words(checkpoint: Checkpoint, text: str) -> str:
    """As much of ``text`` as the checkpoint counts ``WORDS`` words in."""
    return text[: checkpoint.tokenizer(text[: 20 * WORDS]).tokens[WORDS - 1].end]


def median(part: Callable[[ModelProbe], object], asked: Callable[[], ModelProbe]) -> float:
    """Milliseconds that ``part`` takes with a subject that nothing has been asked of yet."""
    seconds = []
    for _ in range(WARM + ROUNDS):
        made = asked()
        started = time.perf_counter()
        part(made)
        seconds.append(time.perf_counter() - started)
    return round(1000 * statistics.median(seconds[WARM:]), 1)


def _deletion(asked: ModelProbe) -> None:
    """As many orders as the quick answer has, all of them random."""
    rng = np.random.default_rng(0)
    deletion(asked, {"random": random_orders(asked.tokens, DRAWS + 2, rng)})


if __name__ == "__main__":
    main()
