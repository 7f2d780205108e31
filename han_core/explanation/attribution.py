"""Answers to one question: how much does each word matter to this class?

* attention: the weight within the document (α_s · α_w). It has no sign and is the
  same for every class.
* gradient × input: the gradient of p(class) at a word's vector, times the vector
  (Denil et al. 2014; Shrikumar et al. 2017), through attention as well.
* integrated gradients (Sundararajan et al. 2017, equation 3), from the zero vector.
* leave one word out: p(whole text) − p(text without the word) (Li et al. 2016).
* leave one sentence out: the same for sentences.
* rollout, and gradient-weighted attention: what reaches the pooled vector from a word
  through the layers of a model with self-attention (``map_attribution``). Both are weights
  that sum to 1; only the second knows the class.

All but these two and attention have a sign: a positive value speaks for the class, a
negative one against it. The answers differ, and none of them is the truth about the model.
Each also ranks units (words or sentences), as the tests of faithfulness need it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from han_core.explanation.explain import threads_for
from han_core.explanation.map_attribution import gradient_weighted_weights, rollout_weights
from han_core.explanation.model_probe import Fill, ModelProbe, Progress
from han_core.models.architecture import ModelKind
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.text.document import Document

AnyModelMethod = Literal[
    "attention", "gradient", "integrated_gradients", "leave_one_word_out", "leave_one_sentence_out"
]
MapMethod = Literal["rollout", "gradient_weighted"]
Method = AnyModelMethod | MapMethod

METHODS: tuple[AnyModelMethod, ...] = get_args(AnyModelMethod)
"""Methods for every model."""

MAP_METHODS: tuple[MapMethod, ...] = get_args(MapMethod)
"""Methods for models with self-attention."""

UNSIGNED: frozenset[Method] = frozenset(("attention", *MAP_METHODS))
"""Methods whose values are weights that sum to 1."""

Unit = Literal["word", "sentence"]
RankedBy = Literal["attention", "gradient", "leave_one_out", "random"] | MapMethod

STEPS = 50
"""Points on the path of integrated gradients, at the nodes of Gauss and Legendre."""

PATH_TOKENS = 10_000
"""Tokens in one forward and backward pass along that path."""

MOST_READ = 25_000_000
"""Words read at most for one answer, over all variants; minutes for a flat model."""

_CELLS = 4_000_000  # of (variants, tokens) at once: bounds the memory it takes


@dataclass(frozen=True)
class Attribution:
    """Values that one method gives to the words and sentences of a document.

    Attributes:
        target: the class that it is about, by its label.
        words: (tokens,) weights, or changes in the probability of ``target``.
        sentences: (sentences,) the sums of their words. ``leave_one_sentence_out`` measures
            these and spreads each evenly over its words; for ``leave_one_word_out`` they are
            not what leaving out the sentence does.
        signed: whether values below 0 can occur and mean "against the class".
        gap: for integrated gradients, by how much all values together miss
            p(text) − p(zero vectors), their sum in an infinity of steps.

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
        expected, actual = (
            (int(lengths.sum()), len(lengths)),
            (len(self.words), len(self.sentences)),
        )
        if actual != expected:
            raise ValueError(f"{expected} words and sentences expected, {actual} came")
        if not np.isfinite(self.words).all():
            raise ValueError("finite values expected")
        if not np.allclose(_sentence_sums(self.words, lengths), self.sentences, atol=1e-6):
            raise ValueError("the values of words do not sum to their sentences'")

    def values(self, unit: Unit) -> np.ndarray:
        """Return (units,) the values of words, or of sentences."""
        return self.words if unit == "word" else self.sentences


def methods_of(kind: ModelKind) -> tuple[Method, ...]:
    """Return the methods that a kind of model can answer."""
    return (*METHODS, *(MAP_METHODS if kind.maps else ()))


def attribute(
    probe: ModelProbe, method: Method, target: int | None = None, progress: Progress | None = None
) -> Attribution:
    """Return what ``method`` gives to each word and sentence.

    Args:
        target: the index of a class; the predicted one by default.

    Raises:
        UserError: if nothing can be left out, the text is too long for that, captum is
            missing, or the model has no self-attention to read.
        ValueError: if there is no such class.
    """
    labels = probe.checkpoint.labels
    target = probe.target if target is None else target
    if not 0 <= target < len(labels):
        raise ValueError(f"a class from 0 to {len(labels) - 1} expected, {target} came")
    words, gap = _WORD_VALUES[method](probe, target, progress)
    sentences = _sentence_sums(words, probe.sentence_lengths)
    signed = method not in UNSIGNED
    return Attribution(method, labels[target], probe.document, words, sentences, signed, gap)


