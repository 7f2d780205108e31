"""Other attention over the same states: does the prediction hang on these weights?

Uniform and permuted attention ask whether attention matters at all (Jain and Wallace 2019,
section 4.2.1). The flip test asks how much of it has to go: weights of the layer closest to
the output are zeroed in some order, the rest renormalised, until another class wins (Serrano
and Smith 2019, section 4). Words and their states stay as they are, so nothing here says
what the words themselves do. The untrained twin of a model shows what attention looks like
before anything was learnt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

import numpy as np
import torch

from han_core.explanation.attribution import (
    Attribution,
    MapMethod,
    Unit,
    attention_weights,
    descending_order,
    random_orders,
    spread_to_tokens,
)
from han_core.explanation.explanation import Explanation
from han_core.explanation.model_probe import ModelProbe
from han_core.models.checkpoint import Checkpoint
from han_core.models.registry import build_model

PERMUTATIONS = 100
"""Shuffles of the attention whose median is reported."""

_CELLS = 2_000_000  # of (orders, entries, classes) at once: bounds the memory it takes


@dataclass(frozen=True)
class Flip:
    """How much attention has to go before the decision changes.

    A share is the number of entries zeroed over ``entries``. None is "never": the decision
    stood with one entry left. That is a censored value, not 100%.

    Attributes:
        unit: whose attention was zeroed, in the layer closest to the output.
        entries: how many weights that layer has, at least two.
        attention: highest weight first.
        gradient: highest gradient of p(predicted class) at the weight first.
        random: the median of ``draws`` random orders; None where half of them or more never
            flip.
        methods: highest value of a method first, for each that reads self-attention.

    Raises:
        ValueError: for fewer than two entries, or a share outside 0 to 1.
    """

    unit: Unit
    entries: int
    attention: float | None
    gradient: float | None
    random: float | None
    draws: int
    methods: Mapping[MapMethod, float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.entries < 2:
            raise ValueError("zeroing attention needs at least two entries")
        for share in (self.attention, self.gradient, self.random, *self.methods.values()):
            if share is not None and not 0 < share < 1:
                raise ValueError(f"a share between 0 and 1 expected, {share} came")

    @property
    def never(self) -> bool:
        """Whether one of the three orders never flips it: then they cannot be compared."""
        return None in (self.attention, self.gradient, self.random)


def flip_test(
    probe: ModelProbe,
    draws: int,
    rng: np.random.Generator,
    methods: Mapping[MapMethod, Attribution] | None = None,
) -> Flip | None:
    """Return the flip test on the layer closest to the output; None for a single weight.

    Args:
        methods: answers whose orders are tried as well.
    """
    unit: Unit = "sentence" if is_hierarchical(probe) else "word"
    weights = attention_weights(probe, unit)
    if len(weights) < 2:
        return None
    votes = probe.entry_log_probabilities()
    gradient = weight_gradient(votes, probe.explanation.probabilities, probe.target)
    random = random_orders(len(weights), draws, rng)
    scores = [weights, gradient, *(found.values(unit) for found in (methods or {}).values())]
    rankings = np.vstack((random, *(descending_order(one, rng) for one in scores)))
    shares = flip_shares(rankings, weights, votes, probe.target)
    middle, (by_attention, by_gradient, *others) = _median(shares[:draws]), shares[draws:]
    by_method = dict(zip(methods or {}, others, strict=True))
    return Flip(unit, len(weights), by_attention, by_gradient, middle, draws, by_method)


def weight_gradient(votes: np.ndarray, probabilities: np.ndarray, target: int) -> np.ndarray:
    """Return (entries,) the gradient of p(``target``) at the weights, but for a constant.

    The derivative of softmax(weights @ votes); weights that sum to 1 leave a constant free,
    which changes no order.
    """
    return probabilities[target] * (votes[:, target] - votes @ probabilities)


def flip_shares(
    rankings: np.ndarray, weights: np.ndarray, votes: np.ndarray, target: int
) -> list[float | None]:
    """Return the share of ``weights`` to zero, in each ranking's order, until ``target`` loses.

    Args:
        rankings: (orders, entries) numbers of the entries, those to go first first.
        weights: (entries,) attention; renormalising what is left changes no winner.
        votes: (entries, classes) log probabilities of each entry alone.

    Returns:
        None for each order by which the decision stands with one entry left.
    """
    step = max(1, _CELLS // votes.size)
    parts = (rankings[at : at + step] for at in range(0, len(rankings), step))
    zeroed = np.concatenate([_zeroed(part, weights[:, None] * votes, target) for part in parts])
    return [int(number) / len(weights) if number else None for number in zeroed]


def _zeroed(rankings: np.ndarray, weighted: np.ndarray, target: int) -> np.ndarray:
    """(orders,) entries to zero until the decision flips, 0 for never."""
    left = weighted[rankings[:, ::-1]].cumsum(1)[:, ::-1]  # (orders, entries, classes)
    flipped = (left.max(2) > left[..., target])[:, 1:]
    return np.where(flipped.any(1), flipped.argmax(1) + 1, 0)


def _median(shares: list[float | None]) -> float | None:
    """The median where None is larger than all: a censored value has a rank but no size."""
    middle = float(np.median([np.inf if share is None else share for share in shares]))
    return middle if np.isfinite(middle) else None


def is_hierarchical(probe: ModelProbe) -> bool:
    """Return whether attention over sentences stands closest to the output."""
    return probe.checkpoint.kind.hierarchical


def split_levels(probe: ModelProbe, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights of a flat model (copies, tokens) as words within sentences and sentences."""
    lengths = probe.sentence_lengths
    sentences = np.add.reduceat(weights, lengths.cumsum() - lengths, axis=1)
    whole = spread_to_tokens(probe, "sentence", sentences)
    return np.divide(weights, whole, out=np.zeros_like(weights), where=whole > 0), sentences


