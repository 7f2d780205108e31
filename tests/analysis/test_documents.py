"""Kept documents: what goes in comes out, by row and by content."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis import documents as module
from han_core.analysis.documents import (
    FILE,
    FIXED,
    content_hash,
    open_documents,
    ranks_of,
    store_documents,
)
from han_core.analysis.scoring.manifest import data_sha256
from han_core.data.corpus import Corpus
from han_core.runtime.checksums import checksum_path
from han_core.runtime.errors import UserError
from tests.damage import each_flipped, flip

STRANGE = ["plain", "half \ud800 a character", "nul \x00 within", "İstanbul ﬁ 你好", "", "plain"]
EVERY = st.characters(exclude_categories=())


def corpus_of(texts, **extra) -> Corpus:
    ids = tuple(f"d{row}" for row in range(len(texts)))
    return Corpus("by hand", tuple(texts), (), ids, extra)


def stored(corpus: Corpus, key: str):
    return open_documents(store_documents(corpus, key))


@pytest.fixture
def many_batches(monkeypatch):
    monkeypatch.setattr(module, "ROWS", 3)


def test_strange_texts_come_back_exactly(many_batches):
    documents = stored(corpus_of(STRANGE), "strange")
    assert documents.texts(np.arange(6)) == STRANGE
    assert documents.texts(np.array([4, 1, 1, 5])) == ["", STRANGE[1], STRANGE[1], "plain"]
    assert documents.texts(np.array([], dtype=np.int64)) == []
    assert documents.take(np.array([1]), ["text"])["text"].to_pylist() == ["half ? a character"]
    assert documents.take(np.arange(6), ["characters"])["characters"].to_pylist() == [
        len(text) for text in STRANGE
    ]


@given(st.lists(st.text(EVERY, max_size=5), min_size=1, max_size=9), st.randoms())
def test_any_texts_come_back(texts, draw):
    documents = stored(corpus := corpus_of(texts), data_sha256(corpus))
    rows = [draw.randrange(len(texts)) for _ in range(5)]
    assert documents.texts(np.array(rows)) == [texts[row] for row in rows]
    assert documents.contents(np.array(rows)) == [content_hash(texts[row]) for row in rows]


def test_documents_are_found_by_their_content(many_batches):
    documents = stored(corpus_of(STRANGE), "found")
    assert documents.rows_of([content_hash("plain")]).tolist() == [0, 5]
    everything = [*map(content_hash, STRANGE), content_hash("elsewhere")]
    assert documents.rows_of(everything).tolist() == [0, 1, 2, 3, 4, 5]
    assert documents.rows_of([]).tolist() == []
    assert documents.rows_of(["no name", "ab", "0" * 33, "é" * 32]).tolist() == []


def test_half_of_a_content_names_nothing(many_batches):
    """The search goes by the first half; the second decides."""
    documents = stored(corpus_of(STRANGE), "halves")
    other = content_hash("plain")[:16] + "0" * 16
    assert documents.rows_of([other]).tolist() == []
    assert documents.rows_of([other, content_hash("plain")]).tolist() == [0, 5]


def test_columns_have_a_place_each(many_batches):
    texts = [f"text {row}" for row in range(7)]
    corpus = corpus_of(texts, stars=tuple("5314159"), **{"a, b": tuple("gfedcba")})
    documents = stored(corpus, "columns")
    assert documents.columns == ("stars", "a, b")
    cells = documents.take(np.array([6, 0]), [documents.field("a, b")])
    assert cells[documents.field("a, b")].to_pylist() == ["a", "g"]
    with pytest.raises(UserError, match="no column “split”"):
        documents.field("split")


def test_long_texts_make_smaller_batches(monkeypatch):
    monkeypatch.setattr(module, "CHARACTERS", 10)
    documents = stored(corpus_of(["x" * 4] * 7), "long")
    assert [len(batch) for batch in documents.batches] == [3, 3, 1]
    assert len(documents) == 7


def test_the_same_is_written_once_and_other_columns_beside():
    corpus = corpus_of(["a", "b"], split=("dev", "test"))
    first = store_documents(corpus, "once")
    written = (first / FILE).stat().st_mtime_ns
    assert store_documents(corpus, "once") == first
    assert (first / FILE).stat().st_mtime_ns == written
    other = store_documents(corpus_of(["a", "b"], split=("test", "dev")), "once")
    assert other != first
    assert open_documents(first).take(np.array([0]), ["c0"])["c0"].to_pylist() == ["dev"]


@pytest.mark.parametrize("damage", [b"", b"nothing", None])
def test_damaged_documents_are_refused_and_written_anew(damage):
    corpus = corpus_of(["a", "b"])
    folder = store_documents(corpus, f"damaged-{damage}")
    whole = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with pytest.raises(UserError, match="damaged; score them anew"):
        open_documents(folder)
    assert len(open_documents(store_documents(corpus, f"damaged-{damage}"))) == 2
    (folder / FILE).unlink()
    with pytest.raises(UserError, match="not kept any more"):
        open_documents(folder)


def read_everything(folder) -> None:
    documents = open_documents(folder)
    rows = np.arange(len(documents))
    documents.texts(rows)
    documents.take(rows, [*FIXED, *map(documents.field, documents.columns)])
    for field in ("id", *map(documents.field, documents.columns)):
        documents.ranks(field)
    documents.rows_of([content_hash("dull")])


def test_no_flipped_bit_is_believed_and_storing_again_heals():
    corpus = corpus_of(["a fine film", "dull"], split=("dev", "test"))
    path = store_documents(corpus, "flips") / FILE
    content = path.read_bytes()
    for _ in each_flipped(path, 60):
        with pytest.raises(UserError, match="damaged; score them anew"):
            read_everything(path.parent)
    flip(path, 8 * content.index(b"dull"))
    store_documents(corpus, "flips")
    assert len(open_documents(path.parent, whole=True)) == 2
    assert path.read_bytes() == content


def test_documents_of_an_earlier_version_get_a_checksum_if_their_texts_are_whole():
    path = store_documents(corpus_of(STRANGE), "earlier") / FILE
    checksum_path(path).unlink()
    assert open_documents(path.parent).texts(np.arange(6)) == STRANGE
    assert checksum_path(path).exists()
    checksum_path(path).unlink()
    path.write_bytes(path.read_bytes().replace("你好".encode(), "你们".encode()))
    with pytest.raises(UserError, match="damaged; score them anew"):
        open_documents(path.parent)
    assert not checksum_path(path).exists()


def test_a_disk_that_refuses_is_one_sentence_and_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_batch", full)
    with pytest.raises(UserError, match=r"cannot be kept .* \(No space left on device\)"):
        store_documents(corpus_of(["a"]), "full")
    assert list((tmp_path / "documents").iterdir()) == []


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["10", "9", "9", "-1.5"], [3, 2, 2, 1]),
        (["10", "", "9"], [2, 3, 1]),
        (["b", "10", "9", "B"], [4, 1, 2, 3]),
        (["", ""], [1, 1]),
        (["x" * 100 + "b", "x" * 100 + "a"], [1, 1]),
        (["half \ud800", "half"], [2, 1]),
    ],
)
def test_ranks(cells, expected):
    assert ranks_of(cells).tolist() == expected


def test_ranks_of_texts_are_pythons_order():
    draw = random.Random(2)
    cells = ["".join(draw.choices("abc é你", k=draw.randint(1, 4))) for _ in range(200)]
    places = {cell: place for place, cell in enumerate(sorted(set(cells)), 1)}
    assert ranks_of(cells).tolist() == [places[cell] for cell in cells]
