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
CPU = torch.device("cpu")
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


def contestants(
    architecture: Architecture, documents: Documents, device: torch.device = CPU
) -> dict[str, Contestant]:
    """Ours, under "ours", and the baselines of the architecture's model.

    On a GPU there is "ours_mixed" as well, in the half precision that training chooses there.

    The baselines read 64 documents at a time as they come, as their authors do; ours as many
    tokens in batches of like length, which is how it trains.
    """
    given = [documents[at : at + BATCH] for at in range(0, len(documents), BATCH)]
    found = {"ours": Contestant(build_model(architecture), _ours, _filled(documents))}
    if architecture.model == "han":
        found["textbook"] = Contestant(TextbookHAN(architecture), _textbook, given)
        found["packed"] = Contestant(PackedHAN(architecture), _packed_han, given)
    else:
        found["padded"] = Contestant(PaddedBiLSTM(architecture), _of_documents, given)
        found["packed"] = Contestant(PackedBiLSTM(architecture), _of_documents, given)
    if device.type == "cuda":
        found["ours_mixed"] = Contestant(build_model(architecture), _mixed, found["ours"].batches)
    for way in found.values():
        way.model.to(device)
    return found


def _filled(documents: Documents) -> list[Documents]:
    """Batches of like length, each about as many tokens as ``BATCH`` documents have."""
    if not documents:
        return []
    lengths = [len(document.words) for document in documents]
    budget = max(1, sum(lengths) * BATCH // len(documents))
    return [[documents[at] for at in batch] for batch in epoch_batches(lengths, budget, 0, 0)]


def training(way: Contestant) -> Callable[[], None]:
    """An epoch of training."""
    device = _device(way.model)
    optimizer = torch.optim.AdamW(way.model.parameters(), fused=way.answer in (_ours, _mixed))
    scaled = way.answer is _mixed and not torch.cuda.is_bf16_supported()
    scaler = torch.amp.GradScaler(device.type, enabled=scaled)

    def epoch() -> None:
        way.model.train()
        for batch in way.batches:
            classes = torch.zeros(len(batch), dtype=torch.long, device=device)
            scaler.scale(cross_entropy(way.answer(way.model, batch), classes)).backward()
            scaler.step(optimizer)
            scaler.update()
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
    return model(collate(batch).to(_device(model))).logits


def _mixed(model: nn.Module, batch: Documents) -> Tensor:
    half = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    with torch.autocast("cuda", dtype=half):
        return _ours(model, batch).float()


def _textbook(model: nn.Module, batch: Documents) -> Tensor:
    return model(pad(batch).to(_device(model)))[0]


def _packed_han(model: nn.Module, batch: Documents) -> Tensor:
    words, lengths, sentences = as_sentences(batch)
    return model(words.to(_device(model)), lengths, sentences)[0]


def _of_documents(model: nn.Module, batch: Documents) -> Tensor:
    words, lengths = as_documents(batch)
    return model(words.to(_device(model)), lengths)[0]


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
