"""The base class of every attention classifier, and what it returns.

Words go in through an embedding, a linear layer reads the document's vector, and
attention is the only path between them. Each model fills in two steps: ``encode``,
from word vectors to states, and ``decide``, from states through attention to logits.
``decide_flat`` is the second step of models with one level of attention over all words.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from han_core.models.architecture import Architecture
from han_core.models.attention import AttentionPooling, segment_softmax, segment_sum
from han_core.models.recurrent.scan import States, dense_states, dropout
from han_core.models.self_attention import AttentionWindow, MapRequest
from han_core.text.batch import Batch, SharedBatch
from han_core.text.vocabulary import PADDING


@dataclass(frozen=True)
class Attention:
    """Attention weights to use in place of the model's own.

    Attributes:
        sentence_weights: (sentences,) that sum to 1 over each document.
        word_weights: (tokens,) that sum to 1 over each sentence.
    """

    sentence_weights: Tensor
    word_weights: Tensor


@dataclass(frozen=True)
class Encoded:
    """A batch as the word encoder reads it.

    Attributes:
        states: (tokens, size) a state for each token, written out or not.
        last: (segments, size) the final states of each sequence that it read: sentences
            for a HAN, documents for a flat model.
        windows: self-attention of the batch's only document, where it was asked for.
    """

    states: States
    last: Tensor
    windows: tuple[AttentionWindow, ...] = ()


@dataclass(frozen=True)
class Output:
    """One pass over a batch: the logits, and the attention that led to them.

    Attributes:
        logits: (documents, classes) before the softmax.
        sentence_weights: (sentences,) sum to 1 over each document.
        word_weights: (tokens,) sum to 1 over each sentence.
        documents: (documents, size) the vectors that the classifier reads.
        entries: (entries, size) what the attention closest to the output weighs: states of a
            HAN's sentences, of a flat model's words.
        windows: as ``Encoded``.

    Raises:
        ValueError: if logits and document vectors disagree on the documents.
    """

    logits: Tensor
    sentence_weights: Tensor
    word_weights: Tensor
    documents: Tensor
    entries: States
    windows: tuple[AttentionWindow, ...] = ()

    def __post_init__(self) -> None:
        if len(self.logits) != len(self.documents):
            raise ValueError(f"{len(self.documents)} logits expected, {len(self.logits)} came")


@dataclass(frozen=True)
class AttentionLevel:
    """One layer of attention of a model, and what it reads in a pass.

    Attributes:
        unit: what it weighs.
        inputs: (rows, input) the vectors that the encoder below it read.
        states: (rows, size) what it weighs.
        owner: (rows,) the segment of each row.
        query: (segments, size) the final states of each segment.

    Raises:
        ValueError: if the numbers of rows disagree.
    """

    unit: Literal["word", "sentence"]
    layer: AttentionPooling
    inputs: Tensor
    states: Tensor
    owner: Tensor
    query: Tensor

    def __post_init__(self) -> None:
        rows = {len(self.inputs), len(self.states), len(self.owner)}
        if len(rows) != 1:
            raise ValueError(f"inputs, states and owners of as many rows expected, {rows} came")


class Dropout(nn.Dropout):
    def forward(self, input: Tensor) -> Tensor:
        return dropout(input, self.p, self.training)


class AttentionClassifier(nn.Module):
    """Embedding, dropout by level, and the final linear layer.

    Args:
        architecture: all sizes.
        size: numbers of a document's vector.
    """

    directions = 1  # in which its states are read: equal parts of each

    def __init__(self, architecture: Architecture, size: int):
        super().__init__()
        self.embedding = nn.Embedding(
            architecture.vocabulary_size, architecture.embedding, padding_idx=PADDING
        )
        self.classifier = nn.Linear(size, architecture.classes)
        self.dropout_words = Dropout(architecture.dropout_words)
        self.dropout_sentences = Dropout(architecture.dropout_sentences)
        self.dropout_document = Dropout(architecture.dropout_document)

    def forward(
        self,
        batch: Batch,
        attention: Attention | None = None,
        table: Tensor | None = None,
        maps: MapRequest | None = None,
    ) -> Output:
        """Read the real tokens of a batch; there is no padding to mask.

        Args:
            attention: replaces the model's own weights; the states stay as they are.
            table: as an ``InputTable`` of the model gives it; other models ignore it.
            maps: of a batch of one document, by a model that has maps.
        """
        encoded = self.read(batch, table) if maps is None else self.attend(batch, maps)
        return self.decide(encoded, batch, attention)

    def read(self, batch: Batch, table: Tensor | None = None, shared: bool = False) -> Encoded:
        """Return the states of a batch.

        Args:
            table: as ``forward``.
            shared: many sequences begin or end alike; without a gradient on a CPU the states
                may be ``SharedStates`` then, and are the same ones.
        """
        return self.encode(self.embedding(batch.words), batch)

    def attend(self, batch: Batch, maps: MapRequest) -> Encoded:
        """Read the batch's only document with its self-attention recorded or changed."""
        return self.encode(self.embedding(batch.words), batch, maps=maps)

    def encode(
        self,
        vectors: Tensor,
        batch: Batch,
        index: Tensor | None = None,
        maps: MapRequest | None = None,
    ) -> Encoded:
        """States from word vectors.

        Args:
            vectors: (tokens, embedding), or with ``index`` (distinct, embedding).
            index: (tokens,) the row of ``vectors`` that stands at each token.
            maps: as ``forward``.
        """
        raise NotImplementedError

    def decide(
        self,
        encoded: Encoded,
        batch: Batch,
        attention: Attention | None = None,
        hold: Tensor | None = None,
    ) -> Output:
        """Attention over the states, and the logits.

        Args:
            attention: as ``forward``.
            hold: (documents,) bool, whose own attention is a constant to a gradient.
        """
        raise NotImplementedError

    def attention_levels(self, batch: Batch) -> tuple[AttentionLevel, ...]:
        """Return each layer of attention with what it reads, from words up.

        Unless a model says otherwise, its layer ``attention`` weighs all words of a document.
        """
        vectors, encoded = self.embedding(batch.words), self.read(batch)
        layer = self.get_submodule("attention")
        assert isinstance(layer, AttentionPooling)
        states, owner = dense_states(encoded.states), batch.document_of_token
        return (AttentionLevel("word", layer, vectors, states, owner, encoded.last),)

    def forward_shared(self, batch: SharedBatch) -> Tensor:
        """Return logits (documents, classes) of documents that share sentences."""
        flat = batch.flat()
        return self.decide(self.read(flat, shared=True), flat).logits


