"""One pasted text: from text to explanation, beside the packed baseline with the same tokeniser.

Interleaved, one thread, wall-clock time: what somebody waits for.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.contestants import contestants
from han_core.explanation.explain import explain
from han_core.models.architecture import Architecture
from han_core.models.build import build_model
from han_core.models.checkpoint import Checkpoint, Config
from han_core.text.batch import number_document
from han_core.text.vocabulary import Vocabulary

WORDS = 250
ROUNDS = 40


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
                packed.answer(packed.model, [document]).softmax(1).tolist()

        ours, theirs = _medians(partial(explain, checkpoint, text), baseline)
        found[f"{model}_text_to_explanation_ms"] = round(ours, 2)
        found[f"{model}_text_to_explanation_ms_packed"] = round(theirs, 2)
        found[f"{model}_text_to_explanation_vs_packed"] = round(theirs / ours, 2)
    return found


def _medians(*ways: Callable[[], object]) -> list[float]:
    """Milliseconds of each, interleaved; the first rounds do not count."""
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for times, run in zip(seconds, ways, strict=True):
            started = time.perf_counter()
            run()
            times.append(time.perf_counter() - started)
    return [1000 * float(np.median(times[5:])) for times in seconds]
