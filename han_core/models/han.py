"""The Hierarchical Attention Network of Yang et al. 2016 (section 2.2).

Words become sentence vectors through a bidirectional GRU and word attention,
and sentence vectors the document's vector in the same way one level up. It
reads numbers and knows nothing about text.
"""

from torch import Tensor

from han_core.models.architecture import Architecture
from han_core.models.attention import attention_pooling
from han_core.models.classifier import Attention, AttentionClassifier, Encoded, Output
from han_core.models.recurrent import BidirectionalGRU
from han_core.text.batch import Batch, SharedBatch, owners


class HierarchicalAttention(AttentionClassifier):
    def __init__(self, architecture: Architecture):
        super().__init__(architecture)
        a, states = architecture, 2 * architecture.hidden
        form = (a.attention, states, a.attention_size, a.attention_noise)
        self.word_encoder = BidirectionalGRU(a.embedding, a.hidden)
        self.word_attention = attention_pooling(*form)
        self.sentence_encoder = BidirectionalGRU(states, a.hidden)
        self.sentence_attention = attention_pooling(*form)

    def encode(self, vectors: Tensor, batch: Batch, index: Tensor | None = None) -> Encoded:
        return Encoded(
            *self.word_encoder(self.dropout_words(vectors), batch.sentence_lengths, index)
        )

    def decide(self, encoded: Encoded, batch: Batch, attention: Attention | None = None) -> Output:
        given_words = attention.word_weights if attention else None
        given_sentences = attention.sentence_weights if attention else None
        # (sentences, 2 × hidden), (tokens,)
        sentences, word_weights = self.word_attention(
            encoded.states, batch.sentence_of_token, encoded.last, given_words
        )
        # (documents, 2 × hidden), (sentences,)
        documents, sentence_weights = self._documents(
            sentences, batch.document_lengths, given_sentences
        )
        return Output(self._logits(documents), sentence_weights, word_weights, documents)

    def last_states(self, encoded: Encoded, batch: Batch) -> Tensor:
        sentences, _ = self.word_attention(encoded.states, batch.sentence_of_token, encoded.last)
        return self.sentence_encoder(sentences, batch.document_lengths)[0]

    def forward_shared(self, batch: SharedBatch) -> Tensor:
        """Each distinct sentence is read once, however many documents it stands in."""
        encoded = self.read(batch.sentences)
        sentences, _ = self.word_attention(
            encoded.states, batch.sentences.sentence_of_token, encoded.last
        )
        return self._logits(self._documents(sentences[batch.index], batch.document_lengths)[0])

    def _documents(
        self, sentences: Tensor, lengths: Tensor, weights: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """From sentence vectors one level up: document vectors and sentence weights."""
        states, last = self.sentence_encoder(self.dropout_sentences(sentences), lengths)
        return self.sentence_attention(states, owners(lengths), last, weights)

    def _logits(self, documents: Tensor) -> Tensor:
        return self.classifier(self.dropout_document(documents))
