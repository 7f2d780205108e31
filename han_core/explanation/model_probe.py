"""A document and a model to question: what would it say if …?

All evidence is made of three questions: without some of the words, with other attention over
the same states, and how the answer leans on each word's vector. Each takes many variants at
once and is answered in few passes; what variants have in common is read once.
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
from han_core.models.recurrent.scan import SharedStates, dense_states
from han_core.text.batch import Batch, NumberedDocument, SharedBatch, collate
from han_core.text.document import Document
from han_core.text.vocabulary import UNKNOWN

PASS_TOKENS = 40_000
"""Tokens in one pass of the model over variants."""

GONE = -1
"""Stands where a word is missing."""

Fill = Literal["delete", "unknown"]
"""What replaces a word taken out: nothing, or the unknown word."""

Progress = Callable[[int, int], None]
"""Called with the variants done and their number."""

ExplainDocument = Callable[[Document], Explanation]


def shared_batch(words: np.ndarray, sentence_lengths: np.ndarray) -> SharedBatch:
    """Return variants of one document as a batch in which no sentence stands twice.

    Args:
        words: (variants, tokens) vocabulary numbers, ``GONE`` where a word is missing.
        sentence_lengths: (sentences,) tokens of the document's sentences.
    """
    distinct, index, count = [], [], 0
    for block in np.split(words.astype(np.int32), np.cumsum(sentence_lengths)[:-1], axis=1):
        rows = np.ascontiguousarray(block)
        keys = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        nonempty = (rows[first] != GONE).any(1)  # (distinct,)
        numbers = np.where(nonempty, count + nonempty.cumsum() - 1, GONE)
        distinct.append(rows[first[nonempty]])
        index.append(numbers[inverse])
        count += int(nonempty.sum())
    places = np.stack(index, axis=1)  # (variants, sentences)
    lengths = np.concatenate([(rows != GONE).sum(1) for rows in distinct])
    present = np.concatenate([rows[rows != GONE] for rows in distinct])
    return SharedBatch(
        Batch(torch.from_numpy(present).long(), torch.from_numpy(lengths), torch.tensor([count])),
        torch.from_numpy(places[places != GONE]),
        torch.from_numpy((places != GONE).sum(1)),
    )


def _predict_variants(
    model: AttentionClassifier, words: np.ndarray, sentence_lengths: np.ndarray
) -> np.ndarray:
    """(variants, classes) probabilities in one pass; arguments as ``shared_batch``."""
    batch = shared_batch(words, sentence_lengths).to(model.embedding.weight.device)
    with torch.no_grad(), threads_for(words.shape[1]):
        return _softmax(model.forward_shared(batch))


def _passes(variants: int, tokens: int) -> Iterator[slice]:
    """The variants of each pass, some from everywhere: neighbours share beginnings or ends."""
    passes = -(-variants // max(1, PASS_TOKENS // tokens))
    for first in range(passes):
        yield slice(first, None, passes)


@dataclass(frozen=True)
class ModelProbe:
    """A document, its explanation, and the model to question.

    Attributes:
        numbered: the document as the model reads it, maybe in pieces of words. Whatever is
            asked and answered is about whole tokens, all pieces of each.
        explanation: of the whole document.
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
        return len(self.document.tokens)

    @property
    def sentences(self) -> int:
        return len(self.document.sentences)

    @property
    def sentence_lengths(self) -> np.ndarray:
        """(sentences,) int32 tokens in each."""
        return np.array(self.document.sentence_lengths, dtype=np.int32)

    def probabilities(
        self, kept: np.ndarray, fill: Fill = "delete", progress: Progress | None = None
    ) -> np.ndarray:
        """Return (variants, classes) probabilities for each set of words kept.

        Args:
            kept: bool (variants, tokens), at least one token in each. A sentence without
                words is no sentence.

        Raises:
            ValueError: if the shape is another or a variant keeps nothing.
        """
        if kept.ndim != 2 or kept.shape[1] != self.tokens:
            raise ValueError(f"(variants, {self.tokens}) expected, {kept.shape} came")
        if not kept.any(1).all():
            raise ValueError("every variant keeps at least one word")
        pieces = kept if self.numbered.owner is None else kept[:, self.numbered.owner]
        words = np.where(pieces, self.numbered.words, UNKNOWN if fill == "unknown" else GONE)
        model, lengths = self.checkpoint.model, self.numbered.sentence_lengths
        result, done = np.empty((len(words), len(self.checkpoint.labels))), 0
        for part in _passes(*words.shape):
            result[part] = _predict_variants(model, words[part], lengths)
            done += len(result[part])
            if progress is not None:
                progress(done, len(words))
        return result

    def with_attention(self, word_weights: np.ndarray, sentence_weights: np.ndarray) -> np.ndarray:
        """Return (copies, classes) under other attention (Jain and Wallace 2019).

        The words' states stay. A HAN's sentence encoder reads the new sentence vectors. Pieces
        of a token share its weight as they do in the model's own attention.

        Args:
            word_weights: (copies, tokens) that sum to 1 within each sentence, or to 0.
            sentence_weights: (copies, sentences) that sum to 1.
        """
        device, encoded = self.checkpoint.device, self._states[0]
        word_weights = self._spread(word_weights)
        result = np.empty((len(word_weights), len(self.checkpoint.labels)))
        for part in _passes(len(word_weights), self.tokens):
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
            result[part] = _softmax(logits)
        return result

    def entry_log_probabilities(self) -> np.ndarray:
        """Return (entries, classes) with all of the last attention on one entry.

        Only a linear layer follows that attention, so the answer under any weights there is
        softmax(weights @ these). Entries are a HAN's sentences, a flat model's words; pieces of
        a word share its weight as ever.
        """
        with torch.no_grad(), threads_for(self.tokens):
            logits = self.checkpoint.model.classifier(self._states[1]).cpu().double()
        if self.numbered.owner is not None:
            shared = (logits.numpy() * self._piece_shares[:, None]).T
            logits = torch.from_numpy(self.numbered.token_sums(shared).T.copy())
        return logits.log_softmax(1).numpy()

    def _spread(self, word_weights: np.ndarray) -> np.ndarray:
        """(…, tokens) weights → (…, pieces), or as they are where words are not in pieces."""
        owner = self.numbered.owner
        return word_weights if owner is None else word_weights[..., owner] * self._piece_shares

    @cached_property
    def _piece_shares(self) -> np.ndarray:
        """(pieces,) the share of each in its token's own weight."""
        with torch.no_grad():
            output = self.checkpoint.model.decide(self._states[0], self._batch)
        weights = output.word_weights.cpu().double().numpy() + np.finfo(float).tiny
        assert self.numbered.owner is not None
        return weights / self.numbered.token_sums(weights)[self.numbered.owner]

    @cached_property
    def vectors(self) -> Tensor:
        """(tokens or pieces, embedding) the words' vectors, on the model's device."""
        return self.checkpoint.model.embedding(self._batch.words).detach()

    def probability_of(self, vectors: Tensor, target: int, hold_attention: bool = False) -> Tensor:
        """Return (copies,) the probability of ``target`` if the words had these vectors.

        Args:
            vectors: (copies, tokens or pieces, embedding); the result can be differentiated by
                them.
            hold_attention: keep the attention that the model gave the document itself.
        """
        model, copies, device = self.checkpoint.model, len(vectors), self.checkpoint.device
        batch = collate([self.numbered] * copies).to(device)
        own = (self.explanation.sentence_weights, self._spread(self.explanation.word_weights))
        repeated = (torch.from_numpy(w).float().to(device).repeat(copies) for w in own)
        attention = Attention(*repeated) if hold_attention else None
        with _without_cudnn():
            encoded = model.encode(vectors.flatten(0, 1), batch)
            return model.decide(encoded, batch, attention).logits.softmax(1)[:, target]

    def gradients(self, target: int) -> np.ndarray:
        """Return the gradient of the probability of ``target`` at the words' vectors.

        Returns:
            (2, tokens or pieces, embedding): through attention as well, and with attention held
            as a constant (Jain and Wallace 2019, section 3.1).
        """
        model = self.checkpoint.model
        batch = collate([self.numbered] * 2).to(self.checkpoint.device)
        hold = torch.tensor([False, True], device=self.checkpoint.device)
        with torch.enable_grad(), threads_for(self.tokens), _without_cudnn():
            vectors = self.vectors.repeat(2, 1, 1).requires_grad_()
            encoded = model.encode(vectors.flatten(0, 1), batch)
            output = model.decide(encoded, batch, hold=hold)
            probability = output.logits.softmax(1)[:, target].sum()
            (gradient,) = torch.autograd.grad(probability, vectors)
        # Keep the first copy's states: the document need not be read again.
        states, last, entries = (
            part[: len(part) // 2].detach().clone()
            for part in map(dense_states, (encoded.states, encoded.last, output.entries))
        )
        vars(self).setdefault("_states", (Encoded(states, last), entries))
        return gradient.cpu().double().numpy()

    def gradient_times_input(self, target: int) -> np.ndarray:
        """Return (2, tokens) gradients times vectors, summed over the embedding; cached."""
        if target not in self._gradient_times_input:
            vectors = self.vectors.cpu().double().numpy()
            products = (self.gradients(target) * vectors).sum(2)
            self._gradient_times_input[target] = self.numbered.token_sums(products)
        return self._gradient_times_input[target]

    @cached_property
    def _gradient_times_input(self) -> dict[int, np.ndarray]:
        return {}

    @cached_property
    def _batch(self) -> Batch:
        return collate([self.numbered]).to(self.checkpoint.device)

    @cached_property
    def _states(self) -> tuple[Encoded, Tensor]:
        """The words' states under the model's own attention, and what the last attention weighs."""
        model = self.checkpoint.model
        with torch.no_grad(), threads_for(self.tokens):
            encoded = model.read(self._batch)
            return encoded, dense_states(model.decide(encoded, self._batch).entries)


def _without_cudnn() -> AbstractContextManager:
    """Its recurrent layers have no backward pass outside training."""
    return torch.backends.cudnn.flags(enabled=False)


def _softmax(logits: Tensor) -> np.ndarray:
    return logits.cpu().double().softmax(1).numpy()


def probe_text(checkpoint: Checkpoint, text: str) -> ModelProbe:
    """Return the probe of a text.

    Raises:
        UserError: if there is no word in it.
    """
    return probe_document(checkpoint, checkpoint.tokenizer(text))


def probe_document(
    checkpoint: Checkpoint, document: Document, explain: ExplainDocument | None = None
) -> ModelProbe:
    """Return the probe of a document that has been tokenised.

    Args:
        explain: explains it, together with other requests perhaps; else ``explain_document``.
    """
    explanation = explain(document) if explain else explain_document(checkpoint, document)
    numbered = checkpoint.number(document)
    return ModelProbe(checkpoint, document, numbered, explanation)
