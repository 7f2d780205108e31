"""The base class of every attention classifier, and what it returns.

Words go in through an embedding, a linear layer reads the document's vector, and
attention is the only path between them. Each model fills in two steps: ``encode``,
from word vectors to states, and ``decide``, from states through attention to logits.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from han_core.models.architecture import Architecture
from han_core.models.recurrent.encoder import BidirectionalGRU, BidirectionalLSTM
from han_core.models.recurrent.scan import States
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
        states: (tokens, 2 × hidden) a state for each token, written out or not.
        last: (segments, 2 × hidden) the final states of each sequence that it read: sentences
            for a HAN, documents for a flat model.
    """

    states: States
    last: Tensor


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

    Raises:
        ValueError: if logits and document vectors disagree on the documents.
    """

    logits: Tensor
    sentence_weights: Tensor
    word_weights: Tensor
    documents: Tensor
    entries: States

    def __post_init__(self) -> None:
        if len(self.logits) != len(self.documents):
            raise ValueError(f"{len(self.documents)} logits expected, {len(self.logits)} came")


class AttentionClassifier(nn.Module):
    """Embedding, dropout by level, and the final linear layer.

    Args:
        architecture: all sizes; states have ``2 * hidden`` numbers.
    """

    def __init__(self, architecture: Architecture):
        super().__init__()
        self.embedding = nn.Embedding(
            architecture.vocabulary_size, architecture.embedding, padding_idx=PADDING
        )
        self.classifier = nn.Linear(2 * architecture.hidden, architecture.classes)
        self.dropout_words = nn.Dropout(architecture.dropout_words)
        self.dropout_sentences = nn.Dropout(architecture.dropout_sentences)
        self.dropout_document = nn.Dropout(architecture.dropout_document)

    def forward(
        self, batch: Batch, attention: Attention | None = None, table: Tensor | None = None
    ) -> Output:
        """Read the real tokens of a batch; there is no padding to mask.

        Args:
            attention: replaces the model's own weights; the states stay as they are.
            table: as ``input_table`` made it since the weights last changed.
        """
        return self.decide(self.read(batch, table), batch, attention)

    def read(self, batch: Batch, table: Tensor | None = None, shared: bool = False) -> Encoded:
        """Return the states of a batch; a word that occurs often is looked up and projected once.

        Args:
            table: as ``forward``.
            shared: many sequences begin or end alike; without a gradient on a CPU the states
                may be ``SharedStates`` then, and are the same ones.
        """
        if self.training:  # dropout makes every occurrence another vector
            return self.encode(self.embedding(batch.words), batch)
        lengths, index = self.sequences(batch), batch.words
        if not self.reader.uses_table(lengths):
            distinct, index = index.unique(return_inverse=True)
            return self.encode(self.embedding(distinct), batch, index)
        if table is None:
            distinct, index = index.unique(return_inverse=True)
            table = self.reader.project(self.embedding(distinct))
        readings, last = self.reader.read_table(table, lengths, index, shared)
        return Encoded(readings if shared else readings.dense(), last)

    def encode(self, vectors: Tensor, batch: Batch, index: Tensor | None = None) -> Encoded:
        """States from word vectors.

        Args:
            vectors: (tokens, embedding), or with ``index`` (distinct, embedding).
            index: (tokens,) the row of ``vectors`` that stands at each token.
        """
        return Encoded(*self.reader(self.dropout_words(vectors), self.sequences(batch), index))

    def input_table(self) -> Tensor:
        """(2, vocabulary, gates) what the word encoder takes in at each word outside training."""
        with torch.no_grad():
            return self.reader.project(self.embedding.weight)

    @property
    def reader(self) -> BidirectionalGRU | BidirectionalLSTM:
        """The recurrent layer that reads words."""
        raise NotImplementedError

    def sequences(self, batch: Batch) -> Tensor:
        """Return the number of tokens of each sequence that ``reader`` reads."""
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

    def forward_shared(self, batch: SharedBatch) -> Tensor:
        """Return logits (documents, classes) of documents that share sentences."""
        flat = batch.flat()
        return self.decide(self.read(flat, shared=True), flat).logits


LARGEST_TABLE = 30_000_000
"""Numbers in an input table, 120 MB; larger vocabularies go without."""


class InputTable:
    """What a model's word encoder takes in at each word of the vocabulary.

    Passes over real texts look up the same words and multiply each with the same weights. The
    table is made when it is first of use and again after a weight changed.
    """

    def __init__(self, model: AttentionClassifier):
        self.model = model
        self._cached: tuple[tuple, Tensor] | None = None

    def for_batch(self, batch: Batch) -> Tensor | None:
        """Return (2, vocabulary, gates) for ``model.read``; None where it reads from none."""
        model = self.model
        words, gates = model.embedding.num_embeddings, len(model.reader.all_weights[0][0])
        if model.training or not model.reader.uses_table(model.sequences(batch)):
            return None
        if 2 * words * gates > LARGEST_TABLE:
            return None
        weights = (model.embedding.weight, *model.reader.parameters())
        state = tuple((weight.data_ptr(), weight._version) for weight in weights)
        if self._cached is None or self._cached[0] != state:
            self._cached = (state, model.input_table())
        return self._cached[1]
