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
from han_core.runtime.messages import mark, tr
from han_core.text.vocabulary import UNKNOWN
from han_core.viz.markup import beginning, chance, writable

CLEARLY = 0.02  # of the alignment error rate
MOST_NAMED = 6  # words in a sentence on coverage

LANGUAGES = {
    "ar": mark("Arabic"),
    "de": mark("German"),
    "en": mark("English"),
    "es": mark("Spanish"),
    "fr": mark("French"),
    "he": mark("Hebrew"),
    "it": mark("Italian"),
    "ja": mark("Japanese"),
    "ko": mark("Korean"),
    "nl": mark("Dutch"),
    "pl": mark("Polish"),
    "pt": mark("Portuguese"),
    "ru": mark("Russian"),
    "tr": mark("Turkish"),
    "zh": mark("Chinese"),
}

VERDICTS: dict[AlignmentVerdict, str] = {
    "matters": mark("The most attended words matter here"),
    "like others": mark("No more than other words"),
    "no effect": mark("Attention is decoration here"),
}


_REMOVAL = {
    "word": mark(
        "Without the source word that it attends to most, a word of the translation loses {most} "
        "points of probability on average; without one of the other words {other}. For {same} of "
        "{known} words it is also the source word that costs most (by chance: 1 in {count})."
    ),
    "character": mark(
        "Without the source character that it attends to most, a character of the translation "
        "loses {most} points of probability on average; without one of the other characters "
        "{other}. For {same} of {known} characters it is also the source character that costs "
        "most (by chance: 1 in {count})."
    ),
}


def side_names(config: TranslatorConfig) -> tuple[str, str]:
    """Return the names of both sides for readers; plain ones where characters are the words."""
    if config.source_segmentation == "letters":
        return tr("Source"), tr("Output")
    source, target = config.source_language, config.target_language
    source, target = (
        tr(LANGUAGES[code]) if code in LANGUAGES else code for code in (source, target)
    )
    return source, target


def unit(config: TranslatorConfig) -> str:
    """Return what a source token is: "character" or "word"."""
    return "character" if config.source_segmentation == "letters" else "word"


def verdict_sentence(removal: SourceWordRemoval, unit: str = "word") -> str:
    """Return what taking out the most attended source words does, beside other words."""
    same, known = removal.agreement
    return tr(
        _REMOVAL[unit],
        most=_points(removal.most_attended),
        other=_points(removal.other_words),
        same=same,
        known=known,
        count=removal.drops.shape[1],
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
                tr("Word"): writable(word),
                tr("Probability"): chance(float(removal.probabilities[at])),
                tr("Attends most to"): f"{writable(source[most])} ({weight:.0%})",
                tr("Loses without it"): _points(drops[most]),
                tr("Without another, mean"): _points(others[at]),
                tr("Loses most without"): f"{writable(source[worst])} ({_points(drops[worst])})",
            }
        )
    return rows


def coverage_sentences(translation: Translation, covered: Coverage) -> list[str]:
    """Name the source words that got little or much attention, and words that were said twice."""
    source, target = translation.source_words, translation.target_words
    sentences = []
    if covered.missed:
        words = _named(source, covered.missed)
        sentences.append(tr("Hardly attended to: {words}.", words=words))
    if covered.repeated:
        words = _named(source, covered.repeated)
        sentences.append(tr("Attended to for more than two words: {words}.", words=words))
    if covered.said_again:
        words = _named(target, covered.said_again)
        sentences.append(tr("Said twice in a row: {words}.", words=words))
    return sentences or [
        tr("Every source word got some attention, and none got much more than others.")
    ]


def forced_sentence(own: Translation, other: Translation) -> str:
    """Say how likely another translation is beside the model's own, per word."""
    unknown = int(np.isnan(other.log_probabilities).sum())
    if unknown == len(other.target):
        return tr("The model knows no word of this translation.")
    theirs, ours = (
        chance(float(np.exp(np.nanmean(one.log_probabilities)))) for one in (other, own)
    )
    if not unknown:
        return tr(
            "Its words have a probability of {share} (geometric mean); those of the model's own "
            "{own}.",
            share=theirs, own=ours,
        )  # fmt: skip
    return tr(
        "Its words have a probability of {share} (geometric mean); those of the model's own "
        "{own}. {words} that the model does not know left out.",
        share=theirs, own=ours, words=counted(unknown, "word"),
    )  # fmt: skip


_ALIGNED = {
    "worse": mark(
        "Attention aligns words worse than their order alone: on {sentences} that people aligned, "
        "its alignment error rate is {share:.1%}, {others}."
    ),
    "like": mark(
        "Attention aligns words hardly better than their order alone: on {sentences} that people "
        "aligned, its alignment error rate is {share:.1%}, {others}."
    ),
    "better": mark(
        "Attention aligns words better than their order alone: on {sentences} that people aligned, "
        "its alignment error rate is {share:.1%}, {others}."
    ),
}


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
    sentences = tr("{count:,} sentences", count=pairs)
    if longest:
        sentences = tr(
            "{count:,} sentences of at most {longest} words", count=pairs, longest=longest
        )
    others = tr("that of the diagonal {share:.1%}", share=diagonal)
    if isinstance(ibm := figures.get("ibm"), float):
        others = tr(
            "that of the diagonal {share:.1%}, that of IBM model 1 {ibm:.1%}",
            share=diagonal,
            ibm=ibm,
        )
    gain = diagonal - attention
    how = "worse" if gain < 0 else "like" if gain < CLEARLY else "better"
    return tr(_ALIGNED[how], sentences=sentences, share=attention, others=others)


def unknown_sentence(translation: Translation) -> str:
    """Name the source words that the model does not know; "" if there are none."""
    places = [at for at, number in enumerate(translation.source_numbers) if number == UNKNOWN]
    if not places:
        return ""
    if len(places) == len(translation.source):
        return tr(
            "The model knows no word of this sentence; the translation says nothing about it."
        )
    return tr("Unknown to the model: {words}.", words=_named(translation.source_words, places))


def _named(words: Sequence[str], places: Sequence[int]) -> str:
    named = tr(", ").join(f"“{beginning(words[at], 24)}”" for at in places[:MOST_NAMED])
    beyond = len(places) - MOST_NAMED
    return tr("{names} and {count} more", names=named, count=beyond) if beyond > 0 else named


def _points(drop: float) -> str:
    """A loss in points of probability; negative where the word becomes likelier."""
    return f"{100 * drop:z.0f}".replace("-", "\N{MINUS SIGN}")
