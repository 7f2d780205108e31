"""An estimate of parameters, memory and time before a run starts, from a sample of the texts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from han_core.models.architecture import Architecture
from han_core.models.checkpoint import TextConfig
from han_core.models.registry import blank_model, level_of, model_kind
from han_core.runtime.devices import available_memory
from han_core.runtime.errors import UserError, counted, gibibytes
from han_core.runtime.messages import Locale, current_locale, mark, tr
from han_core.text.document import Document, clause_ends, is_mark
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.training.cost import (
    BATCHES,
    LARGEST_BUDGET,
    SOFTMAX_OUTPUT,
    expected_words,
    length_of_words,
    operations_per_second,
    step_seconds,
)
from han_core.training.language_model import softmax_outputs
from han_core.training.settings import LONGEST_STRETCH, Settings

MEASURED = 5_000  # texts whose characters are counted
READ, TOKENS = 200, 30_000  # texts and words that are read at most; the last text may go beyond
LONGEST = 100_000  # characters of one text that are read
LIBRARIES = 520_000_000  # bytes of a process that has loaded what training needs


@dataclass(frozen=True)
class Estimate:
    """What a run will need.

    Against runs on reviews and on the bundled corpus, parameters, memory and time were
    within a factor of 1.5; count on 2.

    Attributes:
        parameters: of the model.
        memory_bytes: at most; on a GPU its own memory, else that of the process.
        seconds_per_epoch: of training on one core with nothing else to do; None on a GPU,
            where it is known after the first steps.
        tokens: words of all that the run learns from.
        vocabulary: words that the model will know.
        pretraining_seconds: as ``seconds_per_epoch``, of an epoch that pretrains the encoder as
            a language model; None where none does.
    """

    parameters: int
    memory_bytes: int
    seconds_per_epoch: float | None
    tokens: int
    vocabulary: int
    pretraining_seconds: float | None = None

    @property
    def says(self) -> str:
        """All of it as two or three sentences."""
        words = tr(
            "About {words} words to read, {known} of them different and known.",
            words=_short(self.tokens),
            known=_short(self.vocabulary),
        )
        size = {
            "parameters": _short(self.parameters),
            "memory": f"{self.memory_bytes / 1e9:.1f} GB",
        }
        if self.seconds_per_epoch is None:
            return tr("{words} {parameters} parameters, {memory} of memory.", words=words, **size)
        all_said = tr(
            "{words} {parameters} parameters, {memory} of memory, {time} an epoch.",
            words=words,
            time=_duration(self.seconds_per_epoch),
            **size,
        )
        if self.pretraining_seconds is None:
            return all_said
        time = _duration(self.pretraining_seconds)
        return tr("{said} Before that, {time} each pretraining epoch.", said=all_said, time=time)

    def scarce(self, free: int) -> str:
        """A sentence where the run may need more than ``free`` bytes, else none."""
        if self.memory_bytes <= free:
            return ""
        return tr("Only {free} of memory are free.", free=f"{free / 1e9:.1f} GB")


@dataclass(frozen=True)
class Sample:
    """Some of the texts; a few of them were split into words.

    Attributes:
        tokens: (texts,) words in each, told from its characters.
        sentences: in each word: one for the mean length of a sentence.
        counts: how often each word stands in the texts that were split.
        stretch: words in a stretch of clauses, drawn of one of them; 0 of a single clause.
    """

    tokens: np.ndarray
    sentences: float
    counts: Counter[str]
    stretch: float


def estimate(
    texts: Sequence[str],
    documents: int,
    shape: Architecture,
    settings: Settings,
    text: TextConfig,
    device: torch.device,
    known: Vocabulary | None = None,
    stretches: int = 0,
    adapting: bool = False,
    untaught: int = 0,
) -> Estimate:
    """What training such a model on ``documents`` documents will need.

    Args:
        texts: the documents' texts, or some of them; a few hundred are read.
        shape: of the model; its ``vocabulary_size`` does not count.
        known: the words of the checkpoint that the run starts from.
        stretches: how many are drawn of all documents together.
        adapting: whether each step reads as much of a target domain, or of unlabelled texts, too.
        untaught: texts that nobody labels, for pretraining.

    Raises:
        UserError: if none of the texts has a word, or the language is unknown.
    """
    sample = read_sample(texts, text)
    tokens = round(float(sample.tokens.mean()) * documents)
    words = _vocabulary(sample, tokens, settings, known)
    tokens += round(sample.stretch * stretches)  # which have no words of their own
    shape = shape.model_copy(update={"vocabulary_size": words})
    parameters, trained = _parameters(shape, settings)
    longest = int(sample.tokens.max())
    # As ``batch_budget``, which wants the length of every document.
    budget = settings.batch_tokens or min(LARGEST_BUDGET, max(longest, tokens // BATCHES))
    batch, beside = min(tokens, max(budget, longest)), 2 if adapting else 1
    to_pretrain = tokens + round(float(sample.tokens.mean()) * untaught)
    return Estimate(
        parameters,
        _memory(
            shape, settings, parameters, trained, beside * batch, longest, device, known is not None
        ),
        passes(settings)
        * _seconds(shape, settings, sample, beside * tokens, beside * budget, trained)
        if _is_cpu(device)
        else None,
        tokens,
        words,
        _pretraining_seconds(shape, settings, sample, to_pretrain, budget, trained)
        if _is_cpu(device) and settings.pretrain
        else None,
    )


def passes(settings: Settings) -> int:
    """Return how often a step reads its batch."""
    once = (settings.adversarial > 0) + (settings.attention_guide > 0)
    return 1 + once + 2 * (settings.virtual_adversarial > 0)


def check_longest(shape: Architecture, tokens: int, device: torch.device) -> None:
    """Refuse to train where one document of so many ``tokens`` is more than memory holds.

    Raises:
        UserError: says what it needs and what there is.
    """
    kind = model_kind(shape.model)
    needed = round(4 * tokens * kind.activations(shape, tokens))
    if needed <= (free := available_memory(device)):
        return
    seen = "attention_pattern" not in kind.unused_settings
    sentence = tr(
        "To train on the longest document ({tokens:,} words) takes {needed} of memory, and {free} "
        "are free",
        tokens=tokens,
        needed=gibibytes(needed),
        free=gibibytes(free),
    )
    raise UserError(
        tr(
            "{sentence}: a smaller maximum_tokens, attention_pattern=local or dropout_attention=0 "
            "may do.",
            sentence=sentence,
        )
        if seen
        else tr("{sentence}: a smaller maximum_tokens or smaller sizes may do.", sentence=sentence)
    )


def read_sample(texts: Sequence[str], text: TextConfig) -> Sample:
    """Texts from all over the corpus, always the same ones.

    Raises:
        UserError: as ``estimate``.
    """
    tokenizer = _tokenizer(
        text.language, text.maximum_tokens, text.segmentation, text.tokenizer_version
    )
    counts, characters, sentences = Counter[str](), 0, 0
    stretches: list[float] = []
    order = np.random.default_rng(0).permutation(len(texts))[:MEASURED].tolist()
    for at in order[:READ]:
        if counts.total() >= TOKENS or not texts[at].strip():
            continue
        document = tokenizer(texts[at][:LONGEST])
        counts.update(w.lower() if text.lowercase else w for w in document.token_texts())
        characters += document.seen
        sentences += len(document.sentence_lengths)
        stretches.append(_stretch(document))
    if not counts:
        raise UserError(
            tr("Texts with words are expected; none of {count:,} has one.", count=len(texts))
        )
    lengths = np.array([len(texts[at]) for at in order]) * counts.total() / characters
    return Sample(
        np.clip(lengths, 1, text.maximum_tokens),
        sentences / counts.total(),
        counts,
        sum(stretches) / len(stretches),
    )


def _stretch(document: Document) -> float:
    """Words in a run of 1 to ``LONGEST_STRETCH`` clauses, on average; 0 where there is none."""
    marks = np.fromiter(map(is_mark, document.token_texts()), dtype=bool)
    if not len(marks):
        return 0.0
    clauses = len(clause_ends(marks, np.array(document.sentence_lengths)))
    most = min(clauses - 1, LONGEST_STRETCH)
    return (1 + most) / 2 * len(marks) / clauses if most else 0.0


@lru_cache(maxsize=4)
def _tokenizer(language: str, maximum_tokens: int, segmentation: str, version: int) -> Tokenizer:
    return Tokenizer(language, maximum_tokens, segmentation, version)


def _vocabulary(
    sample: Sample, tokens: int, settings: Settings, vocabulary: Vocabulary | None
) -> int:
    if vocabulary is not None and settings.freeze_words:
        return len(vocabulary)
    old = Vocabulary(RESERVED) if vocabulary is None else vocabulary
    there = set(old.words)
    new = Counter({w: n for w, n in sample.counts.items() if w not in there})
    share = new.total() / sample.counts.total()
    words = expected_words(new, share * tokens, settings.minimum_count) if new else 0
    return max(len(old), min(len(old) + words, settings.maximum_size))


def _parameters(shape: Architecture, settings: Settings) -> tuple[int, int]:
    """All of them, and those that are trained."""
    sizes = {name: p.numel() for name, p in blank_model(shape).named_parameters()}
    still = sum(
        size
        for name, size in sizes.items()
        if (settings.freeze_words and level_of(name) == "words")
        or (settings.freeze_vectors and name.startswith("embedding"))
    )
    return sum(sizes.values()), sum(sizes.values()) - still


def _memory(
    shape: Architecture,
    settings: Settings,
    parameters: int,
    trained: int,
    batch: int,
    longest: int,
    device: torch.device,
    started: bool,
) -> int:
    """Bytes: weights, their best and average, gradients, AdamW's two, and activations."""
    average = 1 if settings.average else 0
    kept = (2 + average) * parameters + 2 * trained
    standing = kept + trained + (parameters if started else 0)
    activations = round(batch * model_kind(shape.model).activations(shape, longest))
    if not _is_cpu(device):
        return 4 * (standing + activations)
    saving = 2 * kept  # a copy of all that is kept, and the bytes that are written
    return 4 * (standing + activations + saving) + LIBRARIES


