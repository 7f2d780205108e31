"""Attention pooling over segments of a flat tensor: one vector per segment, and the weights.

Rows that belong together (the tokens of a sentence, the sentences of a document) stand in one
flat tensor without padding, and ``owner`` says to which segment each row belongs. Four forms,
all with the signature ``pool(states, owner, query)``:

* additive with a context vector (Yang et al. 2016, equations 5 to 7; the tanh
  form of Bahdanau et al. 2015): score = tanh(W h + b) · u
* dot product with the final hidden state as query (Luong et al. 2015), divided
  by the root of its size (Vaswani et al. 2017): score = h · q / √d
* general: a matrix between state and final hidden state (Luong et al. 2015,
  equation 8), score = h · W q
* linear: one scorer, score = w · h + b

In training, normal noise can be added to the scores: like dropout, it keeps a model from
relying on one state.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from han_core.models.recurrent.scan import SharedStates, States, dense_states, product


def segment_sum(values: Tensor, owner: Tensor, segments: int) -> Tensor:
    """(rows, …) → (segments, …)"""
    return values.new_zeros(segments, *values.shape[1:]).index_add(0, owner, values)


def weighted_sum(states: Tensor, weights: Tensor, owner: Tensor, segments: int) -> Tensor:
    """(rows, size), (rows,) → (segments, size); rows of a segment stand together.

    Without a gradient the weighted rows are never written out, where both have one precision.
    """
    mixed = states.dtype != weights.dtype
    if torch.is_grad_enabled() or states.device.type != "cpu" or mixed:
        return segment_sum(states * weights.unsqueeze(1), owner, segments)
    rows = torch.arange(len(states))
    return embedding_bag(
        rows, states, starts_of(owner, segments), mode="sum", per_sample_weights=weights
    )


def starts_of(owner: Tensor, segments: int) -> Tensor:
    """(segments,) the first row of each."""
    return torch.searchsorted(owner, torch.arange(segments, device=owner.device))


def segment_softmax(scores: Tensor, owner: Tensor, segments: int) -> Tensor:
    """Softmax of ``scores`` (rows,) within each segment; (rows,).

    The largest score of each segment is taken off first, so that no segment can
    underflow because of another, and scores of any size are safe.
    """
    largest = scores.new_full((segments,), -torch.inf)
    largest = largest.scatter_reduce(0, owner, scores.detach(), "amax")
    exponentials = (scores - largest[owner]).exp()
    return exponentials / segment_sum(exponentials, owner, segments)[owner]


@dataclass(frozen=True)
class ScoreParts:
    """What a layer multiplies to a score: features · query / divisor + bias.

    Attributes:
        form: of the attention.
        features: (rows, units) tanh(W h + b) of additive attention, the states of other forms;
            no units where scores are constants.
        query: (segments, units) u, the final state q, W q, or w: each row meets its segment's.
        divisor: √d of dot products, else 1.
        bias: (rows,) what is added.

    Raises:
        ValueError: if features and query differ in their units.
    """

    form: str
    features: Tensor
    query: Tensor
    divisor: float
    bias: Tensor

    def __post_init__(self) -> None:
        if self.features.shape[1] != self.query.shape[1]:
            raise ValueError(f"{self.features.shape[1]} units expected, {self.query.shape[1]} came")


class AttentionPooling(nn.Module):
    """Weight states by the softmax of their scores and sum them; subclasses score.

    ``noise`` is the standard deviation of what is added to each score in training.
    """

    noise = 0.0

    def plain_scores(self, states: States, owner: Tensor, query: Tensor) -> Tensor:
        """(rows, size), (rows,), (segments, size) → (rows,)"""
        raise NotImplementedError

    def score_parts(self, states: Tensor, owner: Tensor, query: Tensor) -> ScoreParts:
        """Return the factors of each score; arguments as ``plain_scores``.

        Unless a form says more, its scores are constants that no state enters.
        """
        constants = self.plain_scores(states, owner, query)
        empty = states.new_empty
        return ScoreParts("fixed", empty(len(states), 0), empty(len(query), 0), 1.0, constants)

    def scores(self, states: States, owner: Tensor, query: Tensor) -> Tensor:
        """The form's scores (rows,), in training with noise."""
        scores = self.plain_scores(states, owner, query)
        if self.training and self.noise:
            scores = scores + self.noise * torch.randn_like(scores)
        return scores

    def weights(
        self, states: States, owner: Tensor, query: Tensor, hold: Tensor | None = None
    ) -> Tensor:
        """The layer's own (rows,); arguments as ``forward``."""
        weights = segment_softmax(self.scores(states, owner, query), owner, len(query))
        return weights if hold is None else torch.where(hold[owner], weights.detach(), weights)

    def forward(
        self,
        states: States,
        owner: Tensor,
        query: Tensor,
        weights: Tensor | None = None,
        hold: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Pool the states of each segment.

        Args:
            states: (rows, size) what is attended to.
            owner: (rows,) the segment of each row; every segment has a row.
            query: (segments, size) the final state of each segment.
            weights: (rows,) to use instead of the layer's own.
            hold: (segments,) bool, where the layer's own weights are constants to a gradient.

        Returns:
            pooled (segments, size) and weights (rows,), which are positive and
            sum to 1 within each segment.
        """
        if weights is None:
            weights = self.weights(states, owner, query, hold)
        if isinstance(states, SharedStates):
            return states.pooled(weights, starts_of(owner, len(query))), weights
        return weighted_sum(states, weights, owner, len(query)), weights


class AdditiveAttention(AttentionPooling):
    def __init__(self, size: int, attention_size: int):
        super().__init__()
        self.project = nn.Linear(size, attention_size)
        self.context = nn.Parameter(torch.empty(attention_size).uniform_(-0.1, 0.1))

    def plain_scores(self, states: States, owner: Tensor, query: Tensor) -> Tensor:
        # tanh(x) = 2 σ(2x) − 1, and σ takes a tenth of the time on a CPU.
        projected = _through(self.project, states)
        if torch.is_grad_enabled():
            squashed = (2 * projected).sigmoid()
        else:  # a large tensor takes longer to get than to fill
            squashed = projected.mul_(2).sigmoid_()
        return squashed @ (2 * self.context) - self.context.sum()

    def score_parts(self, states: Tensor, owner: Tensor, query: Tensor) -> ScoreParts:
        features = self.project(states).tanh()
        context = self.context.expand(len(query), -1)
        return ScoreParts("additive", features, context, 1.0, features.new_zeros(len(features)))


class DotAttention(AttentionPooling):
    def plain_scores(self, states: States, owner: Tensor, query: Tensor) -> Tensor:
        states = dense_states(states)
        return (states * query[owner]).sum(1) / states.shape[1] ** 0.5

    def score_parts(self, states: Tensor, owner: Tensor, query: Tensor) -> ScoreParts:
        divisor = states.shape[1] ** 0.5
        return ScoreParts("dot", states, query, divisor, states.new_zeros(len(states)))


class GeneralAttention(AttentionPooling):
    def __init__(self, size: int):
        super().__init__()
        self.bilinear = nn.Linear(size, size, bias=False)

    def plain_scores(self, states: States, owner: Tensor, query: Tensor) -> Tensor:
        return (dense_states(states) * self.bilinear(query)[owner]).sum(1)

    def score_parts(self, states: Tensor, owner: Tensor, query: Tensor) -> ScoreParts:
        zeros = states.new_zeros(len(states))
        return ScoreParts("general", states, self.bilinear(query), 1.0, zeros)


class LinearAttention(AttentionPooling):
    def __init__(self, size: int):
        super().__init__()
        self.scorer = nn.Linear(size, 1)

    def plain_scores(self, states: States, owner: Tensor, query: Tensor) -> Tensor:
        return _through(self.scorer, states).squeeze(1)

    def score_parts(self, states: Tensor, owner: Tensor, query: Tensor) -> ScoreParts:
        weights = self.scorer.weight.expand(len(query), -1)
        return ScoreParts("linear", states, weights, 1.0, self.scorer.bias.expand(len(states)))


def _through(layer: nn.Linear, states: States) -> Tensor:
    if isinstance(states, SharedStates):
        return states.through(layer)
    return product(states, layer.weight, layer.bias)


def attention_pooling(
    form: str, size: int, attention_size: int, noise: float = 0.0
) -> AttentionPooling:
    """Return the layer called ``form``, an ``AttentionForm``, for states of ``size``."""
    forms = {
        "additive": lambda: AdditiveAttention(size, attention_size),
        "linear": lambda: LinearAttention(size),
        "dot": DotAttention,
        "general": lambda: GeneralAttention(size),
    }
    layer = forms[form]()
    layer.noise = noise
    return layer
