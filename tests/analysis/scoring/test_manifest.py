"""Scores are known by the content of what made them."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from han_core.analysis.scoring.manifest import (
    MANIFEST,
    Part,
    checkpoint_sha256,
    claim,
    data_sha256,
    describe,
    parts_of,
    read_manifest,
    rows_a_part,
)
from han_core.data.corpus import Corpus
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError


@pytest.fixture
def manifest(folder, checkpoint, corpus):
    return describe(folder, checkpoint, corpus)


def test_it_describes_both(manifest, checkpoint):
    assert (manifest.checkpoint, manifest.data) == ("han-additive", "thirty")
    assert manifest.classes == ("negative", "positive")
    assert (manifest.labelled, manifest.rows, manifest.rows_a_part) == (True, 30, 256)
    assert manifest.parts == 1
    cut = manifest.model_copy(update={"rows_a_part": 7})
    assert (cut.parts, [cut.rows_of(number) for number in range(5)]) == (5, [7, 7, 7, 7, 2])
    assert cut.key != manifest.key


def test_the_data_are_known_by_ids_texts_and_labels(corpus):
    before = data_sha256(corpus)
    assert data_sha256(dataclasses.replace(corpus, name="other", extra={})) == before
    for changed in (
        {"texts": ("other", *corpus.texts[1:])},
        {"labels": ("neg" if corpus.labels[0] == "pos" else "pos", *corpus.labels[1:])},
        {"labels": ()},
        {"ids": ("other", *corpus.ids[1:])},
    ):
        assert data_sha256(dataclasses.replace(corpus, **changed)) != before
    assert data_sha256(corpus.take(range(29, -1, -1))) != before


def test_cells_do_not_run_into_each_other(corpus):
    def of(*texts):
        ids = tuple("" for _ in texts)
        return data_sha256(dataclasses.replace(corpus, texts=texts, labels=(), ids=ids))

    assert of("ab", "c") != of("a", "bc")
    assert of("\ud800") != of("\ud801")


def test_the_checkpoint_is_known_by_what_decides(folder, random_checkpoint, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "renamed")
    assert checkpoint_sha256(copy) == checkpoint_sha256(folder)
    assert checkpoint_sha256(random_checkpoint("bilstm")) != checkpoint_sha256(folder)
    (copy / "metrics.json").write_text("{}")
    assert checkpoint_sha256(copy) == checkpoint_sha256(folder)
    vocabulary = json.loads((copy / "vocabulary.json").read_text())
    (copy / "vocabulary.json").write_text(json.dumps([*vocabulary[:-1], "other"]))
    assert checkpoint_sha256(copy) != checkpoint_sha256(folder)


def test_a_folder_is_claimed_once_and_again(manifest, tmp_path):
    claim(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    claim(tmp_path, manifest.model_copy(update={"library": "hanscope 9", "data": "moved.csv"}))
    assert read_manifest(tmp_path) == manifest


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"checkpoint_sha256": "0", "checkpoint": "mine"}, "not of mine as it is now"),
        ({"data_sha256": "0", "data": "b.csv"}, "not of the documents and labels.*b.csv"),
        ({"rows_a_part": 7}, "other parts"),
    ],
)
def test_other_scores_are_refused_in_a_sentence(manifest, tmp_path, changed, message):
    claim(tmp_path, manifest)
    with pytest.raises(UserError, match=f"holds the scores of han-additive on thirty, .*{message}"):
        claim(tmp_path, manifest.model_copy(update=changed))
    assert read_manifest(tmp_path) == manifest


def test_a_folder_with_other_files_is_left_alone(manifest, tmp_path):
    (tmp_path / "thesis.doc").write_text("precious")
    with pytest.raises(UserError, match=r"holds 1 file such as thesis\.doc"):
        claim(tmp_path, manifest)
    assert not (tmp_path / MANIFEST).exists()


@pytest.mark.parametrize("content", ["{}", "no JSON", "[1]", '{"format": 2}'])
def test_a_manifest_that_does_not_fit(manifest, tmp_path, content):
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(UserError, match=MANIFEST):
        claim(tmp_path, manifest)


@pytest.mark.parametrize("number", [1, 3])
def test_scores_of_another_format_are_said_and_left_alone(manifest, tmp_path, number):
    content = json.dumps(manifest.model_dump() | {"format": number})
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(UserError, match=f"of format {number}, and .* format 2; score into a new"):
        claim(tmp_path, manifest)
    assert (tmp_path / MANIFEST).read_text() == content


def test_a_checkpoint_by_name(folder, checkpoint, corpus, monkeypatch):
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(folder.parent))
    loaded = load_checkpoint(folder.name)
    assert describe(folder.name, loaded, corpus) == describe(folder, checkpoint, corpus)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(1, 256), (256, 256), (65_536, 256), (65_537, 257), (1_000_000, 3_907), (10**8, 8_192)],
)
def test_rows_of_a_part(rows, expected):
    assert rows_a_part(rows) == expected


@pytest.mark.parametrize("classes", [None, (1, 0)])
def test_a_part_arrives_as_it_left(classes):
    part = Part(3, 14, ("a", "电"), ("half \ud800 a character", "line\n\ttab \0"), classes)
    assert Part.from_bytes(part.to_bytes()) == part


def test_an_id_that_cannot_be_written_is_shown_with_a_question_mark():
    part = Part(0, 0, ("a\udcff",), ("text",), None)
    assert Part.from_bytes(part.to_bytes()).ids == ("a?",)


def test_columns_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"\[1, 2\]"):
        Part(0, 0, ("a", "b"), ("text",), None)


def test_a_damaged_checksum_has_a_key_that_no_scores_have(manifest):
    damaged = manifest.model_copy(update={"data_sha256": "\ud800" + manifest.data_sha256})
    assert len(damaged.key) == 64
    assert damaged.key != manifest.key


def test_the_parts_asked_for_and_no_other_row():
    texts = tuple(f"text {i}" for i in range(10))
    corpus = Corpus("ten", texts, (), tuple(map(str, range(10))), {})
    classes = np.arange(10)
    first, last = parts_of(corpus, classes, 4, [0, 2])
    assert first == Part(0, 0, ("0", "1", "2", "3"), texts[:4], (0, 1, 2, 3))
    assert last == Part(2, 8, ("8", "9"), texts[8:], (8, 9))
    assert next(parts_of(corpus, None, 4, [1])).classes is None


def test_a_part_is_read_when_it_is_asked_for():
    class Lazy(tuple):
        read = 0

        def __getitem__(self, rows):
            type(self).read += 1
            return super().__getitem__(rows)

    corpus = Corpus("lazy", Lazy(["text"] * 10), (), ("1",) * 10, {})
    parts = parts_of(corpus, None, 2, range(5))
    assert Lazy.read == 0
    next(parts)
    assert Lazy.read == 1
