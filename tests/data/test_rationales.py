"""Marked texts from any kind of table; spans that fit no text are refused by their row."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.data.corpus import corpus_from_table
from han_core.data.rationales import Rationales, marks_of, rationales_from_table, read_rationales
from han_core.data.readers import read_table
from han_core.runtime.errors import UserError
from han_core.text.document import Span
from han_core.text.tokenizer import Tokenizer

TEXTS = ("Quiet river.", "A stone.", "Seven trains, all late.")
ONE = ([[0, 5]], [], [[0, 5], [13, 22]])
"""What one person marked."""
SEVERAL = ([[[0, 5]], []], [[], [[2, 7]]], [[[0, 5], [6, 12]]])


def jsonl(spans) -> tuple[bytes, str]:
    rows = zip(TEXTS, spans, strict=True)
    lines = [json.dumps({"text": text, "spans": marked}) + "\n" for text, marked in rows]
    return "".join(lines).encode(), "marked.jsonl"


def csv(spans) -> tuple[bytes, str]:
    lines = ["text;spans", *(f"{t};{json.dumps(s)}" for t, s in zip(TEXTS, spans, strict=True))]
    return "\n".join(lines).encode(), "marked.csv"


def parquet(spans, kind=None) -> tuple[bytes, str]:
    out = io.BytesIO()
    pq.write_table(pa.table({"text": pa.array(TEXTS), "spans": pa.array(spans, kind)}), out)
    return out.getvalue(), "marked.parquet"


def parquet_of_pairs(spans) -> tuple[bytes, str]:
    pair, depth = pa.list_(pa.int32(), 2), 2 if spans is SEVERAL else 1
    return parquet(spans, pa.list_(pair) if depth == 1 else pa.large_list(pa.list_(pair)))


@pytest.mark.parametrize("write", [jsonl, csv, parquet, parquet_of_pairs])
def test_every_kind_of_table_says_the_same(write):
    found = rationales_from_table(read_table(*write(ONE)))
    assert found.texts == (TEXTS[0], TEXTS[2])
    assert found.marks == (((Span(0, 5),),), ((Span(0, 5), Span(13, 22)),))
    assert found.notes == ("1 row in which nothing is marked was left out.",)
    several = rationales_from_table(read_table(*write(SEVERAL)))
    assert several.texts == TEXTS
    assert several.marks == (
        ((Span(0, 5),), ()),
        ((), (Span(2, 7),)),
        ((Span(0, 5), Span(6, 12)),),
    )
    assert several.notes == ()


MARKS = st.lists(
    st.lists(st.tuples(st.integers(0, 9), st.integers(10, 20)), max_size=3).map(tuple), max_size=4
)


@given(MARKS)
def test_what_is_written_is_read(people):
    assert marks_of(json.dumps(people), 20) == tuple(people)


@pytest.mark.parametrize("cell", ["", "  ", "[]"])
def test_an_empty_cell_is_nobody(cell):
    assert marks_of(cell, 5) == ()


def test_an_empty_list_is_a_person_who_marked_nothing():
    assert marks_of("[[], []]", 5) == ((), ())


@pytest.mark.parametrize(
    "cell",
    [
        "0, 3", "[0, 3]", "3", "null", "{}", '"[[0, 3]]"', "[[0, 3]", "[[0]]", "[[0, 1, 2]]",
        "[[0, 1.0]]", "[[0, true]]", '[["0", "1"]]', "[[0, 3], []]", "[[[0, 3]], [0, 3]]",
        "[[[[0, 3]]]]", "[[0, NaN]]", "[[null, null]]", "[" * 100_000, f"[[0, {'9' * 5_000}]]",
    ],
)  # fmt: skip
def test_what_is_no_span_is_refused(cell):
    with pytest.raises(UserError, match=r"\[start, end\] pairs, .* is expected; ") as caught:
        marks_of(cell, 5)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ([0, 6], "from 0 to 6 does not fit its text of 5 characters"),
        ([-1, 2], "from -1 to 2"),
        ([2, 2], "from 2 to 2"),
        ([3, 2], "from 3 to 2"),
        ([0, 10**4_000], "does not fit"),
    ],
)
def test_a_span_outside_of_its_text_is_refused(pair, said):
    assert marks_of("[[0, 5]]", 5) == ((Span(0, 5),),)
    for spans in ([pair], [[[0, 1]], [pair]]):
        with pytest.raises(UserError) as caught:
            marks_of(json.dumps(spans), 5)
        assert said in str(caught.value)
        assert len(str(caught.value)) < 200


def test_a_refusal_names_file_and_row(tmp_path):
    path = tmp_path / "marked.jsonl"
    path.write_bytes(jsonl(([[0, 5]], [[0, 9]], []))[0])
    with pytest.raises(UserError, match=r"^Row 2 of marked.jsonl: .* 0 to 9 .* 8 characters\.$"):
        read_rationales(str(path))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (("body", "spans"), 'no column "body"'),
        (("text", "marks"), 'no column "marks"'),
        (("text", "text"), "two columns"),
    ],
)
def test_columns_that_are_not_there(columns, said):
    with pytest.raises(UserError, match=said):
        rationales_from_table(read_table(*jsonl(ONE)), *columns)


def test_a_table_without_marks_is_refused():
    with pytest.raises(UserError, match='has no row with a marked span in "spans"'):
        rationales_from_table(read_table(*jsonl(([], [[]], []))))
    lines = b'{"text": "  ", "spans": [[0, 1]]}'
    with pytest.raises(UserError, match="no row with a marked span"):
        rationales_from_table(read_table(lines, "x.jsonl"))


def test_breaks_in_html_are_white_space_and_spans_still_fit():
    text = "Quiet<br />river.<br /><BR>A stone<br/>fell."
    lines = json.dumps({"text": text, "spans": [[11, 17], [27, 34]]}).encode()
    table = read_table(lines, "x.jsonl")
    found = rationales_from_table(table)
    (shown,), ((spans,),) = found.texts, found.marks
    assert [shown[start:end] for start, end in spans] == ["river.", "A stone"]
    assert "<" not in shown
    ours, usual = (
        Tokenizer("en")(corpus)
        for corpus in (shown, corpus_from_table(table, "text", None).texts[0])
    )
    assert ours.token_texts() == usual.token_texts()
    assert ours.sentence_lengths == usual.sentence_lengths == (3, 4)


def test_of_lists_of_lists_only_spans_are_read():
    numbers, out = [[[0, 5]]], io.BytesIO()
    pixels, vectors = pa.list_(pa.list_(pa.uint8())), pa.list_(pa.list_(pa.float32()))
    columns = {"text": ["Bread"], "spans": numbers}
    columns |= {"image": pa.array(numbers, pixels), "states": pa.array(numbers, vectors)}
    pq.write_table(pa.table(columns), out)
    table = read_table(out.getvalue(), "x.parquet")
    assert table.data == {"text": ("Bread",), "spans": ("[[0, 5]]",)}


def test_rationales_check_their_shape():
    span = ((Span(0, 1),),)
    assert Rationales("x", ("a", "b"), (span, span)).take([1]).texts == ("b",)
    with pytest.raises(ValueError, match="1 marks expected, 2 came"):
        Rationales("x", ("a",), (span, span))
    with pytest.raises(ValueError, match="marked span"):
        Rationales("x", ("a",), (((), ()),))
