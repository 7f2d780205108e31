"""Forms of files as people bring them: packed, arrays, Excel's first line, names of classes."""

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from han_core.data import stream
from han_core.data.readers import read_table
from han_core.data.sandbox import read_upload
from han_core.data.table import Table
from han_core.data.text_files import read_pasted_file
from han_core.runtime.errors import UserError

EXPECTED = {"text": ("fine", "a\nb"), "label": ("1", "0")}
ROWS = [{"text": "fine", "label": 1}, {"text": "a\nb", "label": 0}]
LINES = "\n".join(map(json.dumps, ROWS)).encode()
CSV = b'text,label\nfine,1\n"a\nb",0\n'


def refusal(data, name):
    with pytest.raises(UserError) as caught:
        read_table(data, name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (CSV, "x.csv"),
        (CSV.replace(b",", b"\t"), "x.tsv"),
        (b"\xef\xbb\xbf" + CSV, "x.csv"),
        (LINES, "x.jsonl"),
        (LINES, "x.json"),
        (json.dumps(ROWS).encode(), "x.json"),
        (b"\n  " + json.dumps(ROWS, indent=2).encode() + b"\n", "x.jsonl"),
    ],
)
def test_packed_or_not_it_is_the_same_table(data, name):
    assert read_table(data, name) == Table(name, EXPECTED)
    assert read_table(gzip.compress(data, mtime=0), f"{name}.GZ") == Table(f"{name}.GZ", EXPECTED)


def test_a_packed_text_is_a_document():
    (document,) = read_pasted_file(gzip.compress("Grün".encode(), mtime=0), "x.txt.gz").documents
    assert document.text == "Grün"


@pytest.mark.parametrize(
    ("first", "delimiter"), [("sep=;", ";"), ('"sep=|"', "|"), ("SEP=,", ","), ("sep=\t", "\t")]
)
def test_the_first_line_of_excel_chooses_the_delimiter(first, delimiter):
    rows = [["text", "label"], ["a, b; c", "1"], ["d", "0"]]
    lines = [delimiter.join(f'"{cell}"' for cell in row) for row in rows]
    data = "\r\n".join([first, *lines]).encode()
    assert read_table(data, "x.csv").data == {"text": ("a, b; c", "d"), "label": ("1", "0")}
    ragged = "\r\n".join([first, *lines, "one"]).encode()
    assert "Line 5 of x.csv has 1 cell" in refusal(ragged, "x.csv")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'[{"text": "a"}] and more', "goes on after its array ends in line 1; one array"),
        (b'[{"text": "a"},\n {"text": "b"}\n]\n{}', "after its array ends in line 3"),
        (b'[{"text": "a"}, 7]', "Item 2 of x.json is not a JSON object"),
        (b'[{"text": "a"}', "x.json is not JSON"),
        (b"[" * 100_000, "x.json is nested too deeply"),
        (b'{"text": "a"},\n{"text": "b"}', "Line 1 of x.json ends with a comma"),
        (b"[]", "x.json is empty"),
    ],
)
def test_json_that_is_neither_form_is_one_sentence(data, says):
    assert says in refusal(data, "x.json")


@pytest.mark.parametrize(
    "data", [CSV, gzip.compress(CSV, mtime=0)[:-9], b"\x1f\x8b\x08" + b"\0" * 30]
)
def test_what_is_not_packed_or_broken_off_is_one_sentence(data):
    says = "x.csv.gz is not a gzip file that can be unpacked to its end"
    assert says in refusal(data, "x.csv.gz")


def test_a_gzip_bomb_is_refused_by_its_declared_size_or_while_it_unpacks(monkeypatch):
    monkeypatch.setattr(stream, "LEAST_UNPACKED", 1_000)
    data = gzip.compress(b"text\n" + b"a" * 5_000_000, mtime=0)
    assert "unpacks to more than 100 times its size" in refusal(data, "x.csv.gz")
    liar = data[:-4] + (5).to_bytes(4, "little")
    assert "unpacks to more than 100 times its size" in refusal(liar, "x.csv.gz")


def parquet_of(table, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_parquet_of_repeats_is_refused_before_or_soon_after_it_unpacks(compression):
    rows = pa.DictionaryArray.from_arrays(pa.array([0] * 60_000, pa.int32()), ["a" * 100_000])
    data = parquet_of(pa.table({"text": rows}), compression=compression)
    with pytest.raises(UserError, match=r"unpacks to more than|needs more than"):
        read_upload(data, "x.parquet")


def test_parquet_that_declares_too_much_is_refused_unread(monkeypatch):
    data = parquet_of(pa.table({"text": [None] * 10_000_000}))
    assert "unpacks to 0.0745 GiB, more than 100 times its size" in refusal(data, "x.parquet")


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}, ("pos", "neg", "")),
        ({"label": {"names": [1, 2], "_type": "ClassLabel"}}, ("1", "0", "-1")),
        ({"label": {"names": 7, "_type": "ClassLabel"}}, ("1", "0", "-1")),
        ({"other": {"names": ["neg", "pos"], "_type": "ClassLabel"}}, ("1", "0", "-1")),
        (["label"], ("1", "0", "-1")),
    ],
)
def test_names_of_classes_stand_in_the_metadata(features, expected):
    table = pa.table({"text": ["a", "b", "c"], "label": [1, 0, -1]})
    about = json.dumps({"info": {"features": features}})
    data = parquet_of(table.replace_schema_metadata({"huggingface": about}))
    assert read_table(data, "x.parquet").data["label"] == expected
    broken = parquet_of(table.replace_schema_metadata({"huggingface": "{"}))
    assert read_table(broken, "x.parquet").data["label"] == ("1", "0", "-1")


def test_columns_that_nobody_can_name_get_numbers():
    data = b",note,,text,note\n1,a,2,fine,b\n"
    table = read_table(data, "x.csv")
    assert table.columns == ("unnamed (1)", "note (1)", "unnamed (2)", "text", "note (2)")
    with pytest.raises(UserError, match=r'no column "note".*"note \(1\)"'):
        table.column("note")
    assert read_table(b",text\n1,fine\n", "x.csv").columns == ("", "text")