def decide_flat(
    model: AttentionClassifier,
    pooling: AttentionPooling,
    encoded: Encoded,
    batch: Batch,
    attention: Attention | None = None,
    hold: Tensor | None = None,
) -> Output:
    """``AttentionClassifier.decide`` with one attention over all words of a document.

    Sentences play no part in the decision; the attention is given per sentence so that it can
    be compared with a HAN's: a sentence's weight is the sum of its words' attention, a word's
    weight its share of that.
    """
    states, owner = encoded.states, batch.document_of_token
    if attention is None:
        scores = pooling.scores(states, owner, encoded.last)
        weights = segment_softmax(scores, owner, len(batch))
        if hold is not None:
            weights = torch.where(hold[owner], weights.detach(), weights)
        sentences = len(batch.sentence_lengths)
        attention = Attention(
            segment_sum(weights, batch.sentence_of_token, sentences),
            # The same as weight / sentence weight, but never 0 / 0.
            segment_softmax(scores, batch.sentence_of_token, sentences),
        )
    else:
        weights = attention.sentence_weights[batch.sentence_of_token] * attention.word_weights
    documents, _ = pooling(states, owner, encoded.last, weights)  # (documents, size)
    return Output(
        model.classifier(model.dropout_document(documents)),
        attention.sentence_weights,
        attention.word_weights,
        documents,
        states,
        encoded.windows,
    )
