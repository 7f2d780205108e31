"""Evidence in words: the figures said are the figures measured, and nothing more is said."""

import re
from dataclasses import replace

import numpy as np
import pytest

from han_core.explanation.attention_permutation import AttentionReplacement, Flip
from han_core.explanation.deletion import SHARES, Curve, Deletion, removed_units
from han_core.explanation.faithfulness import Evidence, MethodTaus
from han_core.explanation.layer_replacement import LayerReplacement
from han_core.explanation.verdicts import (
    NO_EVIDENCE,
    POOLED,
    answers,
    evidence_sentences,
    removal_line,
    short,
    support,
)
from han_core.runtime.messages import speaking

FORBIDDEN = re.compile(r"because|explain|looked at|therefore|✓|✔|✅", re.IGNORECASE)


def flat(*levels: float) -> Curve:
    return Curve(np.repeat(np.array(levels)[:, None], len(SHARES), axis=1))


def evidence(
    attention=0.31, random=(0.01,), kept=(0.0, 0.25), units=100, unit="word", **changed
) -> Evidence:
    """Evidence whose curves stay at one level; ``kept``: attention and random alone."""
    deletion = Deletion(
        unit,
        "delete",
        units,
        removed_units(units),
        {"attention": flat(attention), "random": flat(*random)},
        {"attention": flat(kept[0]), "random": flat(kept[1])},
    )
    swaps = AttentionReplacement(
        target=1,
        probability=0.97,
        uniform=np.array([0.25, 0.75]),
        permuted=np.array([0.9, 0.85, 0.97]),
        flip=Flip("sentence", 20, 0.25, 0.1, None, draws=20),
    )
    whole = Evidence("positive", 0.97, unit, 100, 20, deletion, swaps, tau_gradient=0.41)
    return replace(whole, **changed)


def test_a_quick_answer_in_words():
    assert evidence_sentences(evidence()) == (
        "Removing the 10% most attended words lowers this prediction by .31; random words by .01.",
        "Supported by the deletion test: averaged over 1% to 50%, attention gives .31, removing "
        "random words at most .01 in 95% of tries.",
        "Keeping only the 10% most attended words changes this prediction by .00; keeping only "
        "random words lowers it by .25.",
        "Order agreement of attention (1 = the same order of words): with gradient × input .41.",
        "Under uniform attention the decision stays: positive .75 instead of .97.",
        "Shuffled attention moves this prediction by .07 (median of 3 shuffles).",
        "Setting sentence weights to 0 one after another changes the answer after 25% by "
        "attention, after 10% by gradient, never in random order.",
    )


def test_a_quick_answer_in_chinese():
    with speaking("zh"):
        assert evidence_sentences(evidence()) == (
            "删除注意力最高的 10% 的词使该预测降低 0.31；删除随机的词为 0.01。",
            "删除测试支持：在 1% 到 50% 上平均，注意力为 0.31；随机删除词，95% 的情况下不超过 "
            "0.01。",
            "只保留注意力最高的 10% 的词使该预测变化 0.00；只保留随机的词则使其降低 0.25。",
            "注意力的排序一致度（1 = 词的顺序相同）：与梯度 × 输入 0.41。",
            "注意力改为均匀后判断不变：positive 由 0.97 变为 0.75。",
            "打乱注意力使该预测变化 0.07（3 次打乱的中位数）。",
            "把句子的权重逐个置零：按注意力，置零 25% 后判断改变；按梯度，置零 10% 后判断改变；"
            "按随机顺序，判断始终不变。",
        )


def first(**changed) -> str:
    return evidence_sentences(evidence(**changed))[0].removeprefix(
        "Removing the 10% most attended words "
    )


def test_signs_and_nothings():
    assert first(random=(-0.02,)) == (
        "lowers this prediction by .31; removing random words raises it by .02."
    )
    assert first(random=(0.004,)) == "lowers this prediction by .31; random words by .00."
    assert first(attention=-0.1, random=(-0.2,)) == (
        "raises this prediction by .10; random words by .20."
    )
    assert first(attention=0.001, random=(-0.001,)) == (
        "changes this prediction by .00; random words by .00."
    )
    assert evidence_sentences(evidence(kept=(-0.03, -0.01)))[2] == (
        "Keeping only the 10% most attended words raises this prediction by .03; only random "
        "words by .01."
    )


