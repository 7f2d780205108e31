"""In which order to take units out of a document: four ways to rank them.

A unit is a word or a sentence. Attention ranks by its weight in the document, gradient
× input and leave-one-out by how much they say the unit supports the predicted class,
and random order is what all of them have to beat. Attention has no sign, so it cannot put
what speaks against the class last, as the two others do: that is part of what it misses.
It does not know what happens to the prediction when units go (deletion does).
"""

from typing import Literal

import numpy as np

from han_core.evidence import methods
from han_core.evidence.subject import Fill, Progress, Subject

Unit = Literal["word", "sentence"]

RankedBy = Literal["attention", "gradient", "leave_one_out", "random"]


def units(subject: Subject, unit: Unit) -> int:
    """How many words or sentences there are."""
    return subject.tokens if unit == "word" else subject.sentences


def by_token(subject: Subject, unit: Unit, values: np.ndarray) -> np.ndarray:
    """(…, units) → (…, tokens): every token gets its unit's value."""
    return values if unit == "word" else values[..., subject.explanation.sentence_of_token]


def attention(subject: Subject, unit: Unit) -> np.ndarray:
    """(units,) weights within the document: α_s · α_w of a word, α_s of a sentence."""
    explanation = subject.explanation
    return explanation.document_weights if unit == "word" else explanation.sentence_weights


def gradient_times_input(subject: Subject, unit: Unit, hold_attention: bool = False) -> np.ndarray:
    """(units,) the gradient of p(predicted class) at each word's vector, times the vector.

    Summed over the embedding, with its sign (Denil et al. 2014; Ancona et al. 2018,
    "gradient * input"); a sentence has the sum of its words.

    Args:
        hold_attention: treat attention as a constant (Jain and Wallace 2019, section 3.1).
    """
    words = methods.gradient_times_input(subject, subject.target, hold_attention)
    if unit == "word":
        return words
    return np.bincount(subject.explanation.sentence_of_token, words, subject.sentences)


def leave_one_out(
    subject: Subject, unit: Unit, fill: Fill = "delete", progress: Progress | None = None
) -> np.ndarray:
    """(units,) p(x) − p(x without the unit) of the predicted class, with its sign.

    (Li et al. 2016, "erasure".) It asks as many questions as there are units: for a long
    document, minutes.

    Raises:
        WrongInput: as ``methods.left_out`` does.
    """
    return methods.left_out(subject, subject.target, unit, fill, progress)


def order(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(units,) numbers of the units, highest score first; ties stand in random order."""
    shuffled = rng.permutation(len(scores))
    return shuffled[np.argsort(-scores[shuffled], kind="stable")]


def random_orders(units: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """(draws, units) numbers of the units in random order, a row a draw."""
    return rng.permuted(np.tile(np.arange(units), (draws, 1)), axis=1)
