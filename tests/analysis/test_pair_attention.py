"""Divergence of two models' attention, beside what ``explain`` and scipy say."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from han_core.analysis import pair_attention as module
from han_core.analysis.dataset import StoredWords
from han_core.analysis.model_pairs import has_changed
from han_core.analysis.pair_attention import (
    MOST_MOVED,
    AlignedWords,
    WordShift,
    align_words,
    attention_table,
    largest_shifts,
    mean_shifts,
    pair_attention,
)
from han_core.explanation.agreement import divergence
from han_core.explanation.explain import explain_many
from han_core.models.checkpoint import load_checkpoint


@pytest.fixture(scope="module")
def result(pair_store):
    rows = np.arange(pair_store.rows)
    return pair_attention(pair_store, rows, pair_store.outcomes)


@pytest.fixture(scope="module")
def explained(planted, scored_corpus):
    """(documents,) weights of both models, computed again."""
    folders = (planted("han", "additive")[0], planted("bilstm", "dot")[0])
    texts = list(scored_corpus.texts)
    return [
        [
            one.document_weights
            for one in explain_many(load_checkpoint(folder), texts, list(scored_corpus.ids))
        ]
        for folder in folders
    ]


def test_divergences_are_those_of_the_models_themselves(result, explained):
    assert len(result.rows) == 100  # all of them: fewer than the sample
    assert result.unaligned == 0
    for row, value in zip(result.rows.tolist(), result.divergence.tolist(), strict=True):
        expected = jensenshannon(explained[0][row], explained[1][row]) ** 2
        assert value == pytest.approx(expected, abs=0.01)  # weights were stored in 255 steps


def test_largest_first_and_all_that_changed(result, pair_store):
    assert (np.diff(result.divergence) <= 0).all()
    changed = has_changed(pair_store.outcomes)
    assert result.changed.tolist() == changed[result.rows].tolist()
    assert result.of_changed == changed.sum()
    assert result.of_changed + result.of_same == 100


@pytest.fixture
def by_hand(make_store, monkeypatch):
    """Eight documents of two words; predictions differ on the first four."""
    store = make_store(
        true=["pos"] * 8, predicted=["pos"] * 4 + ["neg"] * 4, other=["neg"] * 8,
        texts=[f"good film{row}" for row in range(8)],
    )  # fmt: skip

    def shares(scores, rows):
        second = scores.folder.name == "second"
        for row in rows.tolist():
            share = row / 10 if second else 0.9
            yield module_words(row, share)

    def module_words(row, share):
        from han_core.analysis.dataset import StoredWords

        return StoredWords(("good", f"film{row}"), np.array([share, 1 - share]))

    monkeypatch.setattr(module, "stored_words", shares)
    return store


def test_a_sample_is_always_the_same_and_of_both_kinds(by_hand):
    rows, reports = np.arange(8), []
    first = pair_attention(by_hand, rows, by_hand.outcomes, documents=2)
    again = pair_attention(by_hand, rows, by_hand.outcomes, 2, lambda *at: reports.append(at))
    assert first.rows.tolist() == again.rows.tolist()
    assert first.changed.sum() == 2
    assert len(first.rows) == 4
    assert (first.of_changed, first.of_same) == (4, 4)
    assert reports == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_means_are_of_their_documents(by_hand):
    result = pair_attention(by_hand, np.arange(8), by_hand.outcomes)
    broken, same = result.means()
    assert (broken[0], same[0]) == ("broken", "same prediction")
    for kind, among in ((broken, result.changed), (same, ~result.changed)):
        assert kind[1] == 4
        assert kind[2].mean == pytest.approx(result.divergence[among].mean())
        assert kind[2].low < kind[2].mean < kind[2].high
    expected = [jensenshannon([0.9, 0.1], [row / 10, 1 - row / 10]) ** 2 for row in range(8)]
    assert result.divergence == pytest.approx(sorted(expected, reverse=True))


def test_only_rows_of_the_filter_are_measured_and_words_are_of_those_that_changed(by_hand):
    rows = np.array([1, 2, 6])
    result = pair_attention(by_hand, rows, by_hand.outcomes.take(rows))
    assert result.rows.tolist() == [1, 2, 6]  # .1 beside .9 differs most
    (word,) = result.words
    assert word.word == "good"
    assert word.documents == 2
    assert (word.first, word.second) == pytest.approx((0.9, 0.15))
    assert result.leading[0][0].word == "good"


def test_the_table_is_of_changed_documents_in_order(by_hand):
    result = pair_attention(by_hand, np.arange(8), by_hand.outcomes)
    table = attention_table(by_hand, result, most=3)
    assert table["row"].tolist() == [0, 1, 2]
    assert table["excerpt"].tolist() == ["good film0", "good film1", "good film2"]
    assert table["words"][0] == "−good +film0"
    assert set(table["change"]) == {"broken"}
    assert table["divergence"].is_monotonic_decreasing
    assert table["first"].tolist() == ["pos"] * 3


def test_no_document_and_one_model(by_hand, store):
    nothing = np.array([], dtype=np.int64)
    result = pair_attention(by_hand, nothing, by_hand.outcomes.take(nothing))
    assert len(result.rows) == 0
    assert result.means() == ()
    assert attention_table(by_hand, result).empty
    with pytest.raises(ValueError, match="two models"):
        pair_attention(store, nothing, store.outcomes)


def words(weights: dict[str, float]) -> StoredWords:
    return StoredWords(tuple(weights), np.array(list(weights.values())))


def test_the_same_words_keep_their_weights():
    first, second = words({"a": 0.2, "film": 0.8}), words({"a": 0.5, "film": 0.5})
    result = align_words(first, second)
    assert result.words == ("a", "film")
    assert result.weights == pytest.approx(np.array([[0.2, 0.8], [0.5, 0.5]]))


def test_other_cuts_are_joined_until_their_edges_agree():
    first = words({"Do": 0.1, "n't": 0.3, "go": 0.4, "!": 0.2})
    second = words({"don't": 0.7, "go!": 0.3})
    result = align_words(first, second)
    assert result.words == ("don't", "go!")
    assert result.weights == pytest.approx(np.array([[0.4, 0.6], [0.7, 0.3]]))


def test_upper_and_lower_case_are_one_word_even_where_letters_become_two():
    first = words({"İstanbul": 0.4, "ΟΔΟΣ": 0.1, "STRASSE": 0.5})
    second = words({"i̇stanbul": 0.3, "οδος": 0.5, "strasse": 0.2})
    result = align_words(first, second)
    assert result.weights == pytest.approx(np.array([[0.4, 0.1, 0.5], [0.3, 0.5, 0.2]]))
    split = StoredWords(("i̇stanbul", "οδοσ", "strasse"), second.weights)  # a sigma alone
    assert align_words(first, split).weights == pytest.approx(result.weights)


def test_what_one_model_did_not_see_is_left_out():
    first = words({"good": 0.25, "film": 0.25, "indeed": 0.5})
    second = words({"good": 0.4, "film": 0.6})
    result = align_words(first, second)
    assert result.words == ("good", "film")
    assert result.weights == pytest.approx(np.array([[0.5, 0.5], [0.4, 0.6]]))
    unseen = words({"good": 0.0, "film": 0.0, "indeed": 1.0})
    assert align_words(unseen, second) is None


def test_other_texts_are_not_lined_up():
    assert align_words(words({"good": 1.0}), words({"bad": 1.0})) is None
    assert largest_shifts(None) == ()


TEXT = st.text("abc ", min_size=1, max_size=12).filter(str.strip)


@st.composite
def two_cuts(draw):
    """One text cut twice, with weights."""
    text = draw(TEXT)
    letters = "".join(text.split())

    def cut() -> StoredWords:
        ends = draw(st.sets(st.integers(1, len(letters) - 1))) if len(letters) > 1 else set()
        edges = [0, *sorted(ends), len(letters)]
        pieces = [letters[a:b] for a, b in pairwise(edges)]
        raw = np.array([draw(st.integers(1, 9)) for _ in pieces], dtype=float)
        return StoredWords(tuple(pieces), raw / raw.sum())

    return cut(), cut()


@given(two_cuts())
def test_no_weight_is_lost_and_edges_are_those_of_both(cuts):
    result = align_words(*cuts)
    assert result.weights.sum(1) == pytest.approx([1, 1])
    ends = [set(np.cumsum([len(word) for word in cut.words]).tolist()) for cut in cuts]
    assert set(np.cumsum([len(word) for word in result.words]).tolist()) == ends[0] & ends[1]
    swapped = align_words(*cuts[::-1])
    assert swapped.words == result.words
    assert divergence(*swapped.weights) == pytest.approx(divergence(*result.weights))


def test_the_words_that_differ_most_stand_first():
    lined = AlignedWords(("a", "b", "c"), np.array([[0.5, 0.3, 0.2], [0.1, 0.4, 0.5]]))
    assert largest_shifts(lined) == (
        WordShift("a", 0.5, 0.1),
        WordShift("c", 0.2, 0.5),
        WordShift("b", 0.3, 0.4),
    )


def test_moved_words_by_hand():
    one = AlignedWords(("good", "a", "good"), np.array([[0.2, 0.6, 0.2], [0.4, 0.2, 0.4]]))
    two = AlignedWords(("good", "film"), np.array([[0.5, 0.5], [0.9, 0.1]]))
    three = AlignedWords(("film", "a"), np.array([[0.5, 0.5], [0.5, 0.5]]))
    first, second, third = mean_shifts([one, two, three])
    assert first.word == "good"
    assert first.documents == 2
    assert (first.first, first.second) == pytest.approx((0.45, 0.85))
    assert first.moved == pytest.approx(0.8 / 3)
    assert [second.word, third.word] == ["a", "film"]  # equal: by the alphabet
    assert second.moved == pytest.approx(-0.4 / 3)
    assert mean_shifts([one], fewest=2) == ()
    assert mean_shifts([]) == ()


def test_of_many_words_the_most_gained_and_the_most_lost_are_kept():
    n = 2 * MOST_MOVED + 50
    words = tuple(f"w{at:03}" for at in range(n))
    rising = np.arange(1, n + 1, dtype=float)
    one = AlignedWords(words, np.array([rising[::-1], rising]) / rising.sum())
    result = mean_shifts([one, one])
    assert [word.word for word in result[:2]] == [words[-1], words[-2]]
    assert [word.word for word in result[-2:]] == [words[1], words[0]]
    assert len(result) == 2 * MOST_MOVED
    moved = [word.moved for word in result]
    assert moved == sorted(moved, reverse=True)
