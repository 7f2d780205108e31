"""What is attended to, against ``explain_many`` document by document."""

from collections import defaultdict

import numpy as np
import pytest

from han_core.analysis import word_attention
from han_core.analysis.scoring.table import part_path
from han_core.analysis.word_attention import BINS, SUMS, WordAttention, gather_word_attention
from han_core.analysis.word_ranking import (
    ALL_DOCUMENTS,
    SHARES,
    DocumentGroup,
    credibility,
    entropy_histogram,
    group_means,
    sentence_profile,
    t_interval,
    word_table,
)
from han_core.explanation.explain import explain_many
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError


@pytest.fixture(scope="module")
def explanations(planted_checkpoint, scored_corpus):
    checkpoint = load_checkpoint(planted_checkpoint)
    return list(explain_many(checkpoint, scored_corpus.texts, scored_corpus.ids))


@pytest.fixture(scope="module")
def result(store) -> WordAttention:
    return gather_word_attention(store, np.arange(store.rows))


def in_documents(explanations, rows) -> dict[str, list[tuple[float, float, int]]]:
    """word → (attention, lift, occurrences) in each of the documents that have it."""
    held = defaultdict(list)
    for row in rows:
        weights = defaultdict(list)
        each = explanations[row]
        for word, weight in zip(each.document.token_texts(), each.document_weights, strict=True):
            weights[word.lower()].append(weight)
        n = len(each.document_weights)
        for word, there in weights.items():
            held[word].append((np.mean(there), n * np.mean(there), len(there)))
    return held


def rows_of(store, group: DocumentGroup) -> np.ndarray:
    outcomes, labels = store.outcomes, store.labels
    return np.flatnonzero(group.of(outcomes.true, outcomes.predicted, labels))


@pytest.mark.parametrize(
    "group",
    [
        ALL_DOCUMENTS,
        DocumentGroup("right"),
        DocumentGroup("true", "good"),
        DocumentGroup("predicted", "neither"),
    ],
)
@pytest.mark.parametrize("by", ["lift", "attention"])
def test_words_are_those_of_the_explanations(store, result, explanations, group, by):
    expected = in_documents(explanations, rows_of(store, group))
    words = word_table(result, group, by, at_least=1).set_index("word")
    assert set(words.index) == set(expected)
    for word, there in expected.items():
        attention, lift, times = map(np.array, zip(*there, strict=True))
        row = words.loc[word]
        assert (row["documents"], row["occurrences"]) == (len(there), times.sum())
        # Stored weights are off by about half a hundredth of the largest in a sentence.
        assert row["attention"] == pytest.approx(attention.mean(), rel=0.03, abs=1e-4)
        assert row["lift"] == pytest.approx(lift.mean(), rel=0.03, abs=5e-3)


def test_the_planted_words_lead(result):
    assert set(word_table(result, at_least=3)["word"].head(2)) == {"dreadful", "splendid"}
    best = word_table(result, DocumentGroup("true", "bad"), at_least=3).iloc[0]
    assert best["word"] == "dreadful"
    assert best["low"] < best["lift"] < best["high"]


def test_a_word_has_to_stand_in_enough_documents(result):
    words = word_table(result, at_least=20)
    assert (words["documents"] >= 20).all()
    assert len(words) < len(word_table(result, at_least=1))
    assert len(word_table(result, at_least=1_000)) == 0


def test_groups_beside_each_other(result):
    groups = [DocumentGroup("true", "good"), DocumentGroup("true", "bad")]
    words = ["splendid", "dreadful", "the"]
    means = group_means(result, words, groups)
    for group, row in zip(groups, means, strict=True):
        table = word_table(result, group, at_least=1).set_index("word")["lift"]
        for word, mean in zip(words, row, strict=True):
            assert np.isnan(mean) if word not in table else mean == pytest.approx(table[word])
    assert np.isnan(means[0][1])  # "dreadful" stands in no good one
    assert group_means(result, [], groups).shape == (2, 0)


