"""Reference models for speed: the HAN, the BiLSTM and the Transformer as others write them.

``TextbookHAN`` pads documents to (documents, sentences, words) and calls the word encoder once
for each sentence position, as textbooks do. The packed models call ``nn.GRU`` or ``nn.LSTM`` once
over a packed sequence, as public implementations do; ``PaddedTransformer`` gives torch's own layers
the padded tensor and a mask. Layers and sizes are ours, and so are the answers of all but the
textbook's and the padded BiLSTM: over padding a backward direction reads the padding first.

``contestants`` gives ours and the reference models, ready to be timed: from the same numbered
documents through the batch and the pass, and in training the step.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from han_core.models.architecture import Architecture
from han_core.models.registry import build_model
from han_core.models.transformer_layers import sinusoids
from han_core.text.batch import NumberedDocument, collate
from han_core.training.batches import epoch_batches


class Layers(nn.Module):
    """The layers of a HAN as they are usually written; subclasses run them."""

    def __init__(self, architecture: Architecture):
        super().__init__()
        a, states = architecture, 2 * architecture.hidden
        self.embedding = nn.Embedding(a.vocabulary_size, a.embedding, padding_idx=0)
        self.word_encoder = nn.GRU(a.embedding, a.hidden, bidirectional=True, batch_first=True)
        self.word_attention = MaskedAttention(states, a.attention_size)
        self.sentence_encoder = nn.GRU(states, a.hidden, bidirectional=True, batch_first=True)
        self.sentence_attention = MaskedAttention(states, a.attention_size)
        self.classifier = nn.Linear(states, a.classes)


class TextbookHAN(Layers):
    def forward(self, words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(documents, sentences, words) → logits (documents, classes), weights of both levels."""
        vectors, word_weights = [], []
        for position in range(words.shape[1]):
            present = words[:, position]  # (documents, words)
            states, _ = self.word_encoder(self.embedding(present))
            vector, weights = self.word_attention(states, present > 0)
            vectors.append(vector)
            word_weights.append(weights)
        states, _ = self.sentence_encoder(torch.stack(vectors, dim=1))
        pooled, sentence_weights = self.sentence_attention(states, (words > 0).any(2))
        return self.classifier(pooled), sentence_weights, torch.stack(word_weights, dim=1)


