"""What every attention classifier shares, and what it returns.

Words go in through an embedding, a linear layer reads the document's vector, and
attention is the only path between them. Each model fills in two steps: ``encode``,
from word vectors to states, and ``decide``, from states through attention to logits.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from han_core.models.architecture import Architecture
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
    """What the word encoder makes of a batch.

    Attributes:
        states: (tokens, 2 × hidden) a state for each token.
        last: (segments, 2 × hidden) the final states of each sequence that it read: sentences
            for a HAN, documents for a flat model.
    """

    states: Tensor
    last: Tensor


@dataclass(frozen=True)
class Output:
    """One pass over a batch: the logits, and the attention that led to them.

    Attributes:
        logits: (documents, classes) before the softmax.
        sentence_weights: (sentences,) sum to 1 over each document.
        word_weights: (tokens,) sum to 1 over each sentence.
        documents: (documents, size) the vectors that the classifier reads.

    Raises:
        ValueError: if logits and document vectors disagree on the documents.
    """

    logits: Tensor
    sentence_weights: Tensor
    word_weights: Tensor
    documents: Tensor

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

    def forward(self, batch: Batch, attention: Attention | None = None) -> Output:
        """Reads the real tokens of a batch; there is no padding to mask.

        Args:
            attention: replaces the model's own weights; the states stay as they are.
        """
        return self.decide(self.read(batch), batch, attention)

    def read(self, batch: Batch) -> Encoded:
        """The states of a batch; a word that occurs often is looked up and projected once."""
        if self.training:  # dropout makes every occurrence another vector
            return self.encode(self.embedding(batch.words), batch)
        distinct, index = batch.words.unique(return_inverse=True)
        return self.encode(self.embedding(distinct), batch, index)

    def encode(self, vectors: Tensor, batch: Batch, index: Tensor | None = None) -> Encoded:
        """States from word vectors.

        Args:
            vectors: (tokens, embedding), or with ``index`` (distinct, embedding).
            index: (tokens,) the row of ``vectors`` that stands at each token.
        """
        raise TypeError("a model defines how vectors become states")

    def decide(self, encoded: Encoded, batch: Batch, attention: Attention | None = None) -> Output:
        """Attention over the states, and the logits."""
        raise TypeError("a model defines how states become a decision")

    def last_states(self, encoded: Encoded, batch: Batch) -> Tensor:
        """(entries, 2 × hidden) what the attention closest to the output weighs."""
        raise TypeError("a model defines what its last attention weighs")

    def forward_shared(self, batch: SharedBatch) -> Tensor:
        """Logits (documents, classes) of documents that share sentences."""
        return self(batch.flat()).logits
