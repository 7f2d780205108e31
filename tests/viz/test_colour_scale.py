"""Scales, the legend, the prediction, and the sentence on what the model saw."""

import re
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.viz.colour_scale import (
    LEAST,
    Scale,
    attribution_scale,
    legend,
    named_scale,
    prediction,
    reading_scale,
    seen_line,
)
from han_core.viz.markup import background


@pytest.mark.parametrize(
    ("reading", "top"),
    # 2 sentences of 2 and 6 words: uniform is 2/8, 1/8 and 1; the floor is four times that.
    [("sentence", 1.0), ("document", 0.5), ("lift", 4.0)],
)
def test_the_scale_ends_at_four_times_uniform_attention(made, reading, top):
    explanation = made([["a", "b"], list("cdefgh")], [0.25, 0.75])
    scale = reading_scale([explanation], reading)
    assert scale.top == pytest.approx(top)
    assert not scale.signed


def test_the_scale_ends_at_the_largest_weight_of_all_panels(made):
    words = list("abcdefgh")
    flat = made([words])
    peaked = made([words], word_weights=[0.65] + [0.05] * 7)
    assert reading_scale([flat], "document").top == 0.5
    assert reading_scale([flat, peaked], "document") == reading_scale([peaked], "document")
    assert reading_scale([peaked], "document").top == 0.65
    assert reading_scale([peaked, flat], "lift").top == pytest.approx(8 * 0.65)


@given(st.integers(1, 40), st.sampled_from(["sentence", "document", "lift"]))
def test_uniform_attention_is_pale_whatever_the_length(made, length, reading):
    explanation = made([["w"] * length])
    shares = explanation.weights(reading) / reading_scale([explanation], reading).top
    assert shares == pytest.approx(np.full(length, 0.25))


def test_no_explanation_has_a_scale_too():
    assert reading_scale([], "document").top == 1.0
    assert attribution_scale([]).top == LEAST


@dataclass
class Made:
    words: np.ndarray
    method: str = "gradient"
    signed: bool = True


def test_attributions_end_at_the_largest_size_of_all():
    one, other = Made(np.array([0.1, -0.2, 0, 0])), Made(np.array([0, 0, 0, -0.5]))
    assert attribution_scale([one]).top == pytest.approx(4 * 0.075)  # the mean size is .3 / 4
    assert attribution_scale([one, other]).top == 0.5
    assert attribution_scale([one, other]).signed


@given(st.floats(1e-3, 1), st.integers(1, 50))
def test_values_of_one_size_are_pale(size, tokens):
    values = size * np.where(np.arange(tokens) % 2, 1, -1)
    assert size / attribution_scale([Made(values)]).top == pytest.approx(0.25)


@pytest.mark.parametrize("method", ["gradient", "attention"])
@pytest.mark.parametrize("words", [np.zeros(5), np.zeros(0)])
def test_nothing_at_all_is_safe(method, words):
    assert attribution_scale([Made(words, method)]).top > 0


def test_rounding_is_not_stretched_into_a_picture():
    noise = np.array([3e-8, -1e-9, 2e-9])
    assert attribution_scale([Made(noise)]).top == LEAST


def test_titles_and_forms():
    words = np.array([0.5, 0.5])
    attention = attribution_scale([Made(words, "attention", signed=False)])
    assert (attention.title, attention.form) == ("Attention weight within the document", "percent")
    assert not attention.signed
    gradient = attribution_scale([Made(words), Made(words)])
    assert (gradient.title, gradient.form) == ("Gradient × input", "probability")
    several = attribution_scale([Made(words), Made(words, "leave_one_word_out")])
    assert several.title == "Effect on the probability"


@pytest.mark.parametrize(
    ("signed", "form", "value", "expected"),
    [
        (False, "percent", 0.01234, "1.23%"),
        (True, "percent", -0.01234, "−1.23%"),
        (False, "times", 3.1416, "3.14 ×"),
        (True, "probability", 0.31, "+0.31"),
        (True, "probability", -0.00001234, "−0.0000123"),
        (True, "probability", 0.0, "0"),
        (True, "probability", -1e-9, "<0.000001"),
        (False, "probability", 1.0, "1"),
    ],
)
def test_values_for_people(signed, form, value, expected):
    assert Scale("", 1.0, signed, form).written(value) == expected


