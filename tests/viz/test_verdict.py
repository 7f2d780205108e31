"""The verdict bar: what was predicted, what stood there before, and the line of evidence."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from han_core.explanation.explanation import Explanation
from han_core.explanation.faithfulness import Evidence
from han_core.explanation.verdicts import ONE_WORD, SUPPORT
from han_core.text.tokenizer import Tokenizer
from han_core.viz.verdict import WAITING, EvidenceLine, evidence_line, verdict

DOCUMENT = Tokenizer("en")("A fine day.")


def explanation(*probabilities: float, labels: tuple[str, ...] = ()) -> Explanation:
    names = labels or tuple("abcdefgh"[: len(probabilities)])
    tokens = len(DOCUMENT.tokens)
    return Explanation(
        "1", DOCUMENT, names, np.array(probabilities), np.ones(1),
        np.full(tokens, 1 / tokens), np.ones(tokens, dtype=bool),
    )  # fmt: skip


class _Text(HTMLParser):
    """The text outside the style sheet, and every tag."""

    def __init__(self):
        super().__init__()
        self.text, self.tags, self._style = "", [], False

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._style = tag == "style"

    def handle_endtag(self, tag):
        self._style = False

    def handle_data(self, data):
        self.text += "" if self._style else data


def read(html: str) -> _Text:
    parser = _Text()
    parser.feed(html)
    return parser


def test_the_three_likeliest_classes_have_a_bar():
    shown = verdict(explanation(0.1, 0.4, 0.05, 0.45), WAITING)
    assert re.findall(r"--length:([\d.]+)%", shown) == ["45.00", "40.00", "10.00"]
    assert '<strong data-testid="prediction">d</strong>' in shown
    assert "45.0%" in read(shown).text
    assert "5.0%" not in read(shown).text.replace("45.0%", "")


def test_a_guess_is_called_so_and_nothing_is_bold():
    shown = verdict(replace(explanation(0.1, 0.9), known=np.zeros(len(DOCUMENT.tokens))), WAITING)
    assert read(shown).text.startswith("The model knows hardly any word of this text, so this is")
    assert '<em data-testid="prediction">b</em>' in shown
    assert re.search(r"hs-first|<strong", shown) is None


def test_what_was_predicted_before_stands_beside():
    before, now = explanation(0.9, 0.1), explanation(0.3, 0.7)
    assert "before: a 90.0% → now 30.0%" in read(verdict(now, WAITING, before)).text
    assert "before" not in read(verdict(now, WAITING)).text


@pytest.mark.parametrize("state", list(SUPPORT))
def test_the_state_stands_in_words(state):
    shown = read(verdict(explanation(0.9, 0.1), EvidenceLine("Without …", state))).text
    assert f"{SUPPORT[state]} Without …" in shown
    assert not re.search("[✓✔✅]", shown)


def test_names_are_text():
    names = ("<img src=x onerror=alert(1)>", "b")
    parsed = read(verdict(explanation(0.9, 0.1, labels=names), EvidenceLine("<b>x</b>")))
    assert "img" not in parsed.tags
    assert "b" not in parsed.tags
    assert "<img src=x onerror=alert(1)>" in parsed.text


def test_nothing_can_be_taken_out_of_one_word():
    single = Evidence("a", 0.9, "word", 1, 1, None, None, None)
    assert evidence_line(single) == EvidenceLine(ONE_WORD)
