"""From a text to its translation with the alignment of words, offsets exact on both sides."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np
import regex

from han_core.models.beam_search import Aligned, SearchSettings, align_numbers, translate_numbers
from han_core.models.predict import check_finite
from han_core.models.system_folder import SystemCheckpoint
from han_core.models.target_words import words_of, written
from han_core.models.translator import MOST_WORDS, TranslatorConfig, TranslatorNetwork
from han_core.runtime.errors import UserError, counted, shown
from han_core.runtime.messages import tr
from han_core.text.document import Document, Sentence, Span
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import UNKNOWN, Vocabulary

BATCH = 32  # sentences


@dataclass(frozen=True)
class Translation:
    """A sentence, its translation, and how the attention aligns them.

    Attributes:
        source, target: (words,) where each word stands in ``text`` and in ``translation``.
        alignment: (target words, source words) attention of the step that says the word; each row
            sums to 1.
        log_probabilities: (target words,) of each word given those before; NaN of unknown ones.
        source_numbers, target_numbers: (words,) as the model reads them.
    """

    text: str
    translation: str
    source: tuple[Span, ...]
    target: tuple[Span, ...]
    alignment: np.ndarray
    log_probabilities: np.ndarray
    source_numbers: tuple[int, ...]
    target_numbers: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.alignment.shape != (len(self.target), len(self.source)):
            raise ValueError(f"(target, source) expected; {self.alignment.shape}.")
        for spans, numbers in (
            (self.source, self.source_numbers),
            (self.target, self.target_numbers),
        ):
            if len(spans) != len(numbers):
                raise ValueError(f"A number for each word expected; {len(numbers)}.")

    @property
    def source_words(self) -> list[str]:
        """As they are written in the text."""
        return [self.text[span.start : span.end] for span in self.source]

    @property
    def target_words(self) -> list[str]:
        """As they are written in the translation."""
        return [self.translation[span.start : span.end] for span in self.target]

    def to_json(self) -> dict:
        """As the command ``translate`` prints it."""
        return {
            "text": self.text,
            "translation": self.translation,
            "source": [[span.start, span.end] for span in self.source],
            "target": [[span.start, span.end] for span in self.target],
            "alignment": [[round(float(w), 6) for w in row] for row in self.alignment],
        }


@lru_cache(maxsize=8)
def sentence_tokenizer(language: str, segmentation: str) -> Callable[[str], Document]:
    """Return the tokenizer of one side; it reads one word more than a sentence may have."""
    if segmentation == "letters":
        return letters
    return Tokenizer(language, MOST_WORDS + 1, segmentation)


def letters(text: str) -> Document:
    """Return a document of which every character that is no white space is a word.

    Characters are those that readers see: grapheme clusters (Unicode Standard Annex 29).
    """
    clusters = (match.span() for match in regex.finditer(r"\X", text) if not match[0].isspace())
    tokens = tuple(Span(*span) for span in islice(clusters, MOST_WORDS + 1))
    return Document(text, (Sentence(tokens),) if tokens else (), len(text))


def source_document(text: str, config: TranslatorConfig) -> Document:
    """Return the words of a text to translate.

    Raises:
        UserError: if it holds none, or more than ``MOST_WORDS``.
    """
    return _bounded(text, config.source_language, config.source_segmentation, tr("The text"))


def target_document(text: str, config: TranslatorConfig) -> Document:
    """As ``source_document``, of a translation that is given."""
    return _bounded(text, config.target_language, config.target_segmentation, tr("The translation"))


def _bounded(text: str, language: str, segmentation: str, what: str) -> Document:
    document = sentence_tokenizer(language, segmentation)(text)
    if not document.tokens:
        raise UserError(tr("{what} holds no word.", what=what))
    if len(document.tokens) > MOST_WORDS:
        raise UserError(
            tr(
                '{what} "{text}" has more than {most_words} words; one sentence of at most '
                "{counted} was expected.",
                what=what,
                text=shown(text, 40),
                most_words=MOST_WORDS,
                counted=counted(MOST_WORDS, "word"),
            )
        )
    return document


def source_numbers(words: Iterable[str], config: TranslatorConfig) -> list[int]:
    """Number the words of a sentence, in lower case."""
    return _vocabulary(config.source_words, True).numbers(words)


def target_numbers(words: Sequence[str], config: TranslatorConfig) -> list[int]:
    """Number the words of a translation; its first word in the case that is the commoner one."""
    vocabulary = _vocabulary(config.target_words, False)
    numbers = vocabulary.numbers(words)
    if words:
        forms = [n for n in (numbers[0], vocabulary.number(words[0].lower())) if n != UNKNOWN]
        numbers[0] = min(forms, default=UNKNOWN)  # frequent words have small numbers
    return numbers


@lru_cache(maxsize=16)
def _vocabulary(words: tuple[str, ...], lowercase: bool) -> Vocabulary:
    return Vocabulary(words, lowercase)


def translate_texts(
    checkpoint: SystemCheckpoint,
    texts: Sequence[str],
    targets: Sequence[str | None] | None = None,
    settings: SearchSettings = SearchSettings(),  # noqa: B008  # frozen
) -> list[Translation]:
    """Return the translation of each text, or the alignment of the translation that is given.

    Args:
        targets: for each text, a translation to align instead; None to search for one.

    Raises:
        UserError: if a text holds no word or too many, or the model's weights give no numbers.
    """
    config, model = checkpoint.config, checkpoint.model
    assert isinstance(config, TranslatorConfig)
    assert isinstance(model, TranslatorNetwork)
    check_finite(model.bias, checkpoint.name)
    targets = [None] * len(texts) if targets is None else targets
    sources = [source_document(text, config) for text in texts]
    given = [None if text is None else target_document(text, config) for text in targets]
    found: list[Translation] = []
    for start in range(0, len(texts), BATCH):
        rows = slice(start, start + BATCH)
        found += _translated(model, config, sources[rows], given[rows], settings)
    return found


def continued(
    checkpoint: SystemCheckpoint,
    translation: Translation,
    step: int,
    word: str,
    settings: SearchSettings = SearchSettings(),  # noqa: B008  # frozen
) -> str:
    """Return the best translation that is the same up to ``step`` and goes on with ``word``.

    Args:
        step: number of the word that is another one, from 0.
        word: of the target vocabulary; "" ends the translation there.
    """
    config, model = checkpoint.config, checkpoint.model
    assert isinstance(config, TranslatorConfig)
    assert isinstance(model, TranslatorNetwork)
    beginning = translation.target_numbers[:step]
    if word:
        beginning = (*beginning, config.target_words.index(word))
        source = [translation.source_numbers]
        (found,) = translate_numbers(model, source, settings, [beginning])
        beginning = found.words
    return written(beginning, config)[0]


def _translated(
    model: TranslatorNetwork,
    config: TranslatorConfig,
    sources: Sequence[Document],
    given: Sequence[Document | None],
    settings: SearchSettings,
) -> list[Translation]:
    numbers = [source_numbers(words_of(document), config) for document in sources]
    free = [row for row, document in enumerate(given) if document is None]
    forced = {row: document for row, document in enumerate(given) if document is not None}
    answers: dict[int, Aligned] = {}
    if free:
        found = translate_numbers(model, [numbers[row] for row in free], settings)
        answers |= zip(free, found, strict=True)
    if forced:
        words = [target_numbers(words_of(document), config) for document in forced.values()]
        found = align_numbers(model, [numbers[row] for row in forced], words)
        answers |= zip(forced, found, strict=True)
    return [
        _placed(source, numbers[row], forced.get(row), answers[row], config)
        for row, source in enumerate(sources)
    ]


def _placed(
    source: Document,
    numbers: Sequence[int],
    target: Document | None,
    aligned: Aligned,
    config: TranslatorConfig,
) -> Translation:
    text, spans = (
        (target.text, target.tokens) if target is not None else written(aligned.words, config)
    )
    return Translation(
        source.text,
        text,
        source.tokens,
        spans,
        aligned.attention,
        aligned.log_probabilities[:-1],
        tuple(numbers),
        aligned.words,
    )
