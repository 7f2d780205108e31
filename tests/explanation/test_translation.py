"""Source words taken out, one by one, by hand."""

import numpy as np
import pytest
import torch

from han_core.explanation.translation import (
    SourceWordRemoval,
    coverage,
    decoder_steps,
    source_word_removal,
)
from han_core.models.beam_search import align_numbers
from han_core.models.system_folder import SystemCheckpoint
from han_core.models.translate import Translation, translate_texts
from han_core.models.translator import TranslatorConfig, TranslatorNetwork, collate_pairs
from han_core.runtime.errors import UserError
from han_core.text.document import Span
from han_core.text.vocabulary import RESERVED


@pytest.fixture(scope="module")
def checkpoint():
    torch.manual_seed(2)
    config = TranslatorConfig(
        source_words=(*RESERVED, "a", "b", "c"),
        target_words=(*RESERVED, "x", "y"),
        attached=(0,) * 4,
        embedding=6,
        encoder=4,
        decoder=8,
        attention_size=4,
    )
    return SystemCheckpoint("c", config, TranslatorNetwork(config).eval(), {})


def aligned(checkpoint, text, target):
    (found,) = translate_texts(checkpoint, [text], [target])
    return found


def hand_made(alignment, target="x y", source="a b c"):
    """A translation of known words with such an alignment."""
    places = [
        tuple(Span(2 * at, 2 * at + 1) for at in range(len(side.split())))
        for side in (source, target)
    ]
    words = np.array(alignment, float)
    numbers = [tuple(range(2, 2 + len(side))) for side in places]
    return Translation(source, target, *places, words, np.zeros(len(words)), *numbers)


def test_a_drop_is_what_the_shorter_sentence_says(checkpoint):
    removal = source_word_removal(checkpoint, aligned(checkpoint, "a b c", "x y"))
    for at, shorter in enumerate(([3, 4], [2, 4], [2, 3])):
        whole, less = align_numbers(checkpoint.model, [[2, 3, 4], shorter], [[2, 3], [2, 3]])
        expected = np.exp(whole.log_probabilities[:2]) - np.exp(less.log_probabilities[:2])
        assert removal.drops[:, at] == pytest.approx(expected, abs=1e-6)


def test_the_most_attended_word_beside_the_others_by_hand():
    attention = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    drops = np.array([[0.5, 0.1, 0.0], [0.2, 0.1, 0.3]])
    removal = SourceWordRemoval(np.array([0.9, 0.8]), drops, attention)
    assert removal.most_attended == pytest.approx(0.4)
    assert removal.other_words == pytest.approx(0.1)


def test_unknown_target_words_are_left_out(checkpoint):
    line = source_word_removal(checkpoint, aligned(checkpoint, "a b", "x unknown")).to_json()
    assert line["probabilities"][1] is None
    assert line["drops"][1] == [None, None]
    assert line["most_attended"] is not None


@pytest.mark.parametrize(
    ("text", "translation", "fragment"), [("a", "x", "two or more"), ("a b", "unknown", "no word")]
)
def test_what_cannot_be_asked_is_refused(checkpoint, text, translation, fragment):
    with pytest.raises(UserError, match=fragment):
        source_word_removal(checkpoint, aligned(checkpoint, text, translation))


@pytest.mark.parametrize(
    ("drops", "verdict"),
    [
        ([[0.6, 0.0, 0.1], [0.0, 0.1, 0.5]], "matters"),
        ([[0.3, 0.2, 0.3], [0.3, 0.3, 0.3]], "like others"),
        ([[0.01, 0.5, 0.5], [0.5, 0.5, 0.02]], "no effect"),
    ],
)
def test_the_verdict_by_hand(drops, verdict):
    attention = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    removal = SourceWordRemoval(np.array([0.9, 0.8]), np.array(drops), attention)
    assert removal.verdict == verdict


def test_agreement_counts_known_words_by_hand():
    attention = np.array([[0.7, 0.3], [0.4, 0.6], [0.2, 0.8]])
    drops = np.array([[0.5, 0.1], [0.2, 0.1], [np.nan, np.nan]])
    removal = SourceWordRemoval(np.array([0.9, 0.8, np.nan]), drops, attention)
    assert removal.agreement == (1, 2)


def test_steps_say_what_the_softmax_says(checkpoint):
    translation = aligned(checkpoint, "a b c", "x y")
    steps = decoder_steps(checkpoint, translation, count=2)
    assert len(steps) == 3
    with torch.no_grad():
        scores = checkpoint.model(collate_pairs([[2, 3, 4]], [[2, 3]])).scores[0]
    shares = scores.softmax(-1).numpy()
    for row, step, said in zip(shares, steps, ["x", "y", ""], strict=True):
        known = {"": row[0], "x": row[2], "y": row[3]}
        ranked = sorted(known, key=lambda word: -known[word])
        assert [one.word for one in step][:2] == ranked[:2]
        (chosen,) = [one for one in step if one.said]
        assert chosen.word == said
        assert chosen.rank == ranked.index(said) + 1
        for one in step:
            assert one.probability == pytest.approx(known[one.word], abs=1e-6)
    for step, log in zip(steps, translation.log_probabilities, strict=False):
        assert next(one.probability for one in step if one.said) == pytest.approx(np.exp(log))


def test_an_unknown_word_is_said_by_no_candidate(checkpoint):
    steps = decoder_steps(checkpoint, aligned(checkpoint, "a b", "x unknown"))
    assert [sum(one.said for one in step) for step in steps] == [1, 0, 1]
    assert all(one.word != "<unk>" for step in steps for one in step)


def test_coverage_by_hand():
    covered = coverage(hand_made([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.9, 0.0, 0.1]], "x y x"))
    assert covered.totals == pytest.approx([2.6, 0.2, 0.2])
    assert covered.repeated == (0,)
    assert covered.missed == ()
    covered = coverage(hand_made([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0]]))
    assert covered.missed == (2,)


@pytest.mark.parametrize(
    ("target", "again"),
    [("a b", ()), ("b B c", (1,)), ("a b a b", (3,)), ("! ! a", ()), ("a b c a b", ())],
)
def test_words_said_twice_by_hand(target, again):
    words = len(target.split())
    assert coverage(hand_made(np.full((words, 3), 1 / 3), target)).said_again == again
