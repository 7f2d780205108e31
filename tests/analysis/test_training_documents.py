"""What a checkpoint learnt from, and the process that reads it."""

import os
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from han_core.analysis import score_cache, training_documents
from han_core.analysis.embedding_cache import cache_vectors, document_vectors, open_vectors
from han_core.analysis.scoring.manifest import checkpoint_sha256
from han_core.analysis.sources import source_of
from han_core.analysis.training_documents import (
    Neighbours,
    TrainingSet,
    begin,
    excerpt,
    named_source,
    nearest,
    neighbour_table,
    neighbours,
    state,
    trained_on,
    vectors_key,
)
from han_core.data.corpus import Corpus, bundled_file
from han_core.data.uploads import store_upload
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime import locks
from han_core.runtime.paths import vectors_root
from tests.processes import PATIENCE

IMDB = {
    "dataset": "stanfordnlp/imdb",
    "reproduce": "python -m han_core train --data hf:stanfordnlp/imdb@train --test "
    "hf:stanfordnlp/imdb@test --out checkpoints/x",
}


pytestmark = pytest.mark.usefixtures("own_data")


@pytest.mark.parametrize(
    ("metrics", "data", "expected"),
    [
        (IMDB, "hf:stanfordnlp/imdb@train", "same"),
        (IMDB, "hf:stanfordnlp/imdb@test", "other part"),
        (IMDB, "hf:other/imdb@test", "unknown"),
        (IMDB, "reviews.csv", "unknown"),
        ({"dataset": "bundled:classroom@train"}, "bundled:classroom@train", "same"),
        ({"dataset": "bundled:classroom@train"}, "bundled:classroom@test", "other part"),
        ({"dataset": "bundled:classroom@train"}, "bundled:classroom/zh@test", "unknown"),
        ({"dataset": "reviews.csv"}, "reviews.csv", "same"),
        ({"reproduce": "x --data 'some where/reviews.csv'"}, "reviews.csv", "same"),
        ({}, "reviews.csv", "unknown"),
        ({"dataset": 7, "reproduce": ["--data", "reviews.csv"]}, "reviews.csv", "unknown"),
        ({"reproduce": "--data 'no end"}, "", "unknown"),
    ],
)
def test_trained_on(metrics, data, expected):
    assert trained_on(metrics, data) == expected


def test_the_training_documents_that_a_checkpoint_names():
    assert named_source(IMDB) == source_of("hf:stanfordnlp/imdb@train")
    assert named_source({"reproduce": "t --data hf:a/b"}) == source_of("hf:a/b@train")
    metrics = {"reproduce": "t --data bundled:classroom@train --text-column words --label-column y"}
    assert named_source(metrics) == source_of("bundled:classroom@train", "words", "y")
    for nothing in (
        {},
        {"reproduce": None},
        {"reproduce": "t --data"},
        {"reproduce": "t --data ''"},
    ):
        assert named_source(nothing) is None
    assert named_source({"reproduce": f"t --data hf:{'x' * 9_000}"}) is None


def test_a_hostile_checkpoint_names_no_file_of_the_machine(tmp_path):
    secret = tmp_path / "salaries.csv"
    secret.write_text("text,label\na,b\n")
    stored = store_upload(secret.read_bytes(), "salaries.csv")
    around = stored.parent / ".." / ".." / ".." / secret.relative_to("/")
    for path in (secret, around, tmp_path, "/etc/passwd", "salaries.csv\0"):
        assert named_source({"reproduce": f"t --data '{path}'"}) is None
    assert named_source({"reproduce": f"t --data '{stored}'"}) == source_of(str(stored))


@pytest.fixture
def training_set(random_checkpoint):
    folder = random_checkpoint()
    source = source_of("bundled:classroom@train")
    return TrainingSet(folder, checkpoint_sha256(folder), "cpu", source)


def test_the_work_in_this_process(training_set):
    reports, old = [], training_set.work
    old.mkdir(parents=True)  # asked long ago, and never answered
    os.utime(old, (1, 1))
    request = {
        "folder": str(training_set.folder),
        "device": "cpu",
        "source": training_set.source.model_dump(),
    }
    answer = training_documents._work(
        request, lambda text, done, of: reports.append((text, done, of))
    )
    vectors = open_vectors(answer["key"])
    assert vectors.note.rows == len(training_set.source.read()) == reports[-1][1]
    assert reports[0] == ("Reading bundled:classroom@train", 0, 0)
    assert not old.exists()


def test_one_after_the_other(training_set, monkeypatch):
    reports = []
    training_set.work.mkdir(parents=True)
    other = locks.take(vectors_root() / score_cache.TURN)
    monkeypatch.setattr(score_cache, "POLL", 0.01)

    def tell(text, done, of):
        reports.append(text)
        other.release()

    request = {
        "folder": str(training_set.folder),
        "device": "cpu",
        "source": training_set.source.model_dump(),
    }
    training_documents._work(request, tell)
    assert reports[0].startswith("Waiting")
    assert reports[-1] == "Read"


def test_the_work_in_a_process_of_its_own(training_set):
    assert state(training_set) is None
    assert vectors_key(training_set) is None
    begin(training_set)
    until = time.monotonic() + PATIENCE
    while (result := state(training_set)) is None or result.kind == "working":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert result.kind == "done", result.text
    vectors = open_vectors(vectors_key(training_set))
    assert vectors.note.checkpoint_sha256 == training_set.checkpoint_sha256
    assert vectors.document(0).text == training_set.source.read().texts[0]
    # Once what came of it is gone, it can be asked for again.
    (vectors_root() / vectors_key(training_set) / "note.json").unlink()
    assert vectors_key(training_set) is None
    assert state(training_set) is None


