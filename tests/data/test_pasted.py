"""Several documents in one text or file: nothing changed in them, nothing lost silently."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from han_core.data import text_files
from han_core.data.table import Table
from han_core.data.text_files import (
    Pasted,
    PastedTexts,
    pasted_from_table,
    read_pasted_file,
    split_pasted,
    text_column,
)
from han_core.runtime.errors import UserError


def texts(found: PastedTexts) -> list[str]:
    return [document.text for document in found.documents]


def refusal(read, *arguments) -> str:
    with pytest.raises(UserError) as caught:
        read(*arguments)
    return str(caught.value)


def test_one_text_is_one_document_exactly_as_it_is():
    text = "\ufeff  One -- two.\r\n\r\n - - -\n--\n==\n-=-\n--- and more\n \t"
    assert split_pasted(text).documents == (
        Pasted("1 · \ufffd One -- two. - - - -- == -=- --- and m…", text),
    )
    assert split_pasted(text).notes == ()


@pytest.mark.parametrize("line", ["---", "===", "-----------", "====", "  ---", "---\t "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_of_hyphens_or_equals_signs_parts_two(line, end):
    found = split_pasted(f" a{end}{end}{line}{end}{end}b{end}")
    assert texts(found) == [f" a{end}", f"{end}b{end}"]
    assert [document.name for document in found.documents] == ["1 · a", "2 · b"]


@pytest.mark.parametrize(
    "text", ["---\na", "a\n---", "---\n---\na\n===\n---\n", "a\n---\n \n\t\n---\n", "\n---\na"]
)
def test_what_is_empty_between_separators_is_no_document(text):
    assert texts(split_pasted(text)) == ["a"]


def by_lines(text: str) -> list[str]:
    """The rule, line by line: the independent way to the same pieces."""
    pieces: list[list[str]] = [[]]
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        bare = line.strip(" \t")
        if len(bare) >= 3 and set(bare) in ({"-"}, {"="}):
            pieces.append([])
        else:
            pieces[-1].append(line)
    return [piece for piece in ("\n".join(lines) for lines in pieces) if piece.strip()]


PARTS = ["-", "---", "===", "\n", "\r\n", "\r", " ", "a", "\v", "\u2028"]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PARTS)).map("".join))
@example("a\n---\n---\r\n===\rb\n\n")
@example("---")
def test_the_pieces_are_those_that_reading_line_by_line_finds(text):
    try:
        found = texts(split_pasted(text))
    except UserError:
        found = []
    assert all(piece in text for piece in found)
    assert [piece.replace("\r\n", "\n").replace("\r", "\n") for piece in found] == by_lines(text)


@pytest.mark.parametrize("text", ["", " \n", "---\n===", "\u3000"])
def test_no_document_is_a_sentence(text):
    assert "at least one word is expected" in refusal(split_pasted, text)


def test_a_name_is_a_number_and_a_beginning_on_one_line():
    names = [d.name for d in split_pasted("\n a\tb\n\nc\n---\n" + "long " * 100).documents]
    assert names == ["1 · a b c", "2 · long long long long long long long long…"]


def test_what_is_beyond_the_limits_is_left_out_and_counted(monkeypatch):
    monkeypatch.setattr(text_files, "MOST_DOCUMENTS", 3)
    monkeypatch.setattr(text_files, "LONGEST_TEXT", 5)
    found = split_pasted("\n---\n".join(["123456", "b", "c", "12345", "e", "f"]))
    assert texts(found) == ["b", "c", "12345"]
    assert [document.name[0] for document in found.documents] == ["2", "3", "4"]
    assert found.notes == (
        "1 document of more than 5 characters was left out.",
        "2 documents beyond the first 3 were left out.",
    )
    assert "only documents of more than 5 characters" in refusal(split_pasted, "123456")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_text_file_in_each_encoding(encoding):
    found = read_pasted_file("Grün\r\n---\r\n真好\r\n".encode(encoding), "Some.TXT")
    assert texts(found) == ["Grün", "真好\r\n"]


@pytest.mark.parametrize(
    "data",
    ["grün".encode("latin-1"), "ab".encode("utf-16-le"), "ab".encode("utf-32"), b"a\xff\xfe"],
)
def test_another_encoding_is_refused_and_utf_8_named(data):
    assert refusal(read_pasted_file, data, "x.txt").endswith("save it as UTF-8.")


def test_files_that_cannot_be_read(monkeypatch):
    assert refusal(read_pasted_file, b"a", "../x.pdf") == (
        '"x.pdf" is not a file that can be read; '
        "its name should end in .txt, .parquet, .csv, .tsv, .jsonl or .json, "
        "all but .parquet also with .gz."
    )
    assert refusal(read_pasted_file, b" ", "x.txt").startswith("x.txt holds no document")
    monkeypatch.setattr(text_files, "LARGEST_TXT", 3)
    assert "x.txt holds more than 3 bytes" in refusal(read_pasted_file, b"abcd", "x.txt")


def test_a_document_for_each_row_of_a_table_that_has_a_text():
    data = b'id,Review\n1," a\r\n---\r\nb "\n2,\n3,c\n'
    found = read_pasted_file(data, "x.csv")
    assert found.documents == (Pasted("1 · a --- b", " a\r\n---\r\nb "), Pasted("3 · c", "c"))
    assert found.notes == (
        'The texts are those of the column "Review".',
        "1 row without a text was left out.",
    )


def test_parquet_goes_through_the_same_reader():
    out = io.BytesIO()
    pq.write_table(pa.table({"n": [1, 2], "told": ["one", "two"]}), out)
    assert texts(read_pasted_file(out.getvalue(), "x.parquet")) == ["one", "two"]


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        ({"text": "a", "review": "long"}, "text"),
        ({"summary": "quite long", " Content ": "a"}, " Content "),
        ({"comment": "a", "document": "b"}, "document"),
        ({"id": "1234", "said": "a long one", "label": "positive"}, "said"),
        ({"one": "a", "two": "b"}, "one"),
    ],
)
def test_the_column_with_the_texts(columns, chosen):
    table = Table("x.csv", {name: (cell,) for name, cell in columns.items()})
    assert text_column(table) == chosen


def test_the_mean_length_counts_not_one_long_cell():
    table = Table("x.csv", {"rare": ("a" * 20, "", ""), "each": ("b" * 9,) * 3})
    assert text_column(table) == "each"


def test_another_column_can_be_chosen_and_must_exist():
    table = Table("x.csv", {"text": ("a", "b"), "title": ("A", " ")})
    assert texts(pasted_from_table(table, "title")) == ["A"]
    assert 'no column "body"' in refusal(pasted_from_table, table, "body")
    assert "no column that holds words" in refusal(pasted_from_table, Table("x.parquet", {}))
    assert "holds no document" in refusal(pasted_from_table, Table("x.csv", {"text": ("", " ")}))


def test_several_are_at_least_one():
    with pytest.raises(ValueError, match="at least one"):
        PastedTexts(())
    assert len(PastedTexts((Pasted("1", "a"),))) == 1
