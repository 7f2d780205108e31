"""Texts to explain, whatever the lines that they come in."""

import json

import pytest

from han_core.cli.explain import parse_documents, texts_of_values
from han_core.runtime.errors import UserError
from han_core.text.presegmented import without_marks


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_texts_and_ids_come_in_order(mark, end):
    lines = ['{"text": "a\u2028b", "id": "x"}', "", '{"text": "电影"}', '{"text": "c", "id": null}']
    assert parse_documents(mark + end.join(lines).encode()) == (
        ["a\u2028b", "电影", "c"],
        ["x", 3, None],
    )


def test_nothing_is_nothing():
    assert parse_documents(b"") == parse_documents(b"\xef\xbb\xbf\n \n") == ([], [])


@pytest.mark.parametrize("id", ["NaN", "1e999", "-Infinity", '["a", {"b": NaN}]'])
def test_an_id_that_json_does_not_have_is_refused(id):
    with pytest.raises(UserError, match=r'^Line 2 of the input has an "id" that is not finite'):
        parse_documents(f'{{"text": "a"}}\n{{"text": "b", "id": {id}}}'.encode())


@pytest.mark.parametrize("id", [7, 1.5, "", None, ["a"], {"b": 1}, 10**300])
def test_any_other_id_comes_back(id):
    assert parse_documents(json.dumps({"text": "a", "id": id}).encode()) == (["a"], [id])


def test_what_is_not_utf8_is_one_sentence():
    with pytest.raises(UserError, match=r"^The input is not UTF-8 \(byte 0\)"):
        parse_documents('{"text": "a"}'.encode("utf-16"))


def test_lists_of_words_and_of_sentences_are_read_so_and_announced(capsys):
    values = [["It", "rained", "."], "A <br> plain text."]
    texts = texts_of_values(values)
    assert without_marks(texts[0]) == "It rained ."
    assert texts[1] == values[1]
    assert "lists of words" in capsys.readouterr().err
    assert texts_of_values([values[1]]) == [values[1]]
    assert capsys.readouterr().err == ""
