"""Divergence of two models' attention, beside what ``explain`` and scipy say."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from han_core.analysis import pair_attention as module
from han_core.analysis.model_pairs import has_changed
from han_core.analysis.pair_attention import attention_table, pair_attention
from han_core.explanation.explain import explain_many
from han_core.models.checkpoint import load_checkpoint


@pytest.fixture(scope="module")
def found(pair_store):
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


def test_divergences_are_those_of_the_models_themselves(found, explained):
    assert len(found.rows) == 100  # all of them: fewer than the sample
    assert found.unaligned == 0
    for row, value in zip(found.rows.tolist(), found.divergence.tolist(), strict=True):
        expected = jensenshannon(explained[0][row], explained[1][row]) ** 2
        assert value == pytest.approx(expected, abs=0.01)  # weights were stored in 255 steps


def test_largest_first_and_all_that_changed(found, pair_store):
    assert (np.diff(found.divergence) <= 0).all()
    changed = has_changed(pair_store.outcomes)
    assert found.changed.tolist() == changed[found.rows].tolist()
    assert found.of_changed == changed.sum()
    assert found.of_changed + found.of_same == 100


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
    rows, told = np.arange(8), []
    first = pair_attention(by_hand, rows, by_hand.outcomes, documents=2)
    again = pair_attention(by_hand, rows, by_hand.outcomes, 2, lambda *at: told.append(at))
    assert first.rows.tolist() == again.rows.tolist()
    assert first.changed.sum() == 2
    assert len(first.rows) == 4
    assert (first.of_changed, first.of_same) == (4, 4)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_means_are_of_their_documents(by_hand):
    found = pair_attention(by_hand, np.arange(8), by_hand.outcomes)
    broken, same = found.means()
    assert (broken[0], same[0]) == ("broken", "same prediction")
    for kind, among in ((broken, found.changed), (same, ~found.changed)):
        assert kind[1] == 4
        assert kind[2].mean == pytest.approx(found.divergence[among].mean())
        assert kind[2].low < kind[2].mean < kind[2].high
    expected = [jensenshannon([0.9, 0.1], [row / 10, 1 - row / 10]) ** 2 for row in range(8)]
    assert found.divergence == pytest.approx(sorted(expected, reverse=True))


def test_only_rows_of_the_filter_are_measured_and_words_are_of_those_that_changed(by_hand):
    rows = np.array([1, 2, 6])
    found = pair_attention(by_hand, rows, by_hand.outcomes.take(rows))
    assert found.rows.tolist() == [1, 2, 6]  # .1 beside .9 differs most
    (word,) = found.words
    assert word.word == "good"
    assert word.documents == 2
    assert (word.first, word.second) == pytest.approx((0.9, 0.15))
    assert found.leading[0][0].word == "good"


def test_the_table_is_of_changed_documents_in_order(by_hand):
    found = pair_attention(by_hand, np.arange(8), by_hand.outcomes)
    table = attention_table(by_hand, found, most=3)
    assert table["row"].tolist() == [0, 1, 2]
    assert table["excerpt"].tolist() == ["good film0", "good film1", "good film2"]
    assert table["words"][0] == "−good +film0"
    assert set(table["change"]) == {"broken"}
    assert table["divergence"].is_monotonic_decreasing
    assert table["first"].tolist() == ["pos"] * 3


def test_no_document_and_one_model(by_hand, store):
    nothing = np.array([], dtype=np.int64)
    found = pair_attention(by_hand, nothing, by_hand.outcomes.take(nothing))
    assert len(found.rows) == 0
    assert found.means() == ()
    assert attention_table(by_hand, found).empty
    with pytest.raises(ValueError, match="two models"):
        pair_attention(store, nothing, store.outcomes)
