"""Who takes part in the comparison of speed: ours, and the baselines, ready to be timed.

Each way starts from the same numbered documents and does all that a user waits for: making
the batch, the pass, and in training the step. It measures nothing.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.packed import PackedBiLSTM, PackedHAN, PaddedBiLSTM, as_documents, as_sentences
from benchmarks.textbook import TextbookHAN, pad
from han_core.models.architecture import Architecture
from han_core.models.build import build_model
from han_core.text.batch import NumberedDocument, collate
from han_core.training.batches import epoch_batches

BATCH = 64
Documents = list[NumberedDocument]


class Contestant(NamedTuple):
    """A model of one way of writing it.

    Attributes:
        answer: (model, documents) → logits; attention is computed on the way.
        batches: the documents of an epoch in its batches.
    """

    model: nn.Module
    answer: Callable[[nn.Module, Documents], Tensor]
    batches: list[Documents]


def contestants(architecture: Architecture, documents: Documents) -> dict[str, Contestant]:
    """Ours, under "ours", and the baselines of the architecture's model.

    The baselines read 64 documents at a time as they come, as their authors do; ours as many
    tokens in batches of like length, which is how it trains.
    """
    given = [documents[at : at + BATCH] for at in range(0, len(documents), BATCH)]
    lengths = [len(document.words) for document in documents]
    budget = max(1, sum(lengths) * BATCH // len(documents))
    filled = [[documents[at] for at in batch] for batch in epoch_batches(lengths, budget, 0, 0)]
    found = {"ours": Contestant(build_model(architecture), _ours, filled)}
    if architecture.model == "han":
        found["textbook"] = Contestant(TextbookHAN(architecture), _textbook, given)
        found["packed"] = Contestant(PackedHAN(architecture), _packed_han, given)
    else:
        found["padded"] = Contestant(PaddedBiLSTM(architecture), _of_documents, given)
        found["packed"] = Contestant(PackedBiLSTM(architecture), _of_documents, given)
    return found


def training(way: Contestant) -> Callable[[], None]:
    """An epoch of training."""
    optimizer = torch.optim.AdamW(way.model.parameters(), fused=way.answer is _ours)

    def epoch() -> None:
        way.model.train()
        for batch in way.batches:
            classes = torch.zeros(len(batch), dtype=torch.long)
            cross_entropy(way.answer(way.model, batch), classes).backward()
            optimizer.step()
            optimizer.zero_grad()

    return epoch


def explaining(way: Contestant) -> Callable[[], None]:
    """Probabilities and attention of every document."""

    def once() -> None:
        way.model.eval()
        with torch.no_grad():
            for batch in way.batches:
                way.answer(way.model, batch).softmax(1).tolist()

    return once


def _ours(model: nn.Module, batch: Documents) -> Tensor:
    return model(collate(batch)).logits


def _textbook(model: nn.Module, batch: Documents) -> Tensor:
    return model(pad(batch))[0]


def _packed_han(model: nn.Module, batch: Documents) -> Tensor:
    return model(*as_sentences(batch))[0]


def _of_documents(model: nn.Module, batch: Documents) -> Tensor:
    return model(*as_documents(batch))[0]
