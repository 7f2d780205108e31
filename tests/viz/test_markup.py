"""Text escaped and cut, numbers for people, and colours that everybody can tell apart."""

import html
import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.viz.markup import (
    INK,
    PANEL,
    background,
    beginning,
    columns,
    contrast,
    direction,
    first_direction,
    html_text,
    inked,
    isolated,
    luminance,
    markdown_text,
    percent,
    plotly_text,
    text_on,
    wrapped,
    writable,
)


@pytest.mark.parametrize(
    ("weight", "digits", "expected"),
    [
        (0.01234, 3, "1.23%"),
        (1.0, 2, "100%"),
        (0.5, 3, "50%"),
        (0.0, 3, "0%"),
        (0.07, 2, "7%"),
        (0.000012345, 3, "0.00123%"),
        (9e-7, 3, "<0.0001%"),
    ],
)
def test_percent(weight, digits, expected):
    assert percent(weight, digits) == expected


def test_inked_text_is_escaped_inside_its_span():
    assert inked("<a>").endswith(">&#60;a&#62;</span>")


@given(st.text())
def test_html_comes_back_and_holds_no_markup(text):
    escaped = html_text(text)
    assert html.unescape(escaped) == writable(text)
    assert not {*"<>\"'\r"} & {*escaped}


@given(st.text())
def test_plotly_finds_no_markup_entities_or_tex(text):
    escaped = plotly_text(text)
    assert html.unescape(escaped) == html.unescape(html.escape(isolated(writable(text))))
    assert not {*"<>\"'$"} & {*escaped}


@pytest.mark.parametrize("sign", list("!\"#$%&'()*+,-./;<=>?@[\\]^_`{|}~"))
def test_markdown_has_no_sign_of_its_own(sign):
    assert markdown_text(f"a {sign}b") == f"a \\{sign}b"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("http://x", r"http:small[]\:\/\/x"),
        ("www.x.y", r"www:small[]\.x\.y"),
        ("me@x.y", r"me:small[]\@x\.y"),
        (":smile:", r"\:smile:small[]\:"),
        ("a -> b", r"a \-:small[]\> b"),
        ("<= --", r"\<:small[]\= \-:small[]\-"),
        ("a\n# b", r"a \# b"),
        ("Größe 電影", "Größe 電影"),
    ],
)
def test_links_emoji_and_arrows_are_cut_in_two_by_nothing(text, escaped):
    assert markdown_text(text) == escaped


# As Streamlit 1.67 and its Markdown libraries look for them in text, after escapes are read.
TURNED = (
    r"(https?://|www(?=\.))([-.\w]+)",
    r"([-.\w+]+)@([-\w]+(?:\.[-\w]+)+)",
    r":\+1:|:-1:|:[\w-]+:",
    r"(^|\s)(<->|->|<-|--|>=|<=|~=)(\s|$)",
)


@given(
    st.lists(
        st.sampled_from(
            ["http", "s", ":", "//", "www", ".", "@", "-", ">", "<", "=", "~", " ", "a"]
        )
    )
)
def test_no_piece_of_text_becomes_a_link_an_emoji_or_an_arrow(parts):
    text = "".join(parts)
    pieces = [re.sub(r"\\(.)", r"\1", piece) for piece in markdown_text(text).split(":small[]")]
    assert "".join(pieces) == re.sub(r"\s+", " ", text)
    for piece, pattern in itertools.product(pieces, TURNED):
        assert not re.search(pattern, piece, re.IGNORECASE), (piece, pattern)


ARABIC, HEBREW = "الفيلم ممتاز", "סרט נהדר"


@pytest.mark.parametrize(
    ("text", "first", "most"),
    [
        ("A film", "ltr", "ltr"),
        ("", "ltr", "ltr"),
        ("1984!", "ltr", "ltr"),
        (ARABIC, "rtl", "rtl"),
        (f"«{HEBREW}»", "rtl", "rtl"),
        (f"12. {ARABIC}", "rtl", "rtl"),
        (f"BBC: {ARABIC} {ARABIC}", "ltr", "rtl"),
        (f"{HEBREW}: I liked this film very much", "rtl", "ltr"),
        ("好电影", "ltr", "ltr"),
    ],
)
def test_direction_of_the_first_letter_and_of_most_letters(text, first, most):
    assert (first_direction(text), direction(text)) == (first, most)


def test_what_runs_backward_is_isolated_from_the_numbers_beside_it():
    assert isolated(ARABIC) == f"\u2068{ARABIC}\u2069" == markdown_text(ARABIC)
    assert isolated("film") == "film"
    assert f"\u2068{HEBREW}\u2069" in inked(HEBREW)
    assert isolated("evil\u202etxt.exe").endswith("\u2069")  # an override ends with the name


def test_what_cannot_be_written_keeps_its_place():
    assert writable("a\0b\ud800c") == "a\ufffdb\ufffdc"
    assert plotly_text("<b>5 $</b>") == "&#60;b&#62;5 &#36;&#60;/b&#62;"


