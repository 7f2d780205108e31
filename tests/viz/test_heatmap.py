"""The word heatmap and its folds."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from han_core.explanation.explanation import Explanation
from han_core.runtime.messages import speaking
from han_core.text.tokenizer import Tokenizer
from han_core.viz.colour_scale import Scale, legend, reading_scale
from han_core.viz.heatmap import Colour, folds, heatmap, longest_bar, thickness
from han_core.viz.markup import background, text_on

EFFECT = Scale("Gradient × input", 0.5, True, "probability")


def data_of(explanation, reading="document", **more) -> dict:
    colour = Colour(explanation.weights(reading), reading_scale([explanation], reading))
    return heatmap(explanation, colour, **more).data


def coloured(explanation, values, scale=EFFECT) -> dict:
    return heatmap(explanation, Colour(np.array(values), scale)).data


def colours_of(data: dict) -> list[tuple[str, str, str, str]]:
    return [tuple(data["palette"][colour]) for colour in data["colours"]]


ODD = [
    "<script>alert('x')</script>",
    "&amp; &lt;b&gt; </span></div> <!-- -->",
    "carriage\r\nreturn \r alone",
    "مرحبا بالعالم \u202eabc\u202c",
    "👨\u200d👩\u200d👧 🇩🇪 e\u0301",
    "zero\u200bwidth \ufeff mark",
    "酒店在古城。走路十分钟。",
    "\x0b\x0c\x1c\x85\u2028\u2029",
    "\ud800 alone \0",
]

texts = st.lists(
    st.one_of(st.sampled_from([*ODD, " ", "\n\n", "\t"]), st.text(max_size=12)), max_size=8
).map("".join)


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer("en", maximum_tokens=25)


@settings(max_examples=120, deadline=None)
@given(texts, st.integers(0, 1000))
def test_text_spans_and_weights_come_back_from_json(tokenizer, text, seed):
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
    scale = reading_scale([explanation], "document")
    drawn = heatmap(explanation, Colour(explanation.document_weights, scale))
    # What UTF-8 cannot carry at all is replaced one for one.
    expected = re.sub("[\0\ud800-\udfff]", "\ufffd", text)
    assert drawn.text == expected
    sent = json.dumps(drawn.data, ensure_ascii=False, allow_nan=False)
    sent.encode("utf-8")
    data = json.loads(sent)
    assert list(zip(data["starts"], data["ends"], strict=True)) == list(document.tokens)
    assert data["tokens"] == [expected[start:end] for start, end in document.tokens]
    assert data["weights"] == explanation.document_weights.tolist()  # to the last bit
    assert data["unknown"] == [i for i, known in enumerate(explanation.known) if not known]


@pytest.fixture
def film(made):
    return made(
        [["A", "dull", "film"], ["Go", "home"]],
        [0.75, 0.25],
        [0.1, 0.8, 0.1, 0.5, 0.5],
        unknown=[3],
        unseen=" and more",
    )


def test_numbers_by_hand(film):
    data = data_of(film)
    assert data["within"] == [0.1, 0.8, 0.1, 0.5, 0.5]
    # dull: .75 * .8 = .6 of the document; Go and home share rank 2: .25 * .5 = .125.
    assert data["weights"] == pytest.approx([0.075, 0.6, 0.075, 0.125, 0.125])
    assert data["ranks"] == [4, 1, 4, 2, 2]
    assert data["gaps"] == ["", " ", " ", "\n", " "]
    assert data["sentences"] == {
        "firsts": [0, 3], "weights": [0.75, 0.25], "ranks": [1, 2], "bars": [0.75, 0.25]
    }  # fmt: skip


def test_unknown_words_and_unseen_text_are_listed(film):
    data = data_of(film)
    assert data["unknown"] == [3]
    assert data["tail"] == ""
    assert data["unseen"] == {"text": " and more", "note": "Not seen by the model: 9 characters"}


def test_white_space_at_the_end_is_not_called_unseen(made):
    data = data_of(made([["Fine"]], unseen=" \n"))
    assert (data["tail"], data["unseen"]) == (" \n", None)


@pytest.mark.parametrize("reading", ["sentence", "document", "lift"])
def test_colours_are_those_of_the_scale(film, reading):
    top = reading_scale([film], reading).top
    expected = []
    for weight in film.weights(reading):
        light, dark = background(weight / top, "light"), background(weight / top, "dark")
        expected.append((light, dark, text_on(light), text_on(dark)))
    assert colours_of(data_of(film, reading)) == expected
    assert data_of(film, reading)["values"] is None  # the note has the readings anyway


@pytest.mark.parametrize("reading", ["sentence", "document", "lift"])
@pytest.mark.parametrize("words", [1, 2, 30])
def test_uniform_attention_is_pale_equal_and_without_underlines(made, reading, words):
    data = data_of(made([["word"] * words]), reading)
    assert {colour[:2] for colour in colours_of(data)} == {
        (background(0.25, "light"), background(0.25, "dark"))
    }
    assert data["rules"] == []


def test_signed_values_by_hand(film):
    data = coloured(film, [0.5, -0.25, 0.0, -0.9, 0.001])
    shares = [1, -0.5, 0, -1, 0.002]  # of the top, .5; beyond it the end
    assert [colour[0] for colour in colours_of(data)] == [background(s, "light") for s in shares]
    assert data["title"] == "Gradient × input"
    assert data["values"] == [
        "+0.5, supports",
        "−0.25, speaks against",
        "0",
        "−0.9, speaks against",
        "+0.001, supports",
    ]
    # The mean size is .33: two are larger, and the rule of a negative one stands above.
    assert data["rules"] == [(0, thickness(2)), (3, -thickness(1))]


def test_a_difference_of_weights_takes_no_side(film):
    data = coloured(film, [0.1, -0.1, 0, 0, 0], Scale("Moved", 0.1, True, "percent"))
    assert data["values"] == ["+10%", "−10%", "0%", "0%", "0%"]


def test_rounding_is_not_an_order(made):
    weights = np.full(20, 0.05) + np.arange(20) * 1e-9
    data = data_of(made([["word"] * 20], word_weights=list(weights / weights.sum())))
    assert data["rules"] == []


def test_the_ten_heaviest_are_underlined_and_the_rule_falls_with_rank(made):
    weights = np.arange(1, 31) / np.arange(1, 31).sum()
    data = data_of(made([[f"w{i}" for i in range(30)]], word_weights=weights.tolist()))
    assert [token for token, _ in data["rules"]] == list(range(20, 30))
    rules = [rule for _, rule in data["rules"]]
    assert rules == sorted(set(rules))
    assert (rules[0], rules[-1]) == (1.0, 5.0)


def test_a_tie_across_the_tenth_place_is_not_broken_by_position(made):
    # 8 heavy words, then 4 that would share places 9 to 12: only the 8 are underlined.
    weights = np.array([10.0] * 8 + [5.0] * 4 + [1.0] * 20)
    data = data_of(made([["w"] * 32], word_weights=list(weights / weights.sum())))
    assert [token for token, _ in data["rules"]] == list(range(8))


def test_bars_are_shares_of_the_longest(film):
    # Two sentences: twice uniform is 1, so the bars are the weights themselves.
    assert data_of(film)["sentences"]["bars"] == [0.75, 0.25]
    assert data_of(film, longest=1.5)["sentences"]["bars"] == [0.5, 0.1667]
    assert data_of(film, longest=0.5)["sentences"]["bars"] == [1.0, 0.5]


def test_the_longest_bar_is_the_largest_weight_or_twice_uniform(made):
    four = [["a"], ["b"], ["c"], ["d"]]
    assert longest_bar([made(four)]) == 0.5
    assert longest_bar([made(four), made(four, [0.7, 0.1, 0.1, 0.1])]) == 0.7
    assert longest_bar([made([["a"]])]) == 1.0


def test_edits_are_marked_where_they_were_made(film):
    out = [(5, "at last", "b"), (1, "\ud800", "a"), (1, "very", "c")]
    data = data_of(film, added={4, 1}, out=out)
    assert data["added"] == [1, 4]
    assert data["out"] == [[1, "\ufffd", "a"], [1, "very", "c"], [5, "at last", "b"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"added": {5}},
        {"added": {-1}},
        {"out": [(6, "x", "a")]},
        {"out": [(-1, "x", "a")]},
        {"values": [0.0] * 4},
    ],
)
def test_what_does_not_fit_the_document_is_refused(film, wrong):
    colour = Colour(np.array(wrong.pop("values", [0.0] * 5)), EFFECT)
    with pytest.raises(ValueError):
        heatmap(film, colour, **wrong)


def test_twenty_thousand_words_stay_within_two_megabytes(made):
    weights = np.random.default_rng(1).dirichlet(np.ones(20_000)).tolist()
    data = data_of(made([["wordy"] * 20_000], word_weights=weights))
    assert len(json.dumps(data)) < 2_000_000


def long_document(made, weights: list[float]):
    """A word for each sentence."""
    total = sum(weights)
    return made([["w"]] * len(weights), [weight / total for weight in weights])


@pytest.fixture
def fifty(made):
    """Ten heavy sentences at 0 to 9, then runs of 4, 2 and 3 light ones among middling ones."""
    weights = [10.0] * 10 + [1.0] * 4 + [3.0] * 5 + [1.0] * 2 + [3.0] * 26 + [1.0] * 3
    return long_document(made, weights)


def test_runs_of_three_or_more_light_sentences_fold(fifty):
    # The sum is 100 + 9 + 93 = 202, so half the uniform weight is 101 / 50 = 2.02.
    first, last = folds(fifty, np.zeros(50))
    assert (first.first, first.size, first.weight) == (10, 4, pytest.approx(4 / 202))
    assert (last.first, last.size, last.weight) == (47, 3, pytest.approx(3 / 202))


def test_short_documents_and_even_ones_are_never_folded(made):
    assert folds(long_document(made, [10.0] + [0.1] * 39), np.zeros(40)) == []
    assert folds(long_document(made, [1.0] * 60), np.zeros(60)) == []
    assert folds(long_document(made, [10.0] * 10 + [0.1] * 31), np.zeros(41)) != []


def test_the_heaviest_words_stay_in_sight(made):
    # One heavy sentence: nine of the light ones hold the other nine of the ten heaviest words.
    (fold,) = folds(long_document(made, [50.0] + [0.1] * 49), np.zeros(50))
    assert (fold.first, fold.size) == (10, 40)


def test_what_is_strongly_coloured_stays_in_sight(fifty):
    values = np.zeros(50)
    values[12] = -0.5
    assert [fold.first for fold in folds(fifty, values)] == [47]  # 10, 11 and 13 are too few


def test_what_was_edited_stays_in_sight(fifty):
    assert [fold.first for fold in folds(fifty, np.zeros(50), visible={48})] == [10]
    colour = Colour(np.zeros(50), Scale("", 1.0, True, "probability"))
    assert heatmap(fifty, colour).data["folds"] == [(10, 4, "2%"), (47, 3, "1.5%")]
    assert heatmap(fifty, colour, added={11}).data["folds"] == [(47, 3, "1.5%")]
    assert heatmap(fifty, colour, out=[(50, "x", "a")]).data["folds"] == [(10, 4, "2%")]


def test_the_beginning_stays_in_sight(made):
    values = np.arange(50)  # the last ten words are the strongest
    (fold,) = folds(long_document(made, [0.1] * 40 + [10.0] * 10), values)
    assert (fold.first, fold.size) == (1, 39)


def test_a_text_from_right_to_left_puts_its_bars_on_the_right(made):
    def drawn(*sentences):
        explanation = made(sentences)
        scale = reading_scale([explanation], "document")
        return heatmap(explanation, Colour(explanation.document_weights, scale)).data

    hebrew, english = ["סרט", "נהדר", "."], ["A", "film", "."]
    assert drawn(hebrew)["direction"] == "rtl"
    assert drawn(hebrew, hebrew, english)["direction"] == "rtl"
    assert "direction" not in drawn(english)


def test_in_chinese(film):
    with speaking("zh"):
        data = data_of(film)
        drawn = legend(reading_scale([film], "document"))
    assert data["title"] == "文档内注意力权重"
    assert data["unseen"]["note"] == "模型未读入：9 个字符"
    assert "文档中权重最大的词" in drawn
    english = [text for text in data["labels"].values() if re.search(r"[A-Za-z]{5}", plain(text))]
    assert english == []
    assert data["labels"].keys() == data_of(film)["labels"].keys()


def plain(label: str) -> str:
    """A label without its places."""
    return re.sub(r"\{.*?\}", "", label)
