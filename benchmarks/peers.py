"""Our HAN beside a public implementation of it, in one run on the same documents.

    python -m benchmarks.peers FOLDER --peer NAME [--descriptions FILE] [--data D] [--limit 128]

FOLDER is a checkout of the implementation. Its code is imported and run, so give only a checkout
that you trust; nothing of it is part of this project. ``benchmarks/peers.toml`` describes the
peers that we know: ``module`` and ``class`` of the model, its ``arguments``, the ``inputs`` of its
forward in their order, and ``logits``, the place of the logits where forward returns several
things. Arguments may name a size: vocabulary, classes, embedding, hidden (of one direction),
attention_size, text_padding, sentence_end, or vectors (an embedding matrix, drawn by chance).
Inputs are

    documents        (documents, sentences, words), padded with 0
    sentence_counts  (documents,) sentences of each document
    word_counts      (documents, sentences) words of each sentence, padded with 0
    sentences        (all sentences, words), the longest first, padded with 0
    places           for each of these: its words, its document's sentences, document, sentence
    text             (documents, words) with sentence_end after each sentence, and text_padding

A peer reads 64 documents at a time as they come, from tensors that are ready before the clock
starts, and is trained with the same optimizer as the reference models of ``bench``; ours makes
its tensors under the clock. Prints one JSON line, with medians and quartiles as ``bench`` has them.
"""

import argparse
import importlib
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from benchmarks.bench import CPU, SIZES, clock_of, interleaved, number_texts, speed_ratios
from benchmarks.reference_models import (
    BATCH,
    Contestant,
    Documents,
    contestants,
    explaining,
    pad,
    training,
)
from han_core.cli.common import at_least, print_json
from han_core.data.corpus import read_corpus
from han_core.models.architecture import Architecture
from han_core.runtime.errors import UserError

DESCRIPTIONS = Path(__file__).with_suffix(".toml")
CLASSES = 2


@dataclass(frozen=True)
class PeerBatch:
    """The tensors that a peer's forward takes, and how many documents they hold."""

    inputs: list[Any]
    documents: int

    def __len__(self) -> int:
        return self.documents


def main() -> None:
    """Print one JSON line of documents a second and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a checkout that you trust: its code is run")
    parser.add_argument("--peer", required=True, metavar="NAME", help="a table of the descriptions")
    parser.add_argument("--descriptions", type=Path, default=DESCRIPTIONS, metavar="FILE")
    parser.add_argument("--data", default="bundled:classroom@all", metavar="D")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--limit", type=at_least(1), default=128, metavar="N", help="documents")
    parser.add_argument("--rounds", type=at_least(1), default=5, metavar="N", help="timed rounds")
    options = parser.parse_args()
    try:
        description = read_description(options.descriptions, options.peer)
        corpus = read_corpus(options.data, text_column=options.text_column, label_column=None)
        texts = corpus.first(options.limit).texts
        figures = measure(options.folder, options.peer, description, texts, options.rounds)
        print_json({"commit": commit_of(options.folder), **figures})
    except UserError as error:
        sys.exit(str(error))


def read_description(file: Path, name: str) -> dict[str, Any]:
    """Return the table ``name`` of a TOML file.

    Raises:
        UserError: if the file cannot be read, or lacks the table or one of its entries.
    """
    try:
        description = tomllib.loads(file.read_text(encoding="utf-8"))[name]
        missing = {"module", "class", "arguments", "inputs"} - set(description)
    except (OSError, ValueError) as error:
        raise UserError(f"{file.name} cannot be read: {error}") from error
    except (KeyError, TypeError) as error:
        raise UserError(f"{file.name} has no table [{name}].") from error
    if missing:
        raise UserError(f"[{name}] of {file.name} lacks {', '.join(sorted(missing))}.")
    if unknown := set(description["inputs"]) - set(INPUTS):
        raise UserError(f"There is no input {sorted(unknown)[0]}; there are {', '.join(INPUTS)}.")
    return description


def commit_of(folder: Path) -> str | None:
    """Return the commit that is checked out; None outside a repository."""
    done = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True
    )
    return done.stdout.strip() or None


def measure(
    folder: Path, name: str, description: dict[str, Any], texts: Sequence[str], rounds: int
) -> dict[str, object]:
    """Return ours and the peer's documents a second, ratios and their quartiles, on one thread.

    Raises:
        UserError: as ``load_peer`` says it, or if the answer is not a row of logits a document.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        documents, vocabulary = number_texts(texts)
        sizes = {**SIZES, "vocabulary_size": len(vocabulary), "classes": CLASSES}
        ours = contestants(Architecture(model="han", **sizes), documents)["ours"]
        ways = {"ours": ours, name: load_peer(folder, description, documents, len(vocabulary))}
        found: dict[str, object] = {"documents": len(documents)}
        for work, make in (("train", training), ("explain", explaining)):
            runs = {each: make(way) for each, way in ways.items()}
            seconds = interleaved(runs, rounds, clock_of(CPU))
            found |= speed_ratios(work, seconds, len(documents))
        return found
    finally:
        torch.set_num_threads(threads)


