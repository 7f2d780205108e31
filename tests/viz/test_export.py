"""Stand-alone pages and reports: complete, sealed, and every word escaped."""

import base64
import csv
import hashlib
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation.attribution import Attribution
from han_core.explanation.explain import explain
from han_core.explanation.explanation import Explanation
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.messages import speaking
from han_core.text.document import Document, Sentence, Span
from han_core.viz.colour_scale import legend, reading_scale
from han_core.viz.export import (
    Entry,
    Grid,
    comparison_table,
    report,
    standalone,
    to_csv,
    to_json,
    weights_table,
)
from han_core.viz.heatmap import Colour, heatmap
from han_core.viz.markup import writable
from tests.viz.conftest import made_explanation

HOSTILE = ["</script><script>alert(1)</script>", "<!--", "</pre></noscript><b>", "<img src=x>"]

ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "div", "h1", "h2", "p", "dl", "dt", "dd",
    "table", "thead", "tbody", "tr", "th", "td", "a", "span", "b", "i", "section", "noscript",
    "pre", "script", "bdi",
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


TEXT = "=A b. Not"
SPANS = (((0, 2), (3, 4), (4, 5)), ((6, 9),))


def explanation(spans=SPANS, sentences=(0.75, 0.25), words=(0.5, 0.25, 0.25, 1.0), **changed):
    document = Document(
        TEXT, tuple(Sentence(tuple(Span(*span) for span in one)) for one in spans), len(TEXT)
    )
    parts = {"id": "7", "labels": ("bad", "good"), **changed}
    return Explanation(
        document=document,
        probabilities=np.array([0.25, 0.75]),
        sentence_weights=np.array(sentences),
        word_weights=np.array(words),
        known=np.array([False] + [True] * (len(words) - 1)),
        **parts,
    )


def test_the_weights_of_every_token_by_hand():
    rows = weights_table(explanation())
    assert rows.to_dict("list") == {
        "sentence": [1, 1, 1, 2],
        "token number": [1, 2, 3, 4],
        "start": [0, 3, 4, 6],
        "end": [2, 4, 5, 9],
        "token": ["=A", "b", ".", "Not"],
        "known": [False, True, True, True],
        "weight in sentence": [0.5, 0.25, 0.25, 1.0],
        "weight in document": [0.375, 0.1875, 0.1875, 0.25],
        "lift": [1.5, 0.75, 0.75, 1.0],
        "rank": [1, 3, 3, 2],
        "sentence weight": [0.75, 0.75, 0.75, 0.25],
    }


def test_the_csv_says_the_same_and_runs_nothing():
    content = to_csv(weights_table(explanation())).decode("utf-8-sig")
    header, first, *_ = csv.reader(io.StringIO(content, newline=""))
    assert header == weights_table(explanation()).columns.tolist()
    assert first == ["1", "1", "0", "2", "'=A", "False", "0.5", "0.375", "1.5", "1", "0.75"]


def test_a_real_explanation_adds_up_and_points_into_the_text(random_checkpoint):
    text = "The green walk. Under zzz, 真 night\r\nand bread."
    found = explain(load_checkpoint(random_checkpoint()), text)
    rows = weights_table(found)
    assert rows["weight in document"].sum() == pytest.approx(1)
    assert rows.groupby("sentence")["weight in sentence"].sum().tolist() == pytest.approx([1, 1])
    assert rows["lift"].mean() == pytest.approx(1)
    assert [text[a:b] for a, b in zip(rows["start"], rows["end"], strict=True)] == list(
        rows["token"]
    )
    best = rows["weight in document"].idxmax()
    assert rows["rank"][best] == 1
    assert json.loads(to_json(found)) == found.to_json()


def test_json_is_the_contract_in_utf_8():
    found = explanation(labels=("schlecht", "gut 好"), id="é")
    content = to_json(found)
    assert content.endswith(b"}\n")
    assert content.count(b"\n") == 1
    assert "gut 好".encode() in content
    assert json.loads(content) == found.to_json()


def test_half_a_character_in_an_id_is_escaped_and_comes_back():
    content = to_json(explanation(id='a\ud800"\\\udfffb'))
    content.decode("utf-8")
    assert rb'"a\ud800\"\\\udfffb"' in content
    assert json.loads(content)["id"] == 'a\ud800"\\\udfffb'


def test_no_number_that_json_lacks_is_written():
    with pytest.raises(ValueError, match="JSON"):
        to_json(explanation(sentences=(np.nan, 1.0)))


