"""Training dynamics: what is recorded while a run trains, stops and goes on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from han_core.runtime.errors import UserError
from han_core.training import dynamics
from han_core.training.callbacks import Stopped
from han_core.training.dynamics import (
    MOST,
    PROBABILITIES,
    WATCHED,
    DynamicsRecorder,
    read_dynamics,
    recording,
    version_stamp,
    watched_rows,
)
from han_core.training.runs.archive import read_history
from han_core.training.train import train

CPU = torch.device("cpu")


@pytest.fixture
def few(planted_corpora):
    return {
        "training": planted_corpora.training.first(60),
        "validation": planted_corpora.validation.first(20),
    }


def run(folder, make_request, quiet, few, *pairs, resume=False, stop=None) -> None:
    folder.mkdir(exist_ok=True)
    request = make_request(folder / "checkpoint", "epochs=3", "hidden=4", "word_dropout=0.1",
                           *pairs, resume=resume, **few)  # fmt: skip
    watch = quiet() if stop is None else replace(quiet(), stop=stop)
    train(request, CPU, recording(watch, DynamicsRecorder(folder, few["training"], resume)))


def test_the_mean_surprise_of_an_epoch_is_its_training_loss(tmp_path, make_request, quiet, few):
    run(tmp_path / "run", make_request, quiet, few)
    found = read_dynamics(tmp_path / "run")
    losses = [line["train"]["loss"] for line in
              read_history(tmp_path / "run" / "checkpoint" / "history.jsonl")]  # fmt: skip
    assert found.probabilities.shape == (3, 60)
    assert (-np.log(found.probabilities).mean(1)).tolist() == pytest.approx(losses, rel=1e-4)
    assert found.labels == few["training"].labels
    assert found.ids == tuple(few["training"].ids)
    assert found.of == 60


def test_a_run_that_is_watched_learns_the_same_bits(tmp_path, make_request, quiet, few):
    from han_core.models.checkpoint import WEIGHTS

    run(tmp_path / "watched", make_request, quiet, few)
    pairs = ("epochs=3", "hidden=4", "word_dropout=0.1")
    train(make_request(tmp_path / "alone", *pairs, **few), CPU, quiet())
    weights = [
        folder / WEIGHTS for folder in (tmp_path / "watched" / "checkpoint", tmp_path / "alone")
    ]
    assert len({path.read_bytes() for path in weights}) == 1


def test_a_run_that_was_stopped_within_an_epoch_records_the_same(
    tmp_path, make_request, quiet, few
):
    run(tmp_path / "whole", make_request, quiet, few)
    asked = iter([False] * 2 + [True] + [False] * 1_000)
    with pytest.raises(Stopped, match="step 3 of epoch 1"):
        run(tmp_path / "parts", make_request, quiet, few, stop=lambda: next(asked))
    begun = read_dynamics(tmp_path / "parts").probabilities
    assert 0 < np.isfinite(begun).sum() < 60
    run(tmp_path / "parts", make_request, quiet, few, resume=True)
    found = [read_dynamics(tmp_path / name).probabilities for name in ("whole", "parts")]
    np.testing.assert_array_equal(*found)


def test_a_new_run_forgets_what_another_one_recorded(tmp_path, make_request, quiet, few):
    run(tmp_path / "run", make_request, quiet, few)
    DynamicsRecorder(tmp_path / "run", few["training"].first(10), resume=False)
    assert read_dynamics(tmp_path / "run") is None
    assert version_stamp(tmp_path / "run") is None


def test_documents_beyond_the_labelled_ones_are_not_watched(tmp_path, few):
    recorder = DynamicsRecorder(tmp_path, few["training"].first(3), resume=False)
    recorder.seen(0, [4, 1, 3], torch.tensor([0.9, 0.25, 0.8]))
    recorder.seen(1, [2], torch.tensor([0.5]))
    recorder.save()
    np.testing.assert_array_equal(
        read_dynamics(tmp_path).probabilities,
        np.float32([[np.nan, 0.25, np.nan], [np.nan, np.nan, 0.5]]),
    )


def test_of_many_documents_a_sample_is_watched():
    rows = watched_rows(40_000)
    assert len(set(rows.tolist())) == MOST
    assert (np.diff(rows) > 0).all()
    assert 18_000 < rows.mean() < 22_000
    assert (rows == watched_rows(40_000)).all()


def test_damage_is_one_sentence_or_nothing(tmp_path, few):
    recorder = DynamicsRecorder(tmp_path, few["training"], resume=False)
    recorder.seen(0, [0], torch.tensor([0.5]))
    recorder.save()
    content = (tmp_path / PROBABILITIES).read_bytes()
    (tmp_path / PROBABILITIES).write_bytes(content[:-4])
    assert read_dynamics(tmp_path) is None
    (tmp_path / WATCHED).write_text("{}")
    with pytest.raises(UserError, match="damaged"):
        read_dynamics(tmp_path)


def test_a_full_disk_ends_no_run(tmp_path, few, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dynamics, "write_with_checksum", full)
    recorder = DynamicsRecorder(tmp_path, few["training"], resume=False)
    recorder.seen(0, [0], torch.tensor([0.5]))
    recorder.save()
    assert read_dynamics(tmp_path) is None
