"""Document vectors: the model's own, kept whole, gone on with, and never too many."""

import os

import numpy as np
import pytest
import torch

from han_core.analysis import embedding_cache
from han_core.analysis.documents import content_hash
from han_core.analysis.embedding_cache import (
    DOCUMENTS,
    GROUP,
    NOTE,
    VECTORS,
    cache_vectors,
    document_vectors,
    list_vectors,
    open_vectors,
    vectors_cache,
)
from han_core.analysis.scoring.manifest import checkpoint_sha256
from han_core.data.corpus import Corpus
from han_core.explanation.explain import run_model
from han_core.runtime.errors import UserError
from han_core.runtime.paths import vectors_root
from han_core.text.batch import number_document
from tests.conftest import WORDS
from tests.damage import each_flipped, flip

pytestmark = pytest.mark.usefixtures("own_data")


def corpus_of(rows: int, seed: int = 0) -> Corpus:
    draw = np.random.default_rng(seed)
    texts = [" ".join(draw.choice(WORDS, draw.integers(1, 12))) + "." for _ in range(rows)]
    labels = tuple(draw.choice(["0", "1"], rows).tolist())
    return Corpus(f"drawn {seed}", texts, labels, tuple(map(str, range(rows))), {})


def test_they_are_what_the_classifier_reads(checkpoint):
    texts = ["The green river. A quiet garden.", "bread", "music " * 40]
    result = document_vectors(checkpoint, texts)
    for text, vector in zip(texts, result, strict=True):
        numbered = number_document(checkpoint.tokenizer(text), checkpoint.vocabulary)
        alone = run_model(checkpoint, [numbered])
        own = alone.documents[0].numpy()
        assert vector == pytest.approx(own / np.linalg.norm(own), abs=1e-6)
        # The classifier makes the logits of nothing else.
        with torch.inference_mode():
            logits = checkpoint.model.classifier(alone.documents)[0]
        assert logits.numpy() == pytest.approx(alone.logits[0].numpy(), abs=1e-5)


def test_a_text_without_a_word_is_near_nothing(checkpoint):
    result = document_vectors(checkpoint, ["", "bread", "\n"])
    assert np.linalg.norm(result, axis=1) == pytest.approx([0, 1, 0], abs=1e-6)


def test_kept_and_opened_again(folder, checkpoint):
    corpus, reports = corpus_of(GROUP + 3), []
    key = cache_vectors(folder, checkpoint, corpus, lambda done, of: reports.append((done, of)))
    result = open_vectors(key)
    assert np.abs(result.unit - document_vectors(checkpoint, corpus.texts)).max() < 1e-3
    last = result.document(GROUP + 2)
    assert (last.id, last.text) == (corpus.ids[-1], corpus.texts[-1])
    assert last.label == ("negative", "positive")[int(corpus.labels[-1])]
    assert last.content == content_hash(last.text)
    assert reports == [(0, GROUP + 3), (GROUP, GROUP + 3), (GROUP + 3, GROUP + 3)]
    assert [note.data for note in list_vectors(checkpoint_sha256(folder))] == ["drawn 0"]
    assert not list_vectors("of another checkpoint")
    reports.clear()
    assert cache_vectors(folder, checkpoint, corpus, lambda *at: reports.append(at)) == key
    assert not reports  # nothing was computed again


