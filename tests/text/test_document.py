"""Spans that do not fit each other are refused; clauses; two versions aligned word by word."""

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.text.document import (
    EXACT,
    Document,
    RemovedWords,
    Sentence,
    Span,
    align_versions,
    clause_ends,
    is_mark,
)
from tests.text.spans import sentences


def sentence(*spans: tuple[int, int]) -> Sentence:
    return Sentence(tuple(Span(*span) for span in spans))


TEXT = "Good. Not bad"


def test_a_document_tells_its_tokens_in_order():
    document = Document(TEXT, (sentence((0, 4), (4, 5)), sentence((6, 9), (10, 13))), 13)
    assert document.tokens == ((0, 4), (4, 5), (6, 9), (10, 13))
    assert document.sentence_lengths == (2, 2)
    assert document.token_texts() == ("Good", ".", "Not", "bad")
    assert [(s.start, s.end) for s in document.sentences] == [(0, 5), (6, 13)]


def test_white_space_alone_has_no_sentence():
    document = Document(" \n", (), 2)
    assert (document.tokens, document.sentence_lengths, document.token_texts()) == ((), (), ())


@pytest.mark.parametrize(
    "spans",
    [[], [(2, 2)], [(3, 2)], [(-1, 2)], [(0, 3), (2, 4)], [(4, 5), (0, 3)]],
    ids=["none", "empty", "backwards", "negative", "overlapping", "out of order"],
)
def test_a_sentence_refuses(spans):
    with pytest.raises(ValueError):
        sentence(*spans)


@pytest.mark.parametrize(
    ("sentences", "seen"),
    [
        ((sentence((0, 4)), sentence((3, 5))), 13),
        ((sentence((6, 9)), sentence((0, 4))), 13),
        ((sentence((0, 4)),), 3),
        ((sentence((0, 4)),), 14),
        ((sentence((10, 14)),), 13),
    ],
    ids=["overlapping", "out of order", "past seen", "seen past the text", "past the text"],
)
def test_a_document_refuses(sentences, seen):
    with pytest.raises(ValueError):
        Document(TEXT, sentences, seen)


def clauses(text: str, *how: str) -> list[str]:
    split = sentences(text, *how)
    words = [word for sentence in split for word in sentence]
    ends = clause_ends(np.array(list(map(is_mark, words))), np.array(list(map(len, split))))
    return [" ".join(part) for part in np.split(np.array(words), ends[:-1])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Slow, but fine!! Really", ["Slow ,", "but fine ! !", "Really"]),
        ("One\n\nTwo; three... Four", ["One", "Two ;", "three ...", "Four"]),
        ("It cost 3.50 on 1,000 days", ["It cost 3.50 on 1,000 days"]),
        ("... so?! Yes.", ["...", "so ? !", "Yes ."]),
    ],
)
def test_clauses_of_english_by_hand(text, expected):
    assert clauses(text) == expected


@pytest.mark.parametrize("segmentation", ["words", "characters"])
def test_clauses_of_chinese_by_hand(segmentation):
    parts = clauses("房间很好，服务差！！下次不来。", "zh", segmentation)
    joined = [clause.replace(" ", "") for clause in parts]
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


def document(*sentences: str) -> Document:
    """Sentences of words that blanks part."""
    text, at, split = "  ".join(sentences), 0, []
    for sentence in sentences:
        lengths = [len(word) + 1 for word in sentence.split(" ")]
        starts = [at + start for start in accumulate(lengths, initial=0)]
        spans = [Span(s, s + n - 1) for s, n in zip(starts, lengths, strict=False)]
        split.append(Sentence(tuple(spans)))
        at += len(sentence) + 2
    return Document(text, tuple(split), len(text))


def test_by_hand():
    aligned = align_versions(
        document("a fine old film", "go"), document("a bad film", "really", "go")
    )
    assert aligned.first.text == aligned.second.text == "a fine old bad film really go"
    assert aligned.first.token_texts() == ("a", "fine", "old", "film", "go")
    assert aligned.second.token_texts() == ("a", "bad", "film", "really", "go")
    assert aligned.first.tokens[3] == aligned.second.tokens[2] == Span(15, 19)
    assert aligned.second.sentence_lengths == (3, 1, 1)
    assert aligned.added == (1, 3)
    assert aligned.removed == (RemovedWords(1, "fine old"),)


def test_what_went_at_the_end_stands_behind_the_last_word():
    aligned = align_versions(document("a b", "c d"), document("a"))
    assert aligned.removed == (RemovedWords(1, "b  c d"),)  # the characters of the first version
    assert aligned.added == ()


def test_the_same_text_stays_and_another_goes():
    same = align_versions(document("a b", "c"), document("a b", "c"))
    assert (same.added, same.removed) == ((), ())
    assert same.first.tokens == same.second.tokens
    other = align_versions(document("a b"), document("c d"))
    assert other.added == (0, 1)
    assert other.removed == (RemovedWords(0, "a b"),)
    assert not set(other.first.tokens) & set(other.second.tokens)


def test_a_long_text_is_lined_up_too():
    words = [str(i % 700) for i in range(2_100)]
    changed = [*words[:900], "new", *words[901:1_500], *words[1_501:]]
    assert len(words) * len(changed) > EXACT
    aligned = align_versions(document(" ".join(words)), document(" ".join(changed)))
    assert [gone.text for gone in aligned.removed] == [words[900], words[1_500]]
    assert [changed[i] for i in aligned.added] == ["new"]


words = st.lists(st.sampled_from("abc"), min_size=1, max_size=12).map(" ".join)
documents = st.lists(words, min_size=1, max_size=3).map(lambda sentences: document(*sentences))


@given(documents, documents)
def test_the_line_holds_the_words_of_both_in_order(first, second):
    aligned = align_versions(first, second)
    for placed, version in ((aligned.first, first), (aligned.second, second)):
        assert placed.token_texts() == version.token_texts()
        assert placed.sentence_lengths == version.sentence_lengths
    together = sorted({*aligned.first.tokens, *aligned.second.tokens})
    assert " ".join(aligned.first.text[start:end] for start, end in together) == aligned.first.text
    both = set(aligned.first.tokens) & set(aligned.second.tokens)
    new = [i for i, span in enumerate(aligned.second.tokens) if span not in both]
    assert list(aligned.added) == new
    gone = sum(len(gone.text.split()) for gone in aligned.removed)
    assert gone == len(first.tokens) - len(both)


@given(documents)
def test_a_version_of_itself_has_not_changed(same):
    aligned = align_versions(same, same)
    assert (aligned.added, aligned.removed) == ((), ())
