"""Integrated gradients by captum, the only use of that library.

The path leads from zero vectors, which are no text, to the words' own. That is the
usual choice for word vectors, and another baseline gives other numbers. captum is
imported when it is first asked for: it takes seconds and brings matplotlib.

Five answers to one question: how much has each word to do with this class?

* attention: the weight within the document (α_s · α_w). It has no sign and is the
  same for every class.
* gradient × input: the gradient of p(class) at a word's vector, times the vector
  (Denil et al. 2014; Shrikumar et al. 2017), through attention as well.
* integrated gradients (Sundararajan et al. 2017, equation 3), from the zero vector.
* leave one word out: p(whole text) − p(text without the word) (Li et al. 2016).
* leave one sentence out: the same for sentences.

All but attention have a sign: a positive value speaks for the class, a negative one
against it. The answers differ, and none of them is the truth about the model. This
module does not know how they are drawn.

In which order to take units out of a document: four ways to rank them.

A unit is a word or a sentence. Attention ranks by its weight in the document, gradient
× input and leave-one-out by how much they say the unit supports the predicted class,
and random order is what all of them have to beat. Attention has no sign, so it cannot put
what speaks against the class last, as the two others do: that is part of what it misses.
It does not know what happens to the prediction when units go (deletion does).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from han_core.explanation.explain import threads_for
from han_core.explanation.model_probe import Fill, ModelProbe, Progress
from han_core.runtime.errors import UserError
from han_core.text.document import Document

STEPS = 50
"""Points on the path, at the nodes of Gauss and Legendre."""

PATH_TOKENS = 10_000
"""Tokens in one pass there and back."""


def integrated_gradients(
    subject: ModelProbe, target: int, progress: Progress | None = None
) -> tuple[np.ndarray, float]:
    """Integrated gradients of p(target) for each word (Sundararajan et al. 2017, equation 3).

    Returns:
        (tokens,) values, and the completeness gap: their sum less p(words) − p(zero vectors).

    Raises:
        UserError: if captum is not installed.
    """
    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise UserError(
            "Integrated gradients take the library captum, which is not installed; "
            "pip install captum==0.9.0 brings it."
        ) from error
    done = 0

    def chances(vectors: Tensor) -> Tensor:
        nonlocal done
        answer = subject.probability_of(vectors, target)
        done += len(vectors)
        if progress is not None:
            progress(done, STEPS + 2)  # and the path's two ends
        return answer

    vectors = subject.vectors.unsqueeze(0)
    copies = min(STEPS, max(1, PATH_TOKENS // subject.tokens))
    with torch.enable_grad(), threads_for(subject.tokens):
        values, gap = IntegratedGradients(chances).attribute(
            vectors,
            torch.zeros_like(vectors),
            n_steps=STEPS,
            internal_batch_size=copies,
            return_convergence_delta=True,
        )
    return values[0].detach().cpu().double().sum(1).numpy(), float(gap)


Method = Literal[
    "attention", "gradient", "integrated_gradients", "leave_one_word_out", "leave_one_sentence_out"
]

METHODS: tuple[Method, ...] = get_args(Method)

MOST_READ = 25_000_000
"""Words read at most for one answer, over all variants; minutes for a flat model."""

_CELLS = 4_000_000  # of one question's (variants, tokens): bounds the memory it takes


@dataclass(frozen=True)
class Attribution:
    """What one method gives to each word and sentence of a document.

    Attributes:
        method: which of the five.
        target: the class that it is about, by its label.
        document: the text and its spans.
        words: (tokens,) weights, or changes in the probability of ``target``.
        sentences: (sentences,) the sums of their words. For ``leave_one_sentence_out``
            these are what was measured, and a sentence's value is spread evenly over
            its words: nothing is known about which of them matter. For
            ``leave_one_word_out`` they are not what leaving out the sentence does.
        signed: whether values below 0 can occur and mean "against the class".
        gap: for integrated gradients, by how much all values together miss
            p(text) − p(zero vectors), which they would sum to in an infinity of steps.

    Raises:
        ValueError: if a length does not fit the document, a value is not finite, or
            words do not sum to their sentences.
    """

    method: Method
    target: str
    document: Document
    words: np.ndarray
    sentences: np.ndarray
    signed: bool
    gap: float | None = None

    def __post_init__(self) -> None:
        lengths = np.array(self.document.sentence_lengths)
        expected, came = (int(lengths.sum()), len(lengths)), (len(self.words), len(self.sentences))
        if came != expected:
            raise ValueError(f"{expected} words and sentences expected, {came} came")
        if not np.isfinite(self.words).all():
            raise ValueError("finite values expected")
        if not np.allclose(_sums(self.words, lengths), self.sentences, atol=1e-6):
            raise ValueError("the values of words do not sum to their sentences'")


def attribute(
    subject: ModelProbe, method: Method, target: int | None = None, progress: Progress | None = None
) -> Attribution:
    """What ``method`` says about a document.

    Args:
        target: the index of the class asked about; the predicted one unless given.
        progress: told how many passes are done, of how many, where there are several.

    Raises:
        UserError: if nothing can be left out, or a text is too long for that, or
            integrated gradients are asked for where captum is missing.
        ValueError: if there is no such class.
    """
    labels = subject.checkpoint.labels
    target = subject.target if target is None else target
    if not 0 <= target < len(labels):
        raise ValueError(f"a class from 0 to {len(labels) - 1} expected, {target} came")
    words, gap = _WORDS[method](subject, target, progress)
    sentences = _sums(words, subject.numbered.sentence_lengths)
    signed = method != "attention"
    return Attribution(method, labels[target], subject.document, words, sentences, signed, gap)


Values = tuple[np.ndarray, float | None]


def _attention(subject: ModelProbe, target: int, progress: Progress | None) -> Values:
    return subject.explanation.document_weights, None


def _gradient(subject: ModelProbe, target: int, progress: Progress | None) -> Values:
    return gradient_times_input(subject, target), None


def _leave_one_word_out(subject: ModelProbe, target: int, progress: Progress | None) -> Values:
    return occlusion(subject, target, "word", progress=progress), None


def _leave_one_sentence_out(subject: ModelProbe, target: int, progress: Progress | None) -> Values:
    drops = occlusion(subject, target, "sentence", progress=progress)
    lengths = subject.numbered.sentence_lengths
    return np.repeat(drops / lengths, lengths), None


_WORDS: dict[Method, Callable[[ModelProbe, int, Progress | None], Values]] = {
    "attention": _attention,
    "gradient": _gradient,
    "integrated_gradients": integrated_gradients,
    "leave_one_word_out": _leave_one_word_out,
    "leave_one_sentence_out": _leave_one_sentence_out,
}


def gradient_times_input(
    subject: ModelProbe, target: int, hold_attention: bool = False
) -> np.ndarray:
    """(tokens,) the gradient of p(target) at each word's vector, times the vector.

    Args:
        hold_attention: treat attention as a constant (Jain and Wallace 2019, section 3.1).
    """
    return subject.gradient_times_input(target)[int(hold_attention)]


def occlusion(
    subject: ModelProbe,
    target: int,
    unit: Literal["word", "sentence"],
    fill: Fill = "delete",
    progress: Progress | None = None,
) -> np.ndarray:
    """(units,) p(whole) − p(without the unit) of class ``target``, for each unit by itself.

    Raises:
        UserError: if there is one unit, or more than ``MOST_READ`` words had to be read.
    """
    words = unit == "word"
    owner = np.arange(subject.tokens) if words else subject.explanation.sentence_of_token
    units = subject.tokens if words else subject.sentences
    if units < 2:
        raise UserError(f"The document has one {unit}: there is nothing to leave out.")
    if units * subject.tokens > MOST_READ:
        raise UserError(
            f"Leaving out one {unit} at a time is offered up to {MOST_READ / 1e6:.0f} million "
            f"words read; {units:,} {unit}s of a text of {subject.tokens:,} words take more."
        )
    chances = []
    step = max(1, _CELLS // subject.tokens)
    for start in range(0, units, step):
        kept = owner != np.arange(start, min(units, start + step))[:, None]
        chances.append(subject.probabilities(kept, fill, _later(progress, start, units)))
    return subject.explanation.probabilities[target] - np.concatenate(chances)[:, target]


def _later(progress: Progress | None, before: int, of: int) -> Progress | None:
    """``progress`` for a stretch that begins when ``before`` of all are done."""
    return progress and (lambda done, _: progress(before + done, of))


def _sums(words: np.ndarray, sentence_lengths: np.ndarray) -> np.ndarray:
    return np.add.reduceat(words, np.cumsum(sentence_lengths) - sentence_lengths)


Unit = Literal["word", "sentence"]

RankedBy = Literal["attention", "gradient", "leave_one_out", "random"]


def unit_count(subject: ModelProbe, unit: Unit) -> int:
    """How many words or sentences there are."""
    return subject.tokens if unit == "word" else subject.sentences


def spread_to_tokens(subject: ModelProbe, unit: Unit, values: np.ndarray) -> np.ndarray:
    """(…, units) → (…, tokens): every token gets its unit's value."""
    return values if unit == "word" else values[..., subject.explanation.sentence_of_token]


