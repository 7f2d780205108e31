"""What a model's word encoder takes in at each word of the vocabulary, kept beside the weights.

Many passes over real texts look up the same words and multiply each with the same weights.
It knows nothing about documents.
"""

from torch import Tensor

from han_core.models.classifier import AttentionClassifier
from han_core.text.batch import Batch

LARGEST = 30_000_000
"""Numbers in a table that is kept, 120 MB; larger vocabularies go without."""


class InputTable:
    """The table of one model, made when it is first of use and again after a weight changed."""

    def __init__(self, model: AttentionClassifier):
        self.model = model
        self._made: tuple[tuple, Tensor] | None = None

    def for_batch(self, batch: Batch) -> Tensor | None:
        """(2, vocabulary, gates), for ``model.read``; None where it does not read from one."""
        model = self.model
        words, gates = model.embedding.num_embeddings, len(model.reader.all_weights[0][0])
        if model.training or not model.reader.looks_up(model.sequences(batch)):
            return None
        if 2 * words * gates > LARGEST:
            return None
        weights = (model.embedding.weight, *model.reader.parameters())
        state = tuple((weight.data_ptr(), weight._version) for weight in weights)
        made = self._made
        if made is None or made[0] != state:
            made = self._made = (state, model.input_table())
        return made[1]
