"""Languages, the scripts that they are written in, and the script of a text.

A rough look at how a text begins, cheap enough for every rerun of a page. Languages that share a
script are not told apart.
"""

import re
from collections import Counter

from han_core.runtime.messages import mark, tr

LOOKED_AT = 5_000  # characters

_WRITING = {
    # Where words stand without white space each character counts; elsewhere each run of letters.
    mark("Chinese characters"): "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]",
    mark("Japanese kana"): "[\u3040-\u30ff]",
    mark("Thai letters"): "[\u0e00-\u0e7f]{1,4}",
    mark("Latin letters"): "[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]+",
    mark("Cyrillic letters"): "[\u0400-\u052f]+",
    mark("Greek letters"): "[\u0370-\u03ff\u1f00-\u1fff]+",
    mark("Arabic letters"): "[\u0600-\u06ff\u0750-\u077f]+",
    mark("Hebrew letters"): "[\u0590-\u05ff]+",
    mark("Devanagari letters"): "[\u0900-\u097f]+",
    mark("Korean letters"): "[\u1100-\u11ff\uac00-\ud7af]+",
}
SCRIPTS = tuple(_WRITING)
_NAMES = dict(zip("abcdefghijkl", SCRIPTS, strict=False))
_PIECE = re.compile("|".join(f"(?P<{key}>{_WRITING[name]})" for key, name in _NAMES.items()))

_LATIN, _CYRILLIC = ("Latin letters",), ("Cyrillic letters",)
LANGUAGES = {
    "zh": (mark("Chinese"), ("Chinese characters",)),
    "ja": (mark("Japanese"), ("Chinese characters", "Japanese kana")),
    "ko": (mark("Korean"), ("Korean letters", "Chinese characters")),
    "th": (mark("Thai"), ("Thai letters",)),
    "ru": (mark("Russian"), _CYRILLIC),
    "uk": (mark("Ukrainian"), _CYRILLIC),
    "bg": (mark("Bulgarian"), _CYRILLIC),
    "el": (mark("Greek"), ("Greek letters",)),
    "ar": (mark("Arabic"), ("Arabic letters",)),
    "fa": (mark("Persian"), ("Arabic letters",)),
    "he": (mark("Hebrew"), ("Hebrew letters",)),
    "hi": (mark("Hindi"), ("Devanagari letters",)),
    "en": (mark("English"), _LATIN),
    "de": (mark("German"), _LATIN),
    "fr": (mark("French"), _LATIN),
    "es": (mark("Spanish"), _LATIN),
    "it": (mark("Italian"), _LATIN),
    "pt": (mark("Portuguese"), _LATIN),
    "nl": (mark("Dutch"), _LATIN),
    "sv": (mark("Swedish"), _LATIN),
    "da": (mark("Danish"), _LATIN),
    "pl": (mark("Polish"), _LATIN),
    "tr": (mark("Turkish"), _LATIN),
}
"""Code → (name in English, the scripts that it is written in)."""


def script_of(text: str) -> str | None:
    """Name the one of ``SCRIPTS`` of most words at the text's beginning; None of no word."""
    counts = Counter(match.lastgroup for match in _PIECE.finditer(text, 0, LOOKED_AT))
    return _NAMES[str(max(counts, key=counts.__getitem__))] if counts else None


def language_name(code: str) -> str:
    """Name a language in that of the reader; one that is not among ``LANGUAGES`` keeps its code."""
    return tr(LANGUAGES[code][0]) if code in LANGUAGES else code


def written_in(code: str) -> tuple[str, ...]:
    """List the scripts of a language; none where it is not among ``LANGUAGES``."""
    return LANGUAGES[code][1] if code in LANGUAGES else ()
