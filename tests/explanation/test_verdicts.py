"""Evidence in words: the figures said are the figures measured, and nothing more is said."""

import re
from dataclasses import replace

import numpy as np
import pytest

from han_core.data.corpus import read_corpus
from han_core.explanation.attention_permutation import AttentionReplacement, Flip
from han_core.explanation.deletion import SHARES, Curve, Deletion, removed_units
from han_core.explanation.explanation import Explanation
from han_core.explanation.faithfulness import Evidence
from han_core.explanation.verdicts import NO_EVIDENCE, evidence_sentences, language_warning, short
from han_core.text.tokenizer import Tokenizer

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
        "Consistent with the deletion test: averaged over 1% to 50%, attention gives .31, random "
        "order .01 at most in 95% of draws.",
        "Keeping only the 10% most attended words changes this prediction by .00; keeping only "
        "random words lowers it by .25.",
        "Attention ranks words as gradient × input does at tau .41.",
        "Under uniform attention the decision stays: positive .75 instead of .97.",
        "Shuffled attention moves this prediction by .07 (median of 3 shuffles).",
        "Zeroing sentence attention until the decision flips: after 25% by attention, after 10% "
        "by gradient, never in random order.",
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
    ("attention", "random", "verdict"),
    [
        (0.2, (0.0, 0.1, 0.3), "not supported"),
        (0.01, (0.01,), "not supported"),
        (0.3, (0.0, 0.1, 0.2), "consistent"),
        (0.005, (0.0,), "hardly more"),
        (-0.1, (0.0, 0.1), "less than"),
    ],
)
def test_the_verdict_depends_on_where_random_order_lies(attention, random, verdict):
    sentence = evidence_sentences(evidence(attention=attention, random=random))[1]
    assert sentence.startswith("Consistent with the deletion test") == (verdict == "consistent")
    assert sentence.startswith("Not supported by the deletion test") != (verdict == "consistent")
    assert (NO_EVIDENCE in sentence) == (verdict == "not supported")
    if verdict in ("hardly more", "less than"):
        assert verdict in sentence
    assert short(attention) in sentence


def test_what_leave_one_out_adds():
    found = evidence().deletion
    curves = {**found.comprehensiveness, "leave_one_out": flat(0.61)}
    more = replace(
        found, comprehensiveness=curves, sufficiency={**found.sufficiency, "leave_one_out": flat(0)}
    )
    sentences = evidence_sentences(
        evidence(deletion=more, tau_leave_one_out=0.33, tau_ceiling=-0.05)
    )
    assert "Attention captures 50% of what leave-one-out finds beyond random words." in sentences
    assert (
        "Attention ranks words as gradient × input does at tau .41, and as leave-one-out does at "
        ".33; those two agree with each other at −.05."
    ) in sentences
    curves["leave_one_out"] = flat(0.01)
    assert any(
        "no share to give" in sentence for sentence in evidence_sentences(evidence(deletion=more))
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
        "Zeroing word attention until the decision flips: with nearly all gone by attention, "
        "never by gradient, after 50% in random order."
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


TOKENIZER = Tokenizer("en")


WORDS = "one two three four five six seven eight nine ten"


def explained(text: str, unknown: int | set[str] = 0) -> Explanation:
    """Even attention; ``unknown`` are the first so many tokens, or these words."""
    document = TOKENIZER(text)
    tokens = document.token_texts()
    known = [
        at >= unknown if isinstance(unknown, int) else token not in unknown
        for at, token in enumerate(tokens)
    ]
    lengths = np.array(document.sentence_lengths)
    return Explanation(
        "1", document, ("n", "p"), np.array([0.5, 0.5]), np.full(len(lengths), 1 / len(lengths)),
        np.repeat(1 / lengths, lengths), np.array(known),
    )  # fmt: skip


def test_another_script_is_named():
    said = language_warning(
        explained("这部电影开头很慢，但是半小时后我完全投入了。"), "en", "han-imdb"
    )
    assert said.startswith("This text stands mostly in Chinese characters, but han-imdb learnt")
    assert "texts in English" in said
    said = language_warning(explained(WORDS), "zh", "han-zh")
    assert "mostly in Latin letters, but han-zh learnt from texts in Chinese" in said


def test_four_of_ten_unknown_words_are_named_and_three_are_not():
    assert language_warning(explained(WORDS, unknown=3), "en", "a") == ""
    assert language_warning(explained(WORDS, unknown=4), "en", "a").startswith(
        "a does not know 40% of"
    )


def test_signs_and_numbers_are_no_words():
    text = WORDS + " 1 2 3 4 5 6 7 8 9 10 ! ? , ; : ( )"
    assert (
        language_warning(explained(text, unknown=set(text.split()) - set(WORDS.split())), "en", "a")
        == ""
    )
    assert language_warning(explained("1 2 3 4 5 6 7 8 9 10 11", unknown=11), "en", "a") == ""


@pytest.mark.parametrize("text", ["Nine words are not enough to tell anything here", "Go", "?"])
def test_few_words_tell_nothing(text):
    assert language_warning(explained(text, unknown=99), "en", "a") == ""


def test_a_language_without_a_known_script_is_told_by_words_alone():
    assert language_warning(explained("这部电影"), "xx", "a") == ""
    assert "texts in xx" in language_warning(explained(WORDS, unknown=9), "xx", "a")


def test_our_own_texts_are_at_home():
    """A model that knows nine words of ten: none of the bundled texts is foreign to it."""
    for text in read_corpus("bundled:classroom@all").texts:
        rare = {word for at, word in enumerate(sorted(set(text.split()))) if at % 10 == 0}
        assert language_warning(explained(text, unknown=rare), "en", "a") == ""
