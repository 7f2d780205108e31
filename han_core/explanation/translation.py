"""What the attention of a translator is worth: words taken out, other words, coverage.

The translation is kept in all of it: the model reads it, and says how likely each word is.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch

from han_core.models.beam_search import align_numbers
from han_core.models.system_folder import SystemCheckpoint
from han_core.models.translate import Translation
from han_core.models.translator import (
    BOUNDARY,
    TranslatorConfig,
    TranslatorNetwork,
    collate_pairs,
)
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.vocabulary import UNKNOWN

LEAST_DROP = 0.05  # of a probability, that counts as an effect
TIMES_OTHERS = 2.0  # as much as other words: attention points at what matters
MISSED, REPEATED = 0.2, 2.0  # attention that a source word got in all: less, more

AlignmentVerdict = Literal["matters", "like others", "no effect"]


@dataclass(frozen=True)
class SourceWordRemoval:
    """How a translation's words change without each source word.

    Attributes:
        probabilities: (target words,) of each word given those before; NaN of unknown ones.
        drops: (target words, source words) what that probability loses where the source word is
            taken out; negative where it gains.
        attention: (target words, source words) of the whole sentence.
    """

    probabilities: np.ndarray
    drops: np.ndarray
    attention: np.ndarray

    def __post_init__(self) -> None:
        if self.drops.shape != self.attention.shape or len(self.probabilities) != len(self.drops):
            raise ValueError(f"(target, source) expected; {self.drops.shape}.")

    @property
    def most_attended_drops(self) -> np.ndarray:
        """(target words,) without the source word that each attends to most."""
        return self.drops[np.arange(len(self.drops)), self.attention.argmax(1)]

    @property
    def other_drops(self) -> np.ndarray:
        """(target words,) mean without one of the other source words."""
        others = self.drops.shape[1] - 1
        return (self.drops.sum(1) - self.most_attended_drops) / others

    @property
    def most_attended(self) -> float:
        """Mean drop where the word that a target word attends to most is taken out."""
        return float(np.nanmean(self.most_attended_drops))

    @property
    def other_words(self) -> float:
        """Mean drop where one of the other words is taken out."""
        return float(np.nanmean(self.other_drops))

    @property
    def agreement(self) -> tuple[int, int]:
        """Of how many known target words the most attended source word costs most, and of all."""
        known = ~np.isnan(self.probabilities)
        same = self.drops[known].argmax(1) == self.attention[known].argmax(1)
        return int(same.sum()), int(known.sum())

    @property
    def verdict(self) -> AlignmentVerdict:
        """Whether the most attended source words matter more than others, over the sentence."""
        if self.most_attended < LEAST_DROP:
            return "no effect"
        beyond = self.most_attended >= TIMES_OTHERS * self.other_words
        return "matters" if beyond else "like others"

    def to_json(self) -> dict:
        return {
            "probabilities": [_number(value) for value in self.probabilities],
            "drops": [[_number(value) for value in row] for row in self.drops],
            "most_attended": _number(self.most_attended),
            "other_words": _number(self.other_words),
        }


def source_word_removal(
    checkpoint: SystemCheckpoint, translation: Translation
) -> SourceWordRemoval:
    """Take out each source word and return what becomes of the words of ``translation``.

    Raises:
        UserError: if the text has no second word, or nothing of the translation is known.
    """
    source, target = list(translation.source_numbers), translation.target_numbers
    if len(source) < 2:
        raise UserError(tr("A word can be taken out where there are two or more; one came."))
    probabilities = np.exp(translation.log_probabilities)
    if np.isnan(probabilities).all():
        raise UserError(tr("The model knows no word of the translation."))
    without = [source[:at] + source[at + 1 :] for at in range(len(source))]
    shorter = align_numbers(_network(checkpoint), without, [target] * len(source))
    left = np.stack([np.exp(one.log_probabilities[:-1]) for one in shorter], axis=1)
    return SourceWordRemoval(probabilities, probabilities[:, None] - left, translation.alignment)


class Candidate(NamedTuple):
    """A word that the decoder might say at a step; "" is the end of the translation.

    Attributes:
        rank: counted from 1.
        said: whether the translation has this word here.
    """

    word: str
    probability: float
    rank: int
    said: bool


@torch.inference_mode()
def decoder_steps(
    checkpoint: SystemCheckpoint, translation: Translation, count: int = 5
) -> list[list[Candidate]]:
    """Return the likeliest words at each step of ``translation``, and the one that is said.

    The steps are its words and the end. A word that the model does not know is no candidate.
    """
    config = checkpoint.config
    assert isinstance(config, TranslatorConfig)
    model = _network(checkpoint)
    target = translation.target_numbers
    batch = collate_pairs([translation.source_numbers], [target]).to(checkpoint.device)
    shares = model(batch).scores[0].softmax(-1)  # (steps, target words)
    shares[:, UNKNOWN] = -1.0  # it is never said
    order = shares.argsort(dim=-1, descending=True, stable=True).tolist()
    steps = []
    for row, ranked, said in zip(shares.tolist(), order, [*target, BOUNDARY], strict=True):
        listed = [number for number in ranked[:count] if number != UNKNOWN]
        if said not in (UNKNOWN, *listed):
            listed = [*listed, said]
        words = {number: "" if number == BOUNDARY else config.target_words[number]
                 for number in listed}  # fmt: skip
        steps.append([
            Candidate(words[number], row[number], ranked.index(number) + 1, number == said)
            for number in listed
        ])  # fmt: skip
    return steps


@dataclass(frozen=True)
class Coverage:
    """How much attention each source word got, and what was said twice in a row.

    Attributes:
        totals: (source words,) sum over the target words.
        missed: places of source words with less than ``MISSED`` in all.
        repeated: places of source words with more than ``REPEATED`` in all.
        said_again: places of target words that repeat the word before, or the two before.
    """

    totals: np.ndarray
    missed: tuple[int, ...]
    repeated: tuple[int, ...]
    said_again: tuple[int, ...]


def coverage(translation: Translation) -> Coverage:
    """Return the attention that each source word got in all (Tu et al. 2016, section 3)."""
    totals = translation.alignment.sum(0)
    said = [word.casefold() for word in translation.target_words]
    again = tuple(
        at
        for at in range(1, len(said))
        if said[at].isalpha()
        and (said[at] == said[at - 1] or said[at - 3 : at - 1] == said[at - 1 : at + 1])
    )
    return Coverage(
        totals,
        tuple(np.flatnonzero(totals < MISSED).tolist()),
        tuple(np.flatnonzero(totals > REPEATED).tolist()),
        again,
    )


def _network(checkpoint: SystemCheckpoint) -> TranslatorNetwork:
    assert isinstance(checkpoint.model, TranslatorNetwork)
    return checkpoint.model


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
