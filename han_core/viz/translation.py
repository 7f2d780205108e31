"""What the evidence about a translation says in words, and as a table."""

from collections.abc import Mapping, Sequence

import numpy as np

from han_core.explanation.translation import (
    AlignmentVerdict,
    Coverage,
    SourceWordRemoval,
)
from han_core.models.translate import Translation
from han_core.models.translator import TranslatorConfig
from han_core.runtime.errors import counted
from han_core.text.vocabulary import UNKNOWN
from han_core.viz.markup import beginning, chance, writable

CLEARLY = 0.02  # of the alignment error rate
MOST_NAMED = 6  # words in a sentence on coverage

LANGUAGES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French",
    "he": "Hebrew", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch",
    "pl": "Polish", "pt": "Portuguese", "ru": "Russian", "tr": "Turkish", "zh": "Chinese",
}  # fmt: skip

VERDICTS: dict[AlignmentVerdict, str] = {
    "matters": "The most attended words matter here",
    "like others": "No more than other words",
    "no effect": "Attention is decoration here",
}


def side_names(config: TranslatorConfig) -> tuple[str, str]:
    """Return the names of both sides for readers; plain ones where characters are the words."""
    if config.source_segmentation == "letters":
        return "Source", "Output"
    source, target = config.source_language, config.target_language
    return LANGUAGES.get(source, source), LANGUAGES.get(target, target)


def unit(config: TranslatorConfig) -> str:
    """Return what a source token is called."""
    return "character" if config.source_segmentation == "letters" else "word"


def verdict_sentence(removal: SourceWordRemoval, unit: str = "word") -> str:
    """Return what taking out the most attended source words does, beside other words."""
    same, known = removal.agreement
    by_chance = f"by chance: 1 in {removal.drops.shape[1]}"
    return (
        f"Without the source {unit} that it attends to most, a {unit} of the translation loses "
        f"{_points(removal.most_attended)} points of probability on average; without one of the "
        f"other {unit}s {_points(removal.other_words)}. For {same} of {known} {unit}s it is also "
        f"the source {unit} that costs most ({by_chance})."
    )


def removal_rows(translation: Translation, removal: SourceWordRemoval) -> list[dict[str, object]]:
    """Return a row for each target word: what it attends to most, and what it loses without."""
    source, others = translation.source_words, removal.other_drops
    rows: list[dict[str, object]] = []
    for at, word in enumerate(translation.target_words):
        if np.isnan(removal.probabilities[at]):
            continue
        most, worst = int(removal.attention[at].argmax()), int(removal.drops[at].argmax())
        weight, drops = removal.attention[at, most], removal.drops[at]
        rows.append(
            {
                "Word": writable(word),
                "Probability": chance(float(removal.probabilities[at])),
                "Attends most to": f"{writable(source[most])} ({weight:.0%})",
                "Loses without it": _points(drops[most]),
                "Without another, mean": _points(others[at]),
                "Loses most without": f"{writable(source[worst])} ({_points(drops[worst])})",
            }
        )
    return rows


def coverage_sentences(translation: Translation, covered: Coverage) -> list[str]:
    """Name the source words that got little or much attention, and words that were said twice."""
    source, target = translation.source_words, translation.target_words
    sentences = []
    if covered.missed:
        sentences.append(f"Hardly attended to: {_named(source, covered.missed)}.")
    if covered.repeated:
        sentences.append(
            f"Attended to for more than two words: {_named(source, covered.repeated)}."
        )
    if covered.said_again:
        sentences.append(f"Said twice in a row: {_named(target, covered.said_again)}.")
    return sentences or [
        "Every source word got some attention, and none got much more than others."
    ]


def forced_sentence(own: Translation, other: Translation) -> str:
    """Say how likely another translation is beside the model's own, per word."""
    unknown = int(np.isnan(other.log_probabilities).sum())
    if unknown == len(other.target):
        return "The model knows no word of this translation."
    likely = (float(np.exp(np.nanmean(one.log_probabilities))) for one in (other, own))
    sentence = "Its words have a probability of {} (geometric mean); those of the model's own {}."
    text = sentence.format(*map(chance, likely))
    if unknown:
        text += f" {counted(unknown, 'word')} that the model does not know left out."
    return text


def alignment_error_sentence(metrics: Mapping[str, object]) -> str:
    """Say how well the model's attention aligns words beside links that people made; "" if unknown.

    ``metrics`` may have ``alignment``: ``pairs``, ``longest`` (words of a side) and the error of
    ``attention``, ``diagonal`` and ``ibm``.
    """
    figures = metrics.get("alignment")
    if not isinstance(figures, dict):
        return ""
    try:
        attention, diagonal = float(figures["attention"]), float(figures["diagonal"])
        pairs, longest = int(figures["pairs"]), int(figures["longest"])
    except (LookupError, TypeError, ValueError):
        return ""
    words = f" of at most {longest} words" if longest else ""
    gain = diagonal - attention
    how = "worse than" if gain < 0 else "hardly better than" if gain < CLEARLY else "better than"
    others = f"that of the diagonal {diagonal:.1%}"
    if isinstance(ibm := figures.get("ibm"), float):
        others += f", that of IBM model 1 {ibm:.1%}"
    return (
        f"Attention aligns words {how} their order alone: on {pairs:,} sentences{words} that "
        f"people aligned, its alignment error rate is {attention:.1%}, {others}."
    )


def unknown_sentence(translation: Translation) -> str:
    """Name the source words that the model does not know; "" if there are none."""
    places = [at for at, number in enumerate(translation.source_numbers) if number == UNKNOWN]
    if not places:
        return ""
    if len(places) == len(translation.source):
        return "The model knows no word of this sentence; the translation says nothing about it."
    return f"Unknown to the model: {_named(translation.source_words, places)}."


def _named(words: Sequence[str], places: Sequence[int]) -> str:
    named = ", ".join(f"“{beginning(words[at], 24)}”" for at in places[:MOST_NAMED])
    beyond = len(places) - MOST_NAMED
    return f"{named} and {beyond} more" if beyond > 0 else named


def _points(drop: float) -> str:
    """A loss in points of probability; negative where the word becomes likelier."""
    return f"{100 * drop:z.0f}".replace("-", "\N{MINUS SIGN}")
