"""What a network on time series attends to, and how far its prediction depends on it.

Attention gives a weight to each step. Evidence by deletion: the steps with the highest weights are
replaced by a straight line between the steps that stay (a mean would be a step of its own), beside
the same pattern of steps moved to other places, round the end. Moving keeps what scattered random
steps would lose: long stretches are harder to replace than single steps. Gradient × input is the
other ranking (Shrikumar et al. 2016); it alone has values for each channel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from han_core.data.series import SeriesSet
from han_core.models.series import (
    SeriesAnswers,
    SeriesConfig,
    SeriesNetwork,
    answer_series,
    check_channels,
    collate_series,
)
from han_core.models.system_folder import SystemCheckpoint
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

Fill = Literal["line", "mean"]
Verdict = Literal["matters", "like random", "no effect", "too short"]
SHARE = 0.1  # of the steps that are taken out
MOVES = 100  # places to which the pattern is moved, at most
FEW = 10  # other places that are compared with, if there are so many
LEAST_MOVES = 5  # in a shorter series chance and attention are the same steps
VISIBLE = 0.02  # of probability, or of a training deviation
RARE = 0.05  # share of the places that may do as much


@dataclass(frozen=True)
class SeriesExplanation:
    """The prediction for one series, and the weight of each step.

    Attributes:
        label: the predicted class; empty of a regression.
        probabilities: (classes,)
        number: in the target's unit; None of a classification.
        attention: (steps,) with sum 1.

    Raises:
        ValueError: if the weights do not sum to 1.
    """

    id: str
    labels: tuple[str, ...]
    probabilities: np.ndarray
    number: float | None
    attention: np.ndarray

    def __post_init__(self) -> None:
        if self.attention.ndim != 1 or abs(self.attention.sum() - 1) > 1e-4:
            raise ValueError("Attention weights of one series, with sum 1, expected.")

    @property
    def label(self) -> str:
        return self.labels[int(self.probabilities.argmax())] if self.labels else ""

    def to_json(self) -> dict:
        """As the command ``explain`` prints it: a node [start, end) for each step."""
        steps = [
            {"start": step, "end": step + 1, "weight": float(weight)}
            for step, weight in enumerate(self.attention)
        ]
        pairs = zip(self.labels, map(float, self.probabilities), strict=True)
        predicted = (
            {"label": self.label, "probabilities": dict(pairs)}
            if self.labels
            else {"value": self.number}
        )
        return {"id": self.id, **predicted, "steps": steps}


def explain_series(checkpoint: SystemCheckpoint, data: SeriesSet) -> list[SeriesExplanation]:
    """Explain each series.

    Raises:
        UserError: if the channels are others in number than the model's.
    """
    answers = answer_series(checkpoint, data.values)
    ids = data.ids or tuple(str(number) for number in range(1, len(data) + 1))
    return [_explanation(checkpoint, answers, row, id) for row, id in enumerate(ids)]


def _explanation(
    checkpoint: SystemCheckpoint, answers: SeriesAnswers, row: int, id: str
) -> SeriesExplanation:
    number = float(answers.numbers[row]) if len(answers.numbers) else None
    labels = checkpoint.config.labels
    return SeriesExplanation(id, labels, answers.probabilities[row], number, answers.attention[row])


def wiped(series: np.ndarray, steps: np.ndarray, fill: Fill = "line") -> np.ndarray:
    """Return a series (steps, channels) without what stood at ``steps``.

    Args:
        steps: (steps,) bool.
        fill: a straight line between the steps that stay (at the ends the nearest of them), or
            their mean.

    Raises:
        UserError: if nothing would stay.
    """
    kept = np.flatnonzero(~steps)
    if not len(kept):
        raise UserError(tr("The whole series is wiped; at least one step has to stay."))
    changed, gaps = series.copy(), np.flatnonzero(steps)
    if fill == "mean":
        changed[gaps] = series[kept].mean(0)
        return changed
    for channel in range(series.shape[1]):
        changed[gaps, channel] = np.interp(gaps, kept, series[kept, channel])
    return changed


def change_of(
    checkpoint: SystemCheckpoint, series: np.ndarray, variants: Sequence[np.ndarray]
) -> np.ndarray:
    """Return how far each variant's prediction is from the series' (variants,).

    Of a classification the fall of the predicted class's probability; of a regression the distance
    in standard deviations of the training targets.
    """
    answers = answer_series(checkpoint, [series, *variants])
    if len(answers.numbers):
        assert isinstance(checkpoint.model, SeriesNetwork)
        deviation = float(checkpoint.model.target_scale)
        return np.abs(answers.numbers[1:] - answers.numbers[0]) / deviation
    chosen = int(answers.probabilities[0].argmax())
    return answers.probabilities[0, chosen] - answers.probabilities[1:, chosen]


def gradient_times_input(checkpoint: SystemCheckpoint, series: np.ndarray) -> np.ndarray:
    """Return gradient × (input − training mean) of the predicted class's score (steps, channels).

    Of a regression the gradient is that of the number. The mean of the training data counts as the
    absence of a value; where each series is scaled by itself, its own mean does.
    """
    model, config = checkpoint.model, checkpoint.config
    assert isinstance(model, SeriesNetwork)
    assert isinstance(config, SeriesConfig)
    check_channels(series, config)
    batch = collate_series([series]).to(checkpoint.device)
    values = batch.values.requires_grad_(True)
    with torch.enable_grad():
        scores = model(batch).scores[0]
        (gradient,) = torch.autograd.grad(scores.max(), values)
    channels = values.shape[1]
    mean = values.detach().mean(0) if config.scale_each else model.feature_mean[:channels]
    return ((values.detach() - mean) * gradient).cpu().double().numpy()


def deletion_verdict(change: float, others: np.ndarray) -> Verdict:
    """Return what may be said of a change without the top items, beside changes without others."""
    if len(others) < LEAST_MOVES:
        return "too short"
    if max(change, float(others.max())) < VISIBLE:
        return "no effect"
    as_much = float((others >= change).mean())
    return "matters" if change >= VISIBLE and as_much <= RARE else "like random"


@dataclass(frozen=True)
class DeletionEvidence:
    """What becomes of a prediction without the steps that a ranking puts first.

    Attributes:
        count: steps that were replaced.
        attention, gradient: change without the top steps of each ranking.
        random: (places,) change without the pattern of attention's steps at other places.
        steps: (steps,) bool, attention's top steps.
    """

    count: int
    attention: float
    gradient: float
    random: np.ndarray
    steps: np.ndarray

    @property
    def verdict(self) -> Verdict:
        """What may be said of this series."""
        return deletion_verdict(self.attention, self.random)

    def to_json(self) -> dict:
        return {
            "steps": self.count,
            "attention": self.attention,
            "gradient": self.gradient,
            "random": float(self.random.mean()) if len(self.random) else None,
            "verdict": self.verdict,
        }


def deletion_evidence(
    checkpoint: SystemCheckpoint, series: np.ndarray, attention: np.ndarray, share: float = SHARE
) -> DeletionEvidence:
    """Take out the ``share`` of steps with most attention, and compare.

    Args:
        attention: (steps,) weights of this series.
    """
    count = max(1, min(round(share * len(series)), len(series) - 1))
    top = _top(attention, count)
    strength = np.abs(gradient_times_input(checkpoint, series)).sum(1)
    if len(series) == 1:
        return DeletionEvidence(0, 0.0, 0.0, np.empty(0), np.zeros(1, bool))
    patterns = [top, _top(strength, count), *_elsewhere(top)]
    changes = change_of(checkpoint, series, [wiped(series, steps) for steps in patterns])
    return DeletionEvidence(count, float(changes[0]), float(changes[1]), changes[2:], top)


def _top(weights: np.ndarray, count: int) -> np.ndarray:
    """(steps,) bool: the ``count`` highest weights, the earlier of equals."""
    top = np.zeros(len(weights), bool)
    top[np.argsort(-weights, kind="stable")[:count]] = True
    return top


def _elsewhere(top: np.ndarray) -> list[np.ndarray]:
    """The pattern of steps at other places: those that share no step with it.

    Where that leaves fewer than ``FEW``, those that share the fewest.
    """
    moves = np.linspace(1, len(top) - 1, min(len(top) - 1, MOVES)).round().astype(int)
    moved = [np.roll(top, move) for move in np.unique(moves)]
    shared = np.array([int((one & top).sum()) for one in moved])
    count = max(int((shared == 0).sum()), FEW)
    return [moved[at] for at in np.argsort(shared, kind="stable")[:count]]
