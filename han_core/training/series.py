"""Train a network on time series: scaling, lesson, figures, and the checkpoint folder."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from han_core.data.series import SeriesSet, class_names
from han_core.models.predict import metrics
from han_core.models.series import (
    SERIES,
    SeriesAnswers,
    SeriesBatch,
    SeriesConfig,
    SeriesNetwork,
    answer_series,
    collate_series,
    network_answers,
)
from han_core.models.system_folder import SystemCheckpoint, load_system
from han_core.runtime.errors import UserError, counted, listed, shown
from han_core.runtime.messages import tr
from han_core.training.callbacks import Callbacks
from han_core.training.loop import Lesson, LoopSettings
from han_core.training.settings import checked
from han_core.training.system_run import (
    COMPUTED,
    Preparation,
    fingerprint,
    sort_assignments,
    train_system,
)


@dataclass(frozen=True)
class SeriesRequest:
    """A run.

    Attributes:
        validation, test: None where there are none.
        sizes: fields of ``SeriesConfig``.
        out: the checkpoint folder to write.
        resume: go on with the run in ``out``, or begin one where there is none.
        reproduce: the command that does the same again.
    """

    training: SeriesSet
    validation: SeriesSet | None
    test: SeriesSet | None
    task: str
    sizes: Mapping[str, object]
    settings: LoopSettings
    out: Path
    resume: bool = False
    reproduce: str = ""


def parse_assignments(pairs: Sequence[str]) -> tuple[dict[str, object], dict[str, object]]:
    """Return the fields of ``LoopSettings`` and of ``SeriesConfig`` that ``key=value`` pairs set.

    Raises:
        UserError: names the key that is unknown.
    """
    owners = {
        "loop": set(LoopSettings.model_fields),
        "sizes": set(SeriesConfig.model_fields) - COMPUTED - {"channels", "task"},
    }
    values = sort_assignments(pairs, owners)
    return values["loop"], values["sizes"]


def train_series(request: SeriesRequest, device: torch.device, watch: Callbacks) -> dict:
    """Run ``request`` to its end; ``train_system`` says what it returns and raises."""
    return train_system(request, lambda: _prepare(request, device, watch), device, watch)


def _prepare(
    request: SeriesRequest, device: torch.device, watch: Callbacks
) -> Preparation[SeriesBatch]:
    """The network with the scaling that it learns from training data alone, and the lesson."""
    config, test = _config(request), request.test
    lesson = _SeriesLesson(request, config, device)
    torch.manual_seed(request.settings.seed)
    model = SeriesNetwork(config).to(device)
    _learn_scaling(model, lesson, watch)
    described = Lesson(
        len(request.training),
        lesson.collate,
        lesson.loss,
        lesson.validate if request.validation else None,
        rank,
        fingerprint(
            request.settings, config, request.training.targets, arrays=request.training.values
        ),
    )
    test_figures = None if test is None else lambda written: series_figures(written, test)
    return Preparation("series", len(request.training), config, model, described, test_figures)


def _learn_scaling(model: SeriesNetwork, lesson: "_SeriesLesson", watch: Callbacks) -> None:
    training, config = lesson.request.training, lesson.config
    whole = collate_series(training.values).to(lesson.device)
    numbers = lesson.targets if config.task == "regression" else None
    constant = model.learn_scaling(whole, numbers)
    for note in training.notes:
        watch.say(note)
    if constant and not config.scale_each:
        names = listed(tuple(training.channels[channel] for channel in constant), 5)
        watch.say(
            tr("Constant in all training series: {names}; nothing is learnt from it.", names=names)
        )


class _SeriesLesson:
    """Batches, loss and validation of a request."""

    def __init__(self, request: SeriesRequest, config: SeriesConfig, device: torch.device):
        self.request, self.config, self.device = request, config, device
        self.targets = targets_of(request.training, config)
        for part in (request.validation, request.test):
            if part is not None:
                targets_of(part, config)

    def collate(self, rows: Sequence[int]) -> SeriesBatch:
        chosen = [self.request.training.values[row] for row in rows]
        return collate_series(chosen, self.targets[list(rows)]).to(self.device)

    def loss(self, model: nn.Module, batch: SeriesBatch) -> Tensor:
        assert isinstance(model, SeriesNetwork)
        scores = model(batch).scores
        assert batch.targets is not None
        if self.config.task == "classification":
            return cross_entropy(scores, batch.targets)
        wanted = (batch.targets.float() - model.target_mean) / model.target_scale
        return mse_loss(scores.squeeze(1), wanted)

    def validate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, SeriesNetwork)
        validation = self.request.validation
        assert validation is not None
        answers = network_answers(model, self.config, validation.values, tr("The model"))
        return figures(answers, targets_of(validation, self.config))


def _config(request: SeriesRequest) -> SeriesConfig:
    training = request.training
    for part in (request.validation, request.test):
        if part is not None and len(part.channels) != len(training.channels):
            raise UserError(
                tr(
                    "{name} has {channels}; {count} were expected, as in {training}.",
                    name=part.name,
                    channels=counted(len(part.channels), "channel"),
                    count=len(training.channels),
                    training=training.name,
                )
            )
    labels = class_names(training.targets, training.name) if (
        request.task == "classification"
    ) else ()  # fmt: skip
    values = {"channels": training.channels, "task": request.task, "labels": labels}
    config = checked(SeriesConfig, {**request.sizes, **values})
    assert isinstance(config, SeriesConfig)
    return config


def targets_of(data: SeriesSet, config: SeriesConfig) -> np.ndarray:
    """Return the class (int64) or the number (float64) of each series.

    Raises:
        UserError: if there are none, or one is no class of the model or no number.
    """
    if not data.targets:
        raise UserError(
            tr("{name} has no targets; a class or a number for each was expected.", name=data.name)
        )
    if config.task == "regression":
        return data.numbers()
    classes = {label: number for number, label in enumerate(config.labels)}
    for target in data.targets:
        if target not in classes:
            raise UserError(
                tr(
                    '{name} has the class "{target}", which the model does not know; its classes '
                    "are {listed}.",
                    name=data.name,
                    target=shown(target),
                    listed=listed(config.labels, 10),
                )
            )
    return np.array([classes[target] for target in data.targets], np.int64)


def figures(answers: SeriesAnswers, targets: np.ndarray) -> dict[str, float]:
    """Return accuracy, macro F1 and loss of classes; RMSE, MAE, r² and loss of numbers.

    r² is 1 − the squared errors over those of the mean of these targets; 0 where all are equal.
    """
    if answers.probabilities.shape[1]:
        return metrics(answers.probabilities, targets)
    errors = answers.numbers - targets
    squared = float((errors**2).mean())
    variance = float(targets.var())
    return {
        "rmse": squared**0.5,
        "mae": float(np.abs(errors).mean()),
        "r2": 1 - squared / variance if variance else 0.0,
        "loss": squared,
    }


def rank(reached: dict[str, float]) -> tuple[float, ...]:
    """Return what is larger for better figures: accuracy, and of equals the lower loss."""
    return reached.get("accuracy", 0.0), -reached["loss"]


def evaluate_series(folder: str | Path, data: SeriesSet, device: torch.device) -> dict[str, float]:
    """Return the figures of a checkpoint on series with targets.

    Raises:
        UserError: as ``load_system``, ``answer_series`` and ``targets_of``.
    """
    return series_figures(load_system(folder, SERIES, device), data)


def series_figures(checkpoint: SystemCheckpoint, data: SeriesSet) -> dict[str, float]:
    """As ``evaluate_series``, of a checkpoint that is loaded."""
    assert isinstance(checkpoint.config, SeriesConfig)
    targets = targets_of(data, checkpoint.config)
    return figures(answer_series(checkpoint, data.values), targets)


def timed_evaluation(folder: str | Path, data: SeriesSet, device: torch.device) -> dict:
    """As ``evaluate_series``, with the number of series and the series a second."""
    started = time.perf_counter()
    reached = evaluate_series(folder, data, device)
    speed = len(data) / (time.perf_counter() - started)
    return {"n": len(data), **reached, "series_per_second": round(speed, 2)}
