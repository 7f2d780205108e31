"""Text to sentences and words with spaCy, offsets exact.

A blank spaCy pipeline splits words by the language's own rules; nothing is downloaded. Chinese
is segmented by jieba: of the two word segmenters that spaCy offers, it installs from the package
index and keeps offsets exact on mixed text, while pkuseg does not build. Characters alone are
poor words to show, but a model may read them.

Sentences end by the rules of ``sentences``; in version 1, which older checkpoints read, by spaCy's
sentencizer and blank lines.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.document import Document, Sentence, Span
from han_core.text.presegmented import is_presegmented, presegmented_document

if TYPE_CHECKING:
    from han_core.text.word_splitters import WordSplitter

MAXIMUM_TOKENS = 20_000
"""More than anybody pastes; what is past it is reported as not seen."""

SEGMENTATIONS = ("words", "characters")
VERSIONS = (1, 2)
LATEST = VERSIONS[-1]

PIECE = 20_000  # characters given to spaCy at once, so that a limit can stop early
JAPANESE_PIECE = 10_000  # sudachi takes no more than 49,149 bytes
LONGEST_RUN = 256  # spaCy takes quadratic time on longer runs without white space
LONGEST_UNSPACED_RUN = 2_000  # so does jieba where it guesses, but Chinese is one long run
UNSPACED = ("ja", "th", "zh")  # languages with a segmenter of their own

MOST_STRINGS = 100_000
"""New words after which a pipeline is made anew: spaCy remembers every word that it ever saw."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAK = re.compile(r"\s")
_JOINER = "\u200d"  # joins two emoji into one, as in a family
_CONTINUES = re.compile(
    "[\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
    + _JOINER
    + "]"
)
_JOINS = re.compile(_CONTINUES.pattern + "|[\U0001f1e6-\U0001f1ff]")  # tokens can be one character
_FLAG_LETTERS = re.compile("[\U0001f1e6-\U0001f1ff]+$")  # two of these are drawn as one flag


class Tokenizer:
    """Find the sentences and words of texts in one language.

    Args:
        language: an ISO code for which spaCy has a blank pipeline ("en", "zh", …).
        maximum_tokens: tokens after which a text is cut; the document says where.
        segmentation: "words" by the rules of the language, or "characters", where each
            character of a script without spaces between words is a token.
        version: of the rules, as the checkpoint names it that reads the tokens.

    Raises:
        UserError: if spaCy has no such language, its word segmenter is missing, or the
            segmentation or version is none of those that there are.
    """

    def __init__(
        self,
        language: str = "en",
        maximum_tokens: int = MAXIMUM_TOKENS,
        segmentation: str = "words",
        version: int = LATEST,
    ):
        if maximum_tokens < 1:
            raise UserError(
                tr(
                    "maximum_tokens is at least 1; {maximum_tokens} came.",
                    maximum_tokens=maximum_tokens,
                )
            )
        if segmentation not in SEGMENTATIONS:
            raise UserError(
                tr(
                    "segmentation is words or characters; {segmentation!r} came.",
                    segmentation=segmentation,
                )
            )
        if version not in VERSIONS:
            raise UserError(
                tr(
                    "tokenizer_version is 1 or {latest}; {version!r} came.",
                    latest=LATEST,
                    version=version,
                )
            )
        self.language = language
        self.maximum_tokens = maximum_tokens
        self.segmentation = segmentation
        self.version = version
        self._splitter = self._new_splitter()
        self._strings = self._splitter.strings
        unspaced = language in UNSPACED or segmentation == "characters"
        self._piece = JAPANESE_PIECE if language == "ja" else PIECE
        self._longest_run = LONGEST_UNSPACED_RUN if unspaced else LONGEST_RUN

    def __call__(self, text: str) -> Document:
        """Split ``text``; white space is never part of a token."""
        if is_presegmented(text):
            words_given = self.segmentation == "words"
            return presegmented_document(text, self, self.maximum_tokens, words_given)
        # Lone surrogates cannot be encoded; the replacement has the same length.
        readable = _LONE_SURROGATE.sub("\ufffd", text)
        splitter = self._splitter
        if splitter.strings > self._strings + MOST_STRINGS:
            splitter = self._splitter = self._new_splitter()  # other threads end with the old one
        spans, seen = self._spans(splitter, readable)
        begins = self._begins(splitter, readable[:seen], spans)
        return Document(text, tuple(_sentences(readable, spans, begins)), seen)

    def _new_splitter(self) -> "WordSplitter":
        from han_core.text import word_splitters  # with spaCy, half a second to import

        self._rules = word_splitters.sentence_rules
        self._interiors = word_splitters.cluster_interiors
        return word_splitters.WordSplitter(self.language, self.segmentation, self.version)

    def _spans(self, splitter: "WordSplitter", text: str) -> tuple[list[Span], int]:
        """All tokens (white space included) and how many characters they cover."""
        spans: list[Span] = []
        left, joined = self.maximum_tokens, self._joined(text)
        for start, end in _pieces(text, self._piece, self._longest_run):
            for at, length, is_space in splitter.tokens(text[start:end]):
                span = Span(start + at, start + at + length)
                if joined and spans and joined(spans[-1], span):
                    spans[-1] = Span(spans[-1].start, span.end)
                    continue
                if not is_space:
                    if not left:
                        return spans, spans[-1].end
                    left -= 1
                spans.append(span)
        return spans, len(text)

    def _joined(self, text: str) -> Callable[[Span, Span], bool] | None:
        """Return what tells whether two tokens are one character; None where none can be."""
        if self.version == 1:
            joins = _JOINS.search(text) is not None
            return (lambda before, after: _is_one_character(text, before, after)) if joins else None
        interiors = self._interiors(text)
        return (lambda before, after: after.start in interiors) if interiors else None

    def _begins(self, splitter: "WordSplitter", text: str, spans: Sequence[Span]) -> Iterable[bool]:
        """Tell which tokens begin a sentence, those of white space included."""
        if self.version > 1:
            return _begin_at(text, spans, self._rules(self.language).starts(text))
        starts = splitter.sentence_starts([text[start:end] for start, end in spans])
        blank_line = (text.count("\n", start, end) > 1 for start, end in spans)
        return (start or blank for start, blank in zip(starts, blank_line, strict=True))


