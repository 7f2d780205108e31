"""What every attention classifier shares, and what it returns.

Words go in through an embedding, a linear layer reads the document's vector, and
attention is the only path between them: each model fills in ``from_vectors``.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from han_core.models.architecture import Architecture
from han_core.text.batch import Batch
from han_core.text.vocabulary import PADDING


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

    def forward(self, batch: Batch) -> Output:
        """Reads the real tokens of a batch; there is no padding to mask."""
        return self.from_vectors(self.embedding(batch.words), batch)

    def from_vectors(self, vectors: Tensor, batch: Batch) -> Output:
        """The model from word vectors (tokens, embedding) on."""
        raise TypeError("a model defines how vectors become a decision")
