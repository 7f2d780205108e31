"""Deletion curves against one plain run a variant, and averages by hand."""

from dataclasses import replace
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation.attribution import METHODS, Attribution, attribute
from han_core.explanation.deletion import (
    SHARES,
    Curve,
    Deletion,
    Removal,
    deletion,
    measure_removal,
    removed_units,
)
from han_core.explanation.explain import explain
from han_core.explanation.model_probe import ModelProbe, probe_text
from han_core.explanation.verdicts import removal_sentence
from han_core.models.checkpoint import load_checkpoint
from han_core.text.batch import Batch
from han_core.text.vocabulary import UNKNOWN

TEXT = "the quiet river walk. bread and music under the window. road unheard. a green table"


MODELS = [
    ("transformer", "additive"),
    ("han", "additive"),
    ("bilstm", "additive"),
    ("bilstm", "dot"),
]


@pytest.fixture(params=MODELS, ids="-".join)
def probe(request, random_checkpoint):
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


def test_one_unit_has_nothing_to_delete(probe):
    with pytest.raises(ValueError, match="at least two"):
        removed_units(1)
    with pytest.raises(ValueError, match="at least two"):
        deletion(probe_text(probe.checkpoint, "river"), {"attention": np.array([[0]])})


def plain_run(probe, words: list[int], there: list[bool], gap: int | None) -> float:
    """p(predicted class) with only some tokens there, in a run of its own."""
    sentences, at = [], 0
    for length in probe.numbered.sentence_lengths:
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
        return probe.checkpoint.model(batch).logits.double().softmax(1)[0, probe.target].item()


@pytest.mark.parametrize("fill", ["delete", "unknown"])
@pytest.mark.parametrize("unit", ["word", "sentence"])
def test_every_point_of_the_curves_is_a_plain_run(probe, unit, fill):
    number = probe.tokens if unit == "word" else probe.sentences
    owner = list(range(number)) if unit == "word" else list(probe.explanation.sentence_of_token)
    rng = np.random.default_rng(4)
    orders = {
        "attention": rng.permutation(number)[None],
        "random": np.stack([rng.permutation(number) for _ in range(3)]),
    }
    found = deletion(probe, orders, unit, fill)
    words, gap = probe.numbered.words.tolist(), None if fill == "delete" else UNKNOWN
    before = plain_run(probe, words, [True] * probe.tokens, gap)
    for ranking, rows in orders.items():
        for row, ranked in enumerate(rows.tolist()):
            for column, share in enumerate(SHARES):
                top = set(ranked[: min(ceil(Fraction(share, 100) * number), number - 1)])
                without = plain_run(probe, words, [unit not in top for unit in owner], gap)
                alone = plain_run(probe, words, [unit in top for unit in owner], gap)
                at = (row, column)
                assert found.comprehensiveness[ranking].values[at] == pytest.approx(
                    before - without, abs=1e-6
                )
                assert found.sufficiency[ranking].values[at] == pytest.approx(
                    before - alone, abs=1e-6
                )
    assert (found.unit, found.fill, found.units) == (unit, fill, number)


def test_all_orders_and_shares_are_one_question(probe, monkeypatch):
    asked_of = []
    plainly = ModelProbe.probabilities

    def counted(self, kept, *rest):
        asked_of.append(kept.shape)
        return plainly(self, kept, *rest)

    monkeypatch.setattr(ModelProbe, "probabilities", counted)
    tokens = probe.tokens  # 19: shares take 1, 1, 2, 4 and 10 words, four different numbers
    orders = np.stack([np.random.default_rng(i).permutation(tokens) for i in range(6)])
    deletion(probe, {"attention": orders[:1], "random": orders[1:]})
    assert asked_of == [(2 * 6 * 4, tokens)]


def test_progress_is_told(probe):
    seen = []
    orders = {"attention": np.arange(probe.tokens)[None]}
    deletion(probe, orders, progress=lambda *done: seen.append(done))
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


REMOVAL_TEXT = "the quiet river walk bread music under window unheard seven road\n\nthe river road"


@pytest.fixture(scope="module", params=["han", "bilstm"])
def removal_probe(request, random_checkpoint):
    return probe_text(load_checkpoint(random_checkpoint(request.param)), REMOVAL_TEXT)


@pytest.mark.parametrize("method", METHODS[:4])
@pytest.mark.parametrize("target", [0, 1])
def test_the_highest_ranked_tenth_goes(removal_probe, method, target):
    answer = attribute(removal_probe, method, target)
    found = measure_removal(removal_probe, answer)
    assert (found.words, found.attended) == (2, method == "attention")  # 10% of 14, rounded up
    gone = [removal_probe.document.tokens[i] for i in np.argsort(-answer.words)[:2]]
    text = "".join(
        " " if any(a <= i < b for a, b in gone) else c for i, c in enumerate(REMOVAL_TEXT)
    )
    left = explain(removal_probe.checkpoint, text).probabilities[target]
    before = removal_probe.explanation.probabilities[target]
    assert found.fall == pytest.approx(before - left, abs=1e-6)
    assert found.target == removal_probe.checkpoint.labels[target]


def test_random_words_are_the_same_for_every_method(removal_probe):
    one, other = (
        measure_removal(removal_probe, attribute(removal_probe, m, 1))
        for m in ("gradient", "attention")
    )
    assert one.random == other.random
    assert one.random != one.fall


def test_one_word_cannot_go(random_checkpoint):
    removal_probe = probe_text(load_checkpoint(random_checkpoint()), "river")
    weights = np.ones(1)
    answer = Attribution("attention", "positive", removal_probe.document, weights, weights, False)
    assert measure_removal(removal_probe, answer) is None


def test_sentences():
    assert removal_sentence(Removal("good", False, 3, 0.312, 0.008)) == (
        "Removing the 10% highest ranked words lowers the probability of good by .31; random "
        "words by .01."
    )
    assert removal_sentence(Removal("good", True, 1, 0.2, -0.1)) == (
        "Removing the most attended word lowers the probability of good by .20; removing a random "
        "word raises it by .10."
    )
    assert removal_sentence(Removal("good", True, 2, 0.001, 0.0)) == (
        "Removing the 10% most attended words changes the probability of good by .00; random "
        "words by .00."
    )
