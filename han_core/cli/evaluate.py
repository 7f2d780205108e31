"""The command ``evaluate``."""

import time
from argparse import ArgumentParser, Namespace

from han_core.cli.common import bar, checkpoint, data, device, print_json, say
from han_core.data.corpus import read_corpus
from han_core.data.labels import align_labels
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import metrics, predict
from han_core.runtime.devices import choose_device

HELP = "metrics of a checkpoint on labelled data"


def flags(command: ArgumentParser) -> None:
    checkpoint(command)
    device(command)
    data(command)


def run(given: Namespace) -> None:
    """Prints the metrics of a checkpoint on labelled data."""
    checkpoint = load_checkpoint(given.checkpoint, choose_device(given.device))
    corpus = read_corpus(
        given.data,
        text_column=given.text_column,
        label_column=given.label_column,
        default_split="test",
    )
    for note in corpus.notes:
        say(note)
    classes = align_labels(corpus.labels, checkpoint.labels)
    started = time.perf_counter()
    probabilities = predict(checkpoint, corpus.texts, bar("Evaluating", len(corpus)))
    seconds = time.perf_counter() - started
    print_json(
        {
            "n": len(corpus),
            **metrics(probabilities, classes),
            "documents_per_second": round(len(corpus) / seconds, 2),
        }
    )
