"""Placebos: the same picture where attention cannot have learnt anything.

A picture of attention convinces by its looks. Beside it belong the picture of the
same model before training, and of attention that is even. What they have in common
with the real one is no evidence. This module does not know how pictures are drawn.
"""

from dataclasses import replace
from threading import Lock

import numpy as np
import torch

from han_core.evidence.subject import Subject
from han_core.explanation.explanation import Explanation
from han_core.models.build import build_model
from han_core.models.checkpoint import Checkpoint

_ONE_AT_A_TIME = Lock()  # torch has one random state for all threads of a process


def untrained_twin(checkpoint: Checkpoint, seed: int = 0) -> Checkpoint:
    """The checkpoint's model before training, with all else the same.

    Architecture, vocabulary, labels and tokeniser are the checkpoint's. All weights are
    drawn anew, as training draws them for this seed, word vectors included: a model
    that began with ready-made vectors had those already. The global random state is
    left as it was.
    """
    with _ONE_AT_A_TIME, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # the CPU's alone: models are built there
        model = build_model(checkpoint.config.architecture)
    model = model.to(checkpoint.device).eval()
    name = f"untrained twin of {checkpoint.name}"
    return replace(checkpoint, name=name, model=model, metrics={})


def uniform_attention(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Even attention as the model would have it: words (tokens,), sentences (sentences,).

    A HAN shares out evenly twice, among sentences and within each. A flat model does so
    once, among all words, so that a sentence's weight is its share of the words.
    """
    lengths = subject.numbered.sentence_lengths
    flat = subject.checkpoint.config.architecture.model == "bilstm"
    sentences = lengths / lengths.sum() if flat else np.full(len(lengths), 1 / len(lengths))
    return np.repeat(1 / lengths, lengths), sentences


def with_uniform_attention(subject: Subject) -> Explanation:
    """The same document under even attention: the weights, and what the model then answers."""
    words, sentences = uniform_attention(subject)
    (probabilities,) = subject.under(words[None], sentences[None])
    return replace(
        subject.explanation,
        probabilities=probabilities,
        word_weights=words,
        sentence_weights=sentences,
    )
