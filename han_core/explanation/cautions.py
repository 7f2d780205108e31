"""Whether a text is one that a model can say something about: language, known words, length."""

from collections.abc import Iterable
from itertools import chain, islice

from han_core.explanation.explanation import Explanation
from han_core.models.listing import Listing
from han_core.runtime.errors import counted
from han_core.runtime.messages import tr
from han_core.text.languages import language_name, script_of, written_in

SHORT = 4
"""Words and characters of Chinese below which a text says too little."""


def caution(explanation: Explanation, language: str, name: str) -> str:
    """Return a sentence where the model can say little about the text; else "".

    Args:
        language: the model's, as a code such as "en".
        name: the model's.
    """
    if warning := language_warning(explanation, language, name):
        return warning
    words = len(explanation.known)
    if words >= SHORT:
        return ""
    return tr(
        "This text has only {words}, and a prediction about it means little.",
        words=counted(words, "word"),
    )


def fitting_models(
    text: str, listings: Iterable[Listing], current: Listing, preferred: str = ""
) -> list[Listing]:
    """Return the models for the script of ``text``, best first; none if ``current`` reads it too.

    Models of a language in this script alone come first, then the one called ``preferred``, then
    those with as many classes as ``current``, then those of higher accuracy.
    """
    script = script_of(text)
    if script is None or script in written_in(current.language):
        return []

    def fitness(one: Listing) -> tuple[bool, bool, bool, float]:
        only = written_in(one.language) == (script,)  # Japanese has Chinese characters too
        alike = len(one.classes) == len(current.classes)
        return only, one.name == preferred, alike, one.accuracy or 0.0

    readers = [one for one in listings if script in written_in(one.language)]
    return sorted(readers, key=fitness, reverse=True)


MOST_UNKNOWN = 0.4
"""Of the words: in English texts about other things than its own (newsgroups by the IMDB
model) 1 in 1,000 reaches it; Spanish, French, German and Dutch reviews have .45 to .69."""

HARDLY_ANY = 0.9
"""Of the words: from so many unknown ones on a prediction is a guess."""

FEWEST, LOOKED_AT = 10, 2_000  # words, and tokens of a document


def language_warning(explanation: Explanation, language: str, name: str) -> str:
    """Return a sentence where document and model seem to be of two languages; else "".

    Args:
        language: the model's, as a code such as "en".
        name: the model's.
    """
    script, reads = script_of(explanation.document.text), language_name(language)
    usual = written_in(language)
    if script is not None and usual and script not in usual:
        return tr(
            "This text stands mostly in {script}, but {name} learnt from texts in {language}: "
            "what it says here means little.",
            script=tr(script), name=name, language=reads,
        )  # fmt: skip
    words, unknown = _words(explanation)
    if words < FEWEST or unknown < MOST_UNKNOWN * words:
        return ""
    return tr(
        "{name} does not know {share:.0%} of the words of this text: it learnt from texts in "
        "{language}, and this one may be in another language, or about something else.",
        name=name, share=unknown / words, language=reads,
    )  # fmt: skip


def is_guess(explanation: Explanation) -> bool:
    """Whether the model knows hardly any word of the text."""
    words, unknown = _words(explanation)
    return unknown > 0 and unknown >= HARDLY_ANY * words


def _words(explanation: Explanation) -> tuple[int, int]:
    """(words, how many of them are unknown) among the first tokens; no numbers, no signs."""
    document = explanation.document
    spans = islice(chain.from_iterable(part.tokens for part in document.sentences), LOOKED_AT)
    tokens = zip(
        (document.text[start:end] for start, end in spans), explanation.known.tolist(), strict=False
    )
    known = [known for text, known in tokens if any(map(str.isalpha, text))]
    return len(known), len(known) - sum(known)
