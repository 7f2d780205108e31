"""A model's decision about a document, and where its attention stood.

An ``Explanation`` lays the weights back onto the characters of the text.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Literal

import numpy as np

from han_core.explanation.attention_map import (
    AttentionMap,
    Axis,
    Place,
    joined_words,
    places_of,
)
from han_core.text.document import Document, Sentence, Span

Reading = Literal["sentence", "document", "lift"]
"""Three readings of a token's weight: within its sentence (α_w), within the
document (α_s · α_w), and as lift over uniform attention (tokens · α_s · α_w)."""


@dataclass(frozen=True)
class Explanation:
    """One document, one decision.

    Attributes:
        id: as the caller names the document.
        document: the text and its spans.
        labels: the classes.
        probabilities: (classes,) sum to 1.
        sentence_weights: (sentences,) sum to 1.
        word_weights: (tokens,) sum to 1 within each sentence.
        known: (tokens,) whether the vocabulary holds the token.
        maps: every query's weights over every key, where they were asked for.

    Raises:
        ValueError: if a length does not fit the document or the labels.
    """

    id: str
    document: Document
    labels: tuple[str, ...]
    probabilities: np.ndarray
    sentence_weights: np.ndarray
    word_weights: np.ndarray
    known: np.ndarray
    maps: tuple[AttentionMap, ...] = ()

    def __post_init__(self) -> None:
        tokens = sum(self.document.sentence_lengths)
        expected = (len(self.labels), len(self.document.sentences), tokens, tokens)
        came = tuple(
            len(part)
            for part in (self.probabilities, self.sentence_weights, self.word_weights, self.known)
        )
        if came != expected:
            raise ValueError(f"lengths {expected} expected, {came} came")

    @property
    def label(self) -> str:
        """The predicted class."""
        return self.labels[int(self.probabilities.argmax())]

    @property
    def probability(self) -> float:
        """The probability of the predicted class."""
        return float(self.probabilities.max())

    @property
    def chances(self) -> dict[str, float]:
        """Class → probability."""
        return dict(zip(self.labels, self.probabilities.tolist(), strict=True))

    @cached_property
    def sentence_of_token(self) -> np.ndarray:
        """(tokens,) the sentence that each token stands in."""
        lengths = self.document.sentence_lengths
        return np.repeat(np.arange(len(lengths)), lengths)

    @cached_property
    def document_weights(self) -> np.ndarray:
        """(tokens,) weights within the document, α_s · α_w; sum to 1."""
        return self.sentence_weights[self.sentence_of_token] * self.word_weights

    def weights(self, reading: Reading) -> np.ndarray:
        """(tokens,) weights in one of the three readings."""
        if reading == "sentence":
            return self.word_weights
        lift = len(self.document_weights) if reading == "lift" else 1
        return lift * self.document_weights

    @property
    def unknown(self) -> int:
        """Tokens that the model saw as the unknown word."""
        return int((~self.known).sum())

    def to_json(self) -> dict:
        """Return the explanation as the command line writes it, weights in full precision."""
        words, known = self.word_weights.tolist(), self.known.tolist()
        sentences, at = [], 0
        for sentence, weight in zip(
            self.document.sentences, self.sentence_weights.tolist(), strict=True
        ):
            tokens = [
                {"start": span.start, "end": span.end, "weight": words[i], "known": known[i]}
                for i, span in enumerate(sentence.tokens, start=at)
            ]
            at += len(tokens)
            sentences.append(
                {"start": sentence.start, "end": sentence.end, "weight": weight, "tokens": tokens}
            )
        answer = {
            "id": self.id,
            "label": self.label,
            "probabilities": self.chances,
            "sentences": sentences,
            "seen": {
                "characters": self.document.seen,
                "of": len(self.document.text),
                "tokens": at,
                "unknown": self.unknown,
            },
        }
        if self.maps:
            answer["maps"] = [attention_map.to_json() for attention_map in self.maps]
        return answer


def reweighted(explanation: Explanation, weights: np.ndarray) -> Explanation:
    """Return the explanation with other weights of its words, to be read like attention.

    Args:
        weights: (tokens,) not negative, of any positive sum.
    """
    shares = weights / weights.sum()
    lengths = np.array(explanation.document.sentence_lengths)
    sentences = np.add.reduceat(shares, lengths.cumsum() - lengths)
    return replace(
        explanation,
        sentence_weights=sentences,
        word_weights=_shares(shares, sentences[explanation.sentence_of_token]),
    )


def ranks(weights: np.ndarray) -> np.ndarray:
    """Return the rank of each weight, 1 for the largest; equal weights share the better rank."""
    ordered = np.sort(weights)
    return len(weights) - np.searchsorted(ordered, weights, side="right") + 1


def entropy(weights: np.ndarray) -> float:
    """Return entropy as a share of its maximum: 0 all on one, 1 uniform (and for one item)."""
    if len(weights) < 2:
        return 1.0
    positive = weights[weights > 0]
    return max(0.0, float(-(positive * np.log(positive)).sum() / np.log(len(weights))))


def top_mass(weights: np.ndarray, k: int) -> float:
    """Return the share of all weight that the ``k`` largest hold."""
    return float(np.sort(weights)[::-1][:k].sum())


def join_words(explanation: Explanation, groups: np.ndarray) -> Explanation:
    """Join words of the same group into one: their weights add up.

    A group that spans two sentences joins these as well. A joined word is known where all
    its parts are. In maps its weights as a key add up, and those as a query are averaged.

    Args:
        groups: (tokens,) numbers that never fall.

    Raises:
        ValueError: if there is not a number for each token, or one falls.
    """
    tokens = explanation.document.tokens
    if len(groups) != len(tokens) or (np.diff(groups) < 0).any():
        raise ValueError(f"{len(tokens)} numbers that never fall expected, {groups} came")
    firsts = np.flatnonzero(np.diff(groups, prepend=-1))  # tokens that begin a joined word
    if len(firsts) == len(tokens):
        return explanation
    lasts = np.append(firsts[1:], len(tokens)) - 1
    words = [Span(tokens[a].start, tokens[b].end) for a, b in zip(firsts, lasts, strict=True)]
    sentences = _joined_sentences(explanation.sentence_of_token, firsts, lasts)
    weights = np.bincount(sentences, np.add.reduceat(explanation.document_weights, firsts))
    document = _document(explanation.document, words, sentences)
    larger: dict[Axis, tuple[Place, ...]] = {
        "token": places_of(words),
        "sentence": tuple((one.start, one.end) for one in document.sentences),
    }
    return Explanation(
        explanation.id,
        document,
        explanation.labels,
        explanation.probabilities,
        weights,
        _shares(np.add.reduceat(explanation.document_weights, firsts), weights[sentences]),
        np.logical_and.reduceat(explanation.known, firsts),
        tuple(joined_words(one, larger) for one in explanation.maps),
    )


def _joined_sentences(
    sentence_of_token: np.ndarray, firsts: np.ndarray, lasts: np.ndarray
) -> np.ndarray:
    """(words,) the number of each joined word's sentence, counted from 0."""
    # A word opens a sentence where it begins one that the word before did not reach into.
    reached = np.append(-1, sentence_of_token[lasts[:-1]])
    return (sentence_of_token[firsts] > reached).cumsum() - 1


def _shares(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """``part / whole``; 0 where there is nothing to share."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _document(document: Document, words: list[Span], sentences: np.ndarray) -> Document:
    runs = groupby(zip(sentences.tolist(), words, strict=True), key=lambda pair: pair[0])
    return Document(
        document.text,
        tuple(Sentence(tuple(word for _, word in run)) for _, run in runs),
        document.seen,
    )
