"""Variants of one document, in which words are missing or others, as batches for a model.

What they have in common is read once: a sentence that stands in several, and by the model
also what sentences or documents begin or end with. It does not know why a word is missing.
"""

from collections.abc import Iterator

import numpy as np
import torch

from han_core.explanation.explain import threads_for
from han_core.models.classifier import AttentionClassifier
from han_core.text.batch import Batch, SharedBatch

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
