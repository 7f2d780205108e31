"""Answers lined up and set against each other, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from han_core.explanation.attribution import Attribution
from han_core.explanation.comparison import (
    Column,
    Difference,
    aligned_sentences,
    aligned_words,
    attention_column,
    largest_differences,
    sentence_starts,
    shares,
    unit_of,
)
from han_core.explanation.explanation import Explanation
from han_core.text.document import Document, Sentence, Span, align_versions
from han_core.text.tokenizer import Tokenizer

TEXT = "don't go. no way"
#       0123456789012345
WHOLE = [[(0, 5), (6, 8), (8, 9)], [(10, 12), (13, 16)]]
PARTED = [[(0, 2), (2, 5), (6, 9), (10, 12), (13, 16)]]


def explained(text, sentences, sentence_weights, word_weights) -> Explanation:
    document = Document(
        text, tuple(Sentence(tuple(Span(*s) for s in spans)) for spans in sentences), len(text)
    )
    return Explanation(
        "1", document, ("no", "yes"), np.array([0.25, 0.75]), np.array(sentence_weights),
        np.array(word_weights), np.ones(len(word_weights), dtype=bool),
    )  # fmt: skip


ONE = attention_column("one", explained(TEXT, WHOLE, [0.4, 0.6], [0.5, 0.25, 0.25, 0.5, 0.5]))
TWO = attention_column("two", explained(TEXT, PARTED, [1.0], [0.1, 0.2, 0.3, 0.15, 0.25]))


def effects(name, words, sentences) -> Column:
    document = ONE.answer.document
    answer = Attribution(
        "gradient", "yes", document, np.array(words), np.array(sentences), signed=True
    )
    return Column(name, ONE.explanation, answer, document)


UP = effects("up", [0.2, -0.1, 0.0, 0.0, 0.1], [0.1, 0.1])
DOWN = effects("down", [0.1, 0.1, 0.0, -0.2, 0.0], [0.2, -0.2])


def words_of(text: str) -> list[tuple[int, int]]:
    starts = [i for i in range(len(text)) if text[i] != " " and (i == 0 or text[i - 1] == " ")]
    return [(start, (text + " ").index(" ", start)) for start in starts]


def version(text: str, weights, name: str) -> Explanation:
    """A text of one sentence."""
    return explained(text, [words_of(text)], [1.0], weights)


def test_words_are_joined_until_they_agree():
    lined = aligned_words([ONE, TWO])
    assert lined.texts == ("don't", "go.", "no", "way")
    assert lined.spans == (Span(0, 5), Span(6, 9), Span(10, 12), Span(13, 16))
    assert lined.values[0] == pytest.approx([0.2, 0.2, 0.3, 0.3])
    assert lined.values[1] == pytest.approx([0.3, 0.3, 0.15, 0.25])
    assert lined.shared.all()
    assert aligned_sentences([ONE, TWO]).texts == (TEXT,)


def test_words_that_one_did_not_see_are_not_shared():
    short = attention_column("short", explained(TEXT, [[(0, 5)]], [1.0], [1.0]))
    lined = aligned_words([short, TWO])
    assert lined.values[0].tolist() == [1.0, 0, 0, 0]
    assert lined.there.tolist() == [[True, False, False, False], [True] * 4]
    assert lined.in_all().texts == ("don't",)
    assert lined.in_all().values == pytest.approx(np.array([[1.0], [0.3]]))


def test_shares_keep_the_sign_and_nothing_stays_nothing():
    found = shares(np.array([[3.0, -1.0, 0.0], [0.0, 0.0, 0.0]]))
    assert found.tolist() == [[0.75, -0.25, 0.0], [0.0, 0.0, 0.0]]


def test_units():
    assert unit_of([ONE, TWO]) == "weight"
    assert unit_of([UP, DOWN]) == "effect"
    assert unit_of([ONE, UP]) == "share"


def test_the_difference_of_two_models_by_hand():
    found = Difference(ONE, TWO)
    # The first splits "go." in two, so both its parts are one word here.
    assert found.groups.tolist() == [0, 1, 1, 2, 3]
    assert found.of_words == pytest.approx([-0.1, -0.1, 0.15, 0.05])
    back = Difference(TWO, ONE)
    assert back.groups.tolist() == [0, 0, 1, 2, 3]
    assert back.of_words == pytest.approx([0.1, 0.1, -0.15, -0.05])


def test_effects_are_subtracted_as_they_are():
    found = Difference(UP, DOWN)
    assert found.of_words == pytest.approx([0.1, -0.2, 0.0, 0.2, 0.1])
    assert found.sentences.values == pytest.approx(np.array([[0.1, 0.1], [0.2, -0.2]]))


def test_a_weight_and_an_effect_are_compared_by_share():
    found = Difference(ONE, UP)
    assert found.unit == "share"
    assert found.words.values[0] == pytest.approx([0.2, 0.1, 0.1, 0.3, 0.3])
    assert found.words.values[1] == pytest.approx([0.5, 0.25, 0.0, 0.0, 0.25])


def test_versions_are_compared_over_the_words_of_both():
    first = version("a fine old film", [0.1, 0.4, 0.2, 0.3], "first")
    second = version("a bad film", [0.2, 0.6, 0.2], "second")
    placed = align_versions(first.document, second.document)
    one = attention_column("second", second, placed.second)
    other = attention_column("first", first, placed.first)
    lined = aligned_words([other, one])
    assert lined.texts == ("a", "fine", "old", "bad", "film")
    assert lined.values.tolist() == [[0.1, 0.4, 0.2, 0, 0.3], [0.2, 0, 0, 0.6, 0.2]]
    found = Difference(one, other)
    # Of "a" and "film" the first version gives .1 and .3, the second .2 and .2.
    assert found.of_words == pytest.approx([0.5 - 0.25, 0.0, 0.5 - 0.75])
    assert found.sentences.texts == ("a bad film",)  # as the one that is drawn reads it


def test_largest_differences_by_hand():
    found = largest_differences(Difference(ONE, TWO).words, 2)
    assert found.columns.tolist() == ["text", "one", "other", "difference"]
    assert found["text"].tolist() == ["no", "don't"]  # .15, then -.1 before the -.1 of "go."
    assert found["difference"].tolist() == pytest.approx([0.15, -0.1])
    assert found["one"].tolist() == pytest.approx([0.3, 0.2])
    assert found["other"].tolist() == pytest.approx([0.15, 0.3])


def test_columns_that_do_not_fit_are_refused():
    elsewhere = attention_column("x", version("no way", [0.5, 0.5], "x"))
    with pytest.raises(ValueError, match="one text"):
        aligned_words([ONE, elsewhere])
    with pytest.raises(ValueError, match="one document"):
        replace(ONE, explanation=elsewhere.explanation)
    with pytest.raises(ValueError, match="places"):
        replace(ONE, place=elsewhere.place)


def test_sentences_that_overlap_stand_in_one_row():
    """The second model has one sentence where the first has two: both begin at 0."""
    assert sentence_starts([ONE, TWO]) == [[0], [0]]
    assert sentence_starts([ONE, UP]) == [[0, 10], [0, 10]]


def test_a_sentence_of_one_version_has_a_row_of_its_own():
    tokenizer = Tokenizer("en")
    texts = ("One here. Two there. Three.", "Two there. Three.")
    first, second = map(tokenizer, texts)
    aligned = align_versions(first, second)
    columns = [
        attention_column(document.text, _even(document), place)
        for document, place in ((first, aligned.first), (second, aligned.second))
    ]
    assert sentence_starts(columns) == [[0, 10, 21], [None, 0, 11]]


def _even(document: Document) -> Explanation:
    lengths = np.array(document.sentence_lengths)
    return Explanation(
        "1", document, ("no", "yes"), np.array([0.5, 0.5]), np.full(len(lengths), 1 / len(lengths)),
        np.repeat(1 / lengths, lengths), np.ones(lengths.sum(), dtype=bool),
    )  # fmt: skip