def test_two_that_cut_alike_stand_side_by_side():
    other = explanation(sentences=(0.5, 0.5), words=(1.0, 0.0, 0.0, 1.0))
    rows = comparison_table([("han", explanation()), ("bilstm", other)])
    assert rows.to_dict("list") == {
        "start": [0, 3, 4, 6],
        "end": [2, 4, 5, 9],
        "words": ["=A", "b", ".", "Not"],
        "han": [0.375, 0.1875, 0.1875, 0.25],
        "bilstm": [0.5, 0.0, 0.0, 0.5],
    }


def test_other_cuts_are_joined_and_their_weights_add_up():
    coarse = explanation((((0, 4), (4, 5), (6, 9)),), (1.0,), (0.25, 0.25, 0.5))
    blind = explanation((((6, 9),),), (1.0,), (1.0,))
    rows = comparison_table([("fine", explanation()), ("coarse", coarse), ("blind", blind)])
    assert rows["words"].tolist() == ["=A b", ".", "Not"]
    assert rows["fine"].tolist() == [0.5625, 0.1875, 0.25]
    assert rows["coarse"].tolist() == [0.25, 0.25, 0.5]
    assert rows["blind"].tolist() == [0.0, 0.0, 1.0]


def attribution(words, sentences, **changed) -> Attribution:
    parts = {"method": "gradient", "target": "good", "signed": True, **changed}
    return Attribution(
        document=explanation().document,
        words=np.array(words),
        sentences=np.array(sentences),
        **parts,
    )


GRADIENT = attribution((0.5, -0.25, 0.0, -1.0), (0.25, -1.0))


def test_other_answers_stand_behind_the_weights():
    left_out = attribution(
        (0.0, 0.0, 0.0, 0.5), (0.0, 0.5), method="leave_one_word_out", target="bad"
    )
    rows = weights_table(explanation(), [GRADIENT, left_out])
    assert rows.columns.tolist()[-3:] == [
        "sentence weight", "gradient for good", "leave one word out for bad",
    ]  # fmt: skip
    assert rows["gradient for good"].tolist() == [0.5, -0.25, 0.0, -1.0]
    assert rows["leave one word out for bad"].tolist() == [0.0, 0.0, 0.0, 0.5]
    coarse = explanation((((0, 4), (4, 5), (6, 9)),), (1.0,), (0.25, 0.25, 0.5))
    with pytest.raises(ValueError, match="same document"):
        weights_table(coarse, [GRADIENT])


def test_a_method_and_attention_are_aligned_by_place():
    coarse = explanation((((0, 4), (4, 5), (6, 9)),), (1.0,), (0.25, 0.25, 0.5))
    rows = comparison_table([("attention", coarse), ("gradient", GRADIENT)])
    assert rows["attention"].tolist() == [0.25, 0.25, 0.5]
    assert rows["gradient"].tolist() == [0.25, 0.0, -1.0]


def test_no_name_hides_another():
    names = ["han", "start", "han", "han (2)", "words"]
    rows = comparison_table([(name, explanation()) for name in names])
    assert rows.columns.tolist() == [
        "start", "end", "words", "han", "start (2)", "han (2)", "han (2) (2)", "words (2)",
    ]  # fmt: skip


def test_only_one_text_is_compared_and_at_least_one_explanation():
    with pytest.raises(ValueError, match="one or more"):
        comparison_table([])
    other = Explanation(
        "1", Document("a", (Sentence((Span(0, 1),)),), 1), ("bad", "good"), np.array([0.5, 0.5]),
        np.ones(1), np.ones(1), np.ones(1, dtype=bool),
    )  # fmt: skip
    with pytest.raises(ValueError, match="same text"):
        comparison_table([("a", explanation()), ("b", other)])


def test_a_token_with_half_a_character_is_no_obstacle():
    document = Document("a\ud800", (Sentence((Span(0, 2),)),), 2)
    found = Explanation(
        "1", document, ("bad", "good"), np.array([0.5, 0.5]), np.ones(1), np.ones(1),
        np.ones(1, dtype=bool),
    )  # fmt: skip
    rows = weights_table(found)
    assert rows["token"].tolist() == ["a\ud800"]
    assert b",a?," in to_csv(rows)


def test_a_page_is_in_the_readers_language():
    assert '<html lang="en">' in page(entry(["good"]))
    with speaking("zh"):
        written = page(entry(["good"]))
    assert '<html lang="zh-Hans">' in written
    assert "真实类别 <bdi>negative</bdi>，预测 " in written
    assert "True" not in written
    assert "<th>文档</th><th>预测</th><th>标记</th>" in written
