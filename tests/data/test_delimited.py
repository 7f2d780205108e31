"""A CSV that no spreadsheet runs, and from which every text comes back."""

import csv
import io
from codecs import BOM_UTF8

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.data.delimited import to_csv
from han_core.data.readers import read_table

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠"]


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("start", STARTS)
def test_no_cell_and_no_name_begins_as_a_formula(start):
    rows = pd.DataFrame({f"{start}name": [f"{start}1+1", f"a{start}1"]}, dtype=object)
    assert read(to_csv(rows)) == [[f"'{start}name"], [f"'{start}1+1"], [f"a{start}1"]]


def test_numbers_stay_numbers_and_in_full_precision():
    rows = pd.DataFrame({"weight": [-0.1, 1 / 3], "known": [True, False], "rank": [1, -2]})
    lines = b"weight,known,rank\r\n-0.1,True,1\r\n0.3333333333333333,False,-2\r\n"
    assert to_csv(rows) == BOM_UTF8 + lines
    assert to_csv(rows, header=False) == lines.partition(b"\n")[2]  # goes on in the same file


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_texts_come_back_whole(text):
    rows = pd.DataFrame({"n": [1], "text": pd.Series([text], dtype=object)})
    content = to_csv(rows)
    assert content.startswith(BOM_UTF8 + b"n,text\r\n")  # Excel on Windows knows UTF-8 by it
    expected = ("'" if text.startswith(tuple(STARTS)) else "") + text
    assert read(content)[1][-1] == expected
    assert read_table(content, "x.csv").data["text"] == (expected,)


def test_half_a_character_does_not_stop_the_export():
    rows = pd.DataFrame({"text": pd.Series(["a\ud800b"], dtype=object)})
    assert to_csv(rows) == BOM_UTF8 + b"text\r\na?b\r\n"
