"""The scale: monotone, readable, and never stretched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.figures.colour import (
    INK,
    PANEL,
    background,
    contrast,
    luminance,
    scale_top,
    text_on,
)

THEMES = ("light", "dark")
STEPS = [step / 1024 for step in range(1025)]
colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.478),  # WebAIM's contrast checker shows 4.47
        ("#0000ff", "#ffffff", 8.592),
        ("#808080", "#808080", 1.0),
    ],
)
def test_contrast_as_wcag_works_it_out(one, other, expected):
    assert contrast(one, other) == pytest.approx(expected, abs=1e-3)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize(("theme", "sign"), [("light", -1), ("dark", 1)])
def test_more_weight_never_goes_back_in_luminance(theme, sign):
    steps = sign * np.diff([luminance(background(share, theme)) for share in STEPS])
    assert (steps >= 0).all()
    assert contrast(background(0, theme), background(1, theme)) > 7


@pytest.mark.parametrize("theme", THEMES)
def test_tenths_of_the_scale_are_equal_steps_to_the_eye(theme):
    # CIE lightness is near to even where OKLab's is even; no step is twice another.
    light = [luminance(background(tenth / 10, theme)) for tenth in range(11)]
    steps = abs(np.diff(np.cbrt(light)))
    assert steps.max() < 2 * steps.min()


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_readable_on_every_step(theme):
    shades = {background(share, theme) for share in STEPS}
    assert min(contrast(shade, text_on(shade)) for shade in shades) >= 4.5


@given(colours)
def test_text_is_readable_on_any_colour(colour):
    assert contrast(colour, text_on(colour)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_no_weight_is_the_panel_and_shares_beyond_the_ends_are_the_ends(theme):
    assert background(0, theme) == background(-1, theme) == PANEL[theme]
    assert background(1, theme) == background(7.0, theme)
    assert text_on(PANEL[theme]) == INK[theme]


@given(st.floats(0, 1), st.sampled_from(THEMES))
def test_equal_shares_take_equal_colours(share, theme):
    assert background(share, theme) == background(np.float64(share), theme)


@pytest.mark.parametrize(
    ("reading", "top"),
    # 2 sentences of 2 and 6 words: uniform is 2/8, 1/8 and 1; the floor is four times that.
    [("sentence", 1.0), ("document", 0.5), ("lift", 4.0)],
)
def test_the_scale_ends_at_four_times_uniform_attention(made, reading, top):
    explanation = made([["a", "b"], list("cdefgh")], [0.25, 0.75])
    assert scale_top([explanation], reading) == pytest.approx(top)


def test_the_scale_ends_at_the_largest_weight_of_all_panels(made):
    words = list("abcdefgh")
    flat = made([words])
    peaked = made([words], word_weights=[0.65] + [0.05] * 7)
    assert scale_top([flat], "document") == 0.5
    assert scale_top([flat, peaked], "document") == scale_top([peaked], "document") == 0.65
    assert scale_top([peaked, flat], "lift") == pytest.approx(8 * 0.65)


@given(st.integers(1, 40), st.sampled_from(["sentence", "document", "lift"]))
def test_uniform_attention_is_pale_whatever_the_length(made, length, reading):
    explanation = made([["w"] * length])
    shares = explanation.weights(reading) / scale_top([explanation], reading)
    assert shares == pytest.approx(np.full(length, 0.25))


def test_no_explanation_has_a_scale_too():
    assert scale_top([], "document") == 1.0
