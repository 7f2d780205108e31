"""The heatmap parsed back: its words, numbers, colours and nothing else."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from han_core.explanation.explanation import Explanation
from han_core.figures.colour import background, scale_top, text_on
from han_core.figures.heatmap import longest_bar, thickness, word_heatmap
from han_core.text.tokenizer import Tokenizer


class Parsed(HTMLParser):
    """Reads a heatmap as a browser does: the root's text, tokens, sentences, what is unseen."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.text, self.tokens, self.elements = "", [], []
        self._open: list[dict] = []
        self.feed(html)
        self.close()
        assert not self._open, "an element stays open"

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", **dict(attrs)}
        self._open.append(element)
        self.elements.append(element)
        if "data-start" in element:
            self.tokens.append(element)

    def handle_endtag(self, tag):
        assert self._open.pop()["tag"] == tag

    def handle_data(self, data):
        assert self._open, "text outside of the elements"
        if self._open[0].get("data-testid") == "word-heatmap":
            self.text += data
        self._open[-1]["text"] += data

    def of_class(self, name: str) -> list[dict]:
        return [e for e in self.elements if name in (e.get("class") or "").split()]


def drawn(explanation, reading="document", **more) -> Parsed:
    return Parsed(word_heatmap(explanation, reading, scale_top([explanation], reading), **more))


def background_of(token: dict) -> tuple[str, str]:
    return re.search(r"background:light-dark\((#\w{6}),(#\w{6})\)", token["style"]).groups()


ODD = [
    "<script>alert('x')</script>",
    "&amp; &lt;b&gt; </span></div> <!-- -->",
    "\"quoted\" 'single' `tick`",
    "carriage\r\nreturn \r alone",
    "مرحبا بالعالم \u202eabc\u202c",
    "👨\u200d👩\u200d👧 🇩🇪 e\u0301",
    "zero\u200bwidth \ufeff mark",
    "酒店在古城。走路十分钟。",
    "\x0b\x0c\x1c\x85\u2028\u2029",
]
texts = st.lists(
    st.one_of(st.sampled_from([*ODD, " ", "\n\n", "\t"]), st.text(max_size=12)), max_size=8
).map("".join)


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer("en", maximum_tokens=25)


@settings(max_examples=120, deadline=None)
@given(texts, st.integers(0, 1000))
def test_the_text_comes_back_byte_for_byte(tokenizer, text, seed):
    document = tokenizer(text)
    random = np.random.default_rng(seed)
    lengths = document.sentence_lengths
    explanation = Explanation(
        "1",
        document,
        ("no", "yes"),
        np.array([0.5, 0.5]),
        random.dirichlet(np.ones(len(lengths))) if lengths else np.empty(0),
        np.concatenate([np.empty(0), *(random.dirichlet(np.ones(n)) for n in lengths)]),
        random.random(sum(lengths)) > 0.3,
    )
    page = drawn(explanation)
    # What HTML and UTF-8 cannot carry at all is replaced one for one.
    expected = re.sub("[\0\ud800-\udfff]", "\ufffd", text)
    assert page.text == expected
    assert [(int(t["data-start"]), int(t["data-end"])) for t in page.tokens] == list(
        document.tokens
    )
    for token, (start, end) in zip(page.tokens, document.tokens, strict=True):
        assert token["text"] == expected[start:end]
    weights = [float(token["data-weight"]) for token in page.tokens]
    assert weights == explanation.document_weights.tolist()  # to the last bit
    page_html = word_heatmap(explanation, "lift", 4.0)
    page_html.encode("utf-8")
    assert "<script" not in page_html


@pytest.fixture
def film(made):
    return made(
        [["A", "dull", "film"], ["Go", "home"]],
        [0.75, 0.25],
        [0.1, 0.8, 0.1, 0.5, 0.5],
        unknown=[3],
        unseen=" and more",
    )


def test_numbers_on_hover_by_hand(film):
    dull, go = drawn(film).tokens[1], drawn(film).tokens[3]
    # dull: .8 of its sentence, .75 * .8 = .6 of the document, 5 * .6 = 3 times uniform.
    assert [dull[f"data-{key}"] for key in "sdlr"] == ["80%", "60%", "3", "1"]
    # Go and home share rank 2: .25 * .5 = .125.
    assert [go[f"data-{key}"] for key in "sdlr"] == ["50%", "12.5%", "0.625", "2"]
    assert [home["data-r"] for home in drawn(film).tokens] == ["4", "1", "4", "2", "2"]
    root = drawn(film).of_class("hs-words")[0]
    assert (root["data-testid"], root["style"]) == ("word-heatmap", "--tokens:'5'")


