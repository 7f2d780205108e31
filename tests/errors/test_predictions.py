"""Predictions counted and ordered by hand."""

import csv
import io

import numpy as np
import pytest

from han_core.corpora.corpus import Corpus
from han_core.errors import predictions as module
from han_core.errors.predictions import Predictions, score, table, to_csv
from han_core.models.checkpoint import load_checkpoint
from han_core.wrong_input import WrongInput

LABELS = ("bad", "good", "mixed")
PROBABILITIES = [
    # true class 0      predicted, confidence
    (0, [0.7, 0.2, 0.1]),  # bad    .7
    (0, [0.1, 0.8, 0.1]),  # good   .8  wrong
    (1, [0.3, 0.4, 0.3]),  # good   .4
    (1, [0.95, 0.03, 0.02]),  # bad .95 wrong
    (2, [0.2, 0.6, 0.2]),  # good   .6  wrong
    (1, [0.05, 0.9, 0.05]),  # good .9
]


@pytest.fixture
def scored():
    extra = {"tags": tuple("uvwxyz"), "predicted": ("theirs",) * 6}
    corpus = Corpus(
        "six",
        tuple(f"text {i}" for i in range(6)),
        tuple(LABELS[true] for true, _ in PROBABILITIES),
        tuple("abcdef"),
        extra,
    )
    true = np.array([true for true, _ in PROBABILITIES])
    return Predictions(corpus, LABELS, np.array([row for _, row in PROBABILITIES]), true)


def test_counts_by_hand(scored):
    assert scored.predicted.tolist() == [0, 1, 1, 0, 1, 1]
    assert scored.counts().tolist() == [[1, 1, 0], [1, 2, 0], [0, 1, 0]]


def test_metrics_by_hand(scored):
    found = scored.metrics()
    assert found["accuracy"] == pytest.approx(3 / 6)
    # F1: bad 2/(2+1+1) = .5, good 4/(4+2+1) = 4/7, mixed 0.
    assert found["macro_f1"] == pytest.approx((0.5 + 4 / 7) / 3)
    chosen = [0.7, 0.1, 0.4, 0.03, 0.2, 0.9]
    assert found["loss"] == pytest.approx(-np.log(chosen).mean())


def test_the_surest_wrong_answers_first_then_the_unsurest_right_ones(scored):
    rows = table(scored)
    assert rows["id"].tolist() == ["d", "b", "e", "c", "a", "f"]
    assert rows["wrong"].tolist() == [True] * 3 + [False] * 3
    assert rows["confidence"].tolist() == [0.95, 0.8, 0.6, 0.4, 0.7, 0.9]
    assert rows["p(true)"].tolist() == [0.03, 0.1, 0.2, 0.4, 0.7, 0.9]
    assert rows["true"].tolist() == ["good", "bad", "mixed", "good", "bad", "good"]
    assert rows["predicted"].tolist() == ["bad", "good", "good", "good", "bad", "good"]
    assert rows["text"].tolist() == [f"text {i}" for i in (3, 1, 4, 2, 0, 5)]
    assert rows.index.tolist() == [3, 1, 4, 2, 0, 5]


def test_columns_in_order_and_the_corpus_own_never_hide_ours(scored):
    assert table(scored).columns.tolist() == [
        "id", "true", "predicted", "wrong", "confidence", "p(true)",
        "tags", "predicted (data)", "text",
    ]  # fmt: skip
    assert table(scored)["tags"].tolist() == list("xvywuz")
    assert set(table(scored)["predicted (data)"]) == {"theirs"}


def test_filters(scored):
    assert table(scored, true="good")["id"].tolist() == ["d", "c", "f"]
    assert table(scored, predicted="good")["id"].tolist() == ["b", "e", "c", "f"]
    assert table(scored, true="good", predicted="bad")["id"].tolist() == ["d"]
    assert table(scored, only_wrong=True)["id"].tolist() == ["d", "b", "e"]
    nothing = table(scored, true="mixed", predicted="mixed")
    assert len(nothing) == 0
    assert nothing.columns.tolist() == table(scored).columns.tolist()
    assert to_csv(nothing).startswith(b"id,true,")


def test_equal_confidence_keeps_the_order_of_the_corpus():
    corpus = Corpus("ties", ("t",) * 4, ("bad",) * 4, tuple("abcd"), {})
    even = Predictions(corpus, LABELS, np.tile([0.2, 0.6, 0.2], (4, 1)), np.zeros(4, dtype=int))
    assert table(even)["id"].tolist() == list("abcd")


def test_sizes_that_do_not_fit_are_refused(scored):
    with pytest.raises(ValueError, match=r"probabilities \(6, 3\)"):
        Predictions(scored.corpus, LABELS, np.ones((5, 3)), scored.true)
    with pytest.raises(ValueError, match="6 true classes"):
        Predictions(scored.corpus, LABELS, scored.probabilities, np.zeros(5, dtype=int))


def test_the_columns_of_the_corpus_are_exported_unable_to_run(scored):
    corpus = Corpus("six", scored.corpus.texts, scored.corpus.labels, scored.corpus.ids,
                    {"=evil()": ("ok",) * 6})  # fmt: skip
    content = to_csv(table(Predictions(corpus, LABELS, scored.probabilities, scored.true)))
    header, first, *_ = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
    assert header == ["id", "true", "predicted", "wrong", "confidence", "p(true)", "'=evil()",
                      "text"]  # fmt: skip
    assert first == ["d", "good", "bad", "True", "0.95", "0.03", "ok", "text 3"]


def test_scoring_is_predicting_on_aligned_labels(random_checkpoint):
    checkpoint = load_checkpoint(random_checkpoint())
    texts = ("the green walk .", "night and bread", "seven quiet rooms")
    corpus = Corpus("three", texts, ("pos", "neg", "neg"), ("1", "2", "3"), {})
    seen = []
    found = score(checkpoint, corpus, lambda done, of: seen.append((done, of)))
    assert found.labels == ("negative", "positive")
    assert found.true.tolist() == [1, 0, 0]
    assert found.probabilities == pytest.approx(module.predict(checkpoint, texts))
    assert seen[-1] == (3, 3)


def test_a_corpus_without_labels_is_refused_in_a_sentence(random_checkpoint):
    checkpoint = load_checkpoint(random_checkpoint())
    with pytest.raises(WrongInput, match="bare has no labels"):
        score(checkpoint, Corpus("bare", ("the walk",), (), ("1",), {}))
