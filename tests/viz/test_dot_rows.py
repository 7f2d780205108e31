"""The frame of evidence figures: rows, names, inks and colours that can be told apart."""

import re
from itertools import combinations

import numpy as np
import pytest

from han_core.viz.dot_rows import RANKED, UNIFORM, marked_line, rows
from han_core.viz.markup import INK, PANEL, contrast
from han_core.viz.plot import below
from tests.viz.conftest import plain

FOREIGN = '<b>x</b><a href="http://e">y</a> $\\alpha$ &lt;'


def test_names_stand_from_the_top_in_the_order_given():
    figure = rows(["one", "two", "three"], "title", (0, 1)).build()
    assert [plain(tick) for tick in figure.layout.yaxis.ticktext] == ["one", "two", "three"]
    bottom, top = figure.layout.yaxis.range
    assert bottom > 2
    assert top < 0
    assert figure.layout.xaxis.range == (0, 1)


def test_height_follows_the_number_of_rows():
    heights = [rows(["r"] * n, "", (0, 1)).layout["height"] for n in (10, 20, 30)]
    assert heights[2] - heights[1] == heights[1] - heights[0] == 340
    assert rows(["r"] * 10, "", (0, 1), height=44).layout["height"] > heights[0]


def test_the_background_is_the_pages_and_every_label_has_its_own_ink():
    figure = rows(["one"], "first line\nsecond line", (0, 1)).build()
    layout = figure.layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    (title,) = layout.annotations
    inks = f"light-dark({INK['light']},{INK['dark']})"
    for label in (layout.yaxis.ticktext[0], layout.xaxis.tickprefix, title.text):
        assert inks in label
    assert [plain(line) for line in title.text.split("<br>")] == ["first line", "second line"]


def test_foreign_names_are_text():
    figure = rows([FOREIGN], FOREIGN, (0, 1)).build()
    line = marked_line(0.5, FOREIGN, "left")["name"]
    for label in (figure.layout.yaxis.ticktext[0], below(FOREIGN)["text"], line["text"]):
        ours = re.sub(r"<span style=\"color:light-dark\([#\w,]+\)\">|</span>", "", label)
        assert not {*"<>$"} & {*ours}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_look_can_be_seen_on_both_themes(theme):
    for look in [*RANKED.values(), UNIFORM]:
        assert contrast(look.colour, PANEL[theme]) >= 3


def test_no_two_looks_differ_by_colour_alone():
    for one, other in combinations([*RANKED.values(), UNIFORM], 2):
        assert one.symbol != other.symbol
        assert one.colour != other.colour
    assert len({look.dash for look in RANKED.values()}) == len(RANKED)


def test_colours_stay_apart_for_people_who_see_no_red_or_no_green():
    """Viénot, Brettel and Mollon 1999: what is left of linear red and green is one channel."""
    looks = [*RANKED.values(), UNIFORM]
    for confused in (np.array([0.293, 0.707]), np.array([0.114, 0.886])):
        seen = []
        for look in looks:
            red, green, blue = (int(look.colour[at : at + 2], 16) for at in (1, 3, 5))
            seen.append(
                (confused @ [(red / 255) ** 2.2, (green / 255) ** 2.2], (blue / 255) ** 2.2)
            )
        for (one, first), (other, second) in combinations(zip(looks, seen, strict=True), 2):
            assert np.hypot(*np.subtract(first, second)) > 0.04, (one.name, other.name)