def test_unknown_and_unseen_are_marked(film):
    page = drawn(film)
    assert [token["text"] for token in page.of_class("hs-unknown")] == ["Go"]
    (unseen,) = page.of_class("hs-unseen")
    assert unseen["text"] == " and more"
    assert unseen["data-note"] == "Not seen by the model: 9 characters"


def test_white_space_at_the_end_is_not_called_unseen(made):
    page = drawn(made([["Fine"]], unseen=" \n"))
    assert page.of_class("hs-unseen") == []
    assert page.text == "Fine \n"


def test_only_tokens_carry_the_tokens_hooks(film):
    page = drawn(film)
    carriers = [e for e in page.elements if {"data-start", "data-end", "data-weight"} & {*e}]
    assert carriers == page.tokens
    assert len(carriers) == 5


@pytest.mark.parametrize("reading", ["sentence", "document", "lift"])
def test_colours_are_those_of_the_scale(film, reading):
    top = scale_top([film], reading)
    page = Parsed(word_heatmap(film, reading, top))
    for token, weight in zip(page.tokens, film.weights(reading), strict=True):
        light, dark = background(weight / top, "light"), background(weight / top, "dark")
        assert background_of(token) == (light, dark)
        assert f"color:light-dark({text_on(light)},{text_on(dark)})" in token["style"]


@pytest.mark.parametrize("reading", ["sentence", "document", "lift"])
@pytest.mark.parametrize("words", [1, 2, 30])
def test_uniform_attention_is_pale_equal_and_without_underlines(made, reading, words):
    page = drawn(made([["word"] * words]), reading)
    expected = background(0.25, "light"), background(0.25, "dark")
    assert {background_of(token) for token in page.tokens} == {expected}
    assert page.of_class("hs-top") == []


def test_rounding_is_not_an_order(made):
    weights = np.full(20, 0.05) + np.arange(20) * 1e-9
    page = drawn(made([["word"] * 20], word_weights=list(weights / weights.sum())))
    assert page.of_class("hs-top") == []


def test_the_ten_heaviest_are_underlined_and_the_rule_falls_with_rank(made):
    weights = np.arange(1, 31) / np.arange(1, 31).sum()
    page = drawn(made([[f"w{i}" for i in range(30)]], word_weights=weights.tolist()))
    underlined = page.of_class("hs-top")
    assert [token["text"] for token in underlined] == [f"w{i}" for i in range(20, 30)]
    rules = [float(re.search(r"--rule:([\d.]+)px", token["style"])[1]) for token in underlined]
    assert rules == sorted(set(rules))
    assert (rules[0], rules[-1]) == (thickness(10), thickness(1)) == (1.0, 5.0)
    assert all(token["tabindex"] == "0" for token in underlined)
    assert underlined[-1]["aria-label"] == "w29: 6.45% of the document, rank 1 of 30"  # 30/465
    others = [token for token in page.tokens if token not in underlined]
    assert {token["tabindex"] for token in others} == {"-1"}


def test_a_tie_across_the_tenth_place_is_not_broken_by_position(made):
    # 8 heavy words, then 4 that would share places 9 to 12: only the 8 are underlined.
    weights = np.array([10.0] * 8 + [5.0] * 4 + [1.0] * 20)
    page = drawn(made([["w"] * 32], word_weights=list(weights / weights.sum())))
    assert [int(t["data-start"]) // 2 for t in page.of_class("hs-top")] == list(range(8))


def test_sentence_bars_in_the_gutter(film):
    first, second = drawn(film).of_class("hs-weight")
    # Two sentences: twice uniform is 1, so the bars are the weights themselves.
    assert (first["style"], second["style"]) == ("--length:75.00%", "--length:25.00%")
    assert (first["data-percent"], second["data-percent"]) == ("75%", "25%")
    assert second["title"] == "Sentence 2: attention weight 0.250000, rank 2 of 2"
    assert drawn(film, longest=1.5).of_class("hs-weight")[0]["style"] == "--length:50.00%"


def test_the_longest_bar_is_the_largest_weight_or_twice_uniform(made):
    four = [["a"], ["b"], ["c"], ["d"]]
    assert longest_bar([made(four)]) == 0.5
    assert longest_bar([made(four), made(four, [0.7, 0.1, 0.1, 0.1])]) == 0.7
    assert longest_bar([made([["a"]])]) == 1.0


def test_foreign_text_in_labels_of_words_stays_text(made):
    page = drawn(made([['"><img>', *["w"] * 9]], word_weights=[0.91] + [0.01] * 9))
    assert page.tokens[0]["text"] == '"><img>'
    assert page.tokens[0]["aria-label"].startswith('"><img>: 91%')
    assert all(element["tag"] != "img" for element in page.elements)
