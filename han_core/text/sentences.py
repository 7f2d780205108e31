"""Where sentences begin, by rules for every writing.

A sentence ends at a full stop, question or exclamation mark of its writing (Unicode's property
Sentence_Terminal, and the Tibetan shad) with the marks that close what it opened; a mark that
opens something belongs to the sentence that follows. Capital letters, the abbreviations and the
stop words of spaCy's languages tell a full stop from a dot. A line break ends a sentence where
somebody made it, and not where a line was full.
"""

from collections.abc import Iterator, Set

import regex

WIDEST_LINE = 120
"""Characters of the widest line that may have been wrapped: who wraps lines, wraps at about 70."""

SHORT_LINES = 50
"""Characters of the widest line of verse, chat or lists, in which capitals begin lines."""

_EMOTICON = (
    r"(?:[:;=]['’]?-?[)(\]DPp/*]+|<3|\)\)+"
    r"|\p{Emoji_Presentation}[\p{M}\u200d\p{Emoji_Modifier}\p{So}]*)"
)
_STOP = regex.compile(
    rf"""(?:(?P<wide>[\p{{STerm}}--[.!?؟․‼‽⁇⁈⁉]]|[\u0f0d\u0f0e])
        |(?P<mark>[.!?؟․‼‽⁇⁈⁉…])|(?P<extra>[:;](?=\s))|(?P<smile>{_EMOTICON}))+
    (?P<close>(?:['”’»›\p{{Pe}}]|(?(wide)(?P<quote>")|(?:["“‘]|[«‹](?!\w)))
        |\ ?\[\d+\]|\s?{_EMOTICON}
        |[\ \u00a0\u202f](?:[»\p{{Pe}}](?![^\s\p{{P}}])|(?P<quote>")(?=\s)))*)
    (?P<space>\s*)""",
    regex.VERSION1 | regex.VERBOSE,
)
_EXTRA = {"hy": ":", "el": ";"}
"""Marks that end sentences of one language alone: the Armenian stop and the Greek question mark."""

_GOES_ON = frozenset(",;/%)")
_FIRST = regex.compile(r"[\p{P}\p{S}\s]{0,40}+(?P<word>\p{L}[\p{L}\p{M}]*+|\p{N})?(?P<dot>\.)?")
_BEFORE = regex.compile(r"[\p{L}\p{M}\p{N}.'’-]*[\p{L}\p{M}\p{N}]$")
_DOTTED = regex.compile(r"(?:\p{L}\p{M}*+[.-])*+\p{L}\p{M}*+")  # J, U.S, z.B
_NO_VOWEL = regex.compile(
    r"(?:(?![aeiouyäöüàâéèêíóúаеёиоуыэюяіїєáý])[\p{Latin}\p{Cyrillic}]){2,4}", regex.IGNORECASE
)
_BREAK = regex.compile(  # looks at every space once
    r"(?i)(?<![ \t])(?:[ \t]*+(?:\r\n?|[\n\x0b\x0c\x85\u2028\u2029]|<br\s*/?>))++[ \t]*+"
)
_ITEM = regex.compile(r"(?:[-–—*•·‣▪●○◦>#]++|\(?\d{1,3}[.)]|\p{L}\))[ \t]")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")

_NUMBERED = frozenset(
    [
        "cs", "da", "de", "et", "fi", "hr", "hu", "lv", "nb", "nn", "no", "pl", "sk", "sl",
        "sr", "tr",
    ]
)  # fmt: skip
"""Languages that write "3rd" as "3."."""

_OPEN = frozenset(
    [
        "adm", "bros", "capt", "cf", "col", "corp", "dr", "dra", "ed", "eds", "eg", "e.g",
        "fig", "gen", "gov", "hr", "ie", "i.e", "lt", "m", "mlle", "mme", "mr", "mrs", "ms",
        "no", "nos", "nr", "op", "p", "pp", "prof", "pvt", "rep", "rev", "sen", "sgt", "sr",
        "sra", "srta", "st", "ste", "v", "vgl", "vol", "vs", "z.b", "г", "гг", "др.", "им",
        "ок", "р", "род", "см", "ср", "стр", "т", "т.е", "тел", "ул", "ум",
    ]
)  # fmt: skip
"""Abbreviations, without their last dot, after which a sentence goes on."""

_SHORT = frozenset(
    [
        "al", "approx", "apr", "apt", "aug", "ave", "bd", "ca", "co", "dec", "dept", "est",
        "etc", "ext", "feb", "ft", "inc", "jan", "jr", "jul", "jun", "ltd", "mar", "mt",
        "nov", "oct", "sept", "zzgl", "usw", "bzw", "ggf", "bspw", "evtl", "av", "avr",
        "ej", "aprox", "núm", "pág", "в", "вв", "др", "пр", "тыс", "млн", "млрд", "руб",
        "обл", "коп", "кв", "мин", "сек", "л", "с",
    ]
)  # fmt: skip
"""Abbreviations that may end a sentence, besides those that spaCy knows of a language."""