def load_peer(
    folder: Path, description: dict[str, Any], documents: Documents, vocabulary: int
) -> Contestant:
    """Import a peer's model from its folder, build it, and make its batches.

    Raises:
        UserError: if the folder has no such class, or it cannot be built or called as described.
    """
    sizes = sizes_of(vocabulary)
    arguments = {
        key: sizes.get(value, value) if isinstance(value, str) else value
        for key, value in description["arguments"].items()
    }
    groups = [documents[at : at + BATCH] for at in range(0, len(documents), BATCH)]
    batches = [
        PeerBatch([INPUTS[each](group, sizes) for each in description["inputs"]], len(group))
        for group in groups
    ]
    forward = _forward(description.get("logits"))
    try:
        model = _import_class(folder, description["module"], description["class"])(**arguments)
        with torch.no_grad():
            shape = tuple(forward(model, batches[0]).shape)
    except Exception as error:  # anything that the peer's code may raise
        raise UserError(f"{description['class']} does not run as described: {error}") from error
    if shape != (len(batches[0]), CLASSES):
        raise UserError(
            f"{description['class']} gave logits {shape} instead of {(len(batches[0]), CLASSES)}."
        )
    return Contestant(model, forward, batches)  # type: ignore[arg-type]


def _import_class(folder: Path, module: str, name: str) -> type[nn.Module]:
    """Import from ``folder``, which is a place of modules for this import only."""
    place = str(folder.resolve())
    sys.path.insert(0, place)
    try:
        return getattr(importlib.import_module(module), name)
    finally:
        sys.path.remove(place)


def sizes_of(vocabulary: int) -> dict[str, Any]:
    """Return what an argument may name; two numbers more than ours serve a ``text``."""
    rows = vocabulary + 2
    return {
        **SIZES,
        "vocabulary": rows,
        "classes": CLASSES,
        "text_padding": vocabulary,
        "sentence_end": vocabulary + 1,
        "vectors": torch.randn(rows, SIZES["embedding"]),
    }


def _forward(place: int | None) -> Callable[[nn.Module, PeerBatch], Tensor]:
    def forward(model: nn.Module, batch: PeerBatch) -> Tensor:
        answer = model(*batch.inputs)
        return answer if place is None else answer[place]

    return forward


Sizes = dict[str, Any]
Place = tuple[int, int, int, int]


def _split(documents: Documents) -> list[tuple[Tensor, ...]]:
    """Return the sentences of each document, each a tensor of word numbers."""
    return [
        torch.from_numpy(each.words).long().split(each.sentence_lengths.tolist())
        for each in documents
    ]


def _counts(documents: Documents, sizes: Sizes) -> Tensor:
    return torch.tensor([len(each.sentence_lengths) for each in documents])


def _word_counts(documents: Documents, sizes: Sizes) -> Tensor:
    lengths = [torch.from_numpy(each.sentence_lengths).long() for each in documents]
    return pad_sequence(lengths, batch_first=True)


def _places(documents: Documents, sizes: Sizes) -> list[Place]:
    return sorted(
        (
            (len(sentence), len(sentences), document, number)
            for document, sentences in enumerate(_split(documents))
            for number, sentence in enumerate(sentences)
        ),
        reverse=True,
    )


def _sentences(documents: Documents, sizes: Sizes) -> Tensor:
    split = _split(documents)
    rows = [split[document][number] for _, _, document, number in _places(documents, sizes)]
    return pad_sequence(rows, batch_first=True)


def _text(documents: Documents, sizes: Sizes) -> Tensor:
    end = torch.tensor([sizes["sentence_end"]])
    rows = [
        torch.cat([part for sentence in sentences for part in (sentence, end)])
        for sentences in _split(documents)
    ]
    return pad_sequence(rows, batch_first=True, padding_value=sizes["text_padding"])


INPUTS: dict[str, Callable[[Documents, Sizes], Any]] = {
    "documents": lambda documents, sizes: pad(documents),
    "sentence_counts": _counts,
    "word_counts": _word_counts,
    "sentences": _sentences,
    "places": _places,
    "text": _text,
}
"""What a forward may take, by its name in a description."""


if __name__ == "__main__":
    main()
