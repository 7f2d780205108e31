"""Spans that do not fit each other are refused; what fits is told in order."""

import pytest

from han_core.text.document import Document, Sentence, Span


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
