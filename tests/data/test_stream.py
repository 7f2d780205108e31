"""Tables that come in batches, and lie in mapped files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.data import stream
from han_core.data.stream import Stream, batches_of, mapped, stream_of
from han_core.data.table import Column, Table
from han_core.runtime.errors import UserError

CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@given(rows=st.lists(st.tuples(CELL, CELL), max_size=9), data=st.data())
def test_what_is_written_is_mapped_as_it_was(rows, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("arrow") / "x.arrow"
    most = data.draw(st.integers(1, 4))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stream, "BATCH_ROWS", most)
        batches = list(batches_of(rows, ("a", "")))
        assert all(1 <= batch.num_rows <= most for batch in batches)
        Stream("x", ("a", ""), iter(batches)).write(path, 2**20)
    table = mapped(path, "x")
    path.unlink()  # what is mapped stays
    columns = [tuple(row[at] for row in rows) for at in (0, 1)]
    assert table == Table("x", {"a": columns[0], "": columns[1]})
    assert stream_of(table).table() == table
    assert all(isinstance(cells, Column) for cells in table.data.values())


def test_batches_are_bounded_by_their_characters(monkeypatch):
    monkeypatch.setattr(stream, "BATCH_CHARACTERS", 10)
    batches = batches_of([["abcd", "e"]] * 4 + [["x" * 50, ""]] * 2, ("a", "b"))
    assert [batch.num_rows for batch in batches] == [2, 2, 1, 1]


def test_a_table_without_columns_has_no_rows(tmp_path):
    Stream("x", (), iter([])).write(tmp_path / "x.arrow", 2**20)
    assert mapped(tmp_path / "x.arrow", "x") == Table("x", {})


def test_more_than_was_allowed_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"x unpacks to more than 0\.000977 GiB"):
        stream_of(Table("x", {"a": ("b" * 2**21,)})).write(tmp_path / "x.arrow", 2**20)
