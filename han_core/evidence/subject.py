"""One document ready to be asked: what would the model say if …?

All evidence is made of three questions: without some of the words, with other
attention over the same states, and how the answer leans on each word's vector.
Each takes many variants at once and is answered in few passes. It does not know
which variants are worth asking about.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from han_core.explanation.explain import explain_document, threads_for
from han_core.explanation.explanation import Explanation
from han_core.models.checkpoint import Checkpoint
from han_core.models.classifier import Attention, Encoded
from han_core.text.batch import Batch, NumberedDocument, SharedBatch, collate, number_document
from han_core.text.document import Document
from han_core.text.vocabulary import UNKNOWN

Fill = Literal["delete", "unknown"]
"""What becomes of a word taken out: nothing stands there, or the unknown word."""

Progress = Callable[[int, int], None]
Explain = Callable[[Document], Explanation]
"""Called with the variants done and their number."""

PASS_TOKENS = 40_000
"""Tokens in one pass of the model over variants."""

_GONE = -1


@dataclass(frozen=True)
class Subject:
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
        words = np.where(kept, self.numbered.words, UNKNOWN if fill == "unknown" else _GONE)
        answers = [np.empty((0, len(self.checkpoint.labels)))]
        for part in _parts(len(words), self.tokens):
            shared = shared_batch(words[part], self.numbered.sentence_lengths)
            with torch.no_grad(), threads_for(self.tokens):
                logits = self.checkpoint.model.forward_shared(shared.to(self.checkpoint.device))
            answers.append(_softmax(logits).numpy())
            if progress is not None:
                progress(part.stop, len(words))
        return np.concatenate(answers)

    def under(self, word_weights: np.ndarray, sentence_weights: np.ndarray) -> np.ndarray:
        """The answer under other attention, the states as they are (Jain and Wallace 2019).

        For a HAN, other word weights make other sentence vectors, which its sentence
        encoder reads anew; only the words' states stay.

        Args:
            word_weights: (copies, tokens) that sum to 1 within each sentence, or to 0.
            sentence_weights: (copies, sentences) that sum to 1.

        Returns:
            (copies, classes)
        """
        device, encoded = self.checkpoint.device, self._encoded
        answers = [np.empty((0, len(self.checkpoint.labels)))]
        for part in _parts(len(word_weights), self.tokens):
            copies = part.stop - part.start
            attention = Attention(
                torch.from_numpy(sentence_weights[part]).float().flatten().to(device),
                torch.from_numpy(word_weights[part]).float().flatten().to(device),
            )
            repeated = Encoded(encoded.states.repeat(copies, 1), encoded.last.repeat(copies, 1))
            with torch.no_grad(), threads_for(self.tokens):
                batch = collate([self.numbered] * copies).to(device)
                logits = self.checkpoint.model.decide(repeated, batch, attention).logits
            answers.append(_softmax(logits).numpy())
        return np.concatenate(answers)

    def alone(self) -> np.ndarray:
        """(entries, classes) log probabilities with all attention on one entry of the last layer.

        Nothing but a linear layer follows that attention, so the answer under any weights
        there is softmax(weights @ these). Entries are a HAN's sentences, a flat model's words.
        """
        model = self.checkpoint.model
        with torch.no_grad(), threads_for(self.tokens):
            logits = model.classifier(model.last_states(self._encoded, self._batch))
        return logits.double().log_softmax(1).cpu().numpy()

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
        # The recurrent layers of cuDNN have no backward pass outside training.
        with torch.backends.cudnn.flags(enabled=False):
            encoded = model.encode(vectors.flatten(0, 1), batch)
            return model.decide(encoded, batch, attention).logits.softmax(1)[:, target]

    def gradients(self, target: int, hold_attention: bool = False) -> np.ndarray:
        """The gradient of the probability of ``target`` at the words' vectors.

        Args:
            hold_attention: treat attention as a constant (Jain and Wallace 2019, section 3.1).

        Returns:
            (tokens, embedding)
        """
        with torch.enable_grad(), threads_for(self.tokens):
            vectors = self.vectors.unsqueeze(0).requires_grad_()
            chance = self.probability_of(vectors, target, hold_attention).sum()
            (gradient,) = torch.autograd.grad(chance, vectors)
        return gradient[0].double().cpu().numpy()

    @cached_property
    def _batch(self) -> Batch:
        return collate([self.numbered]).to(self.checkpoint.device)

    @cached_property
    def _encoded(self) -> Encoded:
        with torch.no_grad(), threads_for(self.tokens):
            return self.checkpoint.model.read(self._batch)

    def _attention(self, copies: int) -> Attention:
        own = (self.explanation.sentence_weights, self.explanation.word_weights)
        device = self.checkpoint.device
        return Attention(*(torch.from_numpy(w).float().to(device).repeat(copies) for w in own))


def subject(checkpoint: Checkpoint, text: str) -> Subject:
    """A text ready to be asked about.

    Raises:
        WrongInput: if there is no word in it.
    """
    return subject_of(checkpoint, checkpoint.tokenizer(text))


def subject_of(
    checkpoint: Checkpoint, document: Document, explain: Explain | None = None
) -> Subject:
    """As ``subject``, of a document whose words have been found already.

    Args:
        explain: explains it, in company perhaps; else ``explain_document``.
    """
    explanation = explain(document) if explain else explain_document(checkpoint, document)
    numbered = number_document(document, checkpoint.vocabulary)
    return Subject(checkpoint, document, numbered, explanation)


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
        there = (rows[first] != _GONE).any(1)  # (distinct,)
        numbers = np.where(there, count + there.cumsum() - 1, _GONE)
        distinct.append(rows[first[there]])
        index.append(numbers[inverse])
        count += int(there.sum())
    places = np.stack(index, axis=1)  # (variants, sentences)
    lengths = np.concatenate([(rows != _GONE).sum(1) for rows in distinct])
    kept = np.concatenate([rows[rows != _GONE] for rows in distinct])
    return SharedBatch(
        Batch(torch.from_numpy(kept).long(), torch.from_numpy(lengths), torch.tensor([count])),
        torch.from_numpy(places[places != _GONE]),
        torch.from_numpy((places != _GONE).sum(1)),
    )


def _parts(variants: int, tokens: int) -> Iterator[slice]:
    """Stretches of variants for one pass each."""
    step = max(1, PASS_TOKENS // tokens)
    for start in range(0, variants, step):
        yield slice(start, min(variants, start + step))


def _softmax(logits: Tensor) -> Tensor:
    return logits.double().softmax(1).cpu()
