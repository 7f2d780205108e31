"""The command ``explain``."""

import json
from argparse import ArgumentParser, Namespace

from han_core.cli.common import checkpoint, device, follow, input_bytes, read_asked, writing
from han_core.explanation.explain import explain_many
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.devices import choose_device

SOON = 1.0
"""Seconds that ``explain`` may take without a progress bar."""

HELP = "where a checkpoint's attention stands, as JSON lines"


def flags(command: ArgumentParser) -> None:
    checkpoint(command)
    device(command)
    command.add_argument("--input", default="-", metavar="F", help="JSONL with text; - is stdin")
    command.add_argument("--output", default="-", metavar="F", help="JSONL; - is stdout")


def run(given: Namespace) -> None:
    """Reads JSONL, writes an explanation a line in the same order."""
    checkpoint = load_checkpoint(given.checkpoint, choose_device(given.device))
    texts, ids = read_asked(input_bytes(given.input))
    with writing(given.output) as out:
        explanations = explain_many(checkpoint, texts, ids)
        for explanation in follow(explanations, "Explaining", len(texts), delay=SOON):
            out.write(json.dumps(explanation.to_json(), allow_nan=False) + "\n")
