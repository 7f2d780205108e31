"""Bytes that are text, and the place of the first that are not."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.data import stream
from han_core.data.readers import read_table
from han_core.data.stream import decode_text, text_opener
from han_core.runtime.errors import UserError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(text=TEXT, kind=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_text_comes_back_whole(text, kind):
    # UTF-16 that begins with a zero begins with the mark of UTF-32.
    if not text.startswith(("\ufeff", "\0")):
        assert decode_text(text.encode(kind), "x") == text


@given(
    good=TEXT,
    bad=st.sampled_from([b"\xff", b"\xc3(", b"\xe4\xb8"]),
    block=st.integers(1, 9),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_the_first_bad_byte_is_found_wherever_blocks_end(good, bad, block, mark):
    data = mark + good.encode() + bad
    if good.startswith("\ufeff"):
        return
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stream, "_BLOCK", block)
        with pytest.raises(UserError) as caught:
            decode_text(data, "x")
    position, line = len(mark + good.encode()), 1 + good.count("\n")
    assert str(caught.value) == (
        f"x is not UTF-8 (first bad byte at position {position:,}), in line {line:,}; "
        "save it as UTF-8."
    )


@pytest.mark.parametrize(("kind", "text"), [("latin-1", "café,2\n"), ("gb18030", "测试,2\n")])
def test_a_file_in_two_encodings_says_where_the_second_begins(kind, text):
    good = "text,label\nécole,1\n".encode()
    bad = len(good) + (3 if kind == "latin-1" else 0)
    with pytest.raises(UserError) as caught:
        read_table(good + text.encode(kind), "x.csv")
    assert f"first bad byte at position {bad}), in line 3; save it as UTF-8." in str(caught.value)


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_half_a_pair_in_utf_16_is_refused(mark):
    kind = "utf-16-le" if mark == b"\xff\xfe" else "utf-16-be"
    data = mark + "ab".encode(kind) + "\ud800".encode(kind, "surrogatepass") + "c".encode(kind)
    with pytest.raises(UserError, match=r"is not UTF-16.*position 6\)"):
        decode_text(data, "x")


def test_lines_end_where_they_are_said_to():
    read = text_opener(lambda: io.BytesIO("a\u2028b\rc\r\nd".encode()), "x")
    with read("\n") as text:
        assert list(text) == ["a\u2028b\rc\r\n", "d"]
    with read("") as text:  # and it can be opened again
        assert list(text) == ["a\u2028b\r", "c\r\n", "d"]
