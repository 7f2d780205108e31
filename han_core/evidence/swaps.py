"""Other attention over the same states: does the prediction hang on these weights?

Uniform and permuted attention ask whether attention matters at all (Jain and Wallace
2019, section 4.2.1), and the flip test how much of it has to go (flip). Words and their
states stay as they are, so nothing here says what the words themselves do.
"""

from dataclasses import dataclass

import numpy as np

from han_core.evidence.flip import Flip, flip, hierarchical, levels
from han_core.evidence.placebo import uniform_attention
from han_core.evidence.subject import Subject

PERMUTATIONS = 100
"""Shuffles of the attention whose median is reported."""


@dataclass(frozen=True)
class Swaps:
    """One prediction under other attention.

    Attributes:
        target: the class that the model's own attention predicts.
        probability: of that class, with the model's own attention.
        uniform: (classes,) probabilities under uniform attention (a HAN: both levels).
        permuted: (permutations,) the probability of ``target`` under shuffled attention.
        flip: None where the layer closest to the output has a single weight.

    Raises:
        ValueError: if there is no permutation or no such class.
    """

    target: int
    probability: float
    uniform: np.ndarray
    permuted: np.ndarray
    flip: Flip | None

    def __post_init__(self) -> None:
        if not len(self.permuted) or not 0 <= self.target < len(self.uniform):
            raise ValueError("a known class and at least one permutation are expected")

    @property
    def uniform_probability(self) -> float:
        """The probability of ``target`` under uniform attention."""
        return float(self.uniform[self.target])

    @property
    def uniform_flips(self) -> bool:
        """Whether uniform attention decides for another class."""
        return int(self.uniform.argmax()) != self.target

    @property
    def permutation_shift(self) -> float:
        """The median change of the prediction under permuted attention, without its sign."""
        return float(np.median(abs(self.permuted - self.probability)))


def swaps(
    subject: Subject, seed: int = 0, draws: int = 20, permutations: int = PERMUTATIONS
) -> Swaps:
    """Uniform attention, shuffled attention, and the flip test with ``draws`` random orders.

    Raises:
        ValueError: for a document of one word: attention has no choice there.
    """
    if subject.tokens < 2:
        raise ValueError("other attention needs at least two words")
    rng = np.random.default_rng(seed)
    even, shuffled = uniform_attention(subject), permuted(subject, permutations, rng)
    answers = subject.under(*(np.vstack(level) for level in zip(even, shuffled, strict=True)))
    return Swaps(
        target=subject.target,
        probability=subject.explanation.probability,
        uniform=answers[0],
        permuted=answers[1:, subject.target],
        flip=flip(subject, draws, rng),
    )


def permuted(
    subject: Subject, copies: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The model's own weights in random order: (copies, tokens), (copies, sentences).

    A HAN's word weights stay within their sentence, and its sentences change places; a flat
    model's weights go anywhere in the document.
    """
    explanation = subject.explanation

    def shuffled(weights: np.ndarray) -> np.ndarray:
        return rng.permuted(np.tile(weights, (copies, 1)), axis=1)

    if not hierarchical(subject):
        return levels(subject, shuffled(explanation.document_weights))
    # Sorting random numbers that grow from sentence to sentence never leaves a sentence.
    keys = rng.random((copies, subject.tokens)) + explanation.sentence_of_token
    return explanation.word_weights[keys.argsort(1)], shuffled(explanation.sentence_weights)
