"""An explanation with some neighbouring words drawn as one.

Where two models split a text differently, only what both tell apart can be compared
(``alignment``). It does not know why words are joined.
"""

from itertools import groupby

import numpy as np

from han_core.explanation.explanation import Explanation
from han_core.text.document import Document, Sentence, Span


def joined(explanation: Explanation, groups: np.ndarray) -> Explanation:
    """Words of the same group become one: their weights add up.

    A group that spans two sentences joins these as well. A joined word is known where all
    its parts are.

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
    return Explanation(
        explanation.id,
        _document(explanation.document, words, sentences),
        explanation.labels,
        explanation.probabilities,
        weights,
        _shares(np.add.reduceat(explanation.document_weights, firsts), weights[sentences]),
        np.logical_and.reduceat(explanation.known, firsts),
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