def _begin_at(text: str, spans: Sequence[Span], starts: Sequence[int]) -> Iterator[bool]:
    """Tell which tokens begin a sentence that begins at one of the characters ``starts``."""
    coming = iter([*starts, len(text) + 1])
    start = next(coming)
    for span in spans:
        begins = False
        while start < span.end:
            # Within a word only a line break written as a tag begins a sentence: "fine.<br/>So".
            begins |= start <= span.start or text[start - 1] == ">"
            start = next(coming)
        yield begins


def _sentences(text: str, spans: Sequence[Span], begins: Iterable[bool]) -> Iterator[Sentence]:
    tokens: list[Span] = []
    for begin, span in zip(begins, spans, strict=True):
        if tokens and begin:
            yield Sentence(tuple(tokens))
            tokens = []
        if not text[span.start].isspace():
            tokens.append(span)
    if tokens:
        yield Sentence(tuple(tokens))


def _is_one_character(text: str, before: Span, after: Span) -> bool:
    """Tell whether a reader sees ``after`` as part of the character that ends ``before``."""
    if before.end != after.start or any(text[at].isspace() for at in (before.start, after.start)):
        return False
    continues = _CONTINUES.match(text[after.start]) or text[before.end - 1] == _JOINER
    return bool(continues) or _is_second_of_flag(text, before, after)


def _is_second_of_flag(text: str, before: Span, after: Span) -> bool:
    if not _FLAG_LETTERS.match(text[after.start]):
        return False
    letters = _FLAG_LETTERS.search(text[before.start : before.end])
    return letters is not None and len(letters[0]) % 2 == 1


def _pieces(text: str, longest: int, longest_run: int) -> Iterator[tuple[int, int]]:
    """Stretches of ``text`` that spaCy can split one by one, in order.

    They end after a run of white space where one is within reach, and no stretch
    holds a run without white space longer than ``longest_run``.
    """
    start = 0
    while start < len(text):
        end = min(start + longest, len(text))
        if end < len(text):
            ends = (
                at for at in range(end, start, -1) if text[at - 1].isspace() > text[at].isspace()
            )
            end = next(ends, end)
        yield from _short_runs(text, start, end, longest_run)
        start = end


def _short_runs(text: str, start: int, end: int, longest: int) -> Iterator[tuple[int, int]]:
    piece = start
    run = start  # where the present run without white space, or its last cut, began
    for space in [*(match.start() for match in _BREAK.finditer(text, start, end)), end]:
        while space - run > longest:
            run += longest
            yield piece, run
            piece = run
        run = space + 1
    if piece < end:
        yield piece, end
