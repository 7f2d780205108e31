"""Clauses end at marks and with sentences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.text.document import clause_ends, is_mark
from han_core.text.tokenizer import Tokenizer


def clauses(text: str, *how: str) -> list[str]:
    language, segmentation = how or ("en", "words")
    document = Tokenizer(language, segmentation=segmentation)(text)
    words = document.token_texts()
    marks = np.array([is_mark(word) for word in words])
    ends = clause_ends(marks, np.array(document.sentence_lengths))
    return [" ".join(part) for part in np.split(np.array(words), ends[:-1])]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Slow, but fine!! Really", ["Slow ,", "but fine ! !", "Really"]),
        ("One\n\nTwo; three... Four", ["One", "Two ;", "three ...", "Four"]),
        ("It cost 3.50 on 1,000 days", ["It cost 3.50 on 1,000 days"]),
        ("... so?! Yes.", ["...", "so ? !", "Yes ."]),
    ],
)
def test_clauses_of_english_by_hand(text, found):
    assert clauses(text) == found


@pytest.mark.parametrize("segmentation", ["words", "characters"])
def test_clauses_of_chinese_by_hand(segmentation):
    found = clauses("房间很好，服务差！！下次不来。", "zh", segmentation)
    joined = [clause.replace(" ", "") for clause in found]
    assert joined == ["房间很好，", "服务差！！", "下次不来。"]


def test_marks_are_words_of_marks_alone():
    assert all(map(is_mark, (",", "?!", "...", "。", "，", "؟", "।")))
    assert not any(map(is_mark, ("", "a,", "3.5", "'", "(", "-")))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_ends_are_where_a_slow_reading_finds_them(tokens):
    """A token ends a clause if it ends a sentence or is a mark, and no mark follows it."""
    tokens[-1] = (tokens[-1][0], True)
    last = [at for at, (_, ends) in enumerate(tokens) if ends]
    sentences = np.diff([-1, *last])
    marks = np.array([mark for mark, _ in tokens])
    expected = [
        at + 1
        for at, (mark, ends) in enumerate(tokens)
        if (mark or ends) and not (at + 1 < len(tokens) and tokens[at + 1][0])
    ]
    assert clause_ends(marks, sentences).tolist() == expected
    assert expected[-1] == len(tokens)