class MaskedAttention(nn.Module):
    """Additive attention over padded rows: the pooled states and the weights."""

    def __init__(self, size: int, attention_size: int):
        super().__init__()
        self.project = nn.Linear(size, attention_size)
        self.context = nn.Parameter(torch.empty(attention_size).uniform_(-0.1, 0.1))

    def forward(self, states: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        scores = torch.tanh(self.project(states)) @ self.context  # (rows, time)
        weights = scores.masked_fill(~real, -1e9).softmax(1)
        return (states * weights.unsqueeze(2)).sum(1), weights


def pad(documents: list[NumberedDocument]) -> Tensor:
    """Return word numbers (documents, sentences, words), padded with zeros."""
    sentences = max(len(document.sentence_lengths) for document in documents)
    words = max(int(document.sentence_lengths.max()) for document in documents)
    padded = torch.zeros(len(documents), sentences, words, dtype=torch.long)
    for row, document in enumerate(documents):
        at = 0
        for position, length in enumerate(document.sentence_lengths.tolist()):
            padded[row, position, :length] = torch.from_numpy(document.words[at : at + length])
            at += length
    return padded


Answer = tuple[Tensor, Tensor, Tensor]
"""Logits (documents, classes), sentence weights and word weights, padded."""


class PackedHAN(Layers):
    """``forward(words, lengths, sentences)`` → logits and attention.

    Shapes: words (sentences, longest), lengths (sentences,), sentences (documents,) how many;
    the last two stay on the CPU, where packing wants them.
    """

    def forward(self, words: Tensor, lengths: Tensor, sentences: Tensor) -> Answer:
        states = _run_packed(self.word_encoder, self.embedding(words), lengths)
        vectors, word_weights = self.word_attention(states, _mask(lengths, words.device))
        documents = pad_sequence(vectors.split(sentences.tolist()), batch_first=True)
        states = _run_packed(self.sentence_encoder, documents, sentences)
        pooled, sentence_weights = self.sentence_attention(states, _mask(sentences, words.device))
        return self.classifier(pooled), sentence_weights, word_weights


class PackedBiLSTM(nn.Module):
    """``forward(words, lengths)`` with words (documents, longest) → logits and attention."""

    def __init__(self, architecture: Architecture):
        super().__init__()
        a, states = architecture, 2 * architecture.hidden
        self.embedding = nn.Embedding(a.vocabulary_size, a.embedding, padding_idx=0)
        self.encoder = nn.LSTM(a.embedding, a.hidden, bidirectional=True, batch_first=True)
        self.attention = MaskedAttention(states, a.attention_size)
        self.classifier = nn.Linear(states, a.classes)

    def forward(self, words: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        states = _run_packed(self.encoder, self.embedding(words), lengths)
        pooled, weights = self.attention(states, _mask(lengths, words.device))
        return self.classifier(pooled), weights


class PaddedBiLSTM(PackedBiLSTM):
    """The same over the padded tensor; its backward direction reads the padding first."""

    def forward(self, words: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        states, _ = self.encoder(self.embedding(words))
        pooled, weights = self.attention(states, _mask(lengths, words.device))
        return self.classifier(pooled), weights


class PaddedTransformer(nn.Module):
    """The same arguments; the encoder of torch, with normalisation before each part as ours."""

    def __init__(self, architecture: Architecture):
        super().__init__()
        a, size = architecture, architecture.hidden
        self.embedding = nn.Embedding(a.vocabulary_size, a.embedding, padding_idx=0)
        self.enter = nn.Linear(a.embedding, size) if a.embedding != size else nn.Identity()
        self.enter_norm = nn.LayerNorm(size)
        layer = nn.TransformerEncoderLayer(
            size, a.heads, a.feedforward * size, a.dropout_layers, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(
            layer, a.layers, nn.LayerNorm(size), enable_nested_tensor=False
        )
        self.attention = MaskedAttention(size, a.attention_size)
        self.classifier = nn.Linear(size, a.classes)

    def forward(self, words: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        real = _mask(lengths, words.device)
        entered = self.enter_norm(self.enter(self.embedding(words)))
        places = sinusoids(words.shape[1], entered.shape[2], words.device)
        states = self.encoder(entered + places, src_key_padding_mask=~real)
        pooled, weights = self.attention(states, real)
        return self.classifier(pooled), weights


def as_sentences(documents: list[NumberedDocument]) -> tuple[Tensor, Tensor, Tensor]:
    """Return the arguments of ``PackedHAN``."""
    parts = [
        sentence
        for document in documents
        for sentence in torch.from_numpy(document.words).long().split(
            document.sentence_lengths.tolist()
        )
    ]  # fmt: skip
    return (
        pad_sequence(parts, batch_first=True),
        torch.tensor([len(part) for part in parts]),
        torch.tensor([len(document.sentence_lengths) for document in documents]),
    )


def as_documents(documents: list[NumberedDocument]) -> tuple[Tensor, Tensor]:
    """Return the arguments of the packed and padded models that read whole documents."""
    parts = [torch.from_numpy(document.words).long() for document in documents]
    return pad_sequence(parts, batch_first=True), torch.tensor([len(part) for part in parts])


def _run_packed(encoder: nn.Module, vectors: Tensor, lengths: Tensor) -> Tensor:
    packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
    states, _ = pad_packed_sequence(encoder(packed)[0], batch_first=True)
    return states


def _mask(lengths: Tensor, device: torch.device) -> Tensor:
    """Return (rows, longest) True where there is no padding."""
    real = torch.arange(int(lengths.max())) < lengths.unsqueeze(1)
    return real.to(device)


BATCH = 64
CPU = torch.device("cpu")
Documents = list[NumberedDocument]


class Contestant(NamedTuple):
    """A model to be timed.

    Attributes:
        forward: (model, documents) → logits; attention is computed too.
        batches: the documents of an epoch in their batches.
    """

    model: nn.Module
    forward: Callable[[nn.Module, Documents], Tensor]
    batches: list[Documents]


def contestants(
    architecture: Architecture, documents: Documents, device: torch.device = CPU
) -> dict[str, Contestant]:
    """Return our model as "ours", and the reference models of the architecture.

    On a GPU there is "ours_mixed" as well, in the half precision that training chooses there.

    The reference models read 64 documents at a time as they come, as their authors do; ours as many
    tokens in batches of like length, which is how it trains.
    """
    as_given = [documents[at : at + BATCH] for at in range(0, len(documents), BATCH)]
    found = {"ours": Contestant(build_model(architecture), _ours, _token_batches(documents))}
    if architecture.model == "han":
        found["textbook"] = Contestant(TextbookHAN(architecture), _textbook, as_given)
        found["packed"] = Contestant(PackedHAN(architecture), _packed_han, as_given)
    elif architecture.model == "transformer":
        found["padded"] = Contestant(PaddedTransformer(architecture), _flat, as_given)
    else:
        found["padded"] = Contestant(PaddedBiLSTM(architecture), _flat, as_given)
        found["packed"] = Contestant(PackedBiLSTM(architecture), _flat, as_given)
    if device.type == "cuda":
        found["ours_mixed"] = Contestant(build_model(architecture), _mixed, found["ours"].batches)
    for each in found.values():
        each.model.to(device)
    return found


def _token_batches(documents: Documents) -> list[Documents]:
    """Return batches of similar length, each of the tokens of about ``BATCH`` documents."""
    if not documents:
        return []
    lengths = [len(document.words) for document in documents]
    budget = max(1, sum(lengths) * BATCH // len(documents))
    return [[documents[at] for at in batch] for batch in epoch_batches(lengths, budget, 0, 0)]


def training(contestant: Contestant) -> Callable[[], None]:
    """Return a function that trains for an epoch."""
    model, forward, batches = contestant
    device = _device(model)
    optimizer = torch.optim.AdamW(model.parameters(), fused=forward in (_ours, _mixed))
    scaled = forward is _mixed and not torch.cuda.is_bf16_supported()
    scaler = torch.amp.GradScaler(device.type, enabled=scaled)

    def epoch() -> None:
        model.train()
        for batch in batches:
            classes = torch.zeros(len(batch), dtype=torch.long, device=device)
            scaler.scale(cross_entropy(forward(model, batch), classes)).backward()
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()

    return epoch


def explaining(contestant: Contestant) -> Callable[[], None]:
    """Return a function that computes probabilities and attention of every document."""

    def once() -> None:
        contestant.model.eval()
        with torch.no_grad():
            for batch in contestant.batches:
                contestant.forward(contestant.model, batch).softmax(1).tolist()

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


def _flat(model: nn.Module, batch: Documents) -> Tensor:
    words, lengths = as_documents(batch)
    return model(words.to(_device(model)), lengths)[0]


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
