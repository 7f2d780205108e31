"""Bytes to a table, where any cell may look like something that it is not."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from han_core.data.readers import read_table
from han_core.data.table import Table, in_words
from han_core.runtime.errors import UserError

# What UTF-8 can hold: everything but lone surrogates.
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ODD_TEXT = st.one_of(
    ANY_TEXT,
    st.sampled_from(
        ["NA", "007", "1.0", "null", " a ", 'he said "no"', "a\r\nb\rc\nd", "a\0b", "=1+1"]
    ),
)
ROWS = st.lists(st.tuples(ODD_TEXT, ODD_TEXT), min_size=1, max_size=8)


def csv_bytes(rows, delimiter=",", encoding="utf-8"):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def parquet_bytes(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def refusal(data, filename):
    with pytest.raises(UserError) as caught:
        read_table(data, filename)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@settings(deadline=None)  # a busy machine is not a failure
@given(
    rows=ROWS,
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_csv_gives_back_every_cell(rows, delimiter, encoding):
    table = read_table(csv_bytes([("text", "label"), *rows], delimiter, encoding), "x.csv")
    assert table.columns == ("text", "label")
    assert list(zip(*table.data.values(), strict=True)) == rows


@settings(deadline=None)  # a busy machine is not a failure
@given(rows=ROWS, ascii_only=st.booleans())
def test_jsonl_gives_back_every_cell(rows, ascii_only):
    lines = [json.dumps({"text": t, "label": w}, ensure_ascii=ascii_only) for t, w in rows]
    table = read_table("\n".join(lines).encode(), "x.jsonl")
    assert list(zip(*table.data.values(), strict=True)) == rows


@settings(deadline=None)  # a busy machine is not a failure
@given(rows=ROWS)
def test_parquet_gives_back_every_cell(rows):
    texts, labels = zip(*rows, strict=True)
    data = parquet_bytes(**{"a.b": texts, "": labels})
    assert read_table(data, "x.parquet") == Table("x.parquet", {"a.b": texts, "": labels})


def test_a_text_full_of_commas_does_not_mislead_the_delimiter():
    data = b"text;label\ngood, warm, kind;1\nbad, cold, long;0\n"
    assert read_table(data, "x.csv").data == {
        "text": ("good, warm, kind", "bad, cold, long"),
        "label": ("1", "0"),
    }


def test_a_header_that_could_be_split_two_ways_is_split_as_the_rows_are():
    data = b"text, in full;label\ngood;1\nbad, cold, long;0\nfair;1\n"
    assert read_table(data, "x.csv").columns == ("text, in full", "label")


def test_one_column_needs_no_delimiter():
    assert read_table(b'text\nfine\n"a, b"\n', "x.csv").data == {"text": ("fine", "a, b")}


def test_tab_separated_text_may_know_no_quotation_marks():
    data = b'text\tlabel\n"Wow" is all I say\t1\n"unclosed\t0\n'
    assert read_table(data, "x.tsv").data["text"] == ('"Wow" is all I say', '"unclosed')


def test_blank_lines_are_no_rows_and_column_names_are_trimmed():
    assert read_table(b"text, label\n\na,1\n\n", "x.csv").data == {"text": ("a",), "label": ("1",)}


def test_a_ragged_row_is_named_by_the_line_where_it_begins():
    data = b'text,label\n"two\nlines",1\n"and\nmore",1,2\n'
    assert refusal(data, "x.csv") == "Line 4 of x.csv has 3 cells where the header has 2."


@pytest.mark.parametrize(
    ("data", "filename", "says"),
    [
        (b"", "x.csv", "x.csv is empty"),
        (b"", "x.jsonl", "x.jsonl is empty"),
        (b"," * 1_000, "x.csv", "x.csv has 1,001 columns; at most 1,000 are read."),
        (b"a" * 1_001, "x.csv", "has a column name of 1,001 characters"),
        (b"a,a (1),a\n1,2,3\n", "x.csv", 'cannot be told apart: "a (1)", "a (1)", "a (2)"'),
        (b'text,label\n"a"b,1\n', "x.csv", "at line 2"),
        (b'text,label\nfine,1\n"never closed,1\n', "x.csv", "at line 3"),
        (b"text,label\ncaf\xe9,1\n", "x.csv", "is not UTF-8 (first bad byte at position 14)"),
        (b"\xef\xbb\xbfa\xff", "x.csv", "position 4"),
        (b"\xff\xfea\0\0\xd8", "x.csv", "is not UTF-16"),
        ("text,label\n".encode("utf-32"), "x.csv", "is not UTF-8"),
        ("text,label\n".encode("utf-16-le"), "x.csv", "NUL"),
        (b"text", "x.xlsx", "should end in .parquet, .csv, .tsv, .jsonl or .json"),
        (b"PAR1 is how it begins", "x.parquet", "x.parquet is not a Parquet file"),
        (b"", "x.parquet", "x.parquet is not a Parquet file"),
        (b'{"text": "a"}\n[1, 2]\n', "x.jsonl", "Line 2 of x.jsonl is not a JSON object"),
        (b'{"text": "a"}\n7\n', "x.jsonl", "Line 2 of x.jsonl is not a JSON object"),
        (b'{"text": "a"\n', "x.jsonl", "Line 1 of x.jsonl is not JSON"),
        (b'{"text": ' + b"9" * 10_000 + b"}", "x.jsonl", "Line 1 of x.jsonl is not JSON"),
        (b'{"text": "\\ud83d"}\n', "x.jsonl", "Line 1 of x.jsonl holds half a character"),
        (b'\n{"a":' + b"[" * 20_000 + b"\n", "x.jsonl", "Line 2 of x.jsonl is nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(data, filename, says):
    assert says in refusal(data, filename)


def test_a_hostile_file_name_stays_on_one_line():
    assert refusal(b"", "../../a\nb\0\ud800.csv").startswith("a\ufffdb\ufffd\ufffd.csv is empty")
    assert len(refusal(b"", "x" * 5000 + ".csv")) < 200


def test_json_numbers_become_their_plain_words():
    cells = (
        '"i": 1, "f": 1.0, "h": 0.5, "t": true, "n": null, "x": NaN, "l": ["a", 2], "d": {"k": 1}'
    )
    row = read_table(f"{{{cells}}}".encode(), "x.jsonl").preview[0]
    assert row == {
        "i": "1", "f": "1", "h": "0.5", "t": "true", "n": "", "x": "", "l": "a, 2", "d": '{"k": 1}',
    }  # fmt: skip


def test_a_key_that_a_line_lacks_is_an_empty_cell():
    data = b'{"text": "a"}\n{"label": "x", "text": "b"}\n'
    assert read_table(data, "x.jsonl").data == {"text": ("a", "b"), "label": ("", "x")}


def test_parquet_numbers_become_their_plain_words_and_images_stay_unread():
    data = parquet_bytes(
        label=pa.array([0, None, 1]),
        rating=pa.array([1.0, float("nan"), 2.5]),
        kind=pa.array(["a", "b", "a"]).dictionary_encode(),
        tags=pa.array([["x", "y"], [], None]),
        image=pa.array([b"\xff\xd8", b"", None]),
        vector=pa.array([[0.1], [0.2], [0.3]]),
    )
    assert read_table(data, "x.parquet").data == {
        "label": ("0", "", "1"),
        "rating": ("1", "", "2.5"),
        "kind": ("a", "b", "a"),
        "tags": ("x, y", "", ""),
    }


def test_parquet_text_that_is_not_utf8_is_refused():
    bad = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )
    assert "x.parquet" in refusal(parquet_bytes(text=bad), "x.parquet")


def test_of_parquet_columns_of_one_name_none_is_read():
    out = io.BytesIO()
    cells = [pa.array(["a"]), pa.array(["b"]), pa.array(["c"])]
    pq.write_table(pa.Table.from_arrays(cells, ["note", "text", "note"]), out)
    assert read_table(out.getvalue(), "x.parquet").data == {"text": ("b",)}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        *[(1, "1"), (True, "true"), (-0.0, "0"), (1e300, "1e+300"), (float("inf"), "inf")],
        *[(None, ""), ([], ""), (["a", 2.0], "a, 2")],
        *[([[0, 3], []], "[[0, 3], []]"), ([["é"], 1], '[["é"], 1]')],
    ],
)
def test_in_words(value, words):
    assert in_words(value) == words


def test_a_preview_shows_the_first_five_rows():
    table = Table("x", {"n": tuple("abcdefg")})
    assert (table.rows, [row["n"] for row in table.preview]) == (7, list("abcde"))
