"""Labels as words: their order, and which class of a checkpoint each one means.

Data sets write one class as "positive", "pos" or "1". Knows nothing about
documents or models.
"""

import re
from collections.abc import Iterable, Sequence

from han_core.corpora.wording import listed, shown
from han_core.wrong_input import WrongInput

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_INDEX = re.compile(r"([0-9]{1,18})(\.0*)?")


def classes_of(labels: Iterable[str]) -> tuple[str, ...]:
    """The different labels in order: by value where all are whole numbers."""
    classes = set(labels)
    if all(_WHOLE.fullmatch(label) for label in classes):
        return tuple(sorted(classes, key=lambda label: (int(label), label)))
    return tuple(sorted(classes))


def align_labels(labels: Sequence[str], names: Sequence[str]) -> tuple[int, ...]:
    """For each label the position in `names` of the class that it means."""
    meanings = {label: _meaning(label, names) for label in dict.fromkeys(labels)}
    _refuse_merged(meanings, names)
    return tuple(meanings[label] for label in labels)


def _meaning(label: str, names: Sequence[str]) -> int:
    exact = [i for i, name in enumerate(names) if name.strip() == label.strip()]
    found = exact or _alike(label, names) or _numbered(label, names) or _begun(label, names)
    if len(found) != 1:
        raise WrongInput(
            f'The label "{shown(label)}" does not say which class it means; '
            f"one of {listed(names)} was expected."
        )
    return found[0]


def _alike(label: str, names: Sequence[str]) -> list[int]:
    return [i for i, name in enumerate(names) if _plain(name) == _plain(label)]


def _numbered(label: str, names: Sequence[str]) -> list[int]:
    """A number means a position, unless the classes are called by numbers."""
    number = _INDEX.fullmatch(label.strip())
    if number is None or any(_is_number(name) for name in names):
        return []
    return [int(number[1])] if int(number[1]) < len(names) else []


def _begun(label: str, names: Sequence[str]) -> list[int]:
    """ "pos" for "positive", and "positive" where the class is called "pos"."""
    word = _plain(label)
    if not word or _is_number(word):
        return []
    return [
        i
        for i, name in enumerate(map(_plain, names))
        if name and (name.startswith(word) or word.startswith(name))
    ]


def _refuse_merged(meanings: dict[str, int], names: Sequence[str]) -> None:
    """Two words for one class are two classes of the data, if one is an abbreviation."""
    for place, name in enumerate(names):
        words = [label for label, meaning in meanings.items() if meaning == place]
        begun = [w for w in words if not _is_number(w) and _plain(w) != _plain(name)]
        if begun and len({_plain(word) for word in words}) > 1:
            raise WrongInput(
                f'The labels {listed(words)} would all mean the class "{shown(name)}"; '
                f"one label for each of {listed(names)} was expected."
            )


def _plain(word: str) -> str:
    return word.strip().casefold()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
