"""Escaping, undone as HTML undoes it."""

import html

from hypothesis import given
from hypothesis import strategies as st

from han_core.viz.markup import html_text, plotly_text, writable


@given(st.text())
def test_html_comes_back_and_holds_no_markup(text):
    escaped = html_text(text)
    assert html.unescape(escaped) == writable(text)
    assert not {*"<>\"'\r"} & {*escaped}


@given(st.text())
def test_plotly_finds_no_markup_entities_or_tex(text):
    escaped = plotly_text(text)
    assert html.unescape(escaped) == html.unescape(html.escape(writable(text)))
    assert not {*"<>\"'$"} & {*escaped}


def test_what_cannot_be_written_keeps_its_place():
    assert writable("a\0b\ud800c") == "a\ufffdb\ufffdc"
    assert plotly_text("<b>5 $</b>") == "&#60;b&#62;5 &#36;&#60;/b&#62;"
