"""Over a data set: means of what each document says alone, in the contract's words."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation.attention_permutation import Flip
from han_core.explanation.dataset_evidence import (
    DRAWS,
    RANKINGS,
    flips,
    measure,
    measure_one,
    report,
    sample,
    spread,
)
from han_core.explanation.faithfulness import quick, thorough
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import predict
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


@pytest.fixture(scope="module", params=["han", "bilstm", "transformer"])
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
    of_maps = {"rollout", "gradient_weighted"} if checkpoint.kind.maps else set()
    assert set(value.get("methods", ())) == of_maps
    assert {"comprehensiveness", "sufficiency", "captured"} <= value["unknown_word"].keys()
    json.dumps(value, allow_nan=False)


def test_means_are_over_documents_measured_one_by_one(checkpoint):
    found = measure(checkpoint, TEXTS, seed=6, draws=8)
    seeds = np.random.default_rng(6).integers(2**32, size=4).tolist()
    for fill, part in (("delete", found.deleted), ("unknown", found.unknown)):
        alone = []
        for text, seed in zip(TEXTS, seeds, strict=True):
            probe = probe_text(checkpoint, text)
            alone.append(thorough(probe, quick(probe, fill=fill, seed=seed, draws=8), seed))
        for ranking in RANKINGS:
            for measured in ("comprehensiveness", "sufficiency"):
                by_hand = [getattr(e.deletion, measured)[ranking].average for e in alone]
                leaf = getattr(part, measured)[ranking]
                assert leaf.mean == pytest.approx(np.mean(by_hand), abs=1e-6)
                assert min(by_hand) - 1e-9 <= leaf.low <= leaf.high <= max(by_hand) + 1e-9
        if fill == "delete":
            for method, means in found.methods.items():
                by_hand = [e.deletion.sufficiency[method].average for e in alone]
                assert means["sufficiency"].mean == pytest.approx(np.mean(by_hand), abs=1e-6)
                found_taus = [e.methods[method].leave_one_out for e in alone]
                by_hand = [tau for tau in found_taus if tau is not None]
                assert means["tau_leave_one_out"].mean == pytest.approx(np.mean(by_hand))
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


def test_a_method_is_averaged_where_it_and_the_three_orders_flip():
    def of(shares, rollout):
        return flips(Flip("word", 10, *shares, draws=9, methods={"rollout": rollout}))

    curve = {"deleted comprehensiveness rollout": 0.2, "deleted sufficiency rollout": 0.1}
    taus = {"tau_gradient rollout": 0.4, "tau_leave_one_out rollout": None}
    rows = [
        {**row(0.2, 0.1, 0.5), **curve, **taus, **of((0.1, 0.2, 0.3), 0.4)},
        {**row(0.2, 0.1, 0.5), **curve, **taus, **of((0.1, 0.2, 0.3), None)},
        {**row(0.2, 0.1, 0.5), **curve, **taus, **of((None, 0.2, 0.3), 0.8)},
        {**row(0.2, 0.1, 0.5), **curve, **taus, **of((0.3, 0.2, 0.3), 0.6)},
    ]
    found = report(rows, seed=0)
    assert {name: leaf.mean for name, leaf in found.methods["rollout"].items()} == {
        "comprehensiveness": pytest.approx(0.2), "sufficiency": pytest.approx(0.1),
        "tau_gradient": pytest.approx(0.4), "tau_leave_one_out": None,
        "flip": 0.5, "never_flips": 0.25,
    }  # fmt: skip
    assert found.flip["never"].mean == 0.25  # of the three orders alone


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


@pytest.fixture
def sampling_checkpoint(random_checkpoint):
    return load_checkpoint(random_checkpoint())


@given(st.integers(0, 50), st.integers(1, 60), st.integers(0, 9))
def test_classes_and_lengths_keep_their_shares(seed, number, classes):
    rng = np.random.default_rng(seed)
    predicted = rng.integers(0, classes + 1, size=60)
    lengths = rng.integers(5, 50, size=60)
    rows = spread(predicted, lengths, number, seed)
    assert len(set(rows.tolist())) == len(rows) == number
    assert rows.tolist() == sorted(rows.tolist())
    for label in range(classes + 1):
        ours, whole = lengths[rows[predicted[rows] == label]], lengths[predicted == label]
        exact = len(whole) * number / 60
        assert abs(len(ours) - exact) <= 1
        short = np.median(whole) if len(whole) else 0
        assert abs((ours < short).sum() - (whole < short).sum() * number / 60) <= 1


def test_every_document_may_be_chosen():
    found = {int(spread(np.zeros(4), np.full(4, 9), 1, seed)[0]) for seed in range(60)}
    assert found == {0, 1, 2, 3}


def test_a_sample_is_stratified_by_what_the_model_predicts(sampling_checkpoint, planted_corpora):
    texts = planted_corpora.test.texts
    rows = sample(sampling_checkpoint, texts, 20, seed=4)
    assert len(rows) == 20
    assert (
        rows
        == sample(sampling_checkpoint, texts, 20, seed=4)
        != sample(sampling_checkpoint, texts, 20, seed=5)
    )
    positive = predict(sampling_checkpoint, texts).argmax(1) == 1
    assert positive[rows].sum() == pytest.approx(positive.sum() / 5, abs=1)


def test_few_documents_are_all_taken(sampling_checkpoint):
    seen = []
    assert sample(
        sampling_checkpoint, ["river", "walk"], 2, progress=lambda *d: seen.append(d)
    ) == [0, 1]
    assert seen == [(2, 2)]


def test_texts_too_long_are_never_chosen(sampling_checkpoint, monkeypatch):
    monkeypatch.setattr("han_core.explanation.dataset_evidence.MOST_READ", 9)
    texts = ["river walk", "a b c d", "river stone walk", "one two three four five"]
    said = []
    assert sample(sampling_checkpoint, texts, 9, say=said.append) == [0, 2]
    assert said == ["2 of 4 texts are above 3 words: left out."]
    assert all(sample(sampling_checkpoint, texts, 1, seed)[0] in (0, 2) for seed in range(8))
    with pytest.raises(UserError, match="at most 3 words"):
        sample(sampling_checkpoint, texts[1:2])


def test_wrong_input_is_one_sentence(sampling_checkpoint):
    with pytest.raises(UserError, match="number 2 has none"):
        sample(sampling_checkpoint, ["river", " \n "])
    with pytest.raises(ValueError, match="at least one document"):
        sample(sampling_checkpoint, ["river"], 0)


def test_layers_are_added_for_models_with_self_attention(self_attentive_probe):
    texts = ["the quiet river walk", "bread and music under the window", "a road"]
    found = measure(self_attentive_probe.checkpoint, texts, draws=4).to_json()
    assert list(found["layers"]) == ["layer 1", "layer 2"]
    rows = [measure_one(probe_text(self_attentive_probe.checkpoint, text), 0, 4) for text in texts]
    shift = np.mean([row["layer 2 uniform_shift"] for row in rows])
    assert found["layers"]["layer 2"]["uniform_shift"]["mean"] == pytest.approx(shift)
    assert set(found["layers"]["layer 1"]) == {
        "uniform_flips",
        "uniform_shift",
        "permutation_shift",
    }
