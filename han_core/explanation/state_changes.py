"""How far each state moves when one word is missing: what it has read of its neighbours."""

from dataclasses import replace

import numpy as np
import torch

from han_core.explanation.explain import threads_for
from han_core.explanation.model_probe import ModelProbe
from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument, collate


def state_changes(probe: ModelProbe) -> np.ndarray:
    """Return the cosine of each word's state with its state in the text without another word.

    Returns:
        (words taken out, words, halves) from -1 to 1; the halves of a state have read from left
        to right and from right to left. 1 where nothing changes, NaN for the word taken out.

    Raises:
        UserError: if the text has one word, or the model does not read words in both directions.
    """
    model, count = probe.checkpoint.model, probe.tokens
    if model.directions != 2 or probe.numbered.owner is not None:
        raise UserError("A model that reads words from both sides is expected; this one does not.")
    if count < 2:
        raise UserError("A text of two words or more is expected; one came.")
    documents = [probe.numbered, *(_without(probe.numbered, at) for at in range(count))]
    batch = collate(documents).to(probe.checkpoint.device)
    with torch.inference_mode(), threads_for(len(batch.words)):
        states = model.attention_levels(batch)[0].states.float().cpu().numpy()
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