_ONE_AT_A_TIME = Lock()  # torch has one random state for all threads of a process


def untrained_twin(checkpoint: Checkpoint, seed: int = 0) -> Checkpoint:
    """Return the checkpoint's model before training, with all else the same.

    All weights are drawn anew, as training draws them for this seed, word vectors included:
    a model that began with ready-made vectors had those already. The global random state
    is left as it was.
    """
    with _ONE_AT_A_TIME, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # the CPU's alone: models are built there
        model = build_model(checkpoint.config.architecture)
    model = model.to(checkpoint.device).eval()
    name = f"untrained twin of {checkpoint.name}"
    return replace(checkpoint, name=name, model=model, metrics={})


def uniform_attention(probe: ModelProbe) -> tuple[np.ndarray, np.ndarray]:
    """Return even attention as the model would have it: (tokens,) and (sentences,).

    A HAN shares out evenly twice, among sentences and within each. A flat model does so
    once, among all words, so that a sentence's weight is its share of the words.
    """
    lengths = probe.sentence_lengths
    even = np.full(len(lengths), 1 / len(lengths))
    sentences = even if is_hierarchical(probe) else lengths / lengths.sum()
    return np.repeat(1 / lengths, lengths), sentences


def with_uniform_attention(probe: ModelProbe) -> Explanation:
    """Return the explanation under even attention: its weights, and the answer then."""
    words, sentences = uniform_attention(probe)
    (probabilities,) = probe.with_attention(words[None], sentences[None])
    return replace(
        probe.explanation,
        probabilities=probabilities,
        word_weights=words,
        sentence_weights=sentences,
    )


def permuted_attention(
    probe: ModelProbe, copies: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the model's own weights in random order: (copies, tokens), (copies, sentences).

    A HAN's word weights stay within their sentence, and its sentences change places; a flat
    model's weights go anywhere in the document.
    """
    explanation = probe.explanation

    def shuffled(weights: np.ndarray) -> np.ndarray:
        return rng.permuted(np.tile(weights, (copies, 1)), axis=1)

    if not is_hierarchical(probe):
        return split_levels(probe, shuffled(explanation.document_weights))
    # Sorting random numbers that grow from sentence to sentence never leaves a sentence.
    keys = rng.random((copies, probe.tokens)) + explanation.sentence_of_token
    return explanation.word_weights[keys.argsort(1)], shuffled(explanation.sentence_weights)


@dataclass(frozen=True)
class AttentionReplacement:
    """One prediction under other attention.

    Attributes:
        target: the class that the model's own attention predicts.
        probability: of that class, with the model's own attention.
        uniform: (classes,) probabilities under uniform attention (a HAN: both levels).
        permuted: (permutations,) the probability of ``target`` under shuffled attention.
        flip: None where the layer closest to the output has a single weight.

    Raises:
        ValueError: if there is no permutation or no such class.
    """

    target: int
    probability: float
    uniform: np.ndarray
    permuted: np.ndarray
    flip: Flip | None

    def __post_init__(self) -> None:
        if not len(self.permuted) or not 0 <= self.target < len(self.uniform):
            raise ValueError("a known class and at least one permutation are expected")

    @property
    def uniform_probability(self) -> float:
        """The probability of ``target`` under uniform attention."""
        return float(self.uniform[self.target])

    @property
    def uniform_flips(self) -> bool:
        """Whether uniform attention decides for another class."""
        return int(self.uniform.argmax()) != self.target

    @property
    def permutation_shift(self) -> float:
        """The median change of the prediction under permuted attention, without its sign."""
        return float(np.median(abs(self.permuted - self.probability)))


def replace_attention(
    probe: ModelProbe,
    seed: int = 0,
    draws: int = 20,
    permutations: int = PERMUTATIONS,
    methods: Mapping[MapMethod, Attribution] | None = None,
) -> AttentionReplacement:
    """Return uniform and shuffled attention, and the flip test with ``draws`` random orders.

    Args:
        methods: answers whose orders the flip test tries as well.

    Raises:
        ValueError: for a document of one word: attention has no choice there.
    """
    if probe.tokens < 2:
        raise ValueError("other attention needs at least two words")
    rng = np.random.default_rng(seed)
    even, shuffled = uniform_attention(probe), permuted_attention(probe, permutations, rng)
    levels = (np.vstack(level) for level in zip(even, shuffled, strict=True))
    answers = probe.with_attention(*levels)
    return AttentionReplacement(
        target=probe.target,
        probability=probe.explanation.probability,
        uniform=answers[0],
        permuted=answers[1:, probe.target],
        flip=flip_test(probe, draws, rng, methods),
    )
