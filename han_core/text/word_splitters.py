"""spaCy's pipelines that split texts into words, and splitters of our own that take their place.

Checkpoints name the version of the rules that they were trained with:

1. Words as spaCy and jieba give them. Characters: each Chinese or Japanese one is a token, other
   letters in a row are one.
2. Full stops of every writing are words of their own, Chinese texts keep words of other scripts
   whole, and characters are those that readers see (grapheme clusters, Unicode UAX 29), each a
   token in scripts that are written without spaces.
"""

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial

import regex
import spacy
from spacy.attrs import IDX, IS_SPACE, LENGTH, SENT_START
from spacy.lang.zh import Chinese
from spacy.language import BaseDefaults, Language
from spacy.pipeline import Sentencizer
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc
from spacy.util import compile_infix_regex, compile_suffix_regex
from spacy.vocab import Vocab

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.runtime.paths import segmenter_root
from han_core.text.languages import language_name
from han_core.text.sentences import SentenceRules

PACKAGES = {
    "ja": "sudachipy and sudachidict_core",
    "ko": "natto-py, with the programs mecab-ko and mecab-ko-dic",
    "th": "pythainlp",
    "vi": "pyvi",
    "zh": "jieba",
}
"""What spaCy needs besides itself to split a language into words."""

_CHARACTER = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U000323af"
)
"""Chinese characters, with what repeats one or stands for zero; hiragana and katakana."""

_UNSPACED = (
    rf"[{_CHARACTER}\uff66-\uff9d\p{{Han}}\p{{Hiragana}}\p{{Katakana}}\p{{Thai}}\p{{Lao}}"
    r"\p{Khmer}\p{Myanmar}]"
)
"""Scripts that are written without spaces between words."""

CHARACTERS = {
    1: re.compile(rf"\s+|[{_CHARACTER}]|[^\W_{_CHARACTER}]+|.", re.DOTALL),
    2: regex.compile(
        rf"\s+|(?={_UNSPACED})\X|(?:(?!{_UNSPACED})[\p{{L}}\p{{N}}][\p{{M}}\u200c\u200d]*)+|\X"
    ),
}
"""Tokens of texts by characters, in each version; ``\\w`` of the two modules differs in marks."""

_FOREIGN = regex.compile(
    r"[\p{L}--\p{Han}][\p{L}\p{M}\p{N}--\p{Han}]*(?:['’][\p{L}\p{M}--\p{Han}]+)*", regex.VERSION1
)
_JOINS = regex.compile(
    r"[\p{M}\p{Cf}\uff9e\uff9f\u1160-\u11ff\p{Regional_Indicator}\p{Emoji_Modifier}]"
)
"""Characters that may continue a grapheme cluster; text without them needs no closer look."""


MOST_MET, MOST_REMEMBERED, LONGEST_MET = 50_000, 10_000, 40
"""Strings between spaces that are known to have been met, and that spaCy remembers; longer ones
are not: they hardly come again, and are what a hostile text would fill the memory with."""


class Splitter:
    """Takes the place of a spaCy tokenizer; white space is a token, as it is for spaCy.

    Args:
        vocab: of the pipeline that it serves.
        split: gives the tokens of a text, which together are the text.
    """

    def __init__(self, vocab: Vocab, split: Callable[[str], list[str]]):
        self._vocab, self._split = vocab, split

    def __call__(self, text: str) -> Doc:
        words = self._split(text)
        return Doc(self._vocab, words=words, spaces=[False] * len(words))


class WordSplitter:
    """A blank pipeline of spaCy; nothing is downloaded.

    Raises:
        UserError: if spaCy has no such language, or a package is missing that splits it.
    """

    def __init__(self, language: str, segmentation: str, version: int):
        self._pipeline = _blank_pipeline(language, segmentation, version)
        self._sentencizer = Sentencizer()
        self._met: set[str] = set()
        self._remembered: set[str] = set()

    @property
    def strings(self) -> int:
        """How many words spaCy remembers."""
        return len(self._pipeline.vocab.strings)

    def tokens(self, text: str) -> list[list[int]]:
        """Split ``text``: the start, the length and whether it is white space, of each token."""
        if isinstance(self._pipeline.tokenizer, Tokenizer):
            self._remember(text)
        # An array: a token object for each of thousands takes longer than splitting.
        return self._pipeline.make_doc(text).to_array([IDX, LENGTH, IS_SPACE]).tolist()

    def _remember(self, text: str) -> None:
        """Have spaCy remember what it splits a string between spaces into, if met before.

        By itself it remembers none after the first exception, such as "don't", in a text.
        """
        strings = {string for string in text.split() if len(string) <= LONGEST_MET}
        again = (strings & self._met) - self._remembered
        if len(self._met) < MOST_MET:
            self._met |= strings
        for string in again if len(self._remembered) < MOST_REMEMBERED else ():
            self._pipeline.make_doc(string)
        self._remembered |= again

    def sentence_starts(self, words: Sequence[str]) -> list[bool]:
        """Tell which tokens begin a sentence by spaCy's sentencizer."""
        doc = self._sentencizer(Doc(self._pipeline.vocab, words=list(words)))
        return (doc.to_array(SENT_START) == 1).tolist()


