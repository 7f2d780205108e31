"""The Hierarchical Attention Network of Yang et al. 2016 (section 2.2).

Words become sentence vectors through a bidirectional GRU and word attention,
and sentence vectors the document's vector in the same way one level up.
Both encoders have one layer in the paper; here ``layers`` and ``layer_norm`` hold for both,
for a deeper reading of words asks for as deep a one of what they make up.
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
from han_core.models.classifier import Attention, AttentionLevel, Encoded, Output
from han_core.models.recurrent.classifier import (
    RecurrentClassifier,
    recurrent_activations,
    recurrent_operations,
)
from han_core.models.recurrent.encoder import BidirectionalGRU
from han_core.models.recurrent.scan import States, dense_states
from han_core.text.batch import Batch, SharedBatch, owners


class HierarchicalAttention(RecurrentClassifier):
    def __init__(self, architecture: Architecture):
        super().__init__(architecture)
        a, states = architecture, 2 * architecture.hidden
        form = (a.attention, states, a.attention_size, a.attention_noise)
        stack = (a.hidden, a.layers, a.dropout_layers, a.layer_norm)
        self.word_encoder = BidirectionalGRU(a.embedding, *stack)
        self.word_attention = attention_pooling(*form)
        self.sentence_encoder = BidirectionalGRU(states, *stack)
        self.sentence_attention = attention_pooling(*form)

    @property
    def reader(self) -> BidirectionalGRU:
        return self.word_encoder

    def sequences(self, batch: Batch) -> Tensor:
        return batch.sentence_lengths

    def decide(
        self,
        encoded: Encoded,
        batch: Batch,
        attention: Attention | None = None,
        hold: Tensor | None = None,
    ) -> Output:
        given_words = attention.word_weights if attention else None
        given_sentences = attention.sentence_weights if attention else None
        held_sentences = None if hold is None else hold[batch.document_of_sentence]
        # (sentences, 2 × hidden), (tokens,)
        sentences, word_weights = self.word_attention(
            encoded.states, batch.sentence_of_token, encoded.last, given_words, held_sentences
        )
        states, last = self.sentence_encoder(
            self.dropout_sentences(sentences), batch.document_lengths
        )
        # (documents, 2 × hidden), (sentences,)
        documents, sentence_weights = self.sentence_attention(
            states, batch.document_of_sentence, last, given_sentences, hold
        )
        return Output(self._logits(documents), sentence_weights, word_weights, documents, states)

    def attention_levels(self, batch: Batch) -> tuple[AttentionLevel, ...]:
        """As the base class; the sentence encoder reads what the words' attention made."""
        vectors, encoded = self.embedding(batch.words), self.read(batch)
        words = AttentionLevel(
            "word", self.word_attention, vectors, dense_states(encoded.states),
            batch.sentence_of_token, encoded.last,
        )  # fmt: skip
        pooled, _ = self.word_attention(words.states, words.owner, words.query)
        states, last = self.sentence_encoder(pooled, batch.document_lengths)
        sentences = AttentionLevel(
            "sentence", self.sentence_attention, pooled, dense_states(states),
            batch.document_of_sentence, last,
        )  # fmt: skip
        return words, sentences

    def forward_shared(self, batch: SharedBatch) -> Tensor:
        """Each distinct sentence is read once, however many documents it stands in."""
        encoded = self.read(batch.sentences, shared=True)
        sentences, _ = self.word_attention(
            encoded.states, batch.sentences.sentence_of_token, encoded.last
        )
        states, last = self._over_sentences(sentences, batch)
        owner = owners(batch.document_lengths)
        return self._logits(self.sentence_attention(states, owner, last)[0])

    def _over_sentences(self, sentences: Tensor, batch: SharedBatch) -> tuple[States, Tensor]:
        """The sentence encoder over documents that share sentences (distinct, 2 × hidden)."""
        layer, lengths = self.sentence_encoder, batch.document_lengths
        if layer.uses_table(lengths):
            return layer.read_table(layer.project(sentences), lengths, batch.index, shared=True)
        return layer(sentences, lengths, batch.index)

    def _logits(self, documents: Tensor) -> Tensor:
        return self.classifier(self.dropout_document(documents))


HAN = ModelKind(
    name="han",
    title="HAN",
    build=HierarchicalAttention,
    levels={
        "embedding": "words",
        "word_encoder": "words",
        "word_attention": "words",
        "sentence_encoder": "sentences",
        "sentence_attention": "sentences",
        "classifier": "classifier",
    },
    operations=lambda shape, length: recurrent_operations(shape, gates=3, hierarchical=True),
    # Measured over batches of uneven size.
    activations=lambda shape, length: recurrent_activations(
        shape, embedding=5, hidden=58, layer=28
    ),
    unused_in_one_layer=frozenset({"dropout_layers"}),
    unused_settings=PRETRAINED_SIZES | SELF_ATTENTION_SIZES,
    implied_attention="additive",
    step_cost=StepCost(operation=1.15, number=5_200, parameter=50, step=6.5e8),
    evidence_words=EvidenceWords(quick=2_000, thorough=1_000, shared=600),
)
