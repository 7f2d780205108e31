"""The models as public implementations write them with packed sequences, as a baseline for speed.

One call of ``nn.GRU`` or ``nn.LSTM`` over a packed sequence of all sentences (or documents),
attention over what is padded again afterwards. The same layers and sizes as ours; so are the
answers, within rounding.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from benchmarks.textbook import Layers, MaskedAttention
from han_core.models.architecture import Architecture
from han_core.text.batch import NumberedDocument

Answer = tuple[Tensor, Tensor, Tensor]
"""Logits (documents, classes), sentence weights and word weights, padded."""


class PackedHAN(Layers):
    """``forward(words, lengths, sentences)`` → logits and attention.

    Shapes: words (sentences, longest), lengths (sentences,), sentences (documents,) how many;
    the last two stay on the CPU, where packing wants them.
    """

    def forward(self, words: Tensor, lengths: Tensor, sentences: Tensor) -> Answer:
        states = _run_packed(self.word_encoder, self.embedding(words), lengths)
        vectors, word_weights = self.word_attention(states, _real(lengths, words))
        documents = pad_sequence(vectors.split(sentences.tolist()), batch_first=True)
        states = _run_packed(self.sentence_encoder, documents, sentences)
        pooled, sentence_weights = self.sentence_attention(states, _real(sentences, words))
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
        pooled, weights = self.attention(states, _real(lengths, words))
        return self.classifier(pooled), weights


class PaddedBiLSTM(PackedBiLSTM):
    """The same over the padded tensor; its backward direction reads the padding first."""

    def forward(self, words: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        states, _ = self.encoder(self.embedding(words))
        pooled, weights = self.attention(states, _real(lengths, words))
        return self.classifier(pooled), weights


def as_sentences(documents: list[NumberedDocument]) -> tuple[Tensor, Tensor, Tensor]:
    """What ``PackedHAN`` reads."""
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
    """What ``PackedBiLSTM`` and ``PaddedBiLSTM`` read."""
    parts = [torch.from_numpy(document.words).long() for document in documents]
    return pad_sequence(parts, batch_first=True), torch.tensor([len(part) for part in parts])


def _run_packed(encoder: nn.Module, vectors: Tensor, lengths: Tensor) -> Tensor:
    packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
    states, _ = pad_packed_sequence(encoder(packed)[0], batch_first=True)
    return states


def _real(lengths: Tensor, beside: Tensor) -> Tensor:
    """(rows, longest) whether there is something at each place; where ``beside`` is."""
    real = torch.arange(int(lengths.max())) < lengths.unsqueeze(1)
    return real.to(beside.device)
