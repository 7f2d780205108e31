"""Training on time series: planted spikes, splits, figures by hand, and folders."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from han_core.data.series import SeriesSet
from han_core.data.series_splits import split_series
from han_core.explanation.series import deletion_evidence
from han_core.models.series import SERIES, SeriesAnswers, answer_series
from han_core.models.system_folder import load_system
from han_core.runtime.errors import UserError
from han_core.training.callbacks import Callbacks, Stopped
from han_core.training.loop import LoopSettings
from han_core.training.series import (
    SeriesRequest,
    evaluate_series,
    figures,
    parse_assignments,
    targets_of,
    train_series,
)

CPU = torch.device("cpu")


def watch(stop=lambda: False, said=None):
    return Callbacks(
        lambda texts, name: texts,
        lambda epoch, examples: lambda count, loss: None,
        (said if said is not None else []).append,
        stop=stop,
    )


def planted(number=96, seed=0, task="classification"):
    """Noise with a spike at a random step: its sign is the class, its height the number."""
    chance = np.random.default_rng(seed)
    values, targets, places = [], [], []
    for _ in range(number):
        series = chance.normal(0, 0.3, (chance.integers(15, 30), 2)).astype(np.float32)
        place, sign = int(chance.integers(len(series))), float(chance.choice([-1, 1]))
        height = sign * 4 if task == "classification" else float(chance.uniform(-5, 5))
        series[place, 1] += height
        values.append(series)
        targets.append(("down" if sign < 0 else "up") if task == "classification" else str(height))
        places.append(place)
    ids = tuple(map(str, range(number)))
    return SeriesSet("planted", ("a", "b"), tuple(values), tuple(targets), ids), places


def request(out, task="classification", **settings):
    training, _ = planted(task=task)
    test, _ = planted(40, seed=1, task=task)
    sizes = {"hidden": 12, "attention_size": 8, "dropout": 0.1}
    given = {"epochs": 14, "learning_rate": 0.02, "batch_size": 16, **settings}
    return SeriesRequest(training, test, test, task, sizes, LoopSettings(**given), out)


@pytest.mark.long
def test_attention_lands_on_a_planted_spike_and_deletion_says_so(tmp_path):
    # A GRU: an LSTM of this size is as accurate and decides at steps that carry the spike on.
    wanted = request(tmp_path / "m", epochs=24)
    sizes = {**wanted.sizes, "cell": "gru"}
    summary = train_series(replace(wanted, sizes=sizes), CPU, watch())
    assert summary["test"]["accuracy"] >= 0.95
    checkpoint = load_system(tmp_path / "m", SERIES)
    test, places = planted(40, seed=2)
    attention = answer_series(checkpoint, test.values).attention
    near = [abs(int(w.argmax()) - place) <= 1 for w, place in zip(attention, places, strict=True)]
    assert np.mean(near) >= 0.9
    verdicts = [
        deletion_evidence(checkpoint, one, weights).verdict
        for one, weights in zip(test.values, attention, strict=True)
    ]
    assert verdicts.count("matters") >= 30


@pytest.mark.long
def test_a_regression_learns_the_height_of_the_spike(tmp_path):
    summary = train_series(request(tmp_path / "m", "regression", epochs=40), CPU, watch())
    assert summary["test"]["r2"] > 0.9
    metrics = json.loads((tmp_path / "m" / "metrics.json").read_text())
    assert metrics["series"] == {"train": 96, "validation": 40, "test": 40}


def test_a_run_goes_on_to_the_same_folder_and_loses_nothing(tmp_path):
    train_series(request(tmp_path / "whole", epochs=2), CPU, watch())
    steps = iter(range(100))
    with pytest.raises(Stopped):
        train_series(request(tmp_path / "m", epochs=2), CPU, watch(stop=lambda: next(steps) == 7))
    with pytest.raises(UserError, match="--resume"):
        train_series(request(tmp_path / "m", epochs=2), CPU, watch())
    other = replace(request(tmp_path / "m", epochs=3), resume=True)
    with pytest.raises(UserError):
        train_series(other, CPU, watch())
    again = replace(request(tmp_path / "m", epochs=2), resume=True)
    train_series(again, CPU, watch())
    files = [tmp_path / name / "model.safetensors" for name in ("whole", "m")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert not (tmp_path / "m" / "resume").exists()


def test_splits_by_column_and_by_class():
    data, _ = planted(20)
    parts = split_series(data, 0.2, 0.1, 0, by_class=True)
    sizes = [len(parts[part]) for part in ("training", "validation", "test")]
    assert sum(sizes) == 20
    assert parts["training"].ids + parts["validation"].ids != data.ids
    assert not set(parts["training"].ids) & set(parts["test"].ids)
    again = split_series(data, 0.2, 0.1, 0, by_class=True)
    assert again["test"].ids == parts["test"].ids
    column = replace(data, splits=("Train",) * 12 + ("TEST",) * 8)
    parts = split_series(column, 0, 0.5, 0, by_class=True)
    assert (len(parts["training"]), parts["validation"], len(parts["test"])) == (12, None, 8)
    with pytest.raises(UserError, match="perhaps"):
        split_series(replace(data, splits=("perhaps",) * 20), 0, 0, 0, True)
    with pytest.raises(UserError, match="left for training"):
        split_series(replace(data, splits=("test",) * 20), 0, 0, 0, True)


def test_figures_of_numbers_by_hand():
    answers = SeriesAnswers(np.empty((3, 0)), np.array([1.0, 2.0, 5.0]), ())
    reached = figures(answers, np.array([1.0, 2.0, 3.0]))
    assert reached["rmse"] == pytest.approx((4 / 3) ** 0.5)
    assert reached["mae"] == pytest.approx(2 / 3)
    assert reached["r2"] == pytest.approx(1 - 4 / 2)


def test_what_does_not_fit_is_one_sentence(tmp_path):
    wanted = request(tmp_path / "m")
    with pytest.raises(UserError, match="regression expects a number"):
        train_series(replace(wanted, task="regression"), CPU, watch())
    narrow = SeriesSet("n", ("a",), (np.zeros((3, 1), np.float32),), ("up",), ("1",))
    with pytest.raises(UserError, match="1 channel; 2 were expected"):
        train_series(replace(wanted, test=narrow), CPU, watch())
    with pytest.raises(UserError, match="depth"):
        parse_assignments(["depth=3"])
    with pytest.raises(UserError, match="hidden"):
        train_series(replace(wanted, sizes={"hidden": "0"}), CPU, watch())
    assert not (tmp_path / "m").exists()
    train_series(replace(wanted, settings=LoopSettings(epochs=1)), CPU, watch())
    strange = replace(wanted.training, targets=("sideways",) * 96)
    with pytest.raises(UserError, match="sideways"):
        evaluate_series(tmp_path / "m", strange, CPU)
    config = load_system(tmp_path / "m", SERIES).config
    with pytest.raises(UserError, match="no targets"):
        targets_of(replace(strange, targets=()), config)


def test_a_constant_channel_is_said(tmp_path):
    wanted, said = request(tmp_path / "m", epochs=1), []
    flat = [one.copy() for one in wanted.training.values]
    for one in flat:
        one[:, 0] = 7
    training = replace(wanted.training, values=tuple(flat))
    train_series(replace(wanted, training=training), CPU, watch(said=said))
    assert any("Constant" in sentence and '"a"' in sentence for sentence in said)
