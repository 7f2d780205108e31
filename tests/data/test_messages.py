"""Messages by hand, and any text beside scikit-learn's own functions."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import _twenty_newsgroups as theirs

from han_core.data.corpus import read_corpus
from han_core.data.text_files import (
    message_body,
    quoted_lines,
    subject,
    without_header,
    without_quotes,
    without_signature,
)
from han_core.runtime.errors import UserError

MESSAGE = """From: ada@example.org (Ada)
Subject: Re: Kettles

In article <1@example.org> bo@example.org (Bo) writes:
> Mine whistles.
| So it did.
So does mine, in A flat.

Has anybody measured theirs?

--
Ada   "Water finds its level"
"""

LINES = st.sampled_from(
    [
        "", " ", "--", " - ", "-----", "> quoted", " > not quite", "| quoted", "In article <7>",
        "not In article", "Quoted from Bo", "Bo writes:", "Bo writes in a book", "she wrote:",
        "it says: yes", "he said: no", "he said so", "plain words", "From: bo", "- a list item -",
    ]
)  # fmt: skip


def test_a_message_by_hand():
    assert message_body(MESSAGE) == "So does mine, in A flat.\n\nHas anybody measured theirs?\n"


def test_the_header_ends_at_the_first_blank_line():
    assert without_header("From: a\nTo: b\n\none\n\ntwo") == "one\n\ntwo"
    assert without_header("nothing but a header") == ""


def test_the_signature_begins_at_the_last_break_within_the_text():
    assert without_signature("one\n\ntwo\n-- \nAda\n\n") == "one\n\ntwo"
    assert without_signature("\n\none\ntwo\n\n") == "\n\none\ntwo\n\n"
    assert without_signature("--\nAda") == "--\nAda"  # nothing would be left


def test_only_lines_that_quote_go():
    assert without_quotes("> a\n >b\nBo wrote: c\nd") == " >b\nd"


def test_what_a_message_quotes_and_is_about():
    assert quoted_lines("To: b\r\n\r\n> a\r\n >b\r\nBo wrote: c\r\nd") == ["> a", "Bo wrote: c"]
    assert subject("From: a\nSUBJECT: re: Re:  Tubas: how? \nTo: b\n\nfine") == "Tubas: how?"
    assert subject("From: a\n\nSubject: not a header") == ""
    assert subject("Subject:\nTo: b\n\nfine") == ""


@given(st.lists(LINES, max_size=12).map("\n".join))
def test_the_same_as_scikit_learn(message):
    expected = theirs.strip_newsgroup_header(message)
    expected = theirs.strip_newsgroup_footer(expected)
    assert message_body(message) == theirs.strip_newsgroup_quoting(expected)


def test_line_ends_of_another_system_make_no_difference():
    assert message_body(MESSAGE.replace("\n", "\r\n")) == message_body(MESSAGE)


@pytest.fixture
def messages(tmp_path):
    def write(*texts):
        (path := tmp_path / "news.jsonl").write_text(
            "".join(json.dumps({"body": text, "label": "kettles"}) + "\n" for text in texts)
        )
        return f"messages:{path}"

    return write


def test_a_file_of_messages(messages):
    found = read_corpus(messages(MESSAGE, "From: bo\n\n> all quoted"), text_column="body")
    assert tuple(found.texts) == ("So does mine, in A flat.\n\nHas anybody measured theirs?\n",)
    assert (found.name, found.without_text) == ("messages:news.jsonl", 1)
    assert "quotes" in found.notes[0]
    assert found.notes[1] == "1 row without a text was left out."


def test_texts_that_are_no_messages_are_one_sentence(messages):
    with pytest.raises(UserError, match=r"news\.jsonl has none"):
        read_corpus(messages("Plain words.", "More of them."), text_column="body")


def test_a_missing_column_or_file_is_one_sentence(messages):
    with pytest.raises(UserError, match='has no column "text"'):
        read_corpus(messages(MESSAGE))
    with pytest.raises(UserError, match="There is no file"):
        read_corpus("messages:nowhere.csv")
