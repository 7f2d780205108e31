"""Scales: one top for all panels, never stretched, values written for people."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.viz.colour_scale import LEAST, Scale, attribution_scale, reading_scale


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