def test_where_sentence_weight_sits(store, result, explanations):
    """Each sentence covers an equal stretch of the document; a fine grid does the sharing out."""
    grid = 5_040  # a multiple of 10 and of each number of sentences
    rows = rows_of(store, DocumentGroup("true", "good"))
    expected = []
    for row in rows:
        weights = explanations[row].sentence_weights
        fine = np.repeat(weights / (grid // len(weights)), grid // len(weights))
        expected.append(BINS * fine.reshape(BINS, -1).sum(1))
    there = sentence_profile(result, DocumentGroup("true", "good"))
    assert there.documents == len(rows)
    assert there.mean == pytest.approx(np.mean(expected, axis=0), abs=5e-3)
    assert there.mean.mean() == pytest.approx(1, abs=1e-6)
    assert (there.low < there.mean).all()
    assert (there.mean < there.high).all()


def test_a_document_of_one_sentence_has_no_profile(make_store):
    result = gather_word_attention(make_store(texts=["one two", "three"]), np.arange(2))
    assert np.isnan(result.positions).all()
    nothing = sentence_profile(result)
    assert nothing.documents == 0
    assert np.isnan(nothing.mean).all()


def test_entropies_are_counted(store, result):
    for group in (ALL_DOCUMENTS, DocumentGroup("wrong"), DocumentGroup("predicted", "bad")):
        entropy = store.outcomes.entropy[rows_of(store, group)]
        counts = entropy_histogram(result, group)
        assert counts.sum() == len(entropy)
        assert counts[-1] == (entropy >= 1 - 1 / SHARES).sum()


def test_only_the_rows_asked_for_count(store, result, explanations):
    rows = np.array([97, 3, 41, 4])
    part = gather_word_attention(store, rows)
    assert (part.of, len(part.outcomes)) == (4, 4)
    words = word_table(part, at_least=1).set_index("word")
    expected = in_documents(explanations, rows)
    assert {word: row.documents for word, row in words.iterrows()} == {
        word: len(there) for word, there in expected.items()
    }


def test_of_many_a_sample_is_read_the_same_each_time(store, monkeypatch):
    monkeypatch.setattr(word_attention, "MOST", 30)
    reports = []
    first = gather_word_attention(
        store, np.arange(store.rows), lambda *how_far: reports.append(how_far)
    )
    again = gather_word_attention(store, np.arange(store.rows))
    assert (first.of, len(first.outcomes)) == (100, 30)
    assert reports[-1] == (30, 30)
    np.testing.assert_array_equal(first.positions, again.positions)
    other = gather_word_attention(store, np.arange(store.rows), seed=1)
    assert not np.array_equal(first.positions, other.positions)


def test_merging_early_changes_nothing(store, result, monkeypatch):
    monkeypatch.setattr(word_attention, "_MERGED", 10)
    again = gather_word_attention(store, np.arange(store.rows))
    np.testing.assert_array_equal(again.word, result.word)
    for name in SUMS:
        np.testing.assert_allclose(again.sums[name], result.sums[name], rtol=1e-12)


def test_no_document_and_a_damaged_part_are_sentences(make_store):
    store = make_store(texts=["one two", "three"])
    with pytest.raises(UserError, match="leaves no document"):
        gather_word_attention(store, np.array([], np.int64))
    path = part_path(store.scores.folder, 0)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UserError, match="Part 0 in first is damaged"):
        gather_word_attention(store, np.arange(2))
    path.unlink()
    with pytest.raises(UserError, match="Part 0 in first is missing"):
        gather_word_attention(store, np.arange(2))


def test_wrong_shapes_are_refused(result):
    with pytest.raises(ValueError, match="of one length"):
        WordAttention(1, result.outcomes, result.words, result.word[:-1], result.cell, result.sums,
                 result.positions)  # fmt: skip
    with pytest.raises(ValueError, match="positions"):
        WordAttention(1, result.outcomes, result.words, result.word, result.cell, result.sums,
                 result.positions[:-1])  # fmt: skip


def test_credibility_by_hand():
    """Three words: 1, 3 | 5, 7 | 6. Buehlmann and Straub's estimators worked on paper."""
    seen = [np.array([1.0, 3.0]), np.array([5.0, 7.0]), np.array([6.0])]
    n = np.array([2.0, 2.0, 1.0])
    total = np.array([each.sum() for each in seen])
    squares = np.array([(each**2).sum() for each in seen])
    # sigma² = (2 + 2 + 0) / 2 = 2; the mean of all is 22 / 5 = 4.4;
    # tau² = (2·2.4² + 2·1.6² + 1.6² − 2·2) / (5 − 9/5) = (11.52 + 5.12 + 2.56 − 4) / 3.2 = 4.75
    z = n / (n + 2 / 4.75)
    middle = (z * [2, 6, 6]).sum() / z.sum()
    assert credibility(n, total, squares) == pytest.approx(z * [2, 6, 6] + (1 - z) * middle)


def test_a_rare_word_does_not_lead_by_chance():
    random = np.random.default_rng(0)
    rare = [random.exponential(1, 3) for _ in range(300)]
    often = [random.exponential(1, 500) for _ in range(20)]
    strong = random.exponential(3, 200)
    seen = [*rare, *often, strong]
    n = np.array([float(len(each)) for each in seen])
    total = np.array([each.sum() for each in seen])
    squares = np.array([(each**2).sum() for each in seen])
    assert (total / n).argmax() < 300  # a mean alone puts one of three documents first
    assert credibility(n, total, squares).argmax() == len(seen) - 1


def test_words_that_differ_by_chance_alone_are_all_the_mean():
    n, total, squares = np.array([2.0, 2.0]), np.array([4.0, 4.0]), np.array([10.0, 10.0])
    assert credibility(n, total, squares).tolist() == [2, 2]
    assert credibility(n[:1], total[:1], squares[:1]).tolist() == [2]


def test_intervals_are_those_of_scipy():
    from scipy import stats

    seen = np.array([0.2, 1.4, 3.0, 0.1])
    low, high = t_interval(np.array([4.0]), np.array([seen.sum()]), np.array([(seen**2).sum()]))
    expected = stats.t.interval(0.95, 3, seen.mean(), stats.sem(seen))
    assert (low[0], high[0]) == pytest.approx(expected)
    assert np.isnan(t_interval(np.array([1.0]), np.array([2.0]), np.array([4.0]))).all()
