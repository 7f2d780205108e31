"""The sentences on Compare: what is compared, and what may not be read into it.

Pure functions of their arguments, as in ``wording``; they know nothing about Streamlit.
"""

from collections.abc import Sequence
from itertools import groupby

from han_core.explanation.comparison import Difference, Unit
from han_core.models.listing import Listing
from han_core.runtime.errors import counted, listed
from han_core.text.document import Document
from han_core.text.versions import Versions

KINDS = {"models": "Models", "methods": "Methods", "versions": "Versions"}

TWO_SCALES = (
    "Attention is a share without a sign, the others are changes of a probability with one, so "
    "they have two scales: compare numbers and colours under the same scale only."
)
MEASURES = (
    "The sizes of the values are compared, word by word, over the words that all have. Tau asks "
    "for the whole order, the overlap for the top alone, the divergence for how the weight is "
    "shared out."
)
DIFFERENT = {
    "models": "A difference tells that attention moved, not that the answer did.",
    "methods": "Methods that differ answer different questions; none of them is the right one.",
    "versions": "A difference tells that attention moved, not that the answer did.",
}
GIVEN: dict[Unit, str] = {
    "weight": "more weight",
    "effect": "a higher value",
    "share": "a larger share",
}
UNITS: dict[Unit, str] = {
    "weight": "",
    "effect": "Values are changes of the probability in percentage points.",
    "share": (
        "A weight and a change of probability have no common unit, so what is compared is the "
        "share that each word has of the size of all values, without a sign."
    ),
}
VERSIONS = (
    "Only words that both versions have are compared, with their weights made to sum to 1: words "
    "that came take weight from the others and words that went leave it to them, and that is no "
    "news."
)
AWAY = (
    "A row for each word, a column for each of what is compared, in full precision. SVG and PNG "
    "of a figure are under each of them."
)
SHARES = (
    "The bars are shares of the size of all that a method gives to sentences, so that methods with "
    "different units stand on one axis. Attention has no sign, so its bars never point left."
)
LISTED = 8  # runs of words named in a sentence


def model_notes(listings: Sequence[Listing]) -> tuple[str, ...]:
    """A sentence where the models know other classes, one where they read other languages."""
    notes = []
    if len({frozenset(one.classes) for one in listings}) > 1:
        names = [" / ".join(one.classes[:4]) for one in listings]
        notes.append(
            f"These models tell different classes apart ({listed(names)}): their attention can be "
            "compared, their answers cannot."
        )
    languages = sorted({one.language for one in listings})
    if len(languages) > 1:
        notes.append(
            f"These models read different languages ({listed(languages)}) and may split the text "
            "into other words: words that overlap are compared as one."
        )
    return tuple(notes)


def changes_line(found: Versions, second: Document) -> str:
    """Which words came and which went, run by run; ``second`` as it was written."""
    tokens, runs = second.tokens, list[str]()
    for _, run in groupby(enumerate(found.came), lambda pair: pair[1] - pair[0]):
        came = [tokens[token] for _, token in run]
        runs.append(second.text[came[0].start : came[-1].end])
    went = len(found.first.tokens) - (len(tokens) - len(found.came))
    said = [
        f"{counted(number, 'word')} {verb}: {listed(named, LISTED)}."
        for number, verb, named in [
            (len(found.came), "came", runs),
            (went, "went", [gone.text for gone in found.gone]),
        ]
        if number
    ]
    return " ".join(said) or "Both versions have the same words."


def difference_line(difference: Difference) -> str:
    """What the colours of a difference mean."""
    one, other, more = difference.one.name, difference.other.name, GIVEN[difference.unit]
    whose = f" in {one}" if difference.unit == "weight" else ""
    said = (
        f"Blue: {more} in {one}. Orange: {more} in {other}. Hardly any colour: about the same. The "
        f"bars are the attention weights of the sentences{whose}."
    )
    return f"{said} {UNITS[difference.unit]}".strip()


def few_words_line(words: int, top: int) -> str:
    """Where the top takes in everything."""
    if words > top:
        return ""
    return f"Only {words} words can be compared, so the top {top} are all of them."


def too_few_words(words: int) -> str:
    """Where nothing can be compared: one word has all the weight, whatever happens."""
    if words:
        return "There is one word to compare, and it has all the weight."
    return "There is no word that all have, so there is nothing to compare."
