"""A column is a tuple of strings to whoever looks."""

import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.data import table
from han_core.data.table import Column, map_cells, take_cells

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=12)


def in_chunks(texts: list[str], size: int) -> Column:
    chunks = [pa.array(texts[at : at + size], pa.large_string()) for at in range(0, 12, size)]
    return Column(pa.chunked_array(chunks))


@given(texts=TEXTS, size=st.integers(1, 5), data=st.data())
def test_it_behaves_as_the_tuple_does(texts, size, data):
    cells, same = in_chunks(texts, size), tuple(texts)
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=9) if texts else st.just([]))
    for one, other in [
        (cells, same),
        (cells.take(rows), tuple(same[row] for row in rows)),
        (cells.changed(str.upper), tuple(map(str.upper, same))),
        (cells.changed(str.upper).changed(str.lower), tuple(t.upper().lower() for t in same)),
    ]:
        assert (one == other, other == one) == (True, True)
        assert (len(one), list(one), list(reversed(one))) == (len(other), [*other], [*other[::-1]])
        assert (one + one, other + one) == (other * 2, other * 2)
        cut = data.draw(st.slices(len(other)))
        assert one[cut] == other[cut]
        assert one.take(range(len(one)))[cut].take([]) == ()
        assert [one[at] for at in range(-len(one), len(one))] == [*other, *other]
        assert pickle.loads(pickle.dumps(one)) == other
        assert bool(one) == bool(other)


def test_what_it_is_not():
    cells = Column.of(["a", "b"])
    assert cells != ("a",)
    assert cells != ("a", "c")
    assert cells != ["a", "b"]  # no more than a tuple is
    assert "b" in cells
    with pytest.raises(IndexError):
        cells[2]
    with pytest.raises(TypeError, match="unhashable"):
        hash(cells)


def test_rows_are_numbered_from_one():
    assert Column.numbered(3) == ("1", "2", "3")
    assert Column.numbered(0) == ()


def test_long_chunks_are_read_in_slices(monkeypatch):
    monkeypatch.setattr(table, "_SLICE", 2)
    assert list(in_chunks(list("abcdefg"), 5)) == list("abcdefg")


def test_its_description_is_short():
    assert repr(Column.of(["a"])) == "Column('a')"
    assert repr(Column.numbered(1_000_000)).endswith("'5', … 1,000,000 in all)")


def test_what_goes_to_another_process_is_its_rows_alone():
    whole = Column.of(["x" * 1_000] * 1_000)
    assert len(pickle.dumps(whole.take([1]))) < 2_000


@given(texts=TEXTS)
def test_tuples_are_taken_and_changed_alike(texts):
    rows = np.arange(len(texts))[::-2]
    for cells in (tuple(texts), Column.of(texts)):
        assert take_cells(cells, rows) == tuple(texts[::-1][::2])
        assert map_cells(cells, str.title) == tuple(map(str.title, texts))
