"""Stretches are runs of clauses of the training documents, and of nothing else."""

from itertools import chain, combinations

import numpy as np
import pytest

from han_core.data.corpus import Corpus
from han_core.models.checkpoint import TextConfig
from han_core.runtime.errors import UserError
from han_core.training.prepare import prepare
from han_core.training.settings import LONGEST_STRETCH, Settings

CLAUSES = ["The room was small,", "the bed too hard;", "still, we liked it.", "Never again!"]
TEXTS = [" ".join(CLAUSES), "No clause at all", "The room was small, the bed too hard"]
LONG = " ".join(f"clause number {n}," for n in range(30))


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    """A folder for kept texts that nobody else uses."""
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))


def corpus(*texts: str) -> Corpus:
    labels = tuple("ab"[n % 2] for n in range(len(texts)))
    return Corpus("toy", texts, labels, tuple(map(str, range(len(texts)))), {})


def prepared(
    *texts, also=(), unlabelled=(), validation=("Held out, and long enough.",), **settings
):
    values = Settings(**{"minimum_count": 1, "stretches": 40, **settings})
    parts = corpus(*texts), corpus(*validation)
    follow = lambda texts, name: texts  # noqa: E731
    return prepare(*parts, TextConfig(), values, follow, also=also, unlabelled=unlabelled)


def said(found, documents=None) -> list[list[str]]:
    """The words of each document, in lower case."""
    words = np.array(found.vocabulary.words)
    return [words[d.words].tolist() for d in documents or found.unlabelled]


def test_every_run_of_clauses_but_the_whole_is_drawn_once():
    text = "The room was small, the bed too hard; we liked it. Never again!"
    clauses = [["the", "room", "was", "small", ","], ["the", "bed", "too", "hard", ";"],
               ["we", "liked", "it", "."], ["never", "again", "!"]]  # fmt: skip
    runs = [[*chain(*clauses[a:b])] for a, b in combinations(range(5), 2) if b - a < 4]
    found = prepared(text, "No clause at all")
    assert sorted(said(found)) == sorted(runs)
    assert found.stretches == len(found.unlabelled) == 9
    lengths = {tuple(words): d.sentence_lengths.tolist()
               for words, d in zip(said(found), found.unlabelled, strict=True)}  # fmt: skip
    assert lengths[tuple(clauses[0] + clauses[1])] == [10]
    assert lengths[tuple(clauses[1] + clauses[2])] == [9]
    assert lengths[tuple(clauses[2] + clauses[3])] == [4, 3]
    assert found.unlabelled.lengths.tolist() == [*map(len, said(found))]


def test_what_is_a_whole_text_of_some_part_or_too_short_is_left_out():
    text = "the room was small, the bed too hard, so so, yes."
    found = prepared(text, "No clause at all")
    assert ["yes", "."] not in said(found)
    assert ["so", "so", ","] in said(found)
    parts = {"validation": ("the bed too hard,", "b"), "also": ("so so,",),
             "unlabelled": ("the room was small,",)}  # fmt: skip
    fewer = prepared(text, "No clause at all", **parts)
    left = [tuple(words) for words in said(found) if words not in said(fewer)]
    assert {("the", "bed", "too", "hard", ","), ("so", "so", ",")} == set(left)
    assert fewer.stretches == len(found.unlabelled) - 3  # one of them is the unlabelled text
    assert said(fewer)[0] == ["the", "room", "was", "small", ","]
    assert len(fewer.unlabelled) == fewer.stretches + 1


def test_as_many_as_were_asked_for_of_few_clauses_each():
    found = prepared(LONG, "No clause at all", stretches=7)
    sizes = [words.count(",") for words in said(found)]
    assert found.stretches == 7
    assert min(sizes) >= 1
    assert max(sizes) <= LONGEST_STRETCH
    assert all(words[0] == "clause" and words[-1] == "," for words in said(found))


def test_the_seed_draws_them_and_nothing_else_does(tmp_path, monkeypatch):
    one = prepared(LONG, *TEXTS, stretches=3)
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "other"))
    prepared("The bed too hard;", LONG, *TEXTS)  # the table that is kept holds more texts there
    again = prepared(LONG, *TEXTS, stretches=3, epochs=2)
    assert said(one) == said(again)
    assert said(one) != said(prepared(LONG, *TEXTS, stretches=3, seed=1))
    assert said(one, one.training.documents) == said(again, again.training.documents)


def test_words_count_as_in_whole_documents():
    assert prepared(*TEXTS).vocabulary == prepared(*TEXTS, stretches=0).vocabulary
    none = prepared(*TEXTS, stretches=0)
    assert (none.unlabelled, none.stretches) == (None, 0)


def test_documents_of_one_clause_have_none():
    with pytest.raises(UserError, match="runs of clauses"):
        prepared("One clause", "Another clause")
