"""A flat BiLSTM classifier with one level of attention over all words.

The architecture of "Attention is not Explanation" (Jain and Wallace 2019) and
of most tutorials. Sentences play no part in its decision.
"""

from torch import Tensor

from han_core.models.architecture import (
    PRETRAINED_SIZES,
    SELF_ATTENTION_SIZES,
    Architecture,
    EvidenceWords,
    ModelKind,
    StepCost,
)
from han_core.models.attention import attention_pooling
from han_core.models.classifier import Attention, Encoded, Output, decide_flat
from han_core.models.recurrent.classifier import (
    RecurrentClassifier,
    recurrent_activations,
    recurrent_operations,
)
from han_core.models.recurrent.encoder import BidirectionalLSTM
from han_core.text.batch import Batch


class BiLSTMAttention(RecurrentClassifier):
    def __init__(self, architecture: Architecture):
        super().__init__(architecture)
        a, states = architecture, 2 * architecture.hidden
        self.encoder = BidirectionalLSTM(
            a.embedding, a.hidden, a.layers, a.dropout_layers, a.layer_norm
        )
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
        return decide_flat(self, self.attention, encoded, batch, attention, hold)


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
    operations=lambda shape, length: recurrent_operations(shape, gates=4),
    # Measured over batches of uneven size.
    activations=lambda shape, length: recurrent_activations(
        shape, embedding=18, hidden=80, layer=70
    ),
    unused_in_one_layer=frozenset({"dropout_layers"}),
    unused_settings=PRETRAINED_SIZES
    | SELF_ATTENTION_SIZES
    | {"dropout_sentences", "rate_sentences"},
    step_cost=StepCost(operation=0.53, number=6_200, parameter=30, step=4.6e8),
    evidence_words=EvidenceWords(quick=900, thorough=350, shared=300),
)