@pytest.mark.parametrize("top", [0.0, -1.0, float("nan"), float("inf")])
def test_a_top_is_a_positive_number(top):
    with pytest.raises(ValueError, match="positive"):
        Scale("", top, False, "percent")


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (Scale("", 0.08, False, "percent"), [("0.00", "0"), ("50.00", "4%"), ("100.00", "8%")]),
        (Scale("", 1.0, False, "percent"), [("0.00", "0"), ("50.00", "50%"), ("100.00", "100%")]),
        (Scale("", 2.0, False, "percent"), [("0.00", "0"), ("50.00", "100%")]),
        (Scale("", 4.0, True, "percent"), [("37.50", "−100%"), ("62.50", "+100%")]),
        (Scale("", 8.0, False, "times"), [("12.50", "1 = uniform"), ("100.00", "8 ×")]),
        (
            Scale("", 0.305, True, "probability"),
            [("0.00", "−0.3 speaks against"), ("50.00", "0"), ("100.00", "supports +0.3")],
        ),
        (Scale("", 0.02, True, "percent"), [("0.00", "−2%"), ("50.00", "0"), ("100.00", "+2%")]),
    ],
)
def test_ticks_stand_where_their_values_are(scale, ticks):
    assert re.findall(r"--at:([\d.]+)%\">([^<]+)<", legend(scale)) == ticks


@pytest.mark.parametrize("signed", [False, True])
def test_the_ramp_runs_over_the_whole_scale(signed):
    drawn = legend(Scale("", 4.0, signed, "times"))
    stops = re.findall(r"light-dark\((#\w{6}),(#\w{6})\)", drawn.split("hs-ramp")[-1])
    start = -1 if signed else 0
    assert stops[0] == (background(start, "light"), background(start, "dark"))
    assert stops[8] == (background(start / 2 + 0.5, "light"), background(start / 2 + 0.5, "dark"))
    assert stops[-1] == (background(1, "light"), background(1, "dark"))
    assert len(stops) == 17


def test_the_legend_is_called_by_its_scale_and_says_what_rules_mean():
    assert "<b>a &lt; b</b>" in legend(Scale("a < b", 1.0, False, "percent"))
    assert "hs-above" not in legend(Scale("", 1.0, False, "percent"))
    assert "hs-above" in legend(Scale("", 1.0, True, "percent"))


def rows(html: str) -> list[tuple[str, str, str]]:
    found = re.findall(
        r"<span[^>]*>([^<]*)</span><div class=\"hs-track\"><i style=\"--length:([\d.]+)%\"></i>"
        r"</div><span class=\"hs-chance\">([^<]*)</span>",
        html,
    )
    return found


def test_every_class_has_its_bar_in_the_models_order(made):
    html = prediction(made([["w"]], probabilities=[0.25, 0.75]))
    assert rows(html) == [("negative", "25.00", "25.0%"), ("positive", "75.00", "75.0%")]
    assert '<strong data-testid="prediction">positive</strong>' in html
    assert html.count("class=hs-first>positive") == html.count("class=hs-first") == 1


def test_many_classes_the_most_probable_first_and_the_rest_in_one_line(made):
    chances = [0.02, 0.3, 0.02, 0.25, 0.2, 0.1, 0.06, 0.05]
    html = prediction(made([["w"]], labels=list("abcdefgh"), probabilities=chances))
    assert [row[0] for row in rows(html)] == [*"bdefgh", "2 other classes"]
    assert rows(html)[-1][1:] == ("4.00", "4.0%")


def test_nearly_certain_is_not_called_certain(made):
    html = prediction(made([["w"]], probabilities=[0.0001, 0.9999]))
    assert [row[2] for row in rows(html)] == ["&lt;0.1%", "&gt;99.9%"]


def test_labels_are_escaped(made):
    html = prediction(made([["w"]], labels=["<b>x</b>", "y"], probabilities=[0.9, 0.1]))
    assert "<b>" not in html
    assert 'data-testid="prediction">&lt;b&gt;x&lt;/b&gt;<' in html


def test_a_long_name_breaks_after_its_dots(made):
    labels = ["rec.sport.baseball", "a &lt;. b", "."]
    html = prediction(made([["w"]], labels=labels, probabilities=[0.5, 0.3, 0.2]))
    assert "<span class=hs-first>rec.<wbr>sport.<wbr>baseball</span>" in html
    assert 'data-testid="prediction">rec.<wbr>sport.<wbr>baseball</strong>' in html
    assert html.count("<wbr>") == 4


def test_what_was_seen_in_words(made):
    two = [["a", "b"], ["c", "d"]]
    assert seen_line(made(two)) == (
        "4 tokens in 2 sentences, none unknown to the model; all of the text seen."
    )
    assert seen_line(made(two, unknown=[2], unseen="x" * 1234)) == (
        "4 tokens in 2 sentences, 1 (25%) unknown to the model; 1,234 characters not seen."
    )
    assert seen_line(made([["a"]])).startswith("1 token in 1 sentence, ")


def test_weights_of_another_method_keep_the_scale_and_say_their_name(made):
    shown = made([["a", "b"], list("cdefgh")], [0.25, 0.75])
    own, named = reading_scale([shown], "document"), named_scale([shown], "document", "Rollout")
    assert named.title == "Rollout: weight within the document"
    assert (named.top, named.form) == (own.top, own.form)
