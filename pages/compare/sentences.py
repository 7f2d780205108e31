"""The texts of Compare: what the figures show, and what they do not show."""

from collections.abc import Sequence
from itertools import groupby

from han_core.explanation.comparison import Difference, Unit
from han_core.models.listing import Listing
from han_core.runtime.errors import counted, listed
from han_core.text.document import AlignedVersions, Document

KINDS = {"models": "Models", "methods": "Methods", "versions": "Versions"}

TWO_SCALES = (
    "Attention is a share without a sign; the other methods give signed changes of a probability. "
    "So there are two colour scales: compare colours under the same scale only."
)
MEASURES = (
    "The absolute values are compared, word by word, over the words that all sides have. τ "
    "compares the whole ranking, the overlap only its top, the divergence (Jensen-Shannon) how the "
    "weight is distributed."
)
DIFFERENT = {
    "models": "A difference shows that attention moved, not that the prediction changed.",
    "methods": "Methods that differ answer different questions; none of them is the right one.",
    "versions": "A difference shows that attention moved, not that the prediction changed.",
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
        "A weight and a change of probability have no common unit, so the share of each word in "
        "the absolute values of all words is compared, without a sign."
    ),
}
VERSIONS = (
    "Only words that both versions have are compared, with their weights normalised to sum to 1: "
    "added words always take weight from the others and removed words always free some."
)
EXPORT = (
    "A row for each word and a column for each side, in full precision. Each figure can be saved "
    "as SVG or PNG below it."
)
SHARES = (
    "Each bar is the share of a sentence in the absolute values of all sentences, so that methods "
    "with different units fit on one axis. Attention has no sign, so its bars never point left."
)
LISTED = 8  # runs of words named in a sentence


def model_notes(listings: Sequence[Listing]) -> tuple[str, ...]:
    """Say where the models have different classes, and where they read different languages."""
    notes = []
    if len({frozenset(one.classes) for one in listings}) > 1:
        names = [" / ".join(one.classes[:4]) for one in listings]
        notes.append(
            f"These models have different classes ({listed(names)}): their attention can be "
            "compared, their predictions cannot."
        )
    languages = sorted({one.language for one in listings})
    if len(languages) > 1:
        notes.append(
            f"These models read different languages ({listed(languages)}) and may split the text "
            "into different words; words that overlap are compared as one."
        )
    return tuple(notes)


def changes_line(versions: AlignedVersions, second: Document) -> str:
    """Name the words that were added and removed, run by run; ``second`` as it was written."""
    tokens, added = second.tokens, list[str]()
    for _, run in groupby(enumerate(versions.added), lambda pair: pair[1] - pair[0]):
        numbers = [token for _, token in run]
        added.append(second.text[tokens[numbers[0]].start : tokens[numbers[-1]].end])
    removed = [run.text for run in versions.removed]
    n_added = len(versions.added)
    n_removed = len(versions.first.tokens) - (len(tokens) - n_added)
    changes = [
        f"{counted(number, 'word')} {verb}: {listed(runs, LISTED)}."
        for number, verb, runs in [(n_added, "added", added), (n_removed, "removed", removed)]
        if number
    ]
    return " ".join(changes) or "Both versions have the same words."


def difference_line(difference: Difference) -> str:
    """Explain the colours of a difference."""
    one, other, more = difference.one.name, difference.other.name, GIVEN[difference.unit]
    whose = f" in {one}" if difference.unit == "weight" else ""
    legend = (
        f"Blue: {more} in {one}. Orange: {more} in {other}. Pale: about the same. The "
        f"bars are the attention weights of the sentences{whose}."
    )
    return f"{legend} {UNITS[difference.unit]}".strip()


def few_words_line(words: int, top: int) -> str:
    """Say where the top covers every word."""
    if words > top:
        return ""
    return f"Only {words} words can be compared, so the top {top} are all of them."


def too_few_words(words: int) -> str:
    """Say why nothing can be compared."""
    if words:
        return "There is only one word to compare, and it always has all the weight."
    return "The sides have no word in common, so there is nothing to compare."