def integrated_gradients(
    probe: ModelProbe, target: int, progress: Progress | None = None
) -> tuple[np.ndarray, float]:
    """Return integrated gradients of p(target) for each word, from zero vectors.

    Returns:
        (tokens,) values, and the completeness gap: their sum less p(words) − p(zero vectors).

    Raises:
        UserError: if captum is not installed.
    """
    try:
        from captum.attr import IntegratedGradients  # takes seconds and brings matplotlib
    except ImportError as error:
        raise UserError(
            tr(
                "Integrated gradients need the library captum, which is not installed. Install "
                "it with: pip install captum==0.9.0."
            )
        ) from error
    done = 0

    def probability(vectors: Tensor) -> Tensor:
        nonlocal done
        result = probe.probability_of(vectors, target)
        done += len(vectors)
        if progress is not None:
            progress(done, STEPS + 2)  # and the path's two ends
        return result

    vectors = probe.vectors.unsqueeze(0)
    copies = min(STEPS, max(1, PATH_TOKENS // probe.tokens))
    with torch.enable_grad(), threads_for(probe.tokens):
        values, gap = IntegratedGradients(probability).attribute(
            vectors,
            torch.zeros_like(vectors),
            n_steps=STEPS,
            internal_batch_size=copies,
            return_convergence_delta=True,
        )
    words = values[0].detach().cpu().double().sum(1).numpy()
    return probe.numbered.token_sums(words), float(gap)


def leave_one_out(
    probe: ModelProbe,
    unit: Unit,
    fill: Fill = "delete",
    progress: Progress | None = None,
    target: int | None = None,
) -> np.ndarray:
    """Return (units,) p(x) − p(x without the unit) of a class (Li et al. 2016, "erasure").

    Args:
        target: the index of the class; the predicted one by default.

    Raises:
        UserError: if there is one unit, or more than ``MOST_READ`` words had to be read.
    """
    target = probe.target if target is None else target
    units = unit_count(probe, unit)
    owner = spread_to_tokens(probe, unit, np.arange(units))
    if units < 2:
        raise UserError(
            tr("The document has one {unit}: there is nothing to leave out.", unit=tr(unit))
        )
    if units * probe.tokens > MOST_READ:
        raise UserError(
            tr(
                "Leaving out one {unit} at a time is offered up to {millions:.0f} million words "
                "read; {count:,} {units} of a text of {tokens:,} words take more.",
                unit=tr(unit),
                millions=MOST_READ / 1e6,
                count=units,
                units=tr({"word": mark("words"), "sentence": mark("sentences")}[unit]),
                tokens=probe.tokens,
            )
        )
    probabilities = []
    step = max(1, _CELLS // probe.tokens)
    for start in range(0, units, step):
        kept = owner != np.arange(start, min(units, start + step))[:, None]
        probabilities.append(probe.probabilities(kept, fill, _offset(progress, start, units)))
    return probe.explanation.probabilities[target] - np.concatenate(probabilities)[:, target]


def _offset(progress: Progress | None, before: int, of: int) -> Progress | None:
    """``progress`` for a stretch that begins when ``before`` of all are done."""
    return progress and (lambda done, _: progress(before + done, of))


Values = tuple[np.ndarray, float | None]


def _attention(probe: ModelProbe, target: int, progress: Progress | None) -> Values:
    return probe.explanation.document_weights, None


def _gradient(probe: ModelProbe, target: int, progress: Progress | None) -> Values:
    return probe.gradient_times_input(target)[0], None


def _leave_one_word_out(probe: ModelProbe, target: int, progress: Progress | None) -> Values:
    return leave_one_out(probe, "word", progress=progress, target=target), None


def _leave_one_sentence_out(probe: ModelProbe, target: int, progress: Progress | None) -> Values:
    drops = leave_one_out(probe, "sentence", progress=progress, target=target)
    lengths = probe.sentence_lengths
    return np.repeat(drops / lengths, lengths), None


def _rollout(probe: ModelProbe, target: int, progress: Progress | None) -> Values:
    return rollout_weights(probe), None


def _gradient_weighted(probe: ModelProbe, target: int, progress: Progress | None) -> Values:
    return gradient_weighted_weights(probe, target), None


_WORD_VALUES: dict[Method, Callable[[ModelProbe, int, Progress | None], Values]] = {
    "attention": _attention,
    "gradient": _gradient,
    "integrated_gradients": integrated_gradients,
    "leave_one_word_out": _leave_one_word_out,
    "leave_one_sentence_out": _leave_one_sentence_out,
    "rollout": _rollout,
    "gradient_weighted": _gradient_weighted,
}


def _sentence_sums(words: np.ndarray, sentence_lengths: np.ndarray) -> np.ndarray:
    return np.add.reduceat(words, np.cumsum(sentence_lengths) - sentence_lengths)


def unit_count(probe: ModelProbe, unit: Unit) -> int:
    return probe.tokens if unit == "word" else probe.sentences


def spread_to_tokens(probe: ModelProbe, unit: Unit, values: np.ndarray) -> np.ndarray:
    """(…, units) → (…, tokens): every token gets its unit's value."""
    return values if unit == "word" else values[..., probe.explanation.sentence_of_token]


def attention_weights(probe: ModelProbe, unit: Unit) -> np.ndarray:
    """Return (units,) weights within the document: α_s · α_w of a word, α_s of a sentence."""
    explanation = probe.explanation
    return explanation.document_weights if unit == "word" else explanation.sentence_weights


def gradient_ranking(probe: ModelProbe, unit: Unit, hold_attention: bool = False) -> np.ndarray:
    """Return (units,) gradient × input of the predicted class; a sentence sums its words.

    Args:
        hold_attention: treat attention as a constant (Jain and Wallace 2019, section 3.1).
    """
    words = probe.gradient_times_input(probe.target)[int(hold_attention)]
    return words if unit == "word" else _sentence_sums(words, probe.sentence_lengths)


def descending_order(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (units,) numbers of the units, highest score first; ties in random order."""
    shuffled = rng.permutation(len(scores))
    return shuffled[np.argsort(-scores[shuffled], kind="stable")]


def random_orders(units: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return (draws, units) numbers of the units in random order, a row a draw."""
    return rng.permuted(np.tile(np.arange(units), (draws, 1)), axis=1)
