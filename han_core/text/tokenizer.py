"""Text to sentences and words with spaCy, offsets exact.

A blank spaCy pipeline splits words by the language's own rules, and spaCy's
rule-based sentencizer ends sentences at their punctuation; nothing is
downloaded. A blank line ends a sentence as well: titles and list items carry no
full stop. Chinese is segmented by jieba: of the two word segmenters that spaCy
offers, it installs from the package index and keeps offsets exact on mixed
text, while pkuseg does not build. Characters alone are poor words to show, but a
model may read them (``characters``).

This module knows nothing about vocabularies or models.
"""

import re
from collections.abc import Iterator

from han_core.runtime.errors import UserError
from han_core.text import characters
from han_core.text.document import Document, Sentence, Span
from han_core.text.presegmented import is_presegmented, presegmented_document

MAXIMUM_TOKENS = 20_000
"""More than anybody pastes; what is past it is reported as not seen."""

SEGMENTATIONS = ("words", "characters")

PIECE = 20_000  # characters given to spaCy at once, so that a limit can stop early
LONGEST_RUN = 256  # spaCy takes quadratic time on longer runs without white space
LONGEST_CHINESE_RUN = 2_000  # so does jieba where it guesses, but Chinese is one long run

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
    """Finds the sentences and words of texts in one language.

    Args:
        language: an ISO code for which spaCy has a blank pipeline ("en", "zh", …).
        maximum_tokens: tokens after which a text is cut; the document says where.
        segmentation: "words" by the rules of the language, or "characters", where each
            Chinese or Japanese character is a token.

    Raises:
        UserError: if spaCy has no such language, its word segmenter is missing, or the
            segmentation is neither.
    """

    def __init__(
        self,
        language: str = "en",
        maximum_tokens: int = MAXIMUM_TOKENS,
        segmentation: str = "words",
    ):
        if maximum_tokens < 1:
            raise UserError(f"maximum_tokens is at least 1; {maximum_tokens} came.")
        if segmentation not in SEGMENTATIONS:
            raise UserError(f"segmentation is words or characters; {segmentation!r} came.")
        self.language = language
        self.maximum_tokens = maximum_tokens
        self.segmentation = segmentation
        self._pipeline = _blank_pipeline(language, segmentation)
        self._sentencizer = self._pipeline.add_pipe("sentencizer")
        unspaced = language == "zh" or segmentation == "characters"
        self._longest_run = LONGEST_CHINESE_RUN if unspaced else LONGEST_RUN

    def __call__(self, text: str) -> Document:
        """Splits ``text``; white space is never part of a token."""
        if is_presegmented(text):
            words_given = self.segmentation == "words"
            return presegmented_document(text, self, self.maximum_tokens, words_given)
        # Lone surrogates cannot be encoded; the replacement has the same length.
        readable = _LONE_SURROGATE.sub("\ufffd", text)
        spans, seen = self._spans(readable)
        return Document(text, tuple(self._sentences(readable, spans)), seen)

    def _spans(self, text: str) -> tuple[list[Span], int]:
        """All tokens (white space included) and how many characters they cover."""
        from spacy.attrs import IDX, IS_SPACE, LENGTH

        spans: list[Span] = []
        room, joins = self.maximum_tokens, _JOINS.search(text) is not None
        for start, end in _pieces(text, self._longest_run):
            # An array: a token object for each of thousands takes longer than splitting.
            found = self._pipeline.make_doc(text[start:end]).to_array([IDX, LENGTH, IS_SPACE])
            for at, length, is_space in found.tolist():
                span = Span(start + at, start + at + length)
                if joins and spans and _is_one_character(text, spans[-1], span):
                    spans[-1] = Span(spans[-1].start, span.end)
                    continue
                if not is_space:
                    if not room:
                        return spans, spans[-1].end
                    room -= 1
                spans.append(span)
        return spans, len(text)

    def _sentences(self, text: str, spans: list[Span]) -> Iterator[Sentence]:
        from spacy.attrs import IS_SPACE, SENT_START
        from spacy.tokens import Doc

        doc = Doc(self._pipeline.vocab, words=[text[start:end] for start, end in spans])
        marks = self._sentencizer(doc).to_array([SENT_START, IS_SPACE]).tolist()
        tokens: list[Span] = []
        for (starts, is_space), span in zip(marks, spans, strict=True):
            blank_line = is_space and text.count("\n", span.start, span.end) > 1
            if tokens and (starts == 1 or blank_line):
                yield Sentence(tuple(tokens))
                tokens = []
            if not is_space:
                tokens.append(span)
        if tokens:
            yield Sentence(tuple(tokens))


def _is_one_character(text: str, before: Span, after: Span) -> bool:
    """Whether a reader sees ``after`` as part of the character that ends ``before``."""
    if before.end != after.start or any(text[at].isspace() for at in (before.start, after.start)):
        return False
    joined = _CONTINUES.match(text[after.start]) or text[before.end - 1] == _JOINER
    return bool(joined) or _is_second_of_flag(text, before, after)


def _is_second_of_flag(text: str, before: Span, after: Span) -> bool:
    if not _FLAG_LETTERS.match(text[after.start]):
        return False
    letters = _FLAG_LETTERS.search(text[before.start : before.end])
    return letters is not None and len(letters[0]) % 2 == 1


def _blank_pipeline(language: str, segmentation: str):
    import spacy
    from spacy.lang.zh import Chinese

    try:
        if segmentation == "characters":
            spacy.util.get_lang_class(language)  # whether there is one; its words are not needed
            pipeline = spacy.blank("xx")
            pipeline.tokenizer = characters.Splitter(pipeline.vocab)
            return pipeline
        if language == "zh":
            import jieba

            jieba.setLogLevel("WARNING")  # it announces its dictionary otherwise
            return Chinese.from_config({"nlp": {"tokenizer": {"segmenter": "jieba"}}})
        return spacy.blank(language)
    except ImportError as error:
        reason = str(error).strip().splitlines()[0]
        if "E048" in reason or "Can't import language" in reason:
            raise UserError(
                f"A language of spaCy such as 'en', 'de' or 'zh' is expected; {language!r} came."
            ) from error
        raise UserError(
            f"Splitting {language!r} into words needs a package that is missing: {reason}"
        ) from error


def _pieces(text: str, longest_run: int) -> Iterator[tuple[int, int]]:
    """Stretches of ``text`` that spaCy can split one by one, in order.

    They end after a run of white space where one is within reach, and no stretch
    holds a run without white space longer than ``longest_run``.
    """
    start = 0
    while start < len(text):
        end = min(start + PIECE, len(text))
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
