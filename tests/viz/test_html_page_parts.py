"""The stand-alone page as a file: complete, sealed, and nothing in it but what it says."""

import base64
import hashlib
import json
import re

from han_core.viz.colour_scale import legend, reading_scale
from han_core.viz.heatmap import Colour, heatmap
from han_core.viz.html_page import standalone


def page_of(made, words: list[str], title: str = "Title", notes=()) -> str:
    explanation = made([words])
    scale = reading_scale([explanation], "document")
    drawn = heatmap(explanation, Colour(explanation.document_weights, scale))
    return standalone(drawn, legend(scale), title, notes)


def test_the_policy_names_the_one_style_and_the_one_script(made):
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


def test_it_can_be_written_whatever_the_text(made):
    html = page_of(made, ["\ud800", "\0", "\u2028", "👩\u200d👧"], "\udfff", ["\0"])
    assert "\ufffd" in html.encode().decode()
    assert "\0" not in html