@pytest.mark.long
def test_documents_that_do_not_fit_are_one_sentence(training_set, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("text,label\nbread,sour\nmusic,loud\n")
    other = TrainingSet(
        training_set.folder, training_set.checkpoint_sha256, "cpu", source_of(str(path))
    )
    assert other.work != training_set.work
    begin(other)
    until = time.monotonic() + PATIENCE
    while (result := state(other)) is None or result.kind == "working":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert result.kind == "failed"
    assert "negative" in result.text
    assert result.text.endswith(".")


def test_a_file_that_changed_is_another_question(training_set, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("text,label\nbread,0\n")
    before = TrainingSet(
        training_set.folder, training_set.checkpoint_sha256, "cpu", source_of(str(path))
    )
    path.write_text("text,label\nbread,0\nmusic,1\n")
    after = TrainingSet(
        training_set.folder, training_set.checkpoint_sha256, "cpu", source_of(str(path))
    )
    assert before.work != after.work
    assert bundled_file("bundled:classroom@train").is_file()


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 1_000), st.sampled_from([3, 7, 64]))
def test_nearest_are_the_largest_cosines(rows, number, seed, at_once):
    draw = np.random.default_rng(seed)
    raw = draw.normal(size=(rows, 5))
    raw[draw.integers(rows, size=rows // 2)] = raw[0]  # ties
    unit = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_documents, "AT_ONCE", at_once)
        result, cosines = nearest(unit.astype(np.float32), unit[0], number)
    expected = cosine_similarity(raw[:1], raw)[0]
    assert len(result) == min(number, rows)
    assert cosines == pytest.approx(np.sort(expected)[::-1][:number], abs=2e-5)
    assert cosines == pytest.approx(expected[result], abs=1e-5)
    same = result[np.isclose(expected[result], 1)]
    assert (np.diff(same) > 0).all()


@pytest.fixture(scope="module")
def read(planted_checkpoint, planted_corpora, data_of_the_tests):
    """(checkpoint, corpus, its vectors): training documents, two of them with one text."""
    checkpoint = load_checkpoint(planted_checkpoint, torch.device("cpu"))
    whole = planted_corpora.training
    other = next(label for label in ("bad", "good") if label != whole.labels[0])
    corpus = Corpus(
        "planted twice", (*whole.texts, whole.texts[0]), (*whole.labels, other),
        (*whole.ids, "copy"), {},
    )  # fmt: skip
    return checkpoint, corpus, open_vectors(cache_vectors(planted_checkpoint, checkpoint, corpus))


def test_against_all_documents_one_by_one(read, planted_corpora):
    checkpoint, corpus, vectors = read
    everything = document_vectors(checkpoint, corpus.texts)
    for text in planted_corpora.test.texts[:10]:
        vector = document_vectors(checkpoint, [text])[0]
        result = neighbours(vectors, vector, text)
        cosines = np.sort(cosine_similarity(vector[None], everything)[0])[::-1]
        assert [one.similarity for one in result.documents] == pytest.approx(cosines[:10], abs=2e-3)
        for one in result.documents:
            assert one.document.text == corpus.texts[one.row]
            assert one.document.label == corpus.labels[one.row]


def test_they_tell_the_planted_class(read, planted_corpora):
    checkpoint, _, vectors = read
    test, right = planted_corpora.test, 0
    for text, label in zip(test.texts, test.labels, strict=True):
        votes = neighbours(vectors, document_vectors(checkpoint, [text])[0], text).votes
        assert sum(votes.values()) == 10
        right += next(iter(votes)) == label
    assert right > 85


def test_its_own_text_is_told_and_has_no_vote(read):
    checkpoint, corpus, vectors = read
    text = corpus.texts[0]
    result = neighbours(vectors, document_vectors(checkpoint, [text])[0], text, 3)
    same = [one.document.id for one in result.documents if one.same_text]
    assert sorted(same) == sorted([corpus.ids[0], "copy"])
    assert all(
        one.similarity == pytest.approx(1, abs=2e-3) for one in result.documents if one.same_text
    )
    assert result.labels_of_same_text == tuple(sorted({corpus.labels[0], corpus.labels[-1]}))
    assert sum(result.votes.values()) == 3
    shown = neighbour_table(result, corpus.labels[0])
    assert shown["similarity"].is_monotonic_decreasing
    assert shown["same_text"].sum() == 2
    assert (shown["differs"] == (shown["label"] != corpus.labels[0])).all()


def test_nothing_near_is_an_empty_table():
    assert Neighbours(()).votes == {}
    assert neighbour_table(Neighbours(()), "good").empty


def test_an_excerpt_is_one_line():
    assert excerpt("a\n\n b\tc") == "a b c"
    assert excerpt("x" * 240) == "x" * 240
    assert excerpt("x" * 241) == "x" * 240 + "…"
    assert excerpt("ab " + " " * 1_000 + "c") == "ab…"


def test_the_document_itself_is_left_out_and_its_copy_stays(read):
    checkpoint, corpus, vectors = read
    text = corpus.texts[0]
    vector = document_vectors(checkpoint, [text])[0]
    result = neighbours(vectors, vector, text, 3, own_row=0)
    assert [one.document.id for one in result.documents if one.same_text] == ["copy"]
    assert 0 not in [one.row for one in result.documents]
    assert sum(result.votes.values()) == 3
