"""Class labels: their order, valid names, problems, and which class of a model each means.

Data sets write one class as "positive", "pos" or "1".
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from han_core.runtime.errors import UserError, listed, shown
from han_core.runtime.messages import tr, trn

MOST_NAMES = 100_000
LONGEST_NAME = 200  # characters
LARGEST_NAMES = 500_000  # bytes of JSON for all of them: they stand in a checkpoint's configuration

MOST_IN_ERROR = 1_000  # different labels that an error carries

MOST_NAMED = 6
"""Classes of a model that a message names; of more it tells the number."""

MANY_CLASSES = 100
FEW_NUMBERS = 20
"""Different numbers with fractions that may still be classes, such as ratings by halves."""

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_POINT_ZERO = re.compile(r"(-?[0-9]{1,18})(?:\.0*)?")
_INDEX = re.compile(r"([0-9]{1,18})(\.0*)?")


def classes_of(labels: Iterable[str]) -> tuple[str, ...]:
    """The different labels in order: by value where all are whole numbers."""
    classes = set(labels)
    if all(_WHOLE.fullmatch(label) for label in classes):
        return tuple(sorted(classes, key=lambda label: (int(label), label)))
    return tuple(sorted(classes))


def whole_numbers(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels; where all of them are whole numbers, "1.0" as "1", as from Parquet.

    An empty label is none and stays.
    """
    matches = {label: _POINT_ZERO.fullmatch(label) for label in set(labels) if label}
    plain = {label: match[1] for label, match in matches.items() if match}
    if len(plain) < len(matches):
        return tuple(labels)
    return tuple(plain.get(label, label) for label in labels)


def check_names(names: Sequence[str]) -> None:
    """Whether ``names`` can name the classes of a model.

    Raises:
        UserError: if a name is blank, stands twice, cannot be written as UTF-8 or
            is too long, or if there are too many.
    """
    seen: set[str] = set()
    for name in names:
        plain = name.strip()
        if not plain or len(name) > LONGEST_NAME or plain in seen or not _is_encodable(name):
            if plain in seen:
                raise UserError(
                    tr(
                        "Names of classes are different words of at most {longest_name} "
                        'characters; "{name}" came twice.',
                        longest_name=LONGEST_NAME,
                        name=shown(name),
                    )
                )
            raise UserError(
                tr(
                    "Names of classes are different words of at most {longest_name} characters; "
                    '"{name}" came.',
                    longest_name=LONGEST_NAME,
                    name=shown(name),
                )
            )
        seen.add(plain)
    if len(names) > MOST_NAMES or len(json.dumps(names)) > LARGEST_NAMES:
        raise UserError(
            tr(
                "Names of classes are different words of at most {longest_name} characters, "
                "{largest_names:,} bytes in all; {count:,} names came.",
                longest_name=LONGEST_NAME,
                largest_names=LARGEST_NAMES,
                count=len(names),
            )
        )


def _is_encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


class LabelsError(UserError):
    """Labels that do not say which classes of a model they mean; ``details`` has the labels."""

    def __init__(self, sentence: str, labels: Iterable[str]):
        super().__init__(sentence)
        self.details = {"labels": list(dict.fromkeys(labels))[:MOST_IN_ERROR]}


def align_labels(labels: Sequence[str], names: Sequence[str]) -> tuple[int, ...]:
    """For each label the position in `names` of the class that it means.

    Raises:
        LabelsError: if a label means no class or several, or two labels mean one.
    """
    try:
        meanings = {label: _meaning(label, names) for label in dict.fromkeys(labels)}
        _refuse_merged(meanings, names)
    except UserError as error:
        raise LabelsError(str(error), labels) from error
    return tuple(meanings[label] for label in labels)


