"""Over a data set: means of what each document says alone, in the contract's words."""

import json

import numpy as np
import pytest

from han_core.explanation.attention_permutation import Flip
from han_core.explanation.dataset_evidence import DRAWS, RANKINGS, flips, measure, report
from han_core.explanation.faithfulness import quick, thorough
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError

TEXTS = [
    "the quiet river walk. bread and music under the window. road unheard. a green table",
    "seven stone letters. the train of paper. garden morning bread",
    "night cloud. chair",
    "music to the garden road under a quiet window with seven train",
]
CONTRACT = {
    "comprehensiveness": {"attention", "gradient", "leave_one_out", "random"},
    "sufficiency": {"attention", "gradient", "leave_one_out", "random"},
    "captured": set(),
    "tau_gradient": set(),
    "tau_leave_one_out": set(),
    "tau_ceiling": set(),
    "flip": {"attention", "gradient", "random", "never"},
    "uniform_flips": set(),
    "permutation_shift": set(),
}


@pytest.fixture(scope="module", params=["han", "bilstm"])
def checkpoint(request, random_checkpoint):
    return load_checkpoint(random_checkpoint(request.param))


def leaves(value: dict):
    """All {"mean", "low", "high"} in it."""
    if value.keys() == {"mean", "low", "high"}:
        yield value
        return
    for part in value.values():
        if isinstance(part, dict):
            yield from leaves(part)


def test_the_keys_are_those_of_the_contract(checkpoint):
    value = measure(checkpoint, TEXTS, draws=5).to_json()
    assert value["n"] == 4
    assert CONTRACT.keys() <= value.keys()
    for key, names in CONTRACT.items():
        found = value[key]
        assert set(found) == (names or {"mean", "low", "high"})
        for leaf in leaves(found):
            assert set(leaf) == {"mean", "low", "high"}
    assert {"comprehensiveness", "sufficiency", "captured"} <= value["unknown_word"].keys()
    json.dumps(value, allow_nan=False)


def test_means_are_over_documents_measured_one_by_one(checkpoint):
    found = measure(checkpoint, TEXTS, seed=6, draws=8)
    seeds = np.random.default_rng(6).integers(2**32, size=4).tolist()
    for fill, part in (("delete", found.deleted), ("unknown", found.unknown)):
        alone = []
        for text, seed in zip(TEXTS, seeds, strict=True):
            asked = probe_text(checkpoint, text)
            alone.append(thorough(asked, quick(asked, fill=fill, seed=seed, draws=8), seed))
        for ranking in RANKINGS:
            for measured in ("comprehensiveness", "sufficiency"):
                by_hand = [getattr(e.deletion, measured)[ranking].average for e in alone]
                leaf = getattr(part, measured)[ranking]
                assert leaf.mean == pytest.approx(np.mean(by_hand), abs=1e-6)
                assert min(by_hand) - 1e-9 <= leaf.low <= leaf.high <= max(by_hand) + 1e-9
        if fill == "delete":
            taus = [e.tau_gradient for e in alone if e.tau_gradient is not None]
            assert found.tau_gradient.mean == pytest.approx(np.mean(taus))
            assert found.permutation_shift.mean == pytest.approx(
                np.mean([e.swaps.permutation_shift for e in alone])
            )
            assert found.uniform_flips.mean == np.mean([e.swaps.uniform_flips for e in alone])
            tested = [e.swaps.flip for e in alone if e.swaps.flip]
            assert found.flip["never"].mean == np.mean([f.never for f in tested])
            for by, never in found.never_flips.items():
                assert never.mean == np.mean([getattr(f, by) is None for f in tested])


def row(attention, random, leave_one_out, shares=(0.1, 0.2, 0.3)) -> dict:
    """One document's figures, as they would have been measured."""
    levels = {
        "attention": attention, "gradient": 0.5, "leave_one_out": leave_one_out, "random": random
    }  # fmt: skip
    curves = {
        f"{filled} {measured} {by}": level
        for filled in ("deleted", "unknown")
        for measured in ("comprehensiveness", "sufficiency")
        for by, level in levels.items()
    }
    return {**dict.fromkeys(CONTRACT, 0.4), **curves, **flips(Flip("word", 10, *shares, draws=9))}


def test_captured_is_a_ratio_of_means():
    """(.2 + .6) / 2 − .1 over (.5 + .9) / 2 − .1 is 1 / 2; the mean of ratios would be .44."""
    found = report([row(0.2, 0.1, 0.5), row(0.6, 0.1, 0.9)], seed=0)
    assert found.deleted.captured.mean == pytest.approx(0.5)
    assert found.deleted.captured.low == pytest.approx(0.25)
    assert found.deleted.captured.high == pytest.approx(0.625)
    assert found.deleted.ahead["random"].mean == pytest.approx(0.3)
    assert found.deleted.ahead["leave_one_out"].mean == pytest.approx(-0.3)


def test_nothing_is_captured_of_nothing():
    found = report([row(0.2, 0.1, 0.1), row(0.6, 0.1, 0.105)], seed=0)
    assert found.to_json()["captured"] == {"mean": None, "low": None, "high": None}


def test_documents_that_never_flip_are_counted_and_not_averaged():
    never = (None, None, None)
    shares = [(0.1, 0.2, 0.3), never, (None, 0.6, None), (0.5, 0.6, None)]
    rows = [row(0.2, 0.1, 0.5, found) for found in shares]
    found = report(rows, seed=0)
    by = ("attention", "gradient", "random")
    assert [found.flip[name].mean for name in (*by, "never")] == [0.1, 0.2, 0.3, 0.75]
    assert [found.never_flips[name].mean for name in by] == [0.5, 0.25, 0.75]
    assert report(rows[1:], seed=0).flip["gradient"].mean is None


def test_documents_of_one_word_leave_gaps_and_no_error(checkpoint):
    found = measure(checkpoint, ["river", "walk"], draws=3)
    value = found.to_json()
    assert value["n"] == 2
    assert all(leaf["mean"] is None for leaf in leaves(value))
    mixed = measure(checkpoint, ["river", TEXTS[0]], draws=3).to_json()
    assert mixed["comprehensiveness"]["random"]["mean"] is not None


def test_the_seed_decides_and_progress_is_told(checkpoint):
    seen = []
    one = measure(checkpoint, TEXTS[:2], 3, draws=4, progress=lambda *done: seen.append(done))
    assert seen == [(1, 2), (2, 2)]
    assert one == measure(checkpoint, TEXTS[:2], 3, draws=4) != measure(checkpoint, TEXTS[:2], 4)
    assert DRAWS == 100


def test_no_text_is_wrong_input(checkpoint):
    with pytest.raises(UserError, match="At least one text"):
        measure(checkpoint, [])
