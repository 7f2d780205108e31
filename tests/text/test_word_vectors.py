"""Word vectors in both formats, and files that are broken."""

import struct
import sys

import numpy as np
import pytest

from han_core.runtime.errors import UserError
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.text.word_vectors import (
    check_learning,
    learn_vectors,
    read_vectors,
    vectors_size,
    write_vectors,
)

VOCABULARY = Vocabulary((*RESERVED, "good", "bad", "zebra"))
GOOD, BAD = [1.0, -2.5, 0.25], [0.5, 0.0, 3.0]
LINES = "good 1 -2.5 0.25\nfar away 9 9 9\nBAD 0.5 0 3\nbad 7 7 7\n"


def binary(*entries, header=None) -> bytes:
    lines = [word.encode() + b" " + struct.pack("<3f", *vector) for word, vector in entries]
    return (header or b"%d 3\n" % len(entries)) + b"\n".join(lines)


FORMATS = {
    "plain.txt": LINES.encode(),
    "word2vec.txt": b"4 3\n" + LINES.encode(),
    "word2vec.bin": binary(("good", GOOD), ("other", [9] * 3), ("BAD", BAD), ("bad", [7] * 3)),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_words_of_the_vocabulary_get_their_vectors(tmp_path, name):
    (tmp_path / name).write_bytes(FORMATS[name])
    table, count = read_vectors(tmp_path / name, VOCABULARY, seed=0)
    assert (table.shape, table.dtype, count) == ((5, 3), np.float32, 2)
    assert table[2].tolist() == GOOD
    assert table[3].tolist() == BAD  # the first of two entries for one word
    assert table[0].tolist() == [0, 0, 0]


def test_words_without_a_vector_get_random_ones_of_the_same_spread(tmp_path):
    vectors = np.random.default_rng(1).normal(0, 0.3, (500, 40))
    write_vectors(tmp_path / "v.txt", [(f"k{i}", row) for i, row in enumerate(vectors)])
    words = [f"{kind}{i}" for i in range(500) for kind in "ku"]
    vocabulary = Vocabulary((*RESERVED, *words))
    table, count = read_vectors(tmp_path / "v.txt", vocabulary, seed=3)
    assert count == 500
    unknown = table[[vocabulary.number(f"u{i}") for i in range(500)]]
    assert unknown.std() == pytest.approx(vectors.std(), rel=0.05)
    assert abs(unknown.mean()) < 0.02
    again, _ = read_vectors(tmp_path / "v.txt", vocabulary, seed=3)
    other, _ = read_vectors(tmp_path / "v.txt", vocabulary, seed=4)
    assert np.array_equal(table, again)
    assert not np.array_equal(table, other)


@pytest.mark.parametrize(("name", "written"), [("v.txt", 3), ("v.bin", 2)])
def test_what_is_written_is_read(tmp_path, name, written):
    odd = ("two words", np.ones(3))  # the binary form cannot tell where such a word ends
    entries = [("good", np.array(GOOD)), ("zebra", np.array([1e-7, 1e7, -0.1]))]
    assert write_vectors(tmp_path / name, [entries[0], odd, entries[1]]) == written
    assert vectors_size(tmp_path / name) == 3
    table, count = read_vectors(tmp_path / name, VOCABULARY, seed=0)
    assert count == 2
    np.testing.assert_allclose(table[[2, 4]], [vector for _, vector in entries], rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("v.txt", b"", "line 1"),
        ("v.txt", b"other 1 2 3\n", "none of the 5 words"),
        ("v.txt", b"good 1 2 3\nbad 1 2\n", "line 2"),
        ("v.txt", b"2 3\ngood 1 2 3\nbad 1 x 3\n", "line 3"),
        ("v.txt", b"good\n", "line 1"),
        ("v.txt", b"good 1 nan 3\n", "not finite"),
        ("v.txt", b"1 0\ngood\n", "line 1: .* 1 to 4096"),
        ("v.txt", b"1 99999\ngood 1\n", "line 1: .* 1 to 4096"),
        ("v.txt", b"\xff\xfe\x00g\n", "line 1"),
        ("v.bin", binary(("good", GOOD))[:-1], "middle of a vector"),
        ("v.bin", binary(("good", GOOD), header=b"99999999 3\n"), "middle of a vector"),
        ("v.bin", binary(("good", [np.inf] * 3)), "not finite"),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_vectors(tmp_path / name, VOCABULARY, seed=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("read", [vectors_size, lambda path: read_vectors(path, VOCABULARY, 0)])
@pytest.mark.parametrize("name", ["nowhere", ".", "a\0b"])
def test_a_missing_file_is_one_sentence(tmp_path, read, name):
    with pytest.raises(UserError, match="A file of word vectors is expected"):
        read(tmp_path / name)


@pytest.mark.parametrize("name", FORMATS)
def test_the_first_line_tells_the_size(tmp_path, name):
    (tmp_path / name).write_bytes(FORMATS[name].splitlines(keepends=True)[0])
    assert vectors_size(tmp_path / name) == 3


def test_words_that_stand_in_the_same_places_get_similar_vectors():
    pytest.importorskip("gensim")
    draw = np.random.default_rng(0)
    words = {kind: [f"{kind}{number}" for number in range(20)] for kind in "ab"}
    sentences = [list(draw.choice(words[kind], 12)) for kind in "ab" * 1_000]
    learnt = dict(learn_vectors(sentences, size=8, epochs=20, seed=0, workers=1))
    assert sorted(learnt) == sorted(words["a"] + words["b"])

    def likeness(kind: str) -> float:
        one, others = learnt["a0"], np.stack([learnt[word] for word in words[kind][1:]])
        return float(np.mean(others @ one / np.linalg.norm(others, axis=1) / np.linalg.norm(one)))

    assert likeness("a") > likeness("b") + 0.3
    again = dict(learn_vectors(sentences, size=8, epochs=20, seed=0, workers=1))
    assert all(np.array_equal(learnt[word], again[word]) for word in learnt)


def test_too_few_words_to_learn_from_is_one_sentence():
    pytest.importorskip("gensim")
    with pytest.raises(UserError, match="at least 5 times"):
        learn_vectors([["a", "b"]], size=8, epochs=1, seed=0, workers=1)


def test_learning_without_gensim_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(UserError, match="pip install gensim"):
        learn_vectors([["a"] * 9], size=8, epochs=1, seed=0, workers=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 0}, {"size": 4_097}, {"epochs": 0}, {"workers": 0}, {"workers": -1},
        {"seed": -1}, {"seed": 2**31},
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_is_refused_by_its_name(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(UserError, match=f"^{name} is [01] to .*; {value} came"):
        check_learning(**{"size": 5, "epochs": 1, "seed": 0, "workers": 1, **wrong})
