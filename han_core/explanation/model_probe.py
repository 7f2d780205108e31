"""Variants of one document, in which words are missing or others, as batches for a model.

What they have in common is read once: a sentence that stands in several, and by the model
also what sentences or documents begin or end with. It does not know why a word is missing.

One document ready to be asked: what would the model say if …?

All evidence is made of three questions: without some of the words, with other
attention over the same states, and how the answer leans on each word's vector.
Each takes many variants at once and is answered in few passes. It does not know
which variants are worth asking about.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from han_core.explanation.explain import explain_document, threads_for
from han_core.explanation.explanation import Explanation
from han_core.models.checkpoint import Checkpoint
from han_core.models.classifier import Attention, AttentionClassifier, Encoded
from han_core.models.recurrent.scan import SharedStates, States, dense_states
from han_core.text.batch import Batch, NumberedDocument, SharedBatch, collate, number_document
from han_core.text.document import Document
from han_core.text.vocabulary import UNKNOWN

PASS_TOKENS = 40_000
"""Tokens in one pass of the model over variants."""

GONE = -1
"""Stands where a word is missing."""


def shared_batch(words: np.ndarray, sentence_lengths: np.ndarray) -> SharedBatch:
    """Variants of one document as a batch in which no sentence stands twice.

    Args:
        words: (variants, tokens) vocabulary numbers, -1 where a word is gone.
        sentence_lengths: (sentences,) tokens of the document's sentences.
    """
    distinct, index, count = [], [], 0
    for block in np.split(words.astype(np.int32), np.cumsum(sentence_lengths)[:-1], axis=1):
        rows = np.ascontiguousarray(block)
        keys = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        there = (rows[first] != GONE).any(1)  # (distinct,)
        numbers = np.where(there, count + there.cumsum() - 1, GONE)
        distinct.append(rows[first[there]])
        index.append(numbers[inverse])
        count += int(there.sum())
    places = np.stack(index, axis=1)  # (variants, sentences)
    lengths = np.concatenate([(rows != GONE).sum(1) for rows in distinct])
    kept = np.concatenate([rows[rows != GONE] for rows in distinct])
    return SharedBatch(
        Batch(torch.from_numpy(kept).long(), torch.from_numpy(lengths), torch.tensor([count])),
        torch.from_numpy(places[places != GONE]),
        torch.from_numpy((places != GONE).sum(1)),
    )


def answers(
    model: AttentionClassifier, words: np.ndarray, sentence_lengths: np.ndarray
) -> np.ndarray:
    """The model's answer to each variant, in one pass.

    Args:
        words: as ``shared_batch``; at least one is there in each variant.
        sentence_lengths: as ``shared_batch``.

    Returns:
        (variants, classes) probabilities, float64.
    """
    shared = shared_batch(words, sentence_lengths).to(model.embedding.weight.device)
    with torch.no_grad(), threads_for(words.shape[1]):
        return model.forward_shared(shared).cpu().double().softmax(1).numpy()


def passes(variants: int, tokens: int) -> Iterator[slice]:
    """The variants of each pass. Neighbours are often alike in what they begin or end with, but
    not in both, so each pass takes some from everywhere."""
    passes = -(-variants // max(1, PASS_TOKENS // tokens))
    for first in range(passes):
        yield slice(first, None, passes)


Fill = Literal["delete", "unknown"]
"""What becomes of a word taken out: nothing stands there, or the unknown word."""

Progress = Callable[[int, int], None]
ExplainDocument = Callable[[Document], Explanation]
"""Called with the variants done and their number."""


@dataclass(frozen=True)
class _Reading:
    """The states of a document under its own attention: words', and the last attention's."""

    encoded: Encoded
    entries: Tensor

    @classmethod
    def first_half(cls, encoded: Encoded, entries: States) -> "_Reading":
        """Of a batch of two copies, the first, without what led to it."""
        states, last, entries = (
            part[: len(part) // 2].detach().clone()
            for part in map(dense_states, (encoded.states, encoded.last, entries))
        )
        return cls(Encoded(states, last), entries)


@dataclass(frozen=True)
class ModelProbe:
    """A document, its explanation, and the model to ask.

    Attributes:
        numbered: the document as the model reads it.
        explanation: what the model says about the whole document.
    """

    checkpoint: Checkpoint
    document: Document
    numbered: NumberedDocument
    explanation: Explanation

    @property
    def target(self) -> int:
        """The predicted class."""
        return int(self.explanation.probabilities.argmax())

    @property
    def tokens(self) -> int:
        return len(self.numbered.words)

    @property
    def sentences(self) -> int:
        return len(self.numbered.sentence_lengths)

    def probabilities(
        self, kept: np.ndarray, fill: Fill = "delete", progress: Progress | None = None
    ) -> np.ndarray:
        """The answer for each set of words kept.

        Args:
            kept: bool (variants, tokens), at least one token in each.

        Returns:
            (variants, classes) float64; a sentence without words is no sentence.

        Raises:
            ValueError: if the shape is another or a variant keeps nothing.
        """
        if kept.ndim != 2 or kept.shape[1] != self.tokens:
            raise ValueError(f"(variants, {self.tokens}) expected, {kept.shape} came")
        if not kept.any(1).all():
            raise ValueError("every variant keeps at least one word")
        words = np.where(kept, self.numbered.words, UNKNOWN if fill == "unknown" else GONE)
        model, lengths = self.checkpoint.model, self.numbered.sentence_lengths
        found, done = np.empty((len(words), len(self.checkpoint.labels))), 0
        for part in passes(len(words), self.tokens):
            found[part] = answers(model, words[part], lengths)
            done += len(found[part])
            if progress is not None:
                progress(done, len(words))
        return found

    def with_attention(self, word_weights: np.ndarray, sentence_weights: np.ndarray) -> np.ndarray:
        """The answer under other attention, the states as they are (Jain and Wallace 2019).

        For a HAN, other word weights make other sentence vectors, which its sentence
        encoder reads anew; only the words' states stay.

        Args:
            word_weights: (copies, tokens) that sum to 1 within each sentence, or to 0.
            sentence_weights: (copies, sentences) that sum to 1.

        Returns:
            (copies, classes)
        """
        device, encoded = self.checkpoint.device, self._reading.encoded
        answers = np.empty((len(word_weights), len(self.checkpoint.labels)))
        for part in passes(len(word_weights), self.tokens):
            copies = len(word_weights[part])
            attention = Attention(
                torch.from_numpy(sentence_weights[part]).float().flatten().to(device),
                torch.from_numpy(word_weights[part]).float().flatten().to(device),
            )
            states = SharedStates.repeated(dense_states(encoded.states), copies)
            repeated = Encoded(states, encoded.last.repeat(copies, 1))
            with torch.no_grad(), threads_for(self.tokens):
                batch = collate([self.numbered] * copies).to(device)
                logits = self.checkpoint.model.decide(repeated, batch, attention).logits
            answers[part] = _softmax(logits).numpy()
        return answers

    def entry_log_probabilities(self) -> np.ndarray:
        """(entries, classes) log probabilities with all attention on one entry of the last layer.

        Nothing but a linear layer follows that attention, so the answer under any weights
        there is softmax(weights @ these). Entries are a HAN's sentences, a flat model's words.
        """
        with torch.no_grad(), threads_for(self.tokens):
            logits = self.checkpoint.model.classifier(self._reading.entries)
        return logits.cpu().double().log_softmax(1).numpy()

    @cached_property
    def vectors(self) -> Tensor:
        """(tokens, embedding) the words' vectors, on the model's device."""
        return self.checkpoint.model.embedding(self._batch.words).detach()

    def probability_of(self, vectors: Tensor, target: int, hold_attention: bool = False) -> Tensor:
        """The probability of class ``target`` if the words had these vectors.

        Args:
            vectors: (copies, tokens, embedding); the result can be differentiated by them.
            hold_attention: keep the attention that the model gave the document itself.

        Returns:
            (copies,)
        """
        model, copies = self.checkpoint.model, len(vectors)
        batch = collate([self.numbered] * copies).to(self.checkpoint.device)
        attention = self._attention(copies) if hold_attention else None
        with without_cudnn():
            encoded = model.encode(vectors.flatten(0, 1), batch)
            return model.decide(encoded, batch, attention).logits.softmax(1)[:, target]

    def gradients(self, target: int) -> np.ndarray:
        """The gradient of the probability of ``target`` at the words' vectors, in two ways.

        Returns:
            (2, tokens, embedding): through attention as well, and with attention held as a
            constant (Jain and Wallace 2019, section 3.1).
        """
        model = self.checkpoint.model
        batch = collate([self.numbered] * 2).to(self.checkpoint.device)
        hold = torch.tensor([False, True], device=self.checkpoint.device)
        with torch.enable_grad(), threads_for(self.tokens), without_cudnn():
            vectors = self.vectors.repeat(2, 1, 1).requires_grad_()
            encoded = model.encode(vectors.flatten(0, 1), batch)
            output = model.decide(encoded, batch, hold=hold)
            chance = output.logits.softmax(1)[:, target].sum()
            (gradient,) = torch.autograd.grad(chance, vectors)
        # The states came along: nobody has to read the document again.
        vars(self).setdefault("_reading", _Reading.first_half(encoded, output.entries))
        return gradient.cpu().double().numpy()

    def gradient_times_input(self, target: int) -> np.ndarray:
        """(2, tokens) the gradients times the vectors, summed over the embedding; kept."""
        if target not in self._gradient_times_input:
            vectors = self.vectors.cpu().double().numpy()
            self._gradient_times_input[target] = (self.gradients(target) * vectors).sum(2)
        return self._gradient_times_input[target]

    @cached_property
    def _gradient_times_input(self) -> dict[int, np.ndarray]:
        return {}

    @cached_property
    def _batch(self) -> Batch:
        return collate([self.numbered]).to(self.checkpoint.device)

    @cached_property
    def _reading(self) -> _Reading:
        model = self.checkpoint.model
        with torch.no_grad(), threads_for(self.tokens):
            encoded = model.read(self._batch)
            entries = model.decide(encoded, self._batch).entries
            return _Reading(encoded, dense_states(entries))

    def _attention(self, copies: int) -> Attention:
        own = (self.explanation.sentence_weights, self.explanation.word_weights)
        device = self.checkpoint.device
        return Attention(*(torch.from_numpy(w).float().to(device).repeat(copies) for w in own))


def without_cudnn() -> AbstractContextManager:
    """Its recurrent layers have no backward pass outside training."""
    return torch.backends.cudnn.flags(enabled=False)


def probe_text(checkpoint: Checkpoint, text: str) -> ModelProbe:
    """A text ready to be asked about.

    Raises:
        UserError: if there is no word in it.
    """
    return probe_document(checkpoint, checkpoint.tokenizer(text))


def probe_document(
    checkpoint: Checkpoint, document: Document, explain: ExplainDocument | None = None
) -> ModelProbe:
    """As ``subject``, of a document whose words have been found already.

    Args:
        explain: explains it, in company perhaps; else ``explain_document``.
    """
    explanation = explain(document) if explain else explain_document(checkpoint, document)
    numbered = number_document(document, checkpoint.vocabulary)
    return ModelProbe(checkpoint, document, numbered, explanation)


def _softmax(logits: Tensor) -> Tensor:
    return logits.cpu().double().softmax(1)
