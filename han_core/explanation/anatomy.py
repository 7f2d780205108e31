"""The anatomy of attention: every number between a word's vector and the logits.

One step for each layer of attention: states h, features tanh(W h + b), the score of each row, its
exponential, the weight α, and the context Σ α h (Yang et al. 2016, equations 5 to 10; the other
forms as in ``han_core.models.attention``). The layer itself says what its scores are made of.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from han_core.explanation.explain import threads_for
from han_core.models.attention import segment_softmax, segment_sum
from han_core.models.checkpoint import Checkpoint
from han_core.models.classifier import AttentionLevel
from han_core.models.predict import check_finite
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.batch import NumberedDocument, collate
from han_core.text.document import Document


@dataclass(frozen=True)
class AttentionStep:
    """One layer of attention over a document; float32, rows in reading order.

    Attributes:
        unit: what is weighed: words (of a pretrained base, pieces of words) or sentences.
        form: additive, dot, general, linear, or fixed where no score is computed.
        names: (rows,) what stands there.
        items: (rows,) the document's token, or sentence, that each row is (a part of).
        owner: (rows,) the segment within which weights sum to 1.
        inputs: (rows, input) vectors below the encoder.
        states: (rows, size) h; of recurrent encoders the forward half, then the backward half.
        features: (rows, units) what meets the query: tanh(W h + b), or h itself.
        query: (segments, units) u, q, W q or w.
        divisor: √d of dot products, else 1.
        bias: (rows,) what is added to the products.
        scores: (rows,) features · query / divisor + bias, as the layer computes them.
        weights: (rows,) α, which sum to 1 within each segment.
        contexts: (segments, size) Σ α h.
        padding_scores: (segments,) the score that a state of zeros would have.

    Raises:
        ValueError: if the numbers of rows or segments disagree.
    """

    unit: Literal["word", "sentence"]
    form: str
    names: tuple[str, ...]
    items: np.ndarray
    owner: np.ndarray
    inputs: np.ndarray
    states: np.ndarray
    features: np.ndarray
    query: np.ndarray
    divisor: float
    bias: np.ndarray
    scores: np.ndarray
    weights: np.ndarray
    contexts: np.ndarray
    padding_scores: np.ndarray

    def __post_init__(self) -> None:
        by_row = (self.names, self.items, self.owner, self.inputs, self.states, self.features,
                  self.bias, self.scores, self.weights)  # fmt: skip
        by_segment = (self.query, self.contexts, self.padding_scores)
        for parts in (by_row, by_segment):
            if len(lengths := {len(part) for part in parts}) != 1:
                raise ValueError(f"parts of one length expected, {sorted(lengths)} came")

    def rows(self, segment: int) -> slice:
        """Return the rows of a segment."""
        first, last = np.searchsorted(self.owner, (segment, segment + 1)).tolist()
        return slice(first, last)


@dataclass(frozen=True)
class Anatomy:
    """All attention between a document's words and its logits.

    Attributes:
        steps: from words up; the last one's context is the document's vector.
        classifier: (classes, size) the weights of the linear layer that reads it.
        classifier_bias: (classes,) its biases.
        logits: (classes,) classifier · context + bias.
        directions: halves of each state, 2 where an encoder reads in both directions.
    """

    document: Document
    labels: tuple[str, ...]
    steps: tuple[AttentionStep, ...]
    classifier: np.ndarray
    classifier_bias: np.ndarray
    logits: np.ndarray
    directions: int

    def __post_init__(self) -> None:
        lengths = {len(self.labels), len(self.classifier), len(self.classifier_bias)}
        if lengths != {len(self.logits)}:
            raise ValueError(f"{len(self.logits)} classes expected, {sorted(lengths)} came")


def anatomy(checkpoint: Checkpoint, document: Document) -> Anatomy:
    """Return every number of a model's attention over ``document``.

    Raises:
        UserError: if there is no word in it, or logits are not finite.
    """
    if not document.sentences:
        raise UserError(tr("A text with at least one word is expected; this one has none."))
    numbered, model = checkpoint.number(document), checkpoint.model
    batch = collate([numbered]).to(checkpoint.device)
    with torch.inference_mode(), threads_for(len(batch.words)):
        levels = model.attention_levels(batch)
        steps = tuple(_step(checkpoint, document, numbered, level) for level in levels)
        context = torch.from_numpy(steps[-1].contexts).to(checkpoint.device)
        logits = model.classifier(context)
    check_finite(logits, checkpoint.name)
    weight, bias = _numpy(model.classifier.weight), _numpy(model.classifier.bias)
    return Anatomy(
        document, checkpoint.labels, steps, weight, bias, _numpy(logits)[0], model.directions
    )


def _step(
    checkpoint: Checkpoint, document: Document, numbered: NumberedDocument, level: AttentionLevel
) -> AttentionStep:
    states, owner, query = level.states, level.owner, level.query
    parts = level.layer.score_parts(states, owner, query)
    scores = level.layer.scores(states, owner, query)
    weights = segment_softmax(scores, owner, len(query))
    empty = torch.zeros_like(query), torch.arange(len(query), device=query.device), query
    names, items = _rows(checkpoint, document, numbered, level.unit)
    return AttentionStep(
        level.unit,
        parts.form,
        names,
        items,
        owner.cpu().numpy(),
        _numpy(level.inputs),
        _numpy(states),
        _numpy(parts.features),
        _numpy(parts.query),
        parts.divisor,
        _numpy(parts.bias),
        _numpy(scores),
        _numpy(weights),
        _numpy(segment_sum(states * weights[:, None], owner, len(query))),
        _numpy(level.layer.plain_scores(*empty)),
    )


def _rows(
    checkpoint: Checkpoint, document: Document, numbered: NumberedDocument, unit: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """The names of a level's rows, and the token or sentence of each."""
    if unit == "sentence":
        spans = document.sentences
        texts = [document.text[one.start : one.end] for one in spans]
        return tuple(" ".join(text.split()) for text in texts), np.arange(len(spans))
    if numbered.owner is None:
        return document.token_texts(), np.arange(len(numbered.words))
    words = checkpoint.vocabulary.words
    return tuple(words[number] for number in numbered.words.tolist()), numbered.owner