def _seconds(
    shape: Architecture, settings: Settings, sample: Sample, tokens: int, budget: int, trained: int
) -> float:
    steps = max(1.0, tokens / max(budget, float(sample.tokens.mean())))
    words = tokens / steps
    sentences = words * sample.sentences
    length = length_of_words(sample.tokens)
    return steps * step_seconds(shape, words, sentences, trained, settings.freeze_words, length)


def _pretraining_seconds(
    shape: Architecture, settings: Settings, sample: Sample, tokens: int, budget: int, trained: int
) -> float:
    """Of one layer, which predicts every word from both sides."""
    shape = shape.model_copy(update={"layers": 1})
    outputs = 2 * tokens * softmax_outputs(sample.counts, shape.vocabulary_size)
    reading = _seconds(shape, settings, sample, tokens, budget, trained)
    return reading + outputs * SOFTMAX_OUTPUT / operations_per_second()


def _is_cpu(device: torch.device) -> bool:
    return device.type == "cpu"


_UNITS: dict[Locale, tuple[tuple[float, str], ...]] = {
    "en": ((1e9, "billion"), (1e6, "million")),
    "zh": ((1e8, "亿"), (1e4, "万")),
}


def _short(number: float) -> str:
    """Two digits that count, and words for the rest: 3.1 million."""
    for size, word in _UNITS[current_locale()]:
        if number >= size:
            return (
                f"{number / size:.2g} {word}"
                if number < 10 * size
                else f"{number / size:,.0f} {word}"
            )
    return f"{float(f'{number:.2g}'):,.0f}"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return tr("less than a second")
    for size, template in ((3600.0, mark("{number} hours")), (60.0, mark("{number} minutes"))):
        if seconds >= 2 * size:
            return tr(template, number=f"{seconds / size:.0f}")
    return counted(round(seconds), "second")