class SentenceRules:
    """Find where the sentences of texts in one language begin.

    Args:
        language: an ISO code.
        abbreviations: words that end in a full stop.
        stop_words: frequent words, in lower case; one with a capital letter begins a sentence
            even after an abbreviation.
    """

    def __init__(self, language: str, abbreviations: Set[str], stop_words: Set[str]):
        self._language = language
        self._short = _SHORT | {word.rstrip(".").lower() for word in abbreviations}
        self._stop_words = stop_words

    def starts(self, text: str) -> list[int]:
        """Return the characters at which a sentence after the first begins, ascending."""
        return sorted({*self._after_stops(text), *_after_breaks(text)})

    def _after_stops(self, text: str) -> Iterator[int]:
        for stop in _STOP.finditer(text):
            end = stop.end()
            if stop["quote"] and _opens(text, stop.start("quote")):
                end = stop.start("quote")
            if end < len(text) and self._ends_sentence(text, stop, end):
                yield end

    def _ends_sentence(self, text: str, stop: regex.Match, end: int) -> bool:
        """Tell whether ``stop`` ends a sentence; the next one would begin at ``end``."""
        if stop["extra"] and stop["extra"] not in _EXTRA.get(self._language, ""):
            return False
        if _STOP.match(text, end) or text[end] in _GOES_ON:
            return False
        if stop["wide"]:
            return True
        following = _FIRST.match(text, end)
        word = following["word"] or ""
        if not stop["space"]:
            return text[end] in "¿¡" or _is_glued(text, stop.start(), end, word)
        if stop["smile"] and not stop["mark"]:
            return word[:1].isupper()
        dots = stop[0].rstrip()
        if dots == ".":
            return self._language != "hy" and not self._is_dot(text, stop.start(), following)
        if word[:1].islower():
            return (
                not stop["close"] and dots[-1] not in ".…" and not _in_brackets(text, stop.start())
            )
        return True

    def _is_dot(self, text: str, at: int, following: regex.Match) -> bool:
        """Tell whether the dot at ``at`` belongs to a number, an abbreviation or an initial."""
        before = _BEFORE.search(text, max(0, at - 20), at)
        if before is None:
            return False
        word, after = before[0], following["word"] or ""
        begins = after.lower() in self._stop_words and not (after[:1].islower() or following["dot"])
        if word.isdigit():
            line = text[max(0, before.start() - 20) : before.start()].rstrip(" \t(")
            first = not line or line[-1] in "\n.!?:;"  # of a numbered list
            ordinal = self._language in _NUMBERED and len(word) <= 2 and not begins
            return len(word) <= 3 and (first or ordinal or after[:1].islower())
        name = word.lower()
        if name in _OPEN:
            return not (begins and name in self._stop_words)
        if (
            name in self._short
            or _DOTTED.fullmatch(word)
            or (_NO_VOWEL.fullmatch(word) and not word.isupper())
        ):
            return not begins
        return False


def _opens(text: str, quote: int) -> bool:
    """Tell whether a straight quote between two spaces opens: an even number stands before it."""
    return text.count('"', max(0, quote - 1_000), quote) % 2 == 0


def _in_brackets(text: str, at: int) -> bool:
    """Tell whether a bracket was opened a little before, and not closed."""
    return text.rfind("(", max(0, at - 80), at) > text.rfind(")", max(0, at - 80), at)


def _is_glued(text: str, at: int, end: int, word: str) -> bool:
    """Tell whether a space was forgotten after a stop between two words, as in "so.The"."""
    before = text[max(0, at - 2) : at]
    return before.isalpha() and before.islower() and word.istitle() and text.startswith(word, end)


def _after_breaks(text: str) -> Iterator[int]:
    """Yield where lines begin whose break somebody made."""
    breaks = list(_BREAK.finditer(text))
    starts = [0, *(each.end() for each in breaks)]
    ends = [*(each.start() for each in breaks), len(text)]
    lengths = [end - start for start, end in zip(starts, ends, strict=True)]
    widest = max(lengths)
    for line_break, length in zip(breaks, lengths, strict=False):
        if line_break.end() < len(text) and _is_made(text, line_break, length, widest):
            yield line_break.end()


def _is_made(text: str, line_break: regex.Match, length: int, widest: int) -> bool:
    """Tell whether the line before, of ``length`` characters, had room for the next word."""
    at, mark = line_break.end(), line_break[0]
    if "<" in mark or len(mark.splitlines()) > 1 or widest > WIDEST_LINE or _ITEM.match(text, at):
        return True
    if widest <= SHORT_LINES and text[at].isupper():
        return True
    words = text[at : at + widest + 1].split(None, 1)
    word = 1 if _UNSPACED.match(text, at) else len(words[0]) if words else 0
    return length + 1 + word <= widest