def test_stopped_work_goes_on(folder, checkpoint, monkeypatch):
    corpus = corpus_of(2 * GROUP + 10)
    cache_vectors(folder, checkpoint, corpus)
    (whole,) = (path.read_bytes() for path in vectors_root().glob(f"*/{VECTORS}"))
    for path in sorted(vectors_root().rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    batches = []

    def stopping(checkpoint, texts):
        batches.append(len(texts))
        if len(batches) == 2:
            raise KeyboardInterrupt
        return document_vectors(checkpoint, texts)

    monkeypatch.setattr(embedding_cache, "document_vectors", stopping)
    with pytest.raises(KeyboardInterrupt):
        cache_vectors(folder, checkpoint, corpus)
    assert not list(vectors_root().glob(f"*/{NOTE}"))
    (part,) = vectors_root().glob(".*.part")
    with part.open("ab") as file:
        file.write(b"torn")  # as a process leaves it that dies while it writes
    cache_vectors(folder, checkpoint, corpus)
    assert batches == [GROUP, GROUP, GROUP, 10]
    assert [path.read_bytes() for path in vectors_root().glob(f"*/{VECTORS}")] == [whole]
    assert not part.exists()


def test_a_part_that_lacks_its_head_is_begun_anew(folder, checkpoint):
    corpus = corpus_of(5)
    key = cache_vectors(folder, checkpoint, corpus)
    whole = (vectors_root() / key / VECTORS).read_bytes()
    (vectors_root() / key / NOTE).unlink()
    (vectors_root() / f".{key}.part").write_bytes(whole[:40])
    assert cache_vectors(folder, checkpoint, corpus) == key
    assert (vectors_root() / key / VECTORS).read_bytes() == whole


def test_a_damaged_entry_counts_as_none_and_is_made_again(folder, checkpoint):
    corpus = corpus_of(4)
    key = cache_vectors(folder, checkpoint, corpus)
    for name in (VECTORS, NOTE, "documents.arrow"):
        path = vectors_root() / key / name
        path.write_bytes(path.read_bytes()[:20])
        assert open_vectors(key) is None
        assert not list_vectors(checkpoint_sha256(folder)) or name != NOTE
        assert cache_vectors(folder, checkpoint, corpus) == key
        assert open_vectors(key) is not None
    os.rename(vectors_root() / key, vectors_root() / "elsewhere")
    assert open_vectors("elsewhere") is None  # the name is what it holds
    assert open_vectors("nowhere") is None


@pytest.mark.parametrize("name", [VECTORS, NOTE, DOCUMENTS])
@pytest.mark.parametrize("suffix", ["", ".sha256"])
def test_no_flipped_bit_is_believed_and_computing_again_heals(folder, checkpoint, name, suffix):
    corpus = corpus_of(4)
    key = cache_vectors(folder, checkpoint, corpus)
    path = vectors_root() / key / f"{name}{suffix}"
    expected = (vectors_root() / key / VECTORS).read_bytes(), documents_of(key)
    for _ in each_flipped(path, 20):
        with pytest.raises(UserError, match="damaged"):
            documents_of(key)
        assert open_vectors(key) is None
    flip(path, 100)
    assert cache_vectors(folder, checkpoint, corpus) == key
    assert ((vectors_root() / key / VECTORS).read_bytes(), documents_of(key)) == expected


def documents_of(key: str) -> list:
    vectors = open_vectors(key)
    if vectors is None:
        raise UserError("The vectors are damaged.")
    return [vectors.document(row) for row in range(vectors.note.rows)]


@pytest.mark.parametrize(
    ("labels", "message"), [((), "has no labels"), (("good", "bad"), "negative")]
)
def test_documents_that_do_not_fit(folder, checkpoint, labels, message):
    corpus = Corpus("odd", ("bread", "music"), labels, ("1", "2"), {})
    with pytest.raises(UserError, match=message):
        cache_vectors(folder, checkpoint, corpus)


def test_half_characters_are_kept_readable(folder, checkpoint):
    corpus = Corpus("odd", ("bread \ud800",), ("0",), ("\udc00",), {})
    result = open_vectors(cache_vectors(folder, checkpoint, corpus))
    assert result.document(0).text == "bread ?"
    assert result.document(0).content == content_hash("bread \ud800")


def test_those_go_that_were_not_used_for_longest(folder, checkpoint, monkeypatch):
    keys = [cache_vectors(folder, checkpoint, corpus_of(3, seed)) for seed in range(3)]
    for age, key in enumerate(reversed(keys)):
        os.utime(vectors_root() / key / NOTE, (1_000 - age, 1_000 - age))
    stray = vectors_root() / f".{'0' * 64}.part"
    stray.write_bytes(b"x")
    os.utime(stray, (1, 1))
    size = sum(path.stat().st_size for path in (vectors_root() / keys[0]).glob("*"))
    monkeypatch.setattr(embedding_cache, "LARGEST", int(2.5 * size))
    vectors_cache().evict(keys[0])
    assert [open_vectors(key) is not None for key in keys] == [True, False, True]
    assert not stray.exists()
