"""Text to characters, for scripts that are written without spaces.

Each Chinese or Japanese character is a token; other letters and digits in a row are one
together, as are those of "WiFi" in a Chinese review, and every mark is one of its own. It knows
nothing about sentences.

In which writing a text stands, told by its characters alone.

A rough look at how a text begins, cheap enough for every rerun of a page. It knows nothing
about words or models, and languages that share a script are one to it.
"""

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

_CHARACTER = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U000323af"
)
"""Chinese characters, with what repeats one or stands for zero; hiragana and katakana."""

_TOKEN = re.compile(rf"\s+|[{_CHARACTER}]|[^\W_{_CHARACTER}]+|.", re.DOTALL)


class Splitter:
    """Takes the place of a spaCy tokenizer; white space is a token, as it is where words are split.

    Args:
        vocab: of the pipeline that it serves.
    """

    def __init__(self, vocab: "Vocab"):
        self._vocab = vocab

    def __call__(self, text: str) -> "Doc":
        from spacy.tokens import Doc

        words = _TOKEN.findall(text)
        return Doc(self._vocab, words=words, spaces=[False] * len(words))


LOOKED_AT = 5_000  # characters

_WRITING = {
    # Where words stand without white space each character counts; elsewhere each run of letters.
    "Chinese characters": "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]",
    "Japanese kana": "[\u3040-\u30ff]",
    "Thai letters": "[\u0e00-\u0e7f]{1,4}",
    "Latin letters": "[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]+",
    "Cyrillic letters": "[\u0400-\u052f]+",
    "Greek letters": "[\u0370-\u03ff\u1f00-\u1fff]+",
    "Arabic letters": "[\u0600-\u06ff\u0750-\u077f]+",
    "Hebrew letters": "[\u0590-\u05ff]+",
    "Devanagari letters": "[\u0900-\u097f]+",
    "Korean letters": "[\u1100-\u11ff\uac00-\ud7af]+",
}
SCRIPTS = tuple(_WRITING)
_NAMES = dict(zip("abcdefghijkl", SCRIPTS, strict=False))
_PIECE = re.compile("|".join(f"(?P<{key}>{_WRITING[name]})" for key, name in _NAMES.items()))

_LATIN, _CYRILLIC = ("Latin letters",), ("Cyrillic letters",)
LANGUAGES = {
    "zh": ("Chinese", ("Chinese characters",)),
    "ja": ("Japanese", ("Chinese characters", "Japanese kana")),
    "ko": ("Korean", ("Korean letters", "Chinese characters")),
    "th": ("Thai", ("Thai letters",)),
    "ru": ("Russian", _CYRILLIC),
    "uk": ("Ukrainian", _CYRILLIC),
    "bg": ("Bulgarian", _CYRILLIC),
    "el": ("Greek", ("Greek letters",)),
    "ar": ("Arabic", ("Arabic letters",)),
    "fa": ("Persian", ("Arabic letters",)),
    "he": ("Hebrew", ("Hebrew letters",)),
    "hi": ("Hindi", ("Devanagari letters",)),
    "en": ("English", _LATIN),
    "de": ("German", _LATIN),
    "fr": ("French", _LATIN),
    "es": ("Spanish", _LATIN),
    "it": ("Italian", _LATIN),
    "pt": ("Portuguese", _LATIN),
    "nl": ("Dutch", _LATIN),
    "sv": ("Swedish", _LATIN),
    "da": ("Danish", _LATIN),
    "pl": ("Polish", _LATIN),
    "tr": ("Turkish", _LATIN),
}
"""Code → (name, the scripts that it is written in)."""


def script_of(text: str) -> str | None:
    """The one of ``SCRIPTS`` that most words of the text's beginning stand in; None of no word."""
    found = Counter(match.lastgroup for match in _PIECE.finditer(text, 0, LOOKED_AT))
    return _NAMES[str(max(found, key=found.__getitem__))] if found else None


def language_name(code: str) -> str:
    """ "English" for "en"; a code that is not among ``LANGUAGES`` stays as it is."""
    return LANGUAGES[code][0] if code in LANGUAGES else code


def written_in(code: str) -> tuple[str, ...]:
    """The scripts of a language; none where it is not among ``LANGUAGES``."""
    return LANGUAGES[code][1] if code in LANGUAGES else ()
