"""A recurrent network with additive attention over the steps of a time series.

A BiLSTM or BiGRU reads the scaled channels, additive attention (Bahdanau et al. 2015; the context
vector of Yang et al. 2016, equations 5 to 7) weights its states, and a linear layer decides: a
class, or a number. Series stand one after another in a flat tensor without padding, so a series
gets the same numbers alone and in any company.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from han_core.data.labels import check_names
from han_core.data.series import MOST_CHANNELS
from han_core.models.attention import AdditiveAttention, segment_sum
from han_core.models.predict import check_finite
from han_core.models.recurrent.encoder import BidirectionalGRU, BidirectionalLSTM
from han_core.models.system_folder import System, SystemCheckpoint, SystemConfig
from han_core.runtime.errors import UserError, counted
from han_core.runtime.messages import mark, tr

Task = Literal["classification", "regression"]
BATCH_STEPS = 20_000  # of a batch that is predicted
FLAT = 1e-6  # of a channel's size: a smaller spread counts as none


class SeriesConfig(SystemConfig):
    """Sizes of the network, and the channels that it reads.

    Attributes:
        channels: their names, in order.
        task: whether it names one of ``labels``, or a number.
        cell: LSTM or GRU.
        hidden: units of one direction.
        attention_size: units of the additive attention.
        dropout: in training, on the scaled channels and the pooled state.
        scale_each: whether each series' channels get mean 0 and deviation 1 by themselves.
        slope: whether the difference to the step before joins each channel.
    """

    system: Literal["series"] = "series"
    channels: tuple[str, ...] = Field(min_length=1, max_length=MOST_CHANNELS)
    task: Task = "classification"
    cell: Literal["lstm", "gru"] = "lstm"
    hidden: int = Field(default=64, ge=1, le=1_024)
    attention_size: int = Field(default=64, ge=1, le=1_024)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    scale_each: bool = False
    slope: bool = False

    @model_validator(mode="after")
    def _labels_fit_the_task(self) -> "SeriesConfig":
        if self.task == "classification":
            check_names(self.labels)
        if (len(self.labels) >= 2) != (self.task == "classification"):
            raise ValueError("classification names two classes or more, and regression none")
        return self

    @property
    def features(self) -> int:
        """Numbers of a step that the network reads."""
        return len(self.channels) * (1 + self.slope)


@dataclass(frozen=True)
class SeriesBatch:
    """Series one after another.

    Attributes:
        values: (steps, channels)
        lengths: (series,) steps in each, at least 1.
        targets: (series,) classes or numbers; None where nobody knows them.

    Raises:
        ValueError: if the shapes disagree.
    """

    values: Tensor
    lengths: Tensor
    targets: Tensor | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or int(self.lengths.sum()) != len(self.values):
            raise ValueError(f"{tuple(self.values.shape)} values of {self.lengths.sum()} steps.")
        if int(self.lengths.min()) < 1:
            raise ValueError("Every series has a step.")

    @property
    def owner(self) -> Tensor:
        """(steps,) the series of each step."""
        numbers = torch.arange(len(self.lengths), device=self.lengths.device)
        return numbers.repeat_interleave(self.lengths)

    def to(self, device: torch.device) -> "SeriesBatch":
        targets = None if self.targets is None else self.targets.to(device)
        return SeriesBatch(self.values.to(device), self.lengths.to(device), targets)


def collate_series(series: Sequence[np.ndarray], targets: np.ndarray | None = None) -> SeriesBatch:
    """Return a batch of series (steps, channels) and their targets (series,)."""
    lengths = torch.tensor([len(one) for one in series])
    values = torch.from_numpy(np.concatenate(series))
    return SeriesBatch(values, lengths, None if targets is None else torch.from_numpy(targets))


@dataclass(frozen=True)
class SeriesOutput:
    """What the network answers.

    Attributes:
        scores: (series, classes) logits, or (series, 1) the number in training deviations.
        attention: (steps,) positive, with sum 1 within each series.
    """

    scores: Tensor
    attention: Tensor


class SeriesNetwork(nn.Module):
    """The network of a configuration; ``learn_scaling`` comes before training."""

    feature_mean: Tensor
    feature_scale: Tensor
    target_mean: Tensor
    target_scale: Tensor

    def __init__(self, config: SeriesConfig):
        super().__init__()
        self.scale_each, self.slope = config.scale_each, config.slope
        cell = BidirectionalLSTM if config.cell == "lstm" else BidirectionalGRU
        self.encoder = cell(config.features, config.hidden)
        self.attention = AdditiveAttention(2 * config.hidden, config.attention_size)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(2 * config.hidden, max(1, len(config.labels)))
        for name, size in (("feature", config.features), ("target", 1)):
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_scale", torch.ones(size))

    def features(self, batch: SeriesBatch) -> Tensor:
        """Return what a step is described by (steps, features), before the common scaling."""
        values, owner = batch.values, batch.owner
        if self.scale_each:
            values = _standardised(values, owner, batch.lengths)
        if not self.slope:
            return values
        first = torch.ones_like(owner, dtype=torch.bool)
        first[1:] = owner[1:] != owner[:-1]
        before = torch.cat((values[:1], values[:-1]))
        slopes = torch.where(first.unsqueeze(1), 0.0, values - before)
        return torch.cat((values, slopes), dim=1)

    def learn_scaling(self, batch: SeriesBatch, numbers: np.ndarray | None) -> list[int]:
        """Take mean and deviation of each feature, and of the numbers to predict, from ``batch``.

        Returns:
            the channels that never change, whose deviation counts as 1.
        """
        features = self.features(batch).double()
        mean, spread = features.mean(0), features.std(0, correction=0)
        constant = spread <= FLAT * mean.abs().clamp(min=FLAT)
        self.feature_mean.copy_(mean)
        self.feature_scale.copy_(torch.where(constant, 1.0, spread))
        if numbers is not None:
            self.target_mean.fill_(float(numbers.mean()))
            self.target_scale.fill_(float(numbers.std()) or 1.0)
        channels = batch.values.shape[1]
        return torch.nonzero(constant[:channels]).flatten().tolist()

    def forward(self, batch: SeriesBatch, attention: Tensor | None = None) -> SeriesOutput:
        """Return scores and attention of each series.

        Args:
            attention: (steps,) weights to use instead of the network's own.
        """
        scaled = (self.features(batch) - self.feature_mean) / self.feature_scale
        states, last = self.encoder(self.dropout(scaled), batch.lengths)
        pooled, weights = self.attention(states, batch.owner, last, attention)
        return SeriesOutput(self.output(self.dropout(pooled)), weights)

    def numbers(self, scores: Tensor) -> Tensor:
        """Return (series,) numbers in the target's own unit."""
        return scores.squeeze(1) * self.target_scale + self.target_mean


