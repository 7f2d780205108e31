"""What newsgroups models learn from: bodies alone validate, and an encoder adds to words."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import newsgroups
from han_core.text.word_vectors import vector_entries, write_vectors
from tests.pretrained import write_base

MESSAGE = (
    "From: bo\nSubject: Re: RE: Tubas\n\nAda wrote:\n> How {n}?\n| So?\nVery {n}.\nFine.\n\nBo\n"
)


@pytest.fixture
def messages():
    """Twenty messages of two groups, the newer ones first."""
    return pa.table(
        {
            "text": [MESSAGE.format(n=n) for n in range(20)],
            "label": ["rec", "sci"] * 10,
            "doc": [str(1_000 - n) for n in range(20)],
        }
    )


def test_what_stands_around_a_body_by_hand():
    assert newsgroups.surroundings(MESSAGE.format(n=7)) == "Tubas\nAda wrote:\nHow 7?\nSo?"
    assert newsgroups.surroundings("From: bo\n\nFine.") == ""


def test_the_newest_of_each_group_validate(messages):
    held = newsgroups.held_out(messages, 0.2)
    assert np.flatnonzero(held).tolist() == [0, 1, 2, 3]
    assert not newsgroups.held_out(messages, 0.0).any()


def test_nothing_of_a_message_that_validates_is_learnt(messages):
    table = newsgroups.training_rows(messages, 0.2).to_pylist()
    held = [row["text"] for row in table if row["split"] == "validation"]
    assert held == [f"Very {n}.\nFine." for n in range(4)]
    learnt = [row["text"] for row in table if row["split"] == "train"]
    assert len(learnt) == 2 * 16
    assert not any(f" {n}." in text or f" {n}?" in text for text in learnt for n in range(4))


def test_the_command_writes_the_same_rows_again(messages, tmp_path):
    pq.write_table(messages, tmp_path / "messages.parquet")
    for out in ("one", "two"):
        newsgroups.main(["rows", str(tmp_path / "messages.parquet"), str(tmp_path / out)])
    one, two = (pq.read_table(tmp_path / out) for out in ("one", "two"))
    assert one.equals(two)
    assert set(one["split"].to_pylist()) == {"train", "validation"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("base"))


def test_principal_components_are_those_of_the_covariance():
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(400, 3)) * [1.0, 5.0, 2.0] + 7.0
    found = newsgroups.principal_components(vectors, 2)
    assert found.mean(0) == pytest.approx([0, 0], abs=1e-9)
    largest = np.linalg.eigvalsh(np.cov(vectors.T))[:0:-1]
    assert found.var(0, ddof=1) == pytest.approx(largest)
    assert np.corrcoef(found.T)[0, 1] == pytest.approx(0, abs=1e-9)


def test_given_vectors_get_the_spread_of_the_learnt_ones():
    learnt = {"a": np.array([1.0, 2.0]), "b": np.array([3.0, 6.0])}
    given = np.array([[10.0], [-10.0], [30.0]])
    found = newsgroups.joined_vectors(["b", "new", "a"], learnt, given)
    np.testing.assert_allclose(found[:, :2], [[1, 2], [0, 0], [-1, -2]])
    np.testing.assert_allclose(found[:, 2], given[:, 0] * np.std([1, 2, 3, 6]) / given.std())


def test_words_are_read_alone_whatever_stands_beside_them(base):
    words = ["fine", "good", "bad", "a longer run of words"]
    together = newsgroups.encoded(words, str(base))
    for number, word in enumerate(words):
        alone = newsgroups.encoded([word], str(base))
        np.testing.assert_allclose(together[number], alone[0], atol=1e-5)


def test_the_command_writes_both(base, tmp_path):
    texts = ["fine good fine", "Good, once"]
    rows = [json.dumps({"text": text, "label": "a"}) for text in texts]
    (tmp_path / "data.jsonl").write_text("\n".join(rows))
    write_vectors(tmp_path / "learnt.txt", [("fine", np.ones(3)), ("good", -np.ones(3))])
    paths = [str(tmp_path / name) for name in ("data.jsonl", "learnt.txt", "out.txt")]
    newsgroups.main(["vectors", *paths, "--base", str(base), "--size", "1"])
    vectors = dict(vector_entries(tmp_path / "out.txt"))
    assert list(vectors) == ["fine", "good"]
    np.testing.assert_allclose(vectors["fine"][:3], 1.0)
    assert vectors["fine"].shape == (4,)
