"""Legend, prediction, and the sentence on what was seen."""

import re

import pytest

from han_core.viz.colour_scale import Scale, legend, prediction, seen_line
from han_core.viz.markup import background


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
    assert "hs-above" not in legend(Scale("", 1.0, False, "percent")).split("</style>")[1]
    assert "hs-above" in legend(Scale("", 1.0, True, "percent")).split("</style>")[1]


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
