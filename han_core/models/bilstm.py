"""A flat BiLSTM classifier with one level of attention over all words.

The architecture of "Attention is not Explanation" (Jain and Wallace 2019) and
of most tutorials. Sentences play no part in its decision; its attention is given per
sentence so that it can be compared with a HAN's: a sentence's weight is the sum of its
words' attention, a word's weight its share of that.
"""

import torch
from torch import Tensor

from han_core.models.architecture import (
    Activations,
    Architecture,
    EvidenceWords,
    ModelKind,
    StepCost,
)
from han_core.models.attention import attention_pooling, segment_softmax, segment_sum
from han_core.models.classifier import Attention, AttentionClassifier, Encoded, Output
from han_core.models.recurrent.encoder import BidirectionalLSTM
from han_core.text.batch import Batch


class BiLSTMAttention(AttentionClassifier):
    def __init__(self, architecture: Architecture):
        super().__init__(architecture)
        a, states = architecture, 2 * architecture.hidden
        self.encoder = BidirectionalLSTM(a.embedding, a.hidden)
        self.attention = attention_pooling(a.attention, states, a.attention_size, a.attention_noise)

    @property
    def reader(self) -> BidirectionalLSTM:
        return self.encoder

    def sequences(self, batch: Batch) -> Tensor:
        return batch.tokens_per_document

    def decide(
        self,
        encoded: Encoded,
        batch: Batch,
        attention: Attention | None = None,
        hold: Tensor | None = None,
    ) -> Output:
        states, owner = encoded.states, batch.document_of_token
        if attention is None:
            scores = self.attention.scores(states, owner, encoded.last)
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
        # (documents, 2 × hidden)
        documents, _ = self.attention(states, owner, encoded.last, weights)
        return Output(
            self.classifier(self.dropout_document(documents)),
            attention.sentence_weights,
            attention.word_weights,
            documents,
            states,
        )


BILSTM = ModelKind(
    name="bilstm",
    title="BiLSTM",
    build=BiLSTMAttention,
    levels={
        "embedding": "words",
        "encoder": "words",
        # Its attention stands where a HAN's sentence level ends: before the last layer.
        "attention": "classifier",
        "classifier": "classifier",
    },
    gates=4,
    unused_settings=frozenset({"dropout_sentences", "rate_sentences"}),
    step_cost=StepCost(operation=0.53, number=6_200, parameter=30, step=4.6e8),
    activations=Activations(embedding=18, hidden=80),
    evidence_words=EvidenceWords(quick=900, thorough=350, shared=300),
)