def _numpy(values: Tensor) -> np.ndarray:
    return values.detach().float().cpu().numpy()


def state_changes(checkpoint: Checkpoint, document: Document) -> np.ndarray:
    """Return the cosine of each word's state with its state in the text without another word.

    Returns:
        (words taken out, words, halves) from -1 to 1; the halves of a state have read from left
        to right and from right to left. 1 where nothing changes, NaN for the word taken out.

    Raises:
        UserError: if the text has one word, or the model does not read words in both directions.
    """
    model, count = checkpoint.model, len(document.tokens)
    if model.directions != 2 or checkpoint.kind.pretrained:
        raise UserError(
            tr("A model that reads words from both sides is expected; this one does not.")
        )
    if count < 2:
        raise UserError(tr("A text of two words or more is expected; one came."))
    numbered = checkpoint.number(document)
    shorter = [_without(numbered, at) for at in range(count)]
    batch = collate([numbered, *shorter]).to(checkpoint.device)
    with torch.inference_mode(), threads_for(len(batch.words)):
        states = _numpy(model.attention_levels(batch)[0].states)
    halves = states.reshape(len(states), 2, -1)  # (words of all documents, halves, size)
    whole, others = halves[:count], halves[count:].reshape(count, count - 1, 2, -1)
    cosines = np.full((count, count, 2), np.nan)
    kept = ~np.eye(count, dtype=bool)
    for at in range(count):
        cosines[at, kept[at]] = _cosine(whole[kept[at]], others[at])
    return cosines


def _without(document: NumberedDocument, at: int) -> NumberedDocument:
    """The document without one word; a sentence of that word alone goes with it."""
    lengths = document.sentence_lengths.copy()
    lengths[np.searchsorted(lengths.cumsum(), at, side="right")] -= 1
    return replace(document, words=np.delete(document.words, at),
                   sentence_lengths=lengths[lengths > 0])  # fmt: skip


def _cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Cosines along the last axis."""
    sizes = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    return (one * other).sum(-1) / np.maximum(sizes, np.finfo(np.float32).tiny)
