"""Languages, the scripts that they are written in, and the script of a text.

A rough look at how a text begins, cheap enough for every rerun of a page. Languages that share a
script are not told apart.
"""

import re
from collections import Counter

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
    """Name the one of ``SCRIPTS`` of most words at the text's beginning; None of no word."""
    counts = Counter(match.lastgroup for match in _PIECE.finditer(text, 0, LOOKED_AT))
    return _NAMES[str(max(counts, key=counts.__getitem__))] if counts else None


def language_name(code: str) -> str:
    """Name a language by its code; one that is not among ``LANGUAGES`` keeps its code."""
    return LANGUAGES[code][0] if code in LANGUAGES else code


def written_in(code: str) -> tuple[str, ...]:
    """List the scripts of a language; none where it is not among ``LANGUAGES``."""
    return LANGUAGES[code][1] if code in LANGUAGES else ()
