"""Parts are cut by rows, and arrive as they left."""

import numpy as np
import pytest

from han_core.analysis.scoring.manifest import Part, parts_of, rows_a_part
from han_core.data.corpus import Corpus


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(1, 256), (256, 256), (65_536, 256), (65_537, 257), (1_000_000, 3_907), (10**8, 8_192)],
)
def test_rows_of_a_part(rows, expected):
    assert rows_a_part(rows) == expected


@pytest.mark.parametrize("classes", [None, (1, 0)])
def test_a_part_arrives_as_it_left(classes):
    part = Part(3, 14, ("a", "电"), ("half \ud800 a character", "line\n\ttab \0"), classes)
    assert Part.from_bytes(part.to_bytes()) == part


def test_an_id_that_cannot_be_written_is_shown_with_a_question_mark():
    part = Part(0, 0, ("a\udcff",), ("text",), None)
    assert Part.from_bytes(part.to_bytes()).ids == ("a?",)


def test_columns_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"\[1, 2\]"):
        Part(0, 0, ("a", "b"), ("text",), None)


def test_the_parts_asked_for_and_no_other_row():
    texts = tuple(f"text {i}" for i in range(10))
    corpus = Corpus("ten", texts, (), tuple(map(str, range(10))), {})
    classes = np.arange(10)
    first, last = parts_of(corpus, classes, 4, [0, 2])
    assert first == Part(0, 0, ("0", "1", "2", "3"), texts[:4], (0, 1, 2, 3))
    assert last == Part(2, 8, ("8", "9"), texts[8:], (8, 9))
    assert next(parts_of(corpus, None, 4, [1])).classes is None


def test_a_part_is_read_when_it_is_asked_for():
    class Lazy(tuple):
        read = 0

        def __getitem__(self, rows):
            type(self).read += 1
            return super().__getitem__(rows)

    corpus = Corpus("lazy", Lazy(["text"] * 10), (), ("1",) * 10, {})
    parts = parts_of(corpus, None, 2, range(5))
    assert Lazy.read == 0
    next(parts)
    assert Lazy.read == 1
