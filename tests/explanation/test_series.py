"""Explanations of time series: wiping by hand, changes by a second pass, verdicts."""

import numpy as np
import pytest
import torch

from han_core.data.series import SeriesSet
from han_core.explanation.series import (
    DeletionEvidence,
    change_of,
    deletion_evidence,
    explain_series,
    gradient_times_input,
    wiped,
)
from han_core.models.series import SeriesConfig, SeriesNetwork, answer_series, collate_series
from han_core.models.system_folder import SystemCheckpoint
from han_core.runtime.errors import UserError

SERIES = np.array([[0, 10], [1, 20], [5, 90], [9, 90], [4, 50]], np.float32)


def checkpoint(**sizes):
    torch.manual_seed(1)
    values = {"channels": ("a", "b"), "labels": ("u", "d"), "hidden": 4, "attention_size": 3}
    config = SeriesConfig(**{**values, **sizes})
    model = SeriesNetwork(config).eval()
    model.feature_mean.copy_(torch.tensor([3.0, 50.0]))
    model.feature_scale.copy_(torch.tensor([3.0, 30.0]))
    return SystemCheckpoint("made", config, model, {})


def steps(*chosen, of=5):
    return np.isin(np.arange(of), chosen)


def test_a_line_and_a_mean_by_hand():
    line = wiped(SERIES, steps(2, 3))
    np.testing.assert_allclose(line[2:4], [[2, 30], [3, 40]])  # between (1, 20) and (4, 50)
    np.testing.assert_array_equal(line[[0, 1, 4]], SERIES[[0, 1, 4]])
    np.testing.assert_allclose(wiped(SERIES, steps(0, 4))[[0, 4]], SERIES[[1, 3]])
    np.testing.assert_allclose(wiped(SERIES, steps(0, 1), "mean")[0], SERIES[2:].mean(0))
    with pytest.raises(UserError, match="at least one step"):
        wiped(SERIES, np.ones(5, bool))


def test_json_has_a_weight_for_each_step():
    data = SeriesSet("f", ("a", "b"), (SERIES, SERIES[:1]), (), ("first", "second"))
    one, single = (explanation.to_json() for explanation in explain_series(checkpoint(), data))
    assert [(node["start"], node["end"]) for node in one["steps"]] == [(n, n + 1) for n in range(5)]
    assert sum(node["weight"] for node in one["steps"]) == pytest.approx(1, abs=1e-5)
    assert sum(one["probabilities"].values()) == pytest.approx(1)
    assert one["label"] == max(one["probabilities"], key=one["probabilities"].get)
    assert single["steps"][0]["weight"] == pytest.approx(1)
    number = explain_series(checkpoint(task="regression", labels=()), data)[0].to_json()
    assert set(number) == {"id", "value", "steps"}


def test_changes_of_probability_and_of_numbers():
    made = checkpoint()
    changed = wiped(SERIES, steps(2))
    whole, part = answer_series(made, [SERIES, changed]).probabilities
    chosen = whole.argmax()
    assert change_of(made, SERIES, [changed])[0] == pytest.approx(whole[chosen] - part[chosen])
    regression = checkpoint(task="regression", labels=())
    regression.model.target_scale.fill_(5)
    before, after = answer_series(regression, [SERIES, changed]).numbers
    expected = abs(after - before) / 5
    assert change_of(regression, SERIES, [changed])[0] == pytest.approx(expected)


@pytest.mark.parametrize("each", [False, True])
def test_gradient_times_input_by_differences(each):
    made = checkpoint(scale_each=each)
    made.model.double()
    values = SERIES.astype(np.float64)

    def score(series):
        with torch.no_grad():
            return made.model(collate_series([series])).scores[0].numpy()

    chosen, mean = score(values).argmax(), values.mean(0) if each else np.array([3.0, 50.0])
    found = gradient_times_input(made, values)
    for at in np.ndindex(values.shape):
        moved = [values.copy(), values.copy()]
        moved[0][at] += 1e-4
        moved[1][at] -= 1e-4
        slope = (score(moved[0])[chosen] - score(moved[1])[chosen]) / 2e-4
        assert found[at] == pytest.approx(slope * (values[at] - mean[at[1]]), rel=1e-3, abs=1e-6)


def test_evidence_moves_the_same_pattern_round_the_series():
    made, attention = checkpoint(), np.array([0.1, 0.1, 0.5, 0.1, 0.2])
    evidence = deletion_evidence(made, SERIES, attention, share=0.4)
    assert evidence.count == 2
    assert evidence.steps.tolist() == [False, False, True, False, True]
    # Moved by 1 and 4 it shares no step with attention's, by 2 and 3 one.
    moved = [steps(3, 0), steps(1, 3), steps(4, 1), steps(0, 2)]
    expected = change_of(made, SERIES, [wiped(SERIES, one) for one in moved])
    np.testing.assert_allclose(evidence.random, expected, atol=1e-6)


def test_evidence_compares_with_places_that_share_no_step():
    made, long = checkpoint(), np.tile(SERIES, (8, 1))
    attention = np.zeros(40)
    attention[10:14] = 0.25
    evidence = deletion_evidence(made, long, attention, share=0.1)
    assert len(evidence.random) == 39 - 6  # moves by 1 to 3 in both directions share steps


@pytest.mark.parametrize(
    ("attention", "random", "verdict"),
    [
        (0.5, [0.0] * 40, "matters"),
        (0.5, [0.6] * 5 + [0.0] * 35, "like random"),
        (0.01, [0.0] * 40, "no effect"),
        (0.01, [0.3] * 40, "like random"),
        (0.5, [0.0] * 3, "too short"),
    ],
)
def test_verdicts(attention, random, verdict):
    assert DeletionEvidence(1, attention, 0, np.array(random), np.ones(1, bool)).verdict == verdict


def test_a_series_of_one_step_has_no_evidence():
    evidence = deletion_evidence(checkpoint(), SERIES[:1], np.ones(1))
    assert evidence.verdict == "too short"
    assert evidence.to_json()["random"] is None
