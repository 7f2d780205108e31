"""Small changes of a text, for tests of what a model does with them.

Each change is rough on purpose: it knows words and marks, no grammar, so a changed text may read
oddly. What a change does not apply to comes back as it was.
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

TYPO_EVERY = 10  # words; a text has one typo at least
SHORTEST = 4  # letters of a word that gets a typo
FINAL_MARKS = ".!?…。！？"


class Replacement(NamedTuple):
    """Characters ``start`` to ``end`` of a text, and what stands there instead."""

    start: int
    end: int
    new: str


def replaced(text: str, replacements: Iterable[Replacement]) -> str:
    """Return the text with these replacements, which do not overlap, in any order."""
    for start, end, new in sorted(replacements, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def typos(text: str, chance: random.Random) -> list[Replacement]:
    """Swap two neighbouring letters inside one word of ten, never the first letter.

    Words are runs of letters of an alphabet; Chinese and Japanese characters are none.
    """
    words = [word for word in _WORD.finditer(text) if _swaps(word[0])]
    if not words:
        return []
    number = max(1, len(words) // TYPO_EVERY)
    return [_typo(word, chance) for word in chance.sample(words, number)]


_WORD = re.compile(rf"[^\W\d_\u2e80-\u9fff\uf900-\ufaff\u3040-\u30ff]{{{SHORTEST},}}")


def _swaps(word: str) -> list[int]:
    """Places in a word whose letter differs from the next, without the first letter."""
    return [at for at in range(1, len(word) - 1) if word[at] != word[at + 1]]


def _typo(word: re.Match, chance: random.Random) -> Replacement:
    letters, at = word[0], chance.choice(_swaps(word[0]))
    start = word.start() + at
    return Replacement(start, start + 2, letters[at + 1] + letters[at])


def negations(text: str, language: str) -> list[Replacement]:
    """Negate every copula of an English text, or verb and adverb of degree of a Chinese one.

    What is negated already loses its negation. None in other languages.
    """
    rules = _NEGATIONS.get(language, ())
    found = [
        Replacement(*match.span(), match.expand(new))
        for pattern, new in rules
        for match in pattern.finditer(text)
    ]
    return _apart(sorted(found))


def _apart(found: Sequence[Replacement]) -> list[Replacement]:
    """Drop those that begin inside the one before."""
    kept: list[Replacement] = []
    for each in found:
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
    return kept


_NEGATIONS: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "en": (
        (re.compile(r"\b(is|are|was|were|am)(?:n['’]t|\s+not)\b", re.IGNORECASE), r"\1"),
        (re.compile(r"\b(is|are|was|were|am)\b(?!\s+not\b)", re.IGNORECASE), r"\1 not"),
    ),
    "zh": (
        (re.compile("不是"), "是"),
        (re.compile("没有"), "有"),
        (re.compile("不[太很]"), "很"),
        (re.compile("(?<![不是])(?:非常|十分|特别|很|挺)(?!是)"), "不"),
        (re.compile("(?<![不但还可就要只总于或])是(?![否不])"), "不是"),
        (re.compile("(?<![没所只还])有(?![没时些点])"), "没有"),
    ),
}


def other_names(text: str, language: str, chance: random.Random) -> list[Replacement]:
    """Exchange first names (English) or family names before a title (Chinese).

    A name becomes another one of its list, the same one everywhere in the text.
    """
    chosen: dict[str, str] = {}
    result = []
    for name, start, end in _names(text, language):
        if name not in chosen:
            group = next(names for names in _GROUPS[language] if name in names)
            chosen[name] = chance.choice([other for other in group if other != name])
        result.append(Replacement(start, end, chosen[name]))
    return result


_GROUPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "en": (
        ("Anna", "Barbara", "Caroline", "Deborah", "Elizabeth", "Emily", "Emma", "Helen", "Jane",
         "Jennifer", "Jessica", "Julia", "Karen", "Laura", "Linda", "Lisa", "Margaret", "Maria",
         "Mary", "Michelle", "Nancy", "Nicole", "Rachel", "Rebecca", "Sandra", "Sarah", "Susan"),
        ("Adam", "Andrew", "Anthony", "Brian", "Charles", "Daniel", "David", "Edward", "Eric",
         "George", "Henry", "James", "Jason", "John", "Joseph", "Kevin", "Matthew", "Michael",
         "Paul", "Peter", "Richard", "Robert", "Simon", "Stephen", "Steven", "Thomas", "William"),
    ),
    "zh": (tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"),),
}  # fmt: skip
_TITLES = "先生|女士|小姐|经理|老师|医生|师傅"


def _named(language: str) -> re.Pattern[str]:
    names = "|".join(name for group in _GROUPS[language] for name in group)
    if language == "zh":
        return re.compile(rf"({names})(?={_TITLES})")
    return re.compile(rf"\b({names})\b")


_NAMES = {language: _named(language) for language in _GROUPS}


def _names(text: str, language: str) -> Iterator[tuple[str, int, int]]:
    if language in _NAMES:
        for match in _NAMES[language].finditer(text):
            yield match[1], *match.span(1)


def final_punctuation(text: str, language: str) -> list[Replacement]:
    """Remove the marks at the end of the text; add a full stop where there is none."""
    end = len(text.rstrip())
    start = len(text[:end].rstrip(FINAL_MARKS))
    if start < end:
        return [Replacement(start, end, "")] if start else []
    return [Replacement(end, end, "。" if language in ("zh", "ja") else ".")]


def without_commas(text: str) -> list[Replacement]:
    """Remove commas, semicolons and colons between words; those inside numbers stay."""
    return [Replacement(*match.span(), " ") for match in _COMMA.finditer(text)]


_COMMA = re.compile(r"(?<!\d)[,;:](?=\s)\s*|(?<=\d)[,;:](?=\s)\s*|[，、；：]\s*")


def upper_case(text: str) -> list[Replacement]:
    """Write the whole text in capital letters; nothing where a script has none."""
    changed = text.upper()
    return [Replacement(0, len(text), changed)] if changed != text else []


def differences(before: str, after: str, most: int) -> list[tuple[str, str]]:
    """List the first ``most`` places where two texts differ, as (before, after) in words.

    Where a word only came or went, the one in front of it stands on both sides.
    """
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    changed = [code[1:] for code in matcher.get_opcodes() if code[0] != "equal"][:most]
    return [_pair(old, new, *spans) for spans in changed]


def _pair(
    old: Sequence[str], new: Sequence[str], start: int, end: int, to_start: int, to_end: int
) -> tuple[str, str]:
    """Two pieces that differ, with as much in front as both need to hold a word."""
    while True:
        pair = "".join(old[start:end]).strip(), "".join(new[to_start:to_end]).strip()
        if all(pair) or not (start and to_start):
            return pair
        start, to_start = start - 1, to_start - 1


_PIECES = re.compile(r"[\u2e80-\u9fff]|[^\W\u2e80-\u9fff]+(?:['’]\w+)?|\s+|[^\w\s]")
