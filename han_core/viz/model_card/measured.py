"""Measurements for a model card: weaknesses, faithfulness, plausibility, speed."""

import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from han_core.data.corpus import Corpus, read_corpus
from han_core.data.labels import align_labels
from han_core.data.rationales import Rationales
from han_core.explanation.dataset_evidence import DOCUMENTS, measure, sample
from han_core.explanation.plausibility import measure as measure_marked
from han_core.models.checkpoint import README, Checkpoint, find_folder, load_checkpoint
from han_core.models.listing import MIXED, mixed_misfit
from han_core.models.predict import predict
from han_core.runtime.atomic_io import current_folder, write_atomically
from han_core.runtime.devices import describe_device
from han_core.runtime.errors import shown, system_errors
from han_core.runtime.messages import speaking, tr
from han_core.viz.model_card.content import (
    Card,
    Counted,
    Faithfulness,
    Plausibility,
    Speed,
    Weaknesses,
    read_card,
    weights_of,
    write_card,
)
from han_core.viz.model_card.known import checkpoint_facts
from han_core.viz.model_card.readme import readme
from han_core.viz.model_card.sections import sections

Progress = Callable[[int, int], None]
Bar = Callable[[str, int], Progress]
"""A progress bar, of what and of how many."""

TIMED = 500  # documents
ROUNDS = 3


def weaknesses(checkpoint: Checkpoint, bar: Bar | None = None) -> Weaknesses | None:
    """Accuracy by the tags of the bundled reviews in the checkpoint's language.

    All of them, or those for testing where the checkpoint was trained on these reviews.
    None where there are none in its language, or where its classes are others.
    """
    learnt = str(checkpoint.metrics.get("dataset", "")).startswith(MIXED)
    language = checkpoint.config.text.language
    if mixed_misfit(language, checkpoint.labels):
        return None
    corpus = read_corpus(f"{MIXED}/{language}@{'test' if learnt else 'all'}")
    classes = np.array(align_labels(corpus.labels, checkpoint.labels))
    progress = bar(tr("Weaknesses"), len(corpus)) if bar else None
    right = predict(checkpoint, corpus.texts, progress).argmax(1) == classes
    return Weaknesses(data=corpus.name, all=_counted(right), tags=_by_tag(corpus, right))


def complete_card(folder: Path) -> bool:
    """Measure a checkpoint on the mixed examples, and write the result to its card and README.

    Takes about a second. A card that has the result already stays as it is.

    Returns:
        Whether the card has it now; there is none for another language or other classes.

    Raises:
        UserError: if the checkpoint cannot be loaded, its card does not fit, or it cannot be
            written.
    """
    checkpoint = load_checkpoint(folder)
    there = current_folder(folder)
    card = read_card(there, checkpoint.config)
    if card is None or card.weaknesses is None:
        found = weaknesses(checkpoint)
        if found is None:
            return False
        card = card or Card(weights=weights_of(there, checkpoint.config))
        write_files(folder, card.model_copy(update={"weaknesses": found}))
    return True


def write_files(folder: str | Path, card: Card) -> None:
    """Write ``card.json`` and the README of the checkpoint in ``folder``, or of that name.

    Raises:
        UserError: if the disk does not take them.
    """
    facts, there = checkpoint_facts(folder), current_folder(find_folder(folder))
    with speaking("en"):  # whoever reads the file
        written = readme(facts, sections(facts, card))
    with system_errors(tr("The card of {name} cannot be written", name=facts.name)):
        write_card(there, card)
        write_atomically(there / README, written.encode("utf-8"))


def _by_tag(corpus: Corpus, right: np.ndarray) -> dict[str, Counted]:
    """A document counts under each of its tags."""
    rows: dict[str, list[int]] = {}
    for row, tags in enumerate(corpus.extra["tags"]):
        for tag in tags.split(","):
            rows.setdefault(tag.strip(), []).append(row)
    return {tag: _counted(right[places]) for tag, places in sorted(rows.items()) if tag}


def _counted(right: np.ndarray) -> Counted:
    return Counted(n=len(right), right=int(np.count_nonzero(right)))


def faithfulness(
    checkpoint: Checkpoint,
    corpus: Corpus,
    limit: int = DOCUMENTS,
    seed: int = 0,
    bar: Bar | None = None,
    say: Callable[[str], None] | None = None,
) -> Faithfulness:
    """As the command ``faithfulness`` measures it.

    Raises:
        UserError: as ``sample`` and ``measure`` do.
    """
    choosing = bar(tr("Choosing"), len(corpus)) if bar else None
    rows = sample(checkpoint, corpus.texts, limit, seed, choosing, say)
    measuring = bar(tr("Measuring"), len(rows)) if bar else None
    report = measure(checkpoint, corpus.take(rows).texts, seed, progress=measuring).to_json()
    fields = {name: report[name] for name in Faithfulness.model_fields if name in report}
    return Faithfulness(data=shown(corpus.name, 200), **fields)


def plausibility(
    checkpoint: Checkpoint, rationales: Rationales, seed: int = 0, bar: Bar | None = None
) -> Plausibility:
    """As the command ``plausibility`` measures it, over all that has marks.

    Raises:
        UserError: as ``sample`` and ``plausibility.measure`` do.
    """
    rows = sample(checkpoint, rationales.texts, len(rationales), seed)
    progress = bar(tr("Plausibility"), len(rows)) if bar else None
    report = measure_marked(checkpoint, rationales.take(rows), seed, progress).to_json()
    fields = {name: report[name] for name in Plausibility.model_fields if name in report}
    return Plausibility(data=shown(rationales.name, 200), **fields)


def speed(checkpoint: Checkpoint, texts: Sequence[str], rounds: int = ROUNDS) -> Speed:
    """Documents a second from text to probabilities, the best of ``rounds`` after one to warm up.

    Raises:
        UserError: as ``predict`` does.
    """
    timed = texts[:TIMED]
    words = [len(checkpoint.tokenizer(text).tokens) for text in timed]
    seconds = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        predict(checkpoint, timed)
        seconds.append(time.perf_counter() - started)
    return Speed(
        documents_per_second=len(timed) / min(seconds[1:]),
        words=sum(words) / len(words),
        threads=torch.get_num_threads(),
        machine=machine(checkpoint.device),
    )


def machine(device: torch.device) -> str:
    """The processor or the GPU in words."""
    if device.type != "cpu":
        return shown(describe_device(str(device)), 200)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = [
        line.split(":", 1)[1].strip()
        for line in lines
        if line.startswith("model name")  # not shown
    ]  # not shown
    return shown(next(filter(None, models), platform.processor() or platform.machine()), 200)