@pytest.mark.parametrize(("units", "unit"), [(10, "word"), (4, "sentence")])
def test_one_unit_is_named_as_one(units, unit):
    assert evidence_sentences(evidence(units=units, unit=unit))[0] == (
        f"Removing the most attended {unit} lowers this prediction by .31; a random {unit} by .01."
    )


@pytest.mark.parametrize(
    ("attention", "random", "state"),
    [
        (0.2, (0.0, 0.1, 0.3), "none"),
        (0.01, (0.01,), "none"),
        (0.3, (0.0, 0.1, 0.2), "supported"),
        (0.174, (0.171,), "none"),  # both are written .17, so nobody can see a difference
        (0.176, (0.171,), "weak"),
        (0.005, (0.0,), "weak"),
        (-0.1, (0.0, 0.1), "none"),
    ],
)
def test_the_verdict_depends_on_where_random_order_lies(attention, random, state):
    measured = evidence(attention=attention, random=random)
    sentence = evidence_sentences(measured)[1]
    assert support(measured.deletion) == state
    starts = {
        "supported": "Supported by",
        "weak": "Weakly supported by",
        "none": "Not supported by",
    }
    assert sentence.startswith(f"{starts[state]} the deletion test: ")
    assert (NO_EVIDENCE in sentence) == (state == "none" and attention > 0)
    assert ("less than random order" in sentence) == (attention < 0)
    assert short(attention) in sentence


@pytest.mark.parametrize(
    ("attention", "random", "words", "line"),
    [
        (0.35, 0.02, 100, "Without the top 10% of words: 97% → 62%; random words: 95%."),
        (0.99, -0.2, 100, "Without the top 10% of words: 97% → 0%; random words: 100%."),
        (0.968, -0.028, 4, "Without the top word: 97% → <1%; a random word: >99%."),
    ],
)
def test_the_deletion_test_in_a_line(attention, random, words, line):
    assert removal_line(evidence(attention=attention, random=(random,), units=words)) == line


def test_no_line_where_nothing_can_be_removed():
    assert removal_line(evidence(deletion=None)) == ""


def words(**changed) -> list[str]:
    return [answer.word for answer in answers(evidence(**changed))]


def test_three_questions_are_answered_in_a_word():
    swaps = evidence().swaps
    even = replace(swaps, uniform=np.array([0.03, 0.97]), permuted=np.array([0.95, 0.97]))
    flipped = replace(swaps, uniform=np.array([0.6, 0.4]))
    assert words() == ["Yes", "Partly", "Partly"]
    assert words(attention=0.0, tau_gradient=0.1, swaps=even) == ["No", "No", "No"]
    assert words(attention=0.019, tau_gradient=0.6, swaps=flipped) == ["Hardly", "Mostly", "Yes"]
    assert words(tau_gradient=0.6, tau_leave_one_out=0.3, tau_ceiling=0.5)[1] == "Partly"
    assert words(deletion=None, tau_gradient=None, swaps=None) == ["Unknown"] * 3


def test_every_sentence_belongs_to_one_question():
    parts = answers(evidence())
    assert sum((part.sentences for part in parts), ()) == evidence_sentences(evidence())
    assert [part.figures for part in parts] == [
        ("deletion", "sufficiency"),
        ("agreement",),
        ("swaps", "flip"),
    ]


def test_what_leave_one_out_adds():
    found = evidence().deletion
    curves = {**found.comprehensiveness, "leave_one_out": flat(0.61)}
    more = replace(
        found, comprehensiveness=curves, sufficiency={**found.sufficiency, "leave_one_out": flat(0)}
    )
    sentences = evidence_sentences(
        evidence(deletion=more, tau_leave_one_out=0.33, tau_ceiling=-0.05)
    )
    assert (
        "Attention finds 50% of the effect found by removing words one by one, beyond random order."
    ) in sentences
    assert (
        "Order agreement of attention (1 = the same order of words): with gradient × input .41, "
        "with leave-one-out .33; those two agree with each other at −.05."
    ) in sentences
    curves["leave_one_out"] = flat(0.01)
    assert any(
        "no share to give" in sentence for sentence in evidence_sentences(evidence(deletion=more))
    )


