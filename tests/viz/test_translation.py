"""Sentences and tables about a translation, by hand."""

import numpy as np
import pytest

from han_core.explanation.translation import Coverage, SourceWordRemoval
from han_core.models.translate import Translation
from han_core.models.translator import TranslatorConfig
from han_core.text.document import Span
from han_core.text.vocabulary import RESERVED
from han_core.viz.translation import (
    alignment_error_sentence,
    coverage_sentences,
    forced_sentence,
    removal_rows,
    side_names,
    unit,
    unknown_sentence,
    verdict_sentence,
)

TEXT, TARGET = " a <b>!", "x  y"


def translation(log_probabilities=(-0.1, -0.7), source_numbers=(2, 1)):
    return Translation(
        TEXT, TARGET, (Span(1, 2), Span(3, 6)), (Span(0, 1), Span(3, 4)),
        np.array([[0.75, 0.25], [0.1, 0.9]]), np.array(log_probabilities), source_numbers, (2, 3),
    )  # fmt: skip


def removal():
    return SourceWordRemoval(
        np.array([0.9, 0.5]), np.array([[0.6, -0.1], [0.02, 0.4]]), translation().alignment
    )


def test_the_verdict_is_in_points():
    sentence = verdict_sentence(removal())
    assert "loses 50 points" in sentence  # (.6 + .4) / 2
    assert "other words \N{MINUS SIGN}4" in sentence  # (−.1 + .02) / 2
    assert "2 of 2 words" in sentence
    assert "1 in 2" in sentence


def test_rows_by_hand():
    first, second = removal_rows(translation(), removal())
    assert list(first.values()) == ["x", "90.0%", "a (75%)", "60", "\N{MINUS SIGN}10", "a (60)"]
    assert second["Attends most to"] == "<b> (90%)"


def test_coverage_is_named():
    some = Coverage(np.array([0.1, 2.5]), (0,), (1,), (1,))
    assert coverage_sentences(translation(), some) == [
        "Hardly attended to: “a”.",
        "Attended to for more than two words: “<b>”.",
        "Said twice in a row: “y”.",
    ]
    (plain,) = coverage_sentences(translation(), Coverage(np.array([1.0, 1.0]), (), (), ()))
    assert "Every source word" in plain


def test_another_translation_beside_the_own():
    own, other = translation(), translation((np.log(0.5), np.nan))
    assert "50.0%" in forced_sentence(own, other)
    assert "67.0%" in forced_sentence(own, other)  # exp(−.4)
    assert "1 word that the model does not know" in forced_sentence(own, other)
    assert "no word" in forced_sentence(own, translation((np.nan, np.nan)))


@pytest.mark.parametrize(
    ("attention", "fragment"),
    [(0.312, "worse than"), (0.281, "hardly better than"), (0.2, "words better than")],
)
def test_the_alignment_error_stands_beside_the_diagonal(attention, fragment):
    figures = {"attention": attention, "diagonal": 0.288, "pairs": 1_234, "longest": 10}
    sentence = alignment_error_sentence({"alignment": figures})
    assert f"{fragment} their order alone" in sentence
    assert "1,234 sentences of at most 10 words" in sentence
    assert f"is {attention:.1%}, that of the diagonal 28.8%." in sentence
    sentence = alignment_error_sentence({"alignment": {**figures, "ibm": 0.164}})
    assert "that of IBM model 1 16.4%." in sentence


@pytest.mark.parametrize("metrics", [{}, {"alignment": 3}, {"alignment": {"attention": "x"}}])
def test_without_figures_nothing_is_said(metrics):
    assert alignment_error_sentence(metrics) == ""


def test_unknown_words_are_named():
    assert unknown_sentence(translation()) == "Unknown to the model: “<b>”."
    assert unknown_sentence(translation(source_numbers=(2, 3))) == ""
    assert "no word of this sentence" in unknown_sentence(translation(source_numbers=(1, 1)))


def test_sides_are_called_by_their_languages():
    vocabulary = {"source_words": (*RESERVED, "a"), "target_words": (*RESERVED, "x")}
    words = TranslatorConfig(**vocabulary, attached=(0, 0, 0), target_language="xx")
    assert side_names(words) == ("English", "xx")
    assert unit(words) == "word"
    letters = words.model_copy(update={"source_segmentation": "letters"})
    assert side_names(letters) == ("Source", "Output")
    assert "source character" in verdict_sentence(removal(), unit(letters))