def _standardised(values: Tensor, owner: Tensor, lengths: Tensor) -> Tensor:
    """(steps, channels) with mean 0 and deviation 1 within each series; flat channels become 0."""
    steps = lengths.unsqueeze(1)
    mean = segment_sum(values, owner, len(lengths)) / steps
    centred = values - mean[owner]
    spread = (segment_sum(centred**2, owner, len(lengths)) / steps + 1e-12).sqrt()
    flat = spread <= FLAT * mean.abs().clamp(min=FLAT)
    return torch.where(flat[owner], 0.0, centred / spread[owner])


SERIES = System(
    name="series",
    title=mark("Time series"),
    input=mark("a series of numbers in one or several channels"),
    output=mark("a class or a number"),
    config=SeriesConfig,
    build=SeriesNetwork,
    commands="han_core.cli.series",
    page="Series",
    abilities=frozenset({"attention", "deletion", "gradient", "what-if"}),
    worker="han_core.cli.series_job",
)


@dataclass(frozen=True)
class SeriesAnswers:
    """Predictions of several series.

    Attributes:
        probabilities: (series, classes); (series, 0) of a regression.
        numbers: (series,) in the target's unit; empty of a classification.
        attention: of each series (steps,), with sum 1.
    """

    probabilities: np.ndarray
    numbers: np.ndarray
    attention: tuple[np.ndarray, ...]


def answer_series(
    checkpoint: SystemCheckpoint,
    series: Sequence[np.ndarray],
    attention: Sequence[np.ndarray] | None = None,
) -> SeriesAnswers:
    """Return the predictions of series (steps, channels), in their order.

    Args:
        attention: of each series (steps,), weights instead of the network's own.

    Raises:
        UserError: if the channels are others in number than the model's, or its weights are too
            large to give numbers.
    """
    config, model = checkpoint.config, checkpoint.model
    assert isinstance(config, SeriesConfig)
    assert isinstance(model, SeriesNetwork)
    return network_answers(model, config, series, checkpoint.name, attention)


def network_answers(
    model: SeriesNetwork,
    config: SeriesConfig,
    series: Sequence[np.ndarray],
    name: str,
    attention: Sequence[np.ndarray] | None = None,
) -> SeriesAnswers:
    """As ``answer_series``, of a network in evaluation mode; ``name`` is for sentences."""
    for one in series:
        check_channels(one, config)
    device = model.feature_mean.device
    scores: list[np.ndarray] = [np.empty(0)] * len(series)
    weights: list[np.ndarray] = [np.empty(0)] * len(series)
    for rows in batched(series):
        batch = collate_series([series[row] for row in rows]).to(device)
        own = None if attention is None else np.concatenate([attention[row] for row in rows])
        given = None if own is None else torch.from_numpy(own).float().to(device)
        with torch.inference_mode():
            output = model(batch, given)
        check_finite(output.scores, name)
        parts = output.attention.cpu().double().split(batch.lengths.tolist())
        for row, score, part in zip(rows, output.scores.cpu().double(), parts, strict=True):
            scores[row], weights[row] = score.numpy(), part.numpy()
    stacked = torch.from_numpy(np.stack(scores))
    if config.task == "regression":
        numbers = stacked.squeeze(1) * float(model.target_scale) + float(model.target_mean)
        return SeriesAnswers(np.empty((len(series), 0)), numbers.numpy(), tuple(weights))
    return SeriesAnswers(stacked.softmax(1).numpy(), np.empty(0), tuple(weights))


def check_channels(series: np.ndarray, config: SeriesConfig) -> None:
    """Refuse a series (steps, channels) of another number of channels than the model's.

    Raises:
        UserError: says both numbers.
    """
    if series.shape[1] != len(config.channels):
        raise UserError(
            tr(
                "The model reads {counted}; a series with {shape} came.",
                counted=counted(len(config.channels), "channel"),
                shape=series.shape[1],
            )
        )


def batched(series: Sequence[np.ndarray]) -> list[list[int]]:
    """Return batches of series of similar length, by their numbers."""
    batches: list[list[int]] = []
    steps = 0
    for row in sorted(range(len(series)), key=lambda row: len(series[row])):
        if not batches or steps + len(series[row]) > BATCH_STEPS:
            batches.append([])
            steps = 0
        batches[-1].append(row)
        steps += len(series[row])
    return batches