def attention_weights(subject: ModelProbe, unit: Unit) -> np.ndarray:
    """(units,) weights within the document: α_s · α_w of a word, α_s of a sentence."""
    explanation = subject.explanation
    return explanation.document_weights if unit == "word" else explanation.sentence_weights


def gradient_ranking(subject: ModelProbe, unit: Unit, hold_attention: bool = False) -> np.ndarray:
    """(units,) the gradient of p(predicted class) at each word's vector, times the vector.

    Summed over the embedding, with its sign (Denil et al. 2014; Ancona et al. 2018,
    "gradient * input"); a sentence has the sum of its words.

    Args:
        hold_attention: treat attention as a constant (Jain and Wallace 2019, section 3.1).
    """
    words = gradient_times_input(subject, subject.target, hold_attention)
    if unit == "word":
        return words
    return np.bincount(subject.explanation.sentence_of_token, words, subject.sentences)


def leave_one_out(
    subject: ModelProbe, unit: Unit, fill: Fill = "delete", progress: Progress | None = None
) -> np.ndarray:
    """(units,) p(x) − p(x without the unit) of the predicted class, with its sign.

    (Li et al. 2016, "erasure".) It asks as many questions as there are units: for a long
    document, minutes.

    Raises:
        UserError: as ``left_out`` does.
    """
    return occlusion(subject, subject.target, unit, fill, progress)


def descending_order(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(units,) numbers of the units, highest score first; ties stand in random order."""
    shuffled = rng.permutation(len(scores))
    return shuffled[np.argsort(-scores[shuffled], kind="stable")]


def random_orders(units: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """(draws, units) numbers of the units in random order, a row a draw."""
    return rng.permuted(np.tile(np.arange(units), (draws, 1)), axis=1)
