"""The network on time series: batches, scaling by hand, attention, and hostile folders."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from han_core.data.series import read_series
from han_core.models.listing import list_checkpoints, list_systems, system_of
from han_core.models.series import (
    SERIES,
    SeriesBatch,
    SeriesConfig,
    SeriesNetwork,
    answer_series,
    collate_series,
)
from han_core.models.system_folder import SystemCheckpoint, load_system, save_system
from han_core.models.systems import SYSTEMS, find_system
from han_core.runtime.errors import UserError


def network(**sizes):
    torch.manual_seed(0)
    values = {"channels": ("a", "b"), "labels": ("u", "d", "s"), "hidden": 5, "attention_size": 4}
    config = SeriesConfig(**{**values, **sizes})
    model = SeriesNetwork(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.7)
    return SystemCheckpoint("made", config, model, {})


def made(*lengths, channels=2):
    chance = np.random.default_rng(sum(lengths))
    return [chance.normal(3, 2, (n, channels)).astype(np.float32) for n in lengths]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=40),
    st.sampled_from(["lstm", "gru"]),
    st.booleans(),
    st.booleans(),
)
def test_a_series_gets_the_same_numbers_alone_and_in_company(lengths, cell, each, slope):
    checkpoint = network(cell=cell, scale_each=each, slope=slope)
    series = made(*lengths)
    together = answer_series(checkpoint, series)
    for row, one in enumerate(series):
        alone = answer_series(checkpoint, [one])
        np.testing.assert_allclose(together.probabilities[row], alone.probabilities[0], atol=1e-5)
        np.testing.assert_allclose(together.attention[row], alone.attention[0], atol=1e-5)
        assert together.attention[row].shape == (len(one),)
        assert together.attention[row].sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("cell", "layer"), [("lstm", torch.nn.LSTM), ("gru", torch.nn.GRU)])
def test_the_network_by_torchs_own_layers(cell, layer):
    checkpoint = network(cell=cell)
    model, (one,) = checkpoint.model, made(7)
    own = layer(2, 5, bidirectional=True)
    own.load_state_dict(model.encoder.state_dict())
    states = own(torch.from_numpy(one).unsqueeze(1))[0].squeeze(1)
    scores = torch.tanh(model.attention.project(states)) @ model.attention.context
    weights = scores.softmax(0)
    logits = model.output((weights.unsqueeze(1) * states).sum(0))
    answers = answer_series(checkpoint, [one])
    np.testing.assert_allclose(answers.attention[0], weights.detach(), atol=1e-5)
    np.testing.assert_allclose(answers.probabilities[0], logits.softmax(0).detach(), atol=1e-5)


def test_features_and_scaling_by_hand():
    values = torch.tensor([[1.0], [3.0], [10.0]])
    batch = SeriesBatch(values, torch.tensor([2, 1]))
    model = SeriesNetwork(SeriesConfig(channels=("a",), labels=("u", "d"), slope=True))
    assert model.features(batch).tolist() == [[1, 0], [3, 2], [10, 0]]
    assert model.learn_scaling(batch, np.array([2.0, 4.0])) == []
    torch.testing.assert_close(model.feature_mean, torch.tensor([14 / 3, 2 / 3]))
    assert (model.target_mean.item(), model.target_scale.item()) == (3, 1)
    each = SeriesNetwork(SeriesConfig(channels=("a",), labels=("u", "d"), scale_each=True))
    torch.testing.assert_close(each.features(batch), torch.tensor([[-1.0], [1.0], [0.0]]))


def test_a_constant_channel_is_told_and_divides_nothing():
    batch = collate_series([np.array([[1, 7], [2, 7]], np.float32)])
    model = SeriesNetwork(SeriesConfig(channels=("a", "b"), labels=("u", "d")))
    assert model.learn_scaling(batch, None) == [1]
    assert model.feature_scale.tolist() == [0.5, 1]


def test_given_attention_takes_the_place_of_the_networks():
    checkpoint, series = network(), made(4, 3)
    uniform = [np.full(len(one), 1 / len(one)) for one in series]
    answers = answer_series(checkpoint, series, uniform)
    np.testing.assert_allclose(answers.attention[1], uniform[1], atol=1e-7)


def test_a_regression_answers_in_the_targets_unit():
    checkpoint = network(task="regression", labels=())
    before = answer_series(checkpoint, made(5)).numbers[0]
    checkpoint.model.target_mean.fill_(10)
    checkpoint.model.target_scale.fill_(2)
    assert answer_series(checkpoint, made(5)).numbers[0] == pytest.approx(10 + 2 * before)


def test_other_channels_are_refused():
    with pytest.raises(UserError, match="reads 2 channels; a series with 3"):
        answer_series(network(), made(4, channels=3))
    with pytest.raises(ValueError, match="two classes"):
        SeriesConfig(channels=("a",), labels=("one",))
    with pytest.raises(ValueError, match="step"):
        SeriesBatch(torch.zeros(2, 1), torch.tensor([2, 0]))


@pytest.fixture
def folder(tmp_path):
    checkpoint = network()
    weights = checkpoint.model.state_dict()
    metrics = {"dataset": "made", "test": {"accuracy": 0.5, "loss": float("nan")}}
    save_system(tmp_path / "s", checkpoint.config, weights, metrics, [{"epoch": 1}])
    return tmp_path / "s"


def test_a_folder_comes_back_and_is_listed_beside_classifiers(folder):
    loaded, series = load_system(folder, SERIES), made(6)
    expected = answer_series(network(), series).probabilities
    np.testing.assert_array_equal(answer_series(loaded, series).probabilities, expected)
    (listing,) = list_systems(folder.parent)
    assert listing.to_json() == {
        "name": "s", "model": "series", "dataset": "made", "classes": ["u", "d", "s"],
        "accuracy": 0.5, "figures": {"accuracy": 0.5}, "path": str(folder),
    }  # fmt: skip
    assert list_checkpoints(folder.parent) == []
    assert system_of(None, str(folder)) is SERIES
    assert system_of("series", None) is SYSTEMS["series"]
    assert system_of("han", None) is None


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        ({"hidden": 6}, "does not fit"),
        ({"hidden": 10**9}, "hidden"),
        ({"channels": []}, "channels"),
        ({"labels": ["a"]}, "two classes"),
        ({"extra": 1}, "extra"),
        ({"sha256": {"model.safetensors": "0"}}, "checksum"),
    ],
)
def test_a_hostile_folder_is_one_sentence(folder, change, fragment):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match=fragment):
        load_system(folder, SERIES)


def test_what_is_not_registered_is_one_sentence(folder):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"system": "oracle"}))
    with pytest.raises(UserError, match="oracle"):
        system_of(None, str(folder))
    with pytest.raises(UserError, match="series"):
        find_system("oracle")


SHIPPED = Path(__file__).parents[2] / "checkpoints"


@pytest.mark.parametrize("name", ["series-vowels", "series-pulse"])
def test_what_comes_along_reaches_what_its_card_says(name):
    checkpoint = load_system(SHIPPED / name, SERIES)
    data = read_series(checkpoint.metrics["dataset"])
    test = data.take([row for row, split in enumerate(data.splits) if split == "test"])
    answers = answer_series(checkpoint, test.values).probabilities.argmax(1)
    names = np.array(checkpoint.config.labels)[answers]
    reached = float(np.mean(names == np.array(test.targets)))
    assert reached == pytest.approx(checkpoint.metrics["test"]["accuracy"], abs=0.003)
    card = (SHIPPED / name / "README.md").read_text(encoding="utf-8")
    assert f"| test | {checkpoint.metrics['test']['accuracy']:.2%} |" in card
    seeds = [run["test"]["accuracy"] for run in checkpoint.metrics["seeds"]]
    assert checkpoint.metrics["over_seeds"]["accuracy"]["mean"] == pytest.approx(np.mean(seeds))
    assert f"{100 * np.mean(seeds):.2f}%" in card
    assert sum(path.stat().st_size for path in (SHIPPED / name).iterdir()) < 300_000
