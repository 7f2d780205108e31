"""What a checkpoint learnt from, and the process that reads it."""

import os
import time

import pytest

from han_core.analysis import score_cache, training_documents
from han_core.analysis.embedding_cache import open_vectors
from han_core.analysis.scoring.manifest import checkpoint_sha256
from han_core.analysis.sources import source_of
from han_core.analysis.training_documents import (
    TrainingSet,
    begin,
    named_source,
    state,
    trained_on,
    vectors_key,
)
from han_core.data.corpus import bundled_file
from han_core.data.uploads import store_upload
from han_core.runtime import locks
from han_core.runtime.paths import vectors_root
from tests.processes import PATIENCE

IMDB = {
    "dataset": "stanfordnlp/imdb",
    "reproduce": "python -m han_core train --data hf:stanfordnlp/imdb@train --test "
    "hf:stanfordnlp/imdb@test --out checkpoints/x",
}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))


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
    told = {"reproduce": "t --data bundled:classroom@train --text-column words --label-column y"}
    assert named_source(told) == source_of("bundled:classroom@train", "words", "y")
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
    kept = store_upload(secret.read_bytes(), "salaries.csv")
    around = kept.parent / ".." / ".." / ".." / secret.relative_to("/")
    for path in (secret, around, tmp_path, "/etc/passwd", "salaries.csv\0"):
        assert named_source({"reproduce": f"t --data '{path}'"}) is None
    assert named_source({"reproduce": f"t --data '{kept}'"}) == source_of(str(kept))


@pytest.fixture
def asked(random_checkpoint):
    folder = random_checkpoint()
    source = source_of("bundled:classroom@train")
    return TrainingSet(folder, checkpoint_sha256(folder), "cpu", source)


def test_the_work_in_this_process(asked):
    told, old = [], asked.work
    old.mkdir(parents=True)  # asked long ago, and never answered
    os.utime(old, (1, 1))
    request = {"folder": str(asked.folder), "device": "cpu", "source": asked.source.model_dump()}
    answer = training_documents._work(request, lambda text, done, of: told.append((text, done, of)))
    vectors = open_vectors(answer["key"])
    assert vectors.note.rows == len(asked.source.read()) == told[-1][1]
    assert told[0] == ("Reading bundled:classroom@train", 0, 0)
    assert not old.exists()


def test_one_after_the_other(asked, monkeypatch):
    told = []
    asked.work.mkdir(parents=True)
    other = locks.take(vectors_root() / score_cache.TURN)
    monkeypatch.setattr(score_cache, "POLL", 0.01)

    def tell(text, done, of):
        told.append(text)
        other.release()

    request = {"folder": str(asked.folder), "device": "cpu", "source": asked.source.model_dump()}
    training_documents._work(request, tell)
    assert told[0].startswith("Waiting")
    assert told[-1] == "Read"


def test_the_work_in_a_process_of_its_own(asked):
    assert state(asked) is None
    assert vectors_key(asked) is None
    begin(asked)
    until = time.monotonic() + PATIENCE
    while (found := state(asked)) is None or found.kind == "working":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert found.kind == "done", found.text
    vectors = open_vectors(vectors_key(asked))
    assert vectors.note.checkpoint_sha256 == asked.checkpoint_sha256
    assert vectors.document(0).text == asked.source.read().texts[0]
    # Once what came of it is gone, it can be asked for again.
    (vectors_root() / vectors_key(asked) / "note.json").unlink()
    assert vectors_key(asked) is None
    assert state(asked) is None


@pytest.mark.long
def test_documents_that_do_not_fit_are_one_sentence(asked, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("text,label\nbread,sour\nmusic,loud\n")
    other = TrainingSet(asked.folder, asked.checkpoint_sha256, "cpu", source_of(str(path)))
    assert other.work != asked.work
    begin(other)
    until = time.monotonic() + PATIENCE
    while (found := state(other)) is None or found.kind == "working":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert found.kind == "failed"
    assert "negative" in found.text
    assert found.text.endswith(".")


def test_a_file_that_changed_is_another_question(asked, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("text,label\nbread,0\n")
    before = TrainingSet(asked.folder, asked.checkpoint_sha256, "cpu", source_of(str(path)))
    path.write_text("text,label\nbread,0\nmusic,1\n")
    after = TrainingSet(asked.folder, asked.checkpoint_sha256, "cpu", source_of(str(path)))
    assert before.work != after.work
    assert bundled_file("bundled:classroom@train").is_file()
