"""Stand-alone pages and reports: complete, sealed, and every word escaped."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.viz.colour_scale import legend, reading_scale
from han_core.viz.heatmap import Colour, heatmap
from han_core.viz.html_page import Entry, Grid, report, standalone
from han_core.viz.markup import writable
from tests.viz.conftest import made_explanation

HOSTILE = ["</script><script>alert(1)</script>", "<!--", "</pre></noscript><b>", "<img src=x>"]

ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "div", "h1", "h2", "p", "dl", "dt", "dd",
    "table", "thead", "tbody", "tr", "th", "td", "a", "span", "b", "i", "section", "noscript",
    "pre", "script",
}  # fmt: skip


def entry(words, name="One", tags=(), notes=(), true="negative", predicted="positive") -> Entry:
    explanation = made_explanation([words])
    colour = Colour(explanation.weights("lift"), reading_scale([explanation], "lift"))
    drawn = heatmap(explanation, colour)
    right = true == predicted
    return Entry(name, true, predicted, right, "Confidence .9.", tuple(tags), tuple(notes), drawn)


def page(*entries: Entry, title="Title", notes=(), facts=(), grids=()) -> str:
    scale = reading_scale([made_explanation([["a"]])], "lift")
    return report(title, notes, facts, grids, legend(scale), entries)


class Elements(HTMLParser):
    """Names of the elements, and the text outside script and style."""

    def __init__(self, html: str):
        super().__init__()
        self.names, self.words, self.quiet = [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.quiet = tag in ("script", "style")
        assert not any(name.startswith("on") or name in ("src", "srcdoc") for name, _ in attrs)
        assert all(value.startswith("#") for name, value in attrs if name == "href")

    def handle_endtag(self, tag):
        self.quiet = False

    def handle_data(self, data):
        if not self.quiet:
            self.words.append(data)


def data_of(html: str) -> list:
    return json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])


def test_it_says_figures_tables_documents_tags_and_notes():
    grid = Grid("Classes", ("class", "recall"), (("negative", "0.5"),))
    one = entry(["fine", "film"], tags=["sarcasm (Ann)"], notes=[("Ann, today", "a\nb")])
    html = page(one, entry(["good"], "Two", predicted="negative"), facts=[("n", "2")], grids=[grid])
    text = " ".join(Elements(html).words)
    for words in ("Title", "recall", "0.5", "sarcasm (Ann)", "Ann, today", "a\nb", "fine film"):
        assert words in text
    assert [drawn["tokens"] for drawn in data_of(html)] == [["fine", "film"], ["good"]]
    assert re.findall(r'href="#(.*?)"', html) == ["document-1", "document-2"]
    assert re.findall(r'id="(document-\d)"', html) == ["document-1", "document-2"]
    assert html.count('<span class="hs-wrong">') == 2  # in the contents and over the document
    assert html.count('<span class="hs-right">') == 2


def test_the_policy_names_the_one_style_and_the_one_script():
    html = page(entry(["fine"]))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert policy.startswith("default-src 'none'; ")
    for element, directive in [("style", "style-src-elem"), ('script type="module"', "script-src")]:
        (code,) = re.findall(rf"<{element}>(.*?)</{element.split()[0]}>", html, re.DOTALL)
        found = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"{directive} 'sha256-{found}'" in policy
    assert html.count("<style>") == 1
    assert "url(" not in html
    assert "@import" not in html


@given(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=20), min_size=9, max_size=9))
def test_no_words_become_markup_and_all_of_them_stand_there(words):
    title, note, name, fact, head, cell, true, tag, text = words
    grid = Grid("Classes", (head, "n"), ((cell, "1"),))
    document = [*HOSTILE, "end"]
    one = entry(document, name, [tag], [(tag, text)], true, "positive")
    html = page(one, title=title, notes=[note], facts=[(fact, "1")], grids=[grid])
    found = Elements(html)
    assert set(found.names) <= ELEMENTS
    assert found.names.count("script") == 2
    assert found.names.count("b") == 2  # who wrote the note, and the legend's name
    assert data_of(html)[0]["tokens"] == document
    read = "".join(found.words)
    for each in words:
        assert writable(each) in read
    html.encode()


def test_it_can_be_written_whatever_the_text():
    html = page(entry(["\ud800", "\0"], "\udfff", ["\0"], [("\ud800", "\0")]), title="\ud800")
    assert "\0" not in html
    assert "\ufffd" in html.encode().decode()


def test_without_documents_there_are_figures_alone():
    html = page(facts=[("n", "0")])
    assert "Documents" not in Elements(html).words
    assert data_of(html) == []


def test_rows_of_another_width_are_refused():
    with pytest.raises(ValueError, match="2 cells"):
        Grid("Classes", ("class", "recall"), (("negative",),))


def page_of(made, words: list[str], title: str = "Title", notes=()) -> str:
    explanation = made([words])
    scale = reading_scale([explanation], "document")
    drawn = heatmap(explanation, Colour(explanation.document_weights, scale))
    return standalone(drawn, legend(scale), title, notes)


def test_the_policy_of_a_heatmaps_page_names_its_one_style_and_script(made):
    html = page_of(made, ["fine"])
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert policy.startswith("default-src 'none'; ")
    for element, directive in [("style", "style-src-elem"), ('script type="module"', "script-src")]:
        tag = element.split()[0]
        (code,) = re.findall(rf"<{element}>(.*?)</{tag}>", html, re.DOTALL)
        found = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"{directive} 'sha256-{found}'" in policy
    assert html.count("<style>") == 1
    assert "unsafe-eval" not in policy


def test_nothing_in_it_leads_outside(made):
    html = page_of(made, ["https://example.org/"])
    assert not re.search(r"(src|href)=", html)
    assert "url(" not in html
    assert "@import" not in html


def test_no_word_title_or_note_becomes_markup(made):
    hostile = ["</script><script>alert(1)</script>", "<!--", "</pre></noscript><b>"]
    html = page_of(made, hostile, "</title><b>", ["<img src=x>"])
    assert len(re.findall(r"</?script\b", html)) == 4  # the data and the module
    assert html.count("<b>") == 1  # the legend's name
    assert not re.search(r"<(img|!--)", html)
    data = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1]
    assert json.loads(data)["tokens"] == hostile


def test_a_heatmaps_page_can_be_written_whatever_the_text(made):
    html = page_of(made, ["\ud800", "\0", "\u2028", "👩\u200d👧"], "\udfff", ["\0"])
    assert "\ufffd" in html.encode().decode()
    assert "\0" not in html
