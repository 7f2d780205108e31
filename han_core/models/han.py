"""The Hierarchical Attention Network of Yang et al. 2016 (section 2.2).

Words become sentence vectors through a bidirectional GRU and word attention,
and sentence vectors the document's vector in the same way one level up. It
reads numbers and knows nothing about text.
"""

from torch import Tensor

from han_core.models.architecture import Architecture
from han_core.models.attention import attention_pooling
from han_core.models.classifier import AttentionClassifier, Output
from han_core.models.recurrent import BidirectionalGRU
from han_core.text.batch import Batch


class HierarchicalAttention(AttentionClassifier):
    def __init__(self, architecture: Architecture):
        super().__init__(architecture)
        a, states = architecture, 2 * architecture.hidden
        self.word_encoder = BidirectionalGRU(a.embedding, a.hidden)
        self.word_attention = attention_pooling(a.attention, states, a.attention_size)
        self.sentence_encoder = BidirectionalGRU(states, a.hidden)
        self.sentence_attention = attention_pooling(a.attention, states, a.attention_size)

    def from_vectors(self, vectors: Tensor, batch: Batch) -> Output:
        words, last = self.word_encoder(self.dropout_words(vectors), batch.sentence_lengths)
        # (sentences, 2 × hidden), (tokens,)
        sentences, _, word_weights = self.word_attention(words, batch.sentence_of_token, last)
        sentences, last = self.sentence_encoder(
            self.dropout_sentences(sentences), batch.document_lengths
        )
        # (documents, 2 × hidden), (sentences,)
        documents, _, sentence_weights = self.sentence_attention(
            sentences, batch.document_of_sentence, last
        )
        logits = self.classifier(self.dropout_document(documents))
        return Output(logits, sentence_weights, word_weights, documents)