def fitting_classes(labels: Sequence[str], classes: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the keys of ``classes`` that the labels can name; the fewest unnamed classes first."""
    unnamed: dict[str, int] = {}
    for key, names in classes.items():
        with suppress(LabelsError):
            unnamed[key] = len(names) - len(set(align_labels(labels, names)))
    return sorted(unnamed, key=unnamed.__getitem__)


def same_classes(wanted: Sequence[str], names: Sequence[str]) -> tuple[int, ...] | None:
    """As ``align_labels`` for the classes ``wanted``; None if ``names`` are not the same ones."""
    try:
        meanings = align_labels(wanted, names)
    except UserError:
        return None
    return meanings if sorted(meanings) == [*range(len(names))] else None


def _meaning(label: str, names: Sequence[str]) -> int:
    exact = [i for i, name in enumerate(names) if name.strip() == label.strip()]
    matches = exact or _alike(label, names) or _numbered(label, names) or _begun(label, names)
    if len(matches) != 1:
        raise UserError(
            tr(
                'The label "{label}" does not say which class it means; one of {names} was '
                "expected.",
                label=shown(label),
                names=listed(names, MOST_NAMED),
            )
        )
    return matches[0]


def _alike(label: str, names: Sequence[str]) -> list[int]:
    return [i for i, name in enumerate(names) if _plain(name) == _plain(label)]


def _numbered(label: str, names: Sequence[str]) -> list[int]:
    """A number means a position, unless the classes are called by numbers."""
    number = _INDEX.fullmatch(label.strip())
    if number is None or any(is_number(name) for name in names):
        return []
    return [int(number[1])] if int(number[1]) < len(names) else []


def _begun(label: str, names: Sequence[str]) -> list[int]:
    """ "pos" for "positive", and "positive" where the class is called "pos"."""
    word = _plain(label)
    if not word or is_number(word):
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
        begun = [w for w in words if not is_number(w) and _plain(w) != _plain(name)]
        if begun and len({_plain(word) for word in words}) > 1:
            raise UserError(
                tr(
                    'The labels {words} would all mean the class "{name}"; one label for each of '
                    "{names} was expected.",
                    words=listed(words),
                    name=shown(name),
                    names=listed(names, MOST_NAMED),
                )
            )


def _plain(word: str) -> str:
    return word.strip().casefold()


def is_number(word: str) -> bool:
    """Whether Python reads ``word`` as a number."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def class_counts(labels: Iterable[str]) -> dict[str, int]:
    """Documents of each class, in the order of the classes."""
    counts = Counter(labels)
    return {label: counts[label] for label in classes_of(counts)}


def label_problems(counts: Mapping[str, int], label_column: str = "label") -> tuple[str, ...]:
    """A sentence for each thing about the labels that training would suffer from.

    Args:
        counts: documents of each class, as ``class_counts`` gives; none without labels.
    """
    if not counts:
        return ()
    name, problems = shown(label_column), []
    if len(counts) == 1:
        problems.append(
            tr('Every row has the label "{label}"; training needs at least two classes.',
               label=shown(next(iter(counts))))
        )  # fmt: skip
    if fractions := fractional(counts):
        problems.append(
            tr(
                'The column "{column}" holds measurements such as {numbers}; classes are expected.',
                column=name,
                numbers=listed(fractions, 3),
            )
        )
    elif len(counts) > MANY_CLASSES:
        problems.append(
            tr('The column "{column}" has {number:,} classes; is it the right one?',
               column=name, number=len(counts))
        )  # fmt: skip
    single = [label for label, number in counts.items() if number == 1]
    if single and len(counts) > 1:
        problems.append(
            trn(
                "One document only has the label {labels}; it stays among the training documents, "
                "and nothing tests what was learnt from it.",
                "{count:,} classes have one document only, among them {labels}; these stay among "
                "the training documents, and nothing tests what was learnt from them.",
                len(single),
                labels=listed(single, 3),
            )
        )
    return tuple(problems)


def fractional(labels: Iterable[str]) -> list[str]:
    """The different ``labels`` with a fraction, where all are numbers and too many for classes."""
    different = set(labels)
    if len(different) <= FEW_NUMBERS or not all(map(is_number, different)):
        return []
    return sorted(label for label in different if not float(label).is_integer())