def test_chinese_counts_double_and_marks_count_nothing():
    assert columns("酒店") == 4
    assert columns("e\u0301\u200b") == 1


def test_the_beginning_by_hand():
    assert beginning("one two", 7) == "one two"
    assert beginning("one  two\nthree", 9) == "one two…"
    assert beginning("酒店在古城", 7) == "酒店在…"


@given(st.text(), st.integers(2, 30))
def test_the_beginning_fits_and_says_where_it_is_cut(text, width):
    short = beginning(text, width)
    assert columns(short) <= width
    assert short == " ".join(text.split()) or short.endswith("…")


def test_lines_by_hand():
    assert wrapped("one two three", 8) == ["one two", "three"]
    assert wrapped("酒店在古城", 6) == ["酒店在", "古城"]
    assert wrapped("x" * 10, 8) == ["xxxxxxxx", "xx"]


@given(st.text(), st.integers(4, 30))
def test_lines_fit_and_lose_only_white_space(text, width):
    lines = wrapped(text, width, lines=10**6)
    assert all(columns(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_what_does_not_fit_is_counted():
    assert wrapped("aaaa bbbb cccc dddd", 4, lines=2) == ["aaaa", "… and 12 more characters"]


THEMES = ("light", "dark")

SIDES = (1, -1)  # blue, vermilion

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


@pytest.mark.parametrize(("theme", "direction"), [("light", -1), ("dark", 1)])
@pytest.mark.parametrize("side", SIDES)
def test_more_never_goes_back_in_luminance(theme, direction, side):
    steps = direction * np.diff([luminance(background(side * share, theme)) for share in STEPS])
    assert (steps >= 0).all()
    assert contrast(background(0, theme), background(side, theme)) > 7


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("side", SIDES)
def test_tenths_of_the_scale_are_equal_steps_to_the_eye(theme, side):
    # CIE lightness is near to even where OKLab's is even; no step is twice another.
    light = [luminance(background(side * tenth / 10, theme)) for tenth in range(11)]
    steps = abs(np.diff(np.cbrt(light)))
    assert steps.max() < 2 * steps.min()


@pytest.mark.parametrize("theme", THEMES)
def test_both_sides_are_as_strong_as_each_other(theme):
    for share in np.linspace(0.1, 1, 10).tolist():
        blue, vermilion = luminance(background(share, theme)), luminance(background(-share, theme))
        assert abs(np.cbrt(blue) - np.cbrt(vermilion)) < 0.05


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_readable_on_every_step(theme):
    shades = {background(side * share, theme) for share in STEPS for side in SIDES}
    assert min(contrast(shade, text_on(shade)) for shade in shades) >= 4.5


# How a colour without its red (protan) or green (deutan) part looks, in linear light
# (Viénot, Brettel and Mollon 1999, with the matrices they work out for sRGB).
SEEN_BY = {
    "everybody": np.eye(3),
    "protanopes": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    "deuteranopes": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
}


def lab(colour: str, eye: str) -> np.ndarray:
    """CIELAB of a colour as ``eye`` sees it, from linear sRGB under D65."""
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(SEEN_BY[eye]) @ linear, 0, 1)
    xyz = [[0.41246, 0.35758, 0.18044], [0.21267, 0.71515, 0.07217], [0.01933, 0.11919, 0.9503]]
    part = np.array(xyz) @ seen / [0.95047, 1, 1.08883]
    f = np.where(part > 216 / 24389, np.cbrt(part), (24389 / 27 * part + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", SEEN_BY)
@pytest.mark.parametrize("theme", THEMES)
def test_both_sides_of_the_scale_differ_for_every_kind_of_colour_vision(theme, eye):
    # A difference of 2.3 is just noticeable (Mahy et al. 1994); 20 is another colour.
    for share in (0.25, 0.5, 0.75, 1):
        sides = [lab(background(side * share, theme), eye) for side in SIDES]
        assert np.linalg.norm(sides[0] - sides[1]) > (20 if share >= 0.5 else 10)


@pytest.mark.parametrize("eye", SEEN_BY)
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("side", SIDES)
def test_each_side_keeps_its_order_of_lightness_to_every_eye(theme, eye, side):
    lightness = [lab(background(side * step / 64, theme), eye)[0] for step in range(65)]
    steps = np.diff(lightness) * (1 if theme == "dark" else -1)
    assert (steps > 0).all()


@given(colours)
def test_text_is_readable_on_any_colour(colour):
    assert contrast(colour, text_on(colour)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_is_the_panel_and_shares_beyond_the_ends_are_the_ends(theme):
    assert background(0, theme) == background(-0.0, theme) == PANEL[theme]
    assert background(1, theme) == background(7.0, theme)
    assert background(-1, theme) == background(-7.0, theme)
    assert text_on(PANEL[theme]) == INK[theme]


@given(st.floats(-1, 1), st.sampled_from(THEMES))
def test_equal_shares_take_equal_colours(share, theme):
    assert background(share, theme) == background(np.float64(share), theme)
