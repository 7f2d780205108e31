"""Numbers for people."""

import pytest

from han_core.viz.markup import inked, percent


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
