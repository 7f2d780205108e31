"""Train a network on time series: splits, scaling, the loop, and the checkpoint folder."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from han_core.data.series import SeriesSet, class_names
from han_core.models.predict import metrics
from han_core.models.registry import count_parameters
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
from han_core.models.system_folder import load_system, save_system
from han_core.runtime.errors import UserError, counted, listed, shown
from han_core.training.callbacks import Callbacks, device_trouble
from han_core.training.loop import Lesson, LoopSettings, Progress, TrainingLoop
from han_core.training.request import free_folder, holds_something
from han_core.training.resume import RunState, read_state
from han_core.training.settings import checked
from han_core.training.writer import why_not_written

COMPUTED = {"format", "library", "system", "labels", "sha256", "channels", "task"}
PARTS = {"train": "training", "training": "training", "test": "test"} | dict.fromkeys(
    ("validation", "valid", "val", "dev"), "validation"
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
    loop, sizes = set(LoopSettings.model_fields), set(SeriesConfig.model_fields) - COMPUTED
    values: tuple[dict[str, object], dict[str, object]] = ({}, {})
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or key not in loop | sizes:
            known = ", ".join(sorted(loop | sizes))
            raise UserError(f"--set takes key=value, keys {known}; {pair[:80]!r} came.")
        values[key in sizes][key] = value
    return values


def split_series(
    data: SeriesSet, validation: float, test: float, seed: int, by_class: bool
) -> dict[str, SeriesSet | None]:
    """Return training, validation and test by the column ``split``, and else by shares.

    Args:
        by_class: whether shares are cut from each class.

    Raises:
        UserError: if the column says something else, or nothing is left to train on.
    """
    rows: dict[str, list[int]] = {"training": [], "validation": [], "test": []}
    for row in range(len(data)):
        said = data.splits[row].strip().casefold() if data.splits else "train"
        if said not in PARTS:
            raise UserError(
                f'The column split of {data.name} says "{shown(said)}"; train, validation or test '
                "was expected for each series."
            )
        rows[PARTS[said]].append(row)
    for part, share in (("test", test), ("validation", validation)):
        if share and not rows[part]:
            rows[part] = _held_out(data, rows["training"], share, seed, by_class)
            rows["training"] = sorted(set(rows["training"]) - set(rows[part]))
    if not rows["training"]:
        raise UserError(f"No series of {data.name} is left for training.")
    return {part: data.take(taken) if taken else None for part, taken in rows.items()}


def _held_out(
    data: SeriesSet, rows: list[int], share: float, seed: int, by_class: bool
) -> list[int]:
    """A share of ``rows`` at random; at least one stays in each class."""
    chance = np.random.default_rng(seed)
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(data.targets[row] if by_class else "", []).append(row)
    taken: list[int] = []
    for group in groups.values():
        count = min(len(group) - 1, round(share * len(group)))
        taken += chance.permutation(group)[: max(count, 0)].tolist()
    return sorted(taken)


def train_series(request: SeriesRequest, device: torch.device, watch: Callbacks) -> dict:
    """Run ``request`` to its end and return the summary that the command prints.

    Raises:
        UserError: if data, settings or device do not fit, the folder is taken, or the disk fails.
        Stopped: when ``watch`` asked for it; the run is saved and goes on with ``resume``.
    """
    out = free_folder(request.out, request.resume)
    state = read_state(out) if request.resume and holds_something(out) else None
    run = _Run(replace(request, out=out), device, watch)
    with device_trouble(device, several=False):
        run.begin(state)
        progress = run.loop.run(watch)
    return run.finish(progress)


class _Run:
    """One run and its folder."""

    def __init__(self, request: SeriesRequest, device: torch.device, watch: Callbacks):
        self.request, self.device, self.watch = request, device, watch
        self._reached: dict[str, float] | None = None
        self.config = _config(request)
        self.targets = targets_of(request.training, self.config)
        for part in (request.validation, request.test):
            if part is not None:
                targets_of(part, self.config)
        torch.manual_seed(request.settings.seed)
        self.model = SeriesNetwork(self.config).to(device)
        lesson = Lesson(
            len(request.training),
            self._collate,
            self._loss,
            self._validate if request.validation else None,
            rank,
            _fingerprint(request, self.config),
        )
        self.loop = TrainingLoop(self.model, lesson, request.settings, self._save)

    def begin(self, state: RunState | None) -> None:
        training = self.request.training
        whole = collate_series(training.values).to(self.device)
        numbers = self.targets if self.config.task == "regression" else None
        constant = self.model.learn_scaling(whole, numbers)
        for note in training.notes:
            self.watch.say(note)
        if constant and not self.config.scale_each:
            names = listed(tuple(training.channels[channel] for channel in constant), 5)
            self.watch.say(f"Constant in all training series: {names}; nothing is learnt from it.")
        if state is not None:
            self.loop.restore(state)
            self.watch.say(f"Going on after step {self.loop.step}.")

    def _collate(self, rows: Sequence[int]) -> SeriesBatch:
        chosen = [self.request.training.values[row] for row in rows]
        return collate_series(chosen, self.targets[list(rows)]).to(self.device)

    def _loss(self, model: nn.Module, batch: SeriesBatch) -> Tensor:
        scores = model(batch).scores
        assert batch.targets is not None
        if self.config.task == "classification":
            return cross_entropy(scores, batch.targets)
        wanted = (batch.targets.float() - self.model.target_mean) / self.model.target_scale
        return mse_loss(scores.squeeze(1), wanted)

    def _validate(self, model: nn.Module) -> dict[str, float]:
        validation = self.request.validation
        assert validation is not None
        answers = network_answers(self.model, self.config, validation.values, "The model")
        return figures(answers, targets_of(validation, self.config))

    def _save(self, weights: dict[str, Tensor], progress: Progress, state: RunState | None) -> None:
        try:
            save_system(
                self.request.out,
                self.config,
                weights,
                self._metrics(progress),
                progress.history,
                state.files() if state else None,
            )
        except OSError as error:
            raise UserError(why_not_written(error, self.request.out)) from error

    def _metrics(self, progress: Progress) -> dict:
        request = self.request
        parts = {"train": request.training, "validation": request.validation, "test": request.test}
        best = progress.history[progress.best_epoch - 1] if progress.best_epoch else {}
        return {
            "dataset": request.training.name,
            "series": {name: len(part) if part else 0 for name, part in parts.items()},
            "best_epoch": progress.best_epoch,
            "validation": best.get("validation"),
            "test": self._reached,
            "seed": request.settings.seed,
            "date": datetime.now(UTC).date().isoformat(),
            "settings": request.settings.model_dump(exclude_defaults=True),
            "reproduce": request.reproduce,
        }

    def finish(self, progress: Progress) -> dict:
        """Write the weights to keep, test those that are on the disk, and return the summary."""
        out, test = self.request.out, self.request.test
        self._save(self.loop.weights(), progress, None)
        if test is not None:  # with the weights as they come back from the disk
            self._reached = evaluate_series(out, test, self.device)
            self._save(self.loop.weights(), progress, None)
        written = self._metrics(progress)
        seconds = sum(line["seconds"] for line in progress.history)
        shown_count = len(progress.history) * len(self.request.training)
        return {
            "checkpoint": str(out),
            "epochs": len(progress.history),
            "seconds": round(seconds, 3),
            "train_series_per_second": round(shown_count / max(seconds, 1e-9), 2),
            "validation": written["validation"],
            "test": written["test"],
            "parameters": count_parameters(self.model),
        }


def _config(request: SeriesRequest) -> SeriesConfig:
    training = request.training
    for part in (request.validation, request.test):
        if part is not None and len(part.channels) != len(training.channels):
            raise UserError(
                f"{part.name} has {counted(len(part.channels), 'channel')}; "
                f"{len(training.channels)} were expected, as in {training.name}."
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
        raise UserError(f"{data.name} has no targets; a class or a number for each was expected.")
    if config.task == "regression":
        return data.numbers()
    classes = {label: number for number, label in enumerate(config.labels)}
    for target in data.targets:
        if target not in classes:
            raise UserError(
                f'{data.name} has the class "{shown(target)}", which the model does not know; its '
                f"classes are {listed(config.labels, 10)}."
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
    checkpoint = load_system(folder, SERIES, device)
    assert isinstance(checkpoint.config, SeriesConfig)
    targets = targets_of(data, checkpoint.config)
    return figures(answer_series(checkpoint, data.values), targets)


def _fingerprint(request: SeriesRequest, config: SeriesConfig) -> str:
    """A digest of all that a run must find unchanged to go on."""
    digest = sha256(
        json.dumps(
            [
                request.settings.model_dump(exclude={"save_seconds"}),
                config.model_dump(exclude={"library", "sha256"}),
                request.training.targets,
            ]
        ).encode()
    )
    for one in request.training.values:
        digest.update(one.tobytes())
    return digest.hexdigest()


def timed_evaluation(folder: str | Path, data: SeriesSet, device: torch.device) -> dict:
    """As ``evaluate_series``, with the number of series and the series a second."""
    started = time.perf_counter()
    reached = evaluate_series(folder, data, device)
    speed = len(data) / (time.perf_counter() - started)
    return {"n": len(data), **reached, "series_per_second": round(speed, 2)}
