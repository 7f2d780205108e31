"""Lines of a list, against what was stored, and excerpts that were cut by hand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis.document_list import CHARACTERS, Piece, listed_documents, marked_excerpt
from han_core.analysis.documents import content_hash


def drawn(pieces) -> str:
    """The line, with strong words between stars."""
    return "".join(f"*{piece.text}*" if piece.strong else piece.text for piece in pieces)


def test_lines_stand_in_the_order_that_was_asked_for(make_store):
    store = make_store(
        true=["pos", "neg", "neg"],
        predicted=["neg", "neg", "pos"],
        confidence=[0.6, 0.75, 0.9],
        texts=["so good", "all bad", "bad, not bad"],
        attended=[["good", "so"], ["bad"], [",", "not"]],
        other=["pos", "pos", "neg"],
        rows_a_part=2,
    )
    last, first = listed_documents(store, np.array([2, 0]))
    assert (last.row, last.id, last.true, last.predicted, last.other) == (
        2, "2", "neg", "pos", "neg",
    )  # fmt: skip
    assert last.confidence == pytest.approx(0.9)
    assert drawn(last.excerpt) == "bad, *not* bad"
    assert drawn(first.excerpt) == "*so* *good*"
    assert first.content == content_hash("so good")
    assert listed_documents(store, np.array([], dtype=int)) == []


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("Good goods,  \n GOOD", ["good"], "*Good* goods, *GOOD*"),
        ("an idea", ["a", "i"], "an idea"),
        ("这部电影很好看", ["好看"], "这部电影很*好看*"),
        ("", ["x"], ""),
        ("Yes!", ["!"], "Yes!"),
        ("a.c abc", ["a.c"], "*a.c* abc"),
    ],
)
def test_whole_words_are_marked(text, words, line):
    assert drawn(marked_excerpt(text, words)) == line


def test_a_long_text_is_shown_where_its_strongest_word_stands():
    text = "word " * 100 + "so very bad an end " + "word " * 100
    line = drawn(marked_excerpt(text, ["bad", "word"]))
    assert line.startswith("…*word*")
    assert "so very *bad* an end" in line
    assert line.endswith("…")
    first = drawn(marked_excerpt(text, ["word", "bad"]))
    assert first.startswith("*word* *word*")
    assert first.endswith("…")


@given(st.text(max_size=600), st.lists(st.text(min_size=1, max_size=5), max_size=5))
def test_any_text_gives_a_part_of_itself(text, words):
    pieces = marked_excerpt(text, words)
    line = "".join(piece.text for piece in pieces)
    assert len(line) <= CHARACTERS + 2
    assert line.strip("…") in " ".join(text.split()) or "…" in text
    assert Piece("", False) not in pieces
    assert not any(a.strong == b.strong for a, b in pairwise(pieces)
                   if "…" not in (a.text, b.text))  # fmt: skip
