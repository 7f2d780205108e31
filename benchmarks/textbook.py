"""The HAN of the textbooks, as a baseline for speed.

One padded tensor (documents, sentences, words), and one call of the word encoder
for each sentence position. The same layers and sizes as ours; it is only slower,
and its backward directions read the padding first.
"""

import torch
from torch import Tensor, nn

from han_core.models.architecture import Architecture
from han_core.text.batch import NumberedDocument


class Layers(nn.Module):
    """The layers of a HAN as they are usually written; how they are run is for subclasses."""

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
    """Additive attention over padded rows: what it pools to, and its weights."""

    def __init__(self, size: int, attention_size: int):
        super().__init__()
        self.project = nn.Linear(size, attention_size)
        self.context = nn.Parameter(torch.empty(attention_size).uniform_(-0.1, 0.1))

    def forward(self, states: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        scores = torch.tanh(self.project(states)) @ self.context  # (rows, time)
        weights = scores.masked_fill(~real, -1e9).softmax(1)
        return (states * weights.unsqueeze(2)).sum(1), weights


def pad(documents: list[NumberedDocument]) -> Tensor:
    """(documents, sentences, words), zeros where there is nothing."""
    sentences = max(len(document.sentence_lengths) for document in documents)
    words = max(int(document.sentence_lengths.max()) for document in documents)
    padded = torch.zeros(len(documents), sentences, words, dtype=torch.long)
    for row, document in enumerate(documents):
        at = 0
        for position, length in enumerate(document.sentence_lengths.tolist()):
            padded[row, position, :length] = torch.from_numpy(document.words[at : at + length])
            at += length
    return padded
