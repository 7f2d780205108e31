"""Deletion curves against one plain run a variant, and averages by hand."""

from dataclasses import replace
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation.deletion import SHARES, Curve, Deletion, deletion, removed_units
from han_core.explanation.model_probe import ModelProbe, probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.text.batch import Batch
from han_core.text.vocabulary import UNKNOWN

TEXT = "the quiet river walk. bread and music under the window. road unheard. a green table"
MODELS = [("han", "additive"), ("bilstm", "additive"), ("bilstm", "dot")]


@pytest.fixture(params=MODELS, ids="-".join)
def asked(request, random_checkpoint):
    return probe_text(load_checkpoint(random_checkpoint(*request.param)), TEXT)


@pytest.mark.parametrize(
    ("units", "removed"),
    [
        (100, [1, 5, 10, 20, 50]),
        (250, [3, 13, 25, 50, 125]),
        (20, [1, 1, 2, 4, 10]),
        (3, [1, 1, 1, 1, 2]),
        (2, [1, 1, 1, 1, 1]),
    ],
)
def test_shares_are_rounded_up_and_never_take_all(units, removed):
    assert removed_units(units).tolist() == removed


@given(st.integers(2, 30_000))
def test_shares_are_exact_at_any_length(units):
    exact = [min(ceil(Fraction(share, 100) * units), units - 1) for share in SHARES]
    assert removed_units(units).tolist() == exact


def test_one_unit_has_nothing_to_delete(asked):
    with pytest.raises(ValueError, match="at least two"):
        removed_units(1)
    with pytest.raises(ValueError, match="at least two"):
        deletion(probe_text(asked.checkpoint, "river"), {"attention": np.array([[0]])})


def plain_run(asked, words: list[int], there: list[bool], gap: int | None) -> float:
    """p(predicted class) with only some tokens there, in a run of its own."""
    sentences, at = [], 0
    for length in asked.numbered.sentence_lengths:
        stretch = zip(words[at : at + length], there[at : at + length], strict=True)
        filled = [word if kept else gap for word, kept in stretch]
        sentences.append([word for word in filled if word is not None])
        at += length
    sentences = [sentence for sentence in sentences if sentence]
    batch = Batch(
        torch.tensor([word for sentence in sentences for word in sentence]),
        torch.tensor([len(sentence) for sentence in sentences]),
        torch.tensor([len(sentences)]),
    )
    with torch.no_grad():
        return asked.checkpoint.model(batch).logits.double().softmax(1)[0, asked.target].item()


@pytest.mark.parametrize("fill", ["delete", "unknown"])
@pytest.mark.parametrize("unit", ["word", "sentence"])
def test_every_point_of_the_curves_is_a_plain_run(asked, unit, fill):
    number = asked.tokens if unit == "word" else asked.sentences
    owner = list(range(number)) if unit == "word" else list(asked.explanation.sentence_of_token)
    rng = np.random.default_rng(4)
    orders = {
        "attention": rng.permutation(number)[None],
        "random": np.stack([rng.permutation(number) for _ in range(3)]),
    }
    found = deletion(asked, orders, unit, fill)
    words, gap = asked.numbered.words.tolist(), None if fill == "delete" else UNKNOWN
    before = plain_run(asked, words, [True] * asked.tokens, gap)
    for ranking, rows in orders.items():
        for row, ranked in enumerate(rows.tolist()):
            for column, share in enumerate(SHARES):
                top = set(ranked[: min(ceil(Fraction(share, 100) * number), number - 1)])
                without = plain_run(asked, words, [unit not in top for unit in owner], gap)
                alone = plain_run(asked, words, [unit in top for unit in owner], gap)
                at = (row, column)
                assert found.comprehensiveness[ranking].values[at] == pytest.approx(
                    before - without, abs=1e-6
                )
                assert found.sufficiency[ranking].values[at] == pytest.approx(
                    before - alone, abs=1e-6
                )
    assert (found.unit, found.fill, found.units) == (unit, fill, number)


def test_all_orders_and_shares_are_one_question(asked, monkeypatch):
    asked_of = []
    plainly = ModelProbe.probabilities

    def counted(self, kept, *rest):
        asked_of.append(kept.shape)
        return plainly(self, kept, *rest)

    monkeypatch.setattr(ModelProbe, "probabilities", counted)
    tokens = asked.tokens  # 19: shares take 1, 1, 2, 4 and 10 words, four different numbers
    orders = np.stack([np.random.default_rng(i).permutation(tokens) for i in range(6)])
    deletion(asked, {"attention": orders[:1], "random": orders[1:]})
    assert asked_of == [(2 * 6 * 4, tokens)]


def test_progress_is_told(asked):
    seen = []
    orders = {"attention": np.arange(asked.tokens)[None]}
    deletion(asked, orders, progress=lambda *done: seen.append(done))
    assert seen[-1] == (8, 8)


def test_averages_and_bands_by_hand():
    one = Curve(np.array([[0.1, 0.2, 0.3, 0.4, 0.5]]))
    assert one.mean.tolist() == one.low.tolist() == one.high.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert one.average == pytest.approx(0.3)
    assert one.average_band == pytest.approx((0.3, 0.3))
    draws = Curve(np.arange(21)[:, None] * np.array([0.0, 0.01, -0.01, 0.02, 0.03]))
    assert draws.mean == pytest.approx([0, 0.1, -0.1, 0.2, 0.3])
    assert draws.low == pytest.approx([0, 0.01, -0.19, 0.02, 0.03])
    assert draws.high == pytest.approx([0, 0.19, -0.01, 0.38, 0.57])
    assert draws.average == pytest.approx(0.1)
    assert draws.average_band == pytest.approx((0.01, 0.19))


def flat(*levels: float) -> Curve:
    """A curve whose orders stay at one level each."""
    return Curve(np.repeat(np.array(levels)[:, None], len(SHARES), axis=1))


def measured(**levels: Curve) -> Deletion:
    return Deletion("word", "delete", 100, removed_units(100), levels, levels)


@pytest.mark.parametrize(
    ("attention", "leave_one_out", "random", "captured"),
    [
        (0.3, 0.5, (0.1,), 0.5),
        (0.5, 0.5, (0.1,), 1),
        (0.05, 0.5, (0.1,), -0.125),
        (0.6, 0.5, (0.0,), 1.2),
        (0.3, 0.108, (0.1,), None),
        (0.3, -0.5, (0.1,), None),
        (0.3, 0.3, (0.0, 0.0, 0.4), None),
        (0.2, 0.4, (0.0, 0.0, 0.3), 1 / 3),
    ],
)
def test_captured_is_a_share_of_what_leave_one_out_finds(
    attention, leave_one_out, random, captured
):
    found = measured(
        attention=flat(attention), leave_one_out=flat(leave_one_out), random=flat(*random)
    )
    assert found.captured == (captured if captured is None else pytest.approx(captured))


def test_nothing_is_captured_before_leave_one_out():
    assert measured(attention=flat(0.3), random=flat(0.1)).captured is None


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="expected"):
        Curve(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="expected"):
        Curve(np.zeros((0, 5)))
    found = measured(attention=flat(0.3))
    with pytest.raises(ValueError, match="same things"):
        replace(found, sufficiency={})
    with pytest.raises(ValueError, match="fewer than 50"):
        replace(found, units=50)
    with pytest.raises(ValueError, match="positive counts"):
        replace(found, removed=np.array([0, 1, 2, 3, 4]))
