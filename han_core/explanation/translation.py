"""What each source word does for each target word: the translation is kept, the word taken out."""

from dataclasses import dataclass

import numpy as np

from han_core.models.beam_search import align_numbers
from han_core.models.system_folder import SystemCheckpoint
from han_core.models.translate import (
    source_document,
    source_numbers,
    target_document,
    target_numbers,
    words_of,
)
from han_core.models.translator import TranslatorConfig, TranslatorNetwork
from han_core.runtime.errors import UserError


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
    def most_attended(self) -> float:
        """Mean drop where the word that a target word attends to most is taken out."""
        places = self.attention.argmax(1)
        return float(np.nanmean(self.drops[np.arange(len(places)), places]))

    @property
    def other_words(self) -> float:
        """Mean drop where one of the other words is taken out."""
        others = np.ones_like(self.drops, dtype=bool)
        others[np.arange(len(others)), self.attention.argmax(1)] = False
        return float(np.nanmean(self.drops[others]))

    def to_json(self) -> dict:
        return {
            "probabilities": [_number(value) for value in self.probabilities],
            "drops": [[_number(value) for value in row] for row in self.drops],
            "most_attended": _number(self.most_attended),
            "other_words": _number(self.other_words),
        }


def source_word_removal(
    checkpoint: SystemCheckpoint, text: str, translation: str
) -> SourceWordRemoval:
    """Take out each word of ``text`` and return what becomes of the words of ``translation``.

    Raises:
        UserError: if the text has no second word, nothing of the translation is known, or a side
            is no sentence.
    """
    config, model = checkpoint.config, checkpoint.model
    assert isinstance(config, TranslatorConfig)
    assert isinstance(model, TranslatorNetwork)
    source = source_numbers(words_of(source_document(text, config)), config)
    target = target_numbers(words_of(target_document(translation, config)), config)
    if len(source) < 2:
        raise UserError("A word can be taken out where there are two or more; one came.")
    without = [source[:at] + source[at + 1 :] for at in range(len(source))]
    whole, *shorter = align_numbers(model, [source, *without], [target] * (len(source) + 1))
    probabilities = np.exp(whole.log_probabilities[:-1])
    if np.isnan(probabilities).all():
        raise UserError("The model knows no word of the translation.")
    left = np.stack([np.exp(one.log_probabilities[:-1]) for one in shorter], axis=1)
    return SourceWordRemoval(probabilities, probabilities[:, None] - left, whole.attention)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