@lru_cache(maxsize=64)
def sentence_rules(language: str) -> SentenceRules:
    """Return rules with spaCy's abbreviations and stop words of the language."""
    defaults = spacy.util.get_lang_class(language).Defaults
    exceptions = defaults.tokenizer_exceptions or {}
    abbreviations = {word for word in exceptions if word.endswith(".") and word[0].isalpha()}
    return SentenceRules(language, abbreviations, defaults.stop_words)


def _blank_pipeline(language: str, segmentation: str, version: int) -> Language:
    try:
        if segmentation == "characters":
            spacy.util.get_lang_class(language)  # whether there is one; its words are not needed
            pipeline = spacy.blank("xx")
            pipeline.tokenizer = Splitter(pipeline.vocab, CHARACTERS[version].findall)
            return pipeline
        if language == "zh":
            return _chinese(version)
        pipeline = spacy.blank(language)
        if language in PACKAGES:
            pipeline.make_doc("a")  # some look for their package only now
    except Exception as error:  # natto and sudachi have kinds of their own
        raise _missing(language, error) from error
    if version > 1 and isinstance(pipeline.tokenizer, Tokenizer):
        _part_full_stops(pipeline.tokenizer, pipeline.Defaults)
    return pipeline


def _missing(language: str, error: Exception) -> UserError:
    reason = str(error).strip().partition("\n")[0]
    if "E048" in reason or "Can't import language" in reason:
        return UserError(
            tr(
                "A language of spaCy such as 'en', 'de' or 'zh' is expected; {language!r} came.",
                language=language,
            )
        )
    packages = PACKAGES.get(language, f"a package that is missing ({reason})")
    return UserError(
        tr(
            "Splitting {language_name} into words needs {packages}; install that, or set "
            "segmentation=characters, which needs none.",
            language_name=language_name(language),
            packages=packages,
        )
    )


def _chinese(version: int) -> Language:
    import jieba  # a package for one language

    jieba.setLogLevel("WARNING")  # it announces its dictionary otherwise
    jieba.dt.tmp_dir = _private_folder()
    pipeline = Chinese.from_config({"nlp": {"tokenizer": {"segmenter": "jieba"}}})
    if version > 1:
        pipeline.tokenizer = Splitter(pipeline.vocab, partial(_whole_words, jieba.cut))
    return pipeline


def _private_folder() -> str:
    """Return a folder that nobody else can write to, for the dictionary that jieba stores.

    jieba believes what lies there, so the temporary folder, which all users share, would let
    any of them change the program.
    """
    folder = segmenter_root()
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        if not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid():
            return str(folder)
    return tempfile.mkdtemp(prefix="hanscope-")  # of mode 0700; the dictionary is made once more


def _whole_words(cut: Callable[[str], Iterator[str]], text: str) -> list[str]:
    """Split by jieba's ``cut``; words of other scripts, which it cuts up, stay whole."""
    words = [word for word in cut(text) if word]
    inner = {at for word in _FOREIGN.finditer(text) for at in range(word.start() + 1, word.end())}
    if not inner:
        return words
    joined: list[str] = []
    at = 0
    for word in words:
        if at in inner:
            joined[-1] += word
        else:
            joined.append(word)
        at += len(word)
    return joined


def _part_full_stops(tokenizer: Tokenizer, defaults: type[BaseDefaults]) -> None:
    """Make the full stops of every writing words of their own, where the language does not."""
    stops = {*Sentencizer.default_punct_chars, *"\u055d\u0f0d\u0f0e"} - set(".!?")
    marks = f"[{''.join(sorted(stops))}]"
    tokenizer.suffix_search = compile_suffix_regex([*(defaults.suffixes or []), marks]).search
    tokenizer.infix_finditer = compile_infix_regex([*(defaults.infixes or []), marks]).finditer


def cluster_interiors(text: str) -> frozenset[int]:
    """Return the places within grapheme clusters, at which no token may begin."""
    if text.isascii() or _JOINS.search(text) is None:
        return frozenset()
    return frozenset(_interiors(text))


def _interiors(text: str) -> Iterator[int]:
    for cluster in regex.finditer(r"\X", text):
        start, end = cluster.span()
        if end - start > 1 and not text[start].isspace():
            yield from range(start + 1, end)
