"""Attention changed by hand while the words stay: how far does the answer move?

The experiment of Jain and Wallace (2019, section 4.2), for one sentence, the whole
document, or a layer of self-attention. An answer that hardly moves does not hang on these
weights; one that moves says nothing about whether the words themselves matter. Where the
pooling changes, the words' states stay; a HAN's sentence encoder reads the new sentence
vectors, and its sentence weights stay unless they are changed too. Where a layer changes,
all layers above it and the pooling read the new states.
"""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from han_core.explanation.attention_permutation import (
    is_hierarchical,
    permuted_attention,
    uniform_attention,
)
from han_core.explanation.counterfactual import probability_change
from han_core.explanation.explanation import Explanation
from han_core.explanation.layer_replacement import change_layer, shuffle_layer
from han_core.explanation.model_probe import ModelProbe
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr

InterventionKind = Literal["flatten", "shuffle", "sharpen"]

COLDEST, HOTTEST = 0.05, 20.0


NOTHING: dict[InterventionKind, str] = {
    "flatten": mark("there is nothing to flatten."),
    "shuffle": mark("there is nothing to shuffle."),
    "sharpen": mark("there is nothing to sharpen."),
}


@dataclass(frozen=True)
class Intervention:
    """A change of attention.

    Attributes:
        kind: flatten: even weights. shuffle: the same weights in random order. sharpen:
            weights to the power of 1 / temperature, made to sum to 1 again.
        sentence: the number of the sentence, from 0, whose words' weights change, while
            its own weight stays; None for the whole document: in a HAN the words' weights
            within every sentence and the sentences' weights, in a flat model the one
            distribution over all words.
        temperature: for sharpen; below 1 sharper, above 1 flatter.
        seed: for shuffle, where every order has the same chance.
        layer: of self-attention, from 0, where each row of each head changes; None for the
            weights that pool.

    Raises:
        UserError: if there is no such kind, a number is out of its range, or there are both
            a sentence and a layer.
    """

    kind: InterventionKind
    sentence: int | None = None
    temperature: float = 1.0
    seed: int = 0
    layer: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(InterventionKind):
            raise UserError(
                tr("flatten, shuffle or sharpen is expected; {kind!r} came.", kind=self.kind)
            )
        if not COLDEST <= self.temperature <= HOTTEST:
            raise UserError(
                tr(
                    "A temperature is between {coldest} and {hottest:g}; {temperature:g} came.",
                    coldest=COLDEST,
                    hottest=HOTTEST,
                    temperature=self.temperature,
                )
            )
        if self.seed < 0:
            raise UserError(tr("A seed is 0 or larger; {seed} came.", seed=self.seed))
        if self.layer is not None and self.sentence is not None:
            raise UserError(tr("Self-attention changes in a whole layer; a sentence came as well."))


@dataclass(frozen=True)
class InterventionResult:
    """A document before and under changed attention."""

    intervention: Intervention
    before: Explanation
    explanation: Explanation

    @property
    def total_variation(self) -> float:
        """Total variation distance of the class probabilities, 0 to 1."""
        return float(total_variation(self.before.probabilities, self.explanation.probabilities))

    @property
    def largest_change(self) -> float:
        """Of one class's probability, without its sign."""
        return float(abs(self.explanation.probabilities - self.before.probabilities).max())


@dataclass(frozen=True)
class ShuffleEffect:
    """How far random orders of attention move the prediction.

    Attributes:
        draws: random orders tried.
        median: of the total variation distances, 0 to 1.
        largest: of the same; more draws may find a larger one.
        flips: the share of the draws under which another class is predicted.
        layer: of self-attention, from 0; None for the weights that pool.
    """

    draws: int
    median: float
    largest: float
    flips: float
    layer: int | None = None


def intervened_weights(
    probe: ModelProbe, intervention: Intervention
) -> tuple[np.ndarray, np.ndarray]:
    """Return the changed attention: words (tokens,) and sentences (sentences,).

    In one sentence of a flat model the word weights are shares of what the sentence holds
    of the one distribution over all words, so that its total stays.

    Raises:
        UserError: if there is no such sentence, or one word holds all the weight.
    """
    _check_choice(probe, intervention)
    words, sentences = probe.explanation.word_weights, probe.explanation.sentence_weights
    if intervention.sentence is None:
        return _change_document(probe, intervention)
    lengths = probe.sentence_lengths
    end = int(lengths[: intervention.sentence + 1].sum())
    span = slice(end - int(lengths[intervention.sentence]), end)
    changed = words.copy()
    changed[span] = _change_sentence(words[span], intervention)
    return changed, sentences.copy()


def intervene(probe: ModelProbe, intervention: Intervention) -> InterventionResult:
    """Return the document under changed attention, and what the model then answers.

    Raises:
        UserError: as ``intervened_weights``; for a layer as ``change_layer``.
    """
    if intervention.layer is not None:
        return InterventionResult(
            intervention, probe.explanation, _change_layer(probe, intervention)
        )
    words, sentences = intervened_weights(probe, intervention)
    (probabilities,) = probe.with_attention(words[None], sentences[None])
    before = probe.explanation
    after = replace(
        before, probabilities=probabilities, word_weights=words, sentence_weights=sentences
    )
    return InterventionResult(intervention, before, after)


