"""A flat BiLSTM classifier with one level of attention over all words.

The architecture of "Attention is not Explanation" (Jain and Wallace 2019) and
of most tutorials. Sentences play no part in its decision; its attention is told
per sentence so that it can be drawn beside a HAN's: a sentence's weight is the
sum of its words' attention, a word's weight its share of that.
"""

from torch import Tensor

from han_core.models.architecture import Architecture
from han_core.models.attention import attention_pooling
from han_core.models.classifier import AttentionClassifier, Output
from han_core.models.recurrent import BidirectionalLSTM
from han_core.models.segments import segment_softmax, segment_sum
from han_core.text.batch import Batch


class BiLSTMAttention(AttentionClassifier):
    def __init__(self, architecture: Architecture):
        super().__init__(architecture)
        a, states = architecture, 2 * architecture.hidden
        self.encoder = BidirectionalLSTM(a.embedding, a.hidden)
        self.attention = attention_pooling(a.attention, states, a.attention_size)

    def from_vectors(self, vectors: Tensor, batch: Batch) -> Output:
        states, last = self.encoder(self.dropout_words(vectors), batch.tokens_per_document)
        # (documents, 2 × hidden), (tokens,), (tokens,)
        documents, scores, weights = self.attention(states, batch.document_of_token, last)
        sentences = len(batch.sentence_lengths)
        logits = self.classifier(self.dropout_document(documents))
        return Output(
            logits,
            segment_sum(weights, batch.sentence_of_token, sentences),
            # The same as weight / sentence weight, but never 0 / 0.
            segment_softmax(scores, batch.sentence_of_token, sentences),
            documents,
        )
