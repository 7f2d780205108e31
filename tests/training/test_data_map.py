"""The data map, by hand."""

import numpy as np
import pytest

from han_core.training.dynamics import Dynamics, data_map

EPOCHS = [
    [0.9, 0.1, 0.2, 0.9, np.nan, 0.4],
    [0.9, 0.2, 0.8, 0.8, np.nan, np.nan],
    [0.9, 0.0, 0.5, 0.9, np.nan, np.nan],
]
NAMES = tuple("abcdef")


@pytest.fixture
def table():
    dynamics = Dynamics(NAMES, NAMES, ("x",) * 6, 6, np.float32(EPOCHS))
    return data_map(dynamics).set_index("id")


def test_confidence_and_variability_are_mean_and_deviation_over_epochs(table):
    assert table.loc["c", "confidence"] == pytest.approx(0.5)
    assert table.loc["c", "variability"] == pytest.approx(np.sqrt(0.06))  # (.09 + .09 + 0) / 3
    assert table.loc["a", "variability"] == pytest.approx(0, abs=1e-6)


def test_the_least_confident_stand_first_in_their_regions(table):
    assert table.index.tolist() == ["b", "c", "d", "a"]
    assert table["region"].to_dict() == {"a": "easy", "b": "hard", "c": "ambiguous", "d": "easy"}


def test_a_document_of_fewer_than_two_epochs_is_left_out(table):
    assert not {"e", "f"} & set(table.index)


def test_after_one_epoch_there_is_no_map():
    dynamics = Dynamics(NAMES, NAMES, NAMES, 6, np.float32(EPOCHS[:1]))
    assert len(data_map(dynamics)) == 0
