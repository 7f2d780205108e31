"""The base class of classifiers whose words go through a recurrent layer."""

import torch
from torch import Tensor

from han_core.models.architecture import Architecture, Operations
from han_core.models.classifier import AttentionClassifier, Encoded
from han_core.models.recurrent.encoder import BidirectionalGRU, BidirectionalLSTM
from han_core.models.recurrent.scan import dense_states
from han_core.models.self_attention import MapRequest
from han_core.text.batch import Batch


class RecurrentClassifier(AttentionClassifier):
    """States of ``2 * hidden`` numbers, read from a table where that is quicker.

    Args:
        architecture: all sizes.
    """

    directions = 2

    def __init__(self, architecture: Architecture):
        super().__init__(architecture, 2 * architecture.hidden)

    @property
    def reader(self) -> BidirectionalGRU | BidirectionalLSTM:
        """The recurrent layer that reads words."""
        raise NotImplementedError

    def sequences(self, batch: Batch) -> Tensor:
        """Return the number of tokens of each sequence that ``reader`` reads."""
        raise NotImplementedError

    def read(self, batch: Batch, table: Tensor | None = None, shared: bool = False) -> Encoded:
        """As the base class; a word that occurs often is looked up and projected once."""
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
        return Encoded(readings if shared else dense_states(readings), last)

    def encode(
        self,
        vectors: Tensor,
        batch: Batch,
        index: Tensor | None = None,
        maps: MapRequest | None = None,
    ) -> Encoded:
        """As the base class; ``maps`` asks for nothing here."""
        return Encoded(*self.reader(self.dropout_words(vectors), self.sequences(batch), index))

    def input_table(self) -> Tensor:
        """(2, vocabulary, gates) what its first layer takes in at each word outside training."""
        with torch.no_grad():
            return self.reader.project(self.embedding.weight)


def recurrent_operations(
    architecture: Architecture, gates: int, hierarchical: bool = False
) -> Operations:
    """Return the cost of recurrent layers and their attention; hierarchical: twice.

    Each layer but the first reads the states of both directions.

    Args:
        gates: of the recurrent cell, 3 in a GRU and 4 in an LSTM.
    """
    a = architecture
    attention = 2 * 2 * a.hidden * (a.attention_size if a.attention == "additive" else 1)

    upper = (a.layers - 1) * (2 * a.hidden + a.hidden)

    def encoder(inputs: int) -> float:
        # Both directions, multiply and add.
        return 2 * 2 * gates * a.hidden * (inputs + a.hidden + upper)

    sentence = encoder(2 * a.hidden) + attention if hierarchical else 0.0
    return Operations(encoder(a.embedding) + attention, sentence, upper)


def recurrent_activations(
    architecture: Architecture, embedding: int, hidden: int, layer: int
) -> float:
    """Return the numbers held for a word.

    Args:
        embedding, hidden: for each number of its vector and each unit of the first layer.
        layer: for each unit of a further layer.
    """
    a = architecture
    attention = 6 * a.attention_size if a.attention == "additive" else 0
    units = hidden + layer * (a.layers - 1)
    return embedding * a.embedding + units * a.hidden + attention


LARGEST_TABLE = 30_000_000
"""Numbers in an input table, 120 MB; larger vocabularies go without."""


class InputTable:
    """What the first layer of a model's word encoder takes in at each word of the vocabulary.

    Passes over real texts look up the same words and multiply each with the same weights. The
    table is made when it is first of use and again after a weight changed.
    """

    def __init__(self, model: AttentionClassifier):
        self.model = model
        self._cached: tuple[tuple, Tensor] | None = None

    def for_batch(self, batch: Batch) -> Tensor | None:
        """Return (2, vocabulary, gates) for ``model.read``; None where it reads from none."""
        model = self.model
        if not isinstance(model, RecurrentClassifier):
            return None
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
