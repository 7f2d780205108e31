"""A table gives each text its words, in any vocabulary, and counts them."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from han_core.text.batch import document_lengths
from han_core.text.token_table import TEXTS, WORDS, TableDocuments, TokenTable, digests
from han_core.text.vocabulary import RESERVED, UNKNOWN, Vocabulary

LEXICON = ["Good", "fun", "good", ".", "\ud800"]
ROWS = {"one": ([0, 3, 2], [2, 1], False), "two": ([1], [1], True), "three": ([4, 3], [2], False)}
ORDER = sorted(ROWS, key=lambda text: bytes(digests([text])[0]))


def texts(*pieces: list[str]) -> pa.Table:
    """A table of ``ROWS`` in so many pieces of a column."""
    tables = [
        pa.Table.from_arrays(
            [
                pa.array([digests([text]).tobytes() for text in piece], pa.binary(16)),
                pa.array([ROWS[text][0] for text in piece], pa.list_(pa.int32())),
                pa.array([ROWS[text][1] for text in piece], pa.list_(pa.int32())),
                pa.array([ROWS[text][2] for text in piece], pa.bool_()),
            ],
            schema=TEXTS,
        )
        for piece in pieces
    ]
    return pa.concat_tables(tables) if tables else TEXTS.empty_table()


def lexicon(words=LEXICON) -> pa.Table:
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    return pa.table([pa.array(encoded, pa.binary())], schema=WORDS)


@pytest.fixture(params=["in one piece", "in two pieces", "sliced"])
def table(request) -> TokenTable:
    if request.param == "sliced":
        more = pa.concat_tables([texts(["one"]), texts(ORDER).slice(0)]).combine_chunks()
        return TokenTable(more.slice(1), lexicon())
    pieces = [ORDER] if request.param == "in one piece" else [ORDER[:1], ORDER[1:]]
    return TokenTable(texts(*pieces), lexicon())


def test_every_text_is_found_with_its_words(table):
    for text, (words, sentences, cut) in ROWS.items():
        (row,) = table.rows(digests([text]))
        columns = table.document(int(row))
        assert [part.tolist() for part in columns] == [words, sentences]
        assert (table.lengths[row], table.cut[row]) == (len(words), cut)


def test_a_text_that_is_not_there_is_not_found(table):
    with pytest.raises(KeyError):
        table.rows(digests(["one", "four"]))
    with pytest.raises(KeyError):
        TokenTable(texts(), lexicon([])).rows(digests(["one"]))


def test_words_are_counted_as_often_as_texts_stand_there(table):
    rows = table.rows(digests(["one", "two", "one", "two", "two"]))
    exact = Counter({"Good": 2, "good": 2, ".": 2, "fun": 3})
    assert table.counts(rows, lowercase=False) == exact
    assert table.counts(rows, lowercase=True) == Counter({"good": 4, ".": 2, "fun": 3})


def test_documents_are_numbered_by_the_vocabulary(table):
    vocabulary = Vocabulary((*RESERVED, "good", "\ud800"))
    rows = table.rows(digests(["three", "one", "three"]))
    documents = TableDocuments(table, rows, table.numbers(vocabulary))
    assert [d.words.tolist() for d in documents] == [[3, UNKNOWN], [2, UNKNOWN, 2], [3, UNKNOWN]]
    assert [d.sentence_lengths.tolist() for d in documents] == [[2], [2, 1], [2]]
    assert documents.lengths.tolist() == document_lengths(tuple(documents)).tolist() == [2, 3, 2]
    assert [d.words.tolist() for d in documents[1:]] == [[2, UNKNOWN, 2], [3, UNKNOWN]]
    assert documents[-1].words.tolist() == documents[2].words.tolist()
    with pytest.raises(IndexError):
        documents[3]


def test_parts_of_texts_are_documents_too(table):
    rows = table.rows(digests(["one", "one", "three", "one"]))
    numbers = table.numbers(Vocabulary((*RESERVED, "Good", "good", "."), lowercase=False))
    parts = TableDocuments(table, rows, numbers, np.array([[1, 3], [0, 1], [1, 2], [2, 3]]))
    assert [d.words.tolist() for d in parts] == [[4, 3], [2], [4], [3]]
    assert [d.sentence_lengths.tolist() for d in parts] == [[1, 1], [1], [1], [1]]
    assert [d.words.tolist() for d in parts[1:3]] == [[2], [4]]
    assert parts.lengths.tolist() == [2, 1, 1, 1]
    both = TableDocuments(table, rows[:1], numbers) + parts
    assert [d.words.tolist() for d in both] == [[2, 4, 3], [4, 3], [2], [4], [3]]
    assert both.lengths.tolist() == [3, 2, 1, 1, 1]
    assert both[0].sentence_lengths.tolist() == [2, 1]
    renumbered = both.renumbered(Vocabulary((*RESERVED, "good")))
    assert [d.words.tolist() for d in renumbered] == [[2, 1, 2], [1, 2], [2], [1], [2]]
    with pytest.raises(ValueError, match="whole texts"):
        both.counts(True)


def test_no_texts_are_an_empty_table():
    table = TokenTable(texts(), lexicon([]))
    assert len(table) == len(table.lengths) == len(table.cut) == 0
    assert table.counts(table.rows(digests([])), True) == Counter()


def test_a_table_that_is_none_is_refused():
    with pytest.raises(ValueError, match="order"):
        TokenTable(texts(ORDER[::-1]), lexicon())
    with pytest.raises(ValueError, match="order"):
        TokenTable(texts(["one", "one"]), lexicon())
    with pytest.raises(ValueError, match="expected"):
        TokenTable(texts(ORDER).drop_columns("cut"), lexicon())
    empty = texts(["one"]).set_column(1, TEXTS.field("words"), pa.array([[]], pa.list_(pa.int32())))
    with pytest.raises(ValueError, match="word"):
        TokenTable(empty, lexicon())


def test_digests_tell_texts_apart():
    names = digests(["a", "b", "a", "", "\ud800"])
    assert names[0] == names[2]
    assert len(np.unique(names)) == 4
    assert digests([]).shape == (0,)


class Letters:
    """Pieces of a word are its letters, by their place in the alphabet."""

    def number_words(self, words):
        numbers = [[ord(letter) % 32 for letter in word] for word in words]
        return np.cumsum([0, *map(len, numbers)]), np.concatenate(numbers).astype(np.int32)


def test_documents_are_spelled_in_pieces_of_words(table):
    rows = table.rows(digests(["one", "two", "one"]))
    numbers = table.numbers(Vocabulary(RESERVED))
    parts = TableDocuments(table, rows, numbers, np.array([[0, 3], [0, 1], [1, 3]]))
    letters = lambda word: [ord(letter) % 32 for letter in word]  # noqa: E731
    spelled = parts.spelled(Letters())
    first, second, third = spelled
    assert spelled.lengths.tolist() == [9, 3, 5]
    assert [document.words.tolist() for document in spelled[1:]] == [
        second.words.tolist(), third.words.tolist(),
    ]  # fmt: skip
    assert first.words.tolist() == [*letters("Good"), *letters("."), *letters("good")]
    assert first.sentence_lengths.tolist() == [5, 4]
    assert first.owner.tolist() == [0, 0, 0, 0, 1, 2, 2, 2, 2]
    assert second.words.tolist() == letters("fun")
    assert third.words.tolist() == [*letters("."), *letters("good")]
    assert third.sentence_lengths.tolist() == [1, 4]
    assert third.owner.tolist() == [0, 1, 1, 1, 1]