def measure_shuffling(
    probe: ModelProbe, draws: int = 100, seed: int = 0, layer: int | None = None
) -> ShuffleEffect:
    """Return the median and the largest movement under random orders of attention.

    Args:
        layer: of self-attention, from 0, of which a draw takes a whole pass; None for the
            weights that pool.

    Raises:
        UserError: for a document of one word; for a layer as ``shuffle_layer``.
        ValueError: if ``draws`` is below 1.
    """
    if draws < 1:
        raise ValueError(f"at least one draw is expected, {draws} came")
    _check_choice(probe, Intervention("shuffle"))
    rng = np.random.default_rng(seed)
    if layer is None:
        answers = probe.with_attention(*permuted_attention(probe, draws, rng))
    else:
        answers = shuffle_layer(probe, layer, draws, rng)
    distances = total_variation(answers, probe.explanation.probabilities)
    return ShuffleEffect(
        draws=draws,
        median=float(np.median(distances)),
        largest=float(distances.max()),
        flips=float((answers.argmax(1) != probe.target).mean()),
        layer=layer,
    )


def intervention_sentence(result: InterventionResult) -> str:
    """ "With attention flattened in sentence 2 the probability of positive went from …" """
    kind, number = result.intervention.kind, result.intervention.sentence
    layer = result.intervention.layer
    change = {
        "flatten": tr("flattened"),
        "shuffle": tr("shuffled"),
        "sharpen": tr(
            "at temperature {temperature:g}", temperature=result.intervention.temperature
        ),
    }[kind]
    outcome = probability_change(result.before, result.explanation)
    if layer is not None:
        return tr(
            "With self-attention {change} in layer {layer} {outcome}",
            change=change, layer=layer + 1, outcome=outcome,
        )  # fmt: skip
    if number is None:
        return tr("With attention {change} everywhere {outcome}", change=change, outcome=outcome)
    return tr(
        "With attention {change} in sentence {sentence} {outcome}",
        change=change, sentence=number + 1, outcome=outcome,
    )  # fmt: skip


def total_variation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ½ Σ |a − b| over the last axis (Jain and Wallace 2019, section 3)."""
    return abs(a - b).sum(-1) / 2


def _check_choice(probe: ModelProbe, intervention: Intervention) -> None:
    """Refuse what no change of attention could show."""
    number, nothing = intervention.sentence, tr(NOTHING[intervention.kind])
    if probe.tokens == 1:
        raise UserError(
            tr("This document has one word, which holds all attention: {nothing}", nothing=nothing)
        )
    if number is None:
        return
    if not 0 <= number < probe.sentences:
        raise UserError(
            tr(
                "A sentence from 1 to {sentences} is expected; {sentence} came.",
                sentences=probe.sentences,
                sentence=number + 1,
            )
        )
    if probe.sentence_lengths[number] == 1:
        raise UserError(
            tr(
                "Sentence {sentence} has one word, which holds all of its attention: {nothing}",
                sentence=number + 1,
                nothing=nothing,
            )
        )


def _change_layer(probe: ModelProbe, intervention: Intervention) -> Explanation:
    _check_choice(probe, intervention)
    rng = np.random.default_rng(intervention.seed)
    layer = int(intervention.layer or 0)
    return change_layer(probe, layer, intervention.kind, intervention.temperature, rng)


def _change_sentence(weights: np.ndarray, intervention: Intervention) -> np.ndarray:
    if intervention.kind == "flatten":
        return np.full(len(weights), 1 / len(weights))
    if intervention.kind == "shuffle":
        return np.random.default_rng(intervention.seed).permutation(weights)
    return _tempered(weights, np.array([len(weights)]), intervention.temperature)[0]


def _change_document(
    probe: ModelProbe, intervention: Intervention
) -> tuple[np.ndarray, np.ndarray]:
    if intervention.kind == "flatten":
        return uniform_attention(probe)
    if intervention.kind == "shuffle":
        rng = np.random.default_rng(intervention.seed)
        words, sentences = permuted_attention(probe, 1, rng)
        return words[0], sentences[0]
    own, lengths = probe.explanation, probe.sentence_lengths
    words, sums = _tempered(own.word_weights, lengths, intervention.temperature)
    totals = own.sentence_weights ** (1 / intervention.temperature)
    # In a flat model (α_s · α_w) ** (1 / T) is made to sum to 1 over all words at once.
    totals = totals if is_hierarchical(probe) else totals * sums
    return words, totals / totals.sum()


def _tempered(
    weights: np.ndarray, lengths: np.ndarray, temperature: float
) -> tuple[np.ndarray, np.ndarray]:
    """weights ** (1 / T) made to sum to 1 in each stretch, and what they summed to before.

    The largest of n weights is at least 1 / n, and no text is so long that its twentieth
    power (``COLDEST``) would be 0.
    """
    powers = weights ** (1 / temperature)
    sums = np.add.reduceat(powers, lengths.cumsum() - lengths)
    return powers / sums.repeat(lengths), sums