def test_methods_that_read_self_attention_have_their_own_sentences():
    shares = {"rollout": None, "gradient_weighted": 0.3}
    swaps = replace(evidence().swaps, flip=Flip("word", 20, 0.25, 0.1, None, 20, shares))
    methods = {"rollout": MethodTaus(0.42), "gradient_weighted": MethodTaus(0.5, -0.02)}
    sentences = evidence_sentences(evidence(swaps=swaps, methods=methods))
    assert sentences[4:6] == (
        "Order agreement of rollout: with gradient × input .42.",
        "Order agreement of gradient-weighted attention: with gradient × input .50, with "
        "leave-one-out −.02.",
    )
    assert sentences[-2:] == (
        "In the order of rollout: never.",
        "In the order of gradient-weighted attention: after 30%.",
    )
    few = {"rollout": MethodTaus(None)}
    assert not any("rollout" in one for one in evidence_sentences(evidence(methods=few)))
    never = replace(swaps.flip, attention=None, gradient=None, methods={"rollout": None})
    assert evidence_sentences(evidence(swaps=replace(swaps, flip=never)))[-1] == (
        "Setting word weights to 0 one after another never changed the answer."
    )


def test_small_documents_say_what_cannot_be_done():
    nothing = {"deletion": None, "tau_gradient": None}
    assert evidence_sentences(evidence(words=1, sentences=1, swaps=None, **nothing)) == (
        "This document has one word: there is nothing to delete and nothing to shuffle.",
    )
    single = replace(evidence().swaps, flip=None)
    sentences = evidence_sentences(evidence(unit="sentence", sentences=1, swaps=single, **nothing))
    assert sentences[0] == "This document has one sentence: there is none to delete."
    assert sentences[-1] == "There is one sentence, so no attention over sentences to zero."


def test_a_flipped_decision_and_a_late_flip():
    swaps = replace(
        evidence().swaps,
        uniform=np.array([0.6, 0.4]),
        flip=Flip("word", 1000, 0.999, None, 0.5, draws=20),
    )
    sentences = evidence_sentences(evidence(swaps=swaps))
    assert "Under uniform attention the decision flips: positive .40 instead of .97." in sentences
    assert sentences[-1] == (
        "Setting word weights to 0 one after another changes the answer with nearly all gone by "
        "attention, never by gradient, after 50% in random order."
    )
    swaps = replace(swaps, flip=Flip("word", 1000, None, None, None, draws=20))
    assert evidence_sentences(evidence(swaps=swaps))[-1] == (
        "Setting word weights to 0 one after another never changed the answer."
    )


@pytest.mark.parametrize("attention", [-0.3, 0.0, 0.01, 0.9])
@pytest.mark.parametrize("random", [(0.0,), (0.0, 0.5), (-0.2, -0.1)])
def test_nothing_is_claimed_that_was_not_measured(attention, random):
    for sentence in evidence_sentences(evidence(attention=attention, random=random)):
        assert not FORBIDDEN.search(sentence)
        assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.314, ".31"), (1.0, "1.00"), (-0.05, "−.05"), (-0.004, ".00"), (0.0, ".00"), (-1, "−1.00")],
)
def test_short_numbers(value, written):
    assert short(value) == written


def layer(number, uniform, *shuffled, flips=False):
    return LayerReplacement(number, 0.81, uniform, flips, np.array(shuffled), 0.0)


def test_what_was_replaced_is_said_of_the_layers_that_matter_most():
    layers = (layer(0, 0.8, 0.8, 0.8), layer(1, 0.79, 0.79, 0.71), layer(2, 0.4, 0.81, flips=True))
    *_, about = answers(evidence(layers=layers, self_attention=True))
    assert about.word == "Yes"
    assert about.figures[-1] == "layers"
    assert about.sentences[0].startswith("Under uniform pooling the decision stays")
    assert about.sentences[-3:] == (
        "Attention of layer 2 made even: 81% → 79%; shuffled, the prediction moves by .06 (median "
        "of 2 shuffles, .10 at most).",
        "Attention of layer 3 made even: 81% → 40%, and the decision flips; shuffled, the "
        "prediction moves by .00 (median of 1 shuffles, .00 at most).",
        "The other layers move it by .01 at most.",
    )


def test_layers_that_were_not_replaced_say_why():
    *_, about = answers(evidence(self_attention=True, no_layers="Too long."))
    assert about.sentences[-1] == "Self-attention was not replaced. Too long."


def test_the_pooling_is_named_where_states_have_read_each_other():
    assert POOLED in answers(evidence(self_attention=True))[0].sentences
    assert POOLED not in answers(evidence())[0].sentences
