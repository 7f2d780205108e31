"""The film's data: one scale, one palette, and what each moment says."""

import json

import numpy as np
import pytest

from han_core.analysis.film import Film, Frame
from han_core.explanation.explanation import entropy
from han_core.runtime.errors import UserError
from han_core.viz import film as figures
from han_core.viz.colour_scale import reading_scale
from han_core.viz.film import attention_film, entropy_curve, moment_name
from han_core.viz.heatmap import Colour, heatmap, longest_bar
from han_core.viz.markup import STEPS, background

SENTENCES = [["a", "dull", "film"], ["go", "home"]]
EVEN = ([0.5, 0.5], [1 / 3, 1 / 3, 1 / 3, 0.5, 0.5])
SHARP = ([0.9, 0.1], [0.05, 0.9, 0.05, 0.5, 0.5])
BETWEEN = ([0.7, 0.3], [0.2, 0.6, 0.2, 0.5, 0.5])


@pytest.fixture
def film(made) -> Film:
    """Three moments of one document, from even to gathered attention."""
    chances = ([0.5, 0.5], [0.4, 0.6], [0.04, 0.96])
    found = [
        made(SENTENCES, *weights, unknown=[2], probabilities=chance)
        for weights, chance in zip((EVEN, BETWEEN, SHARP), chances, strict=True)
    ]
    moments = ((0, 0, False), (64, 1, False), (100, 2, True))
    frames = [Frame(*moments_shown, (e,)) for moments_shown, e in zip(moments, found, strict=True)]
    return Film((found[0].document,), tuple(frames))


def test_every_moment_is_the_heatmap_of_its_explanation_on_one_scale(film):
    drawn = attention_film(film, 0)
    explanations = film.of(0)
    scale = reading_scale(explanations, "document")
    assert drawn.scale == scale
    assert scale.top == pytest.approx(0.81)
    for frame, explanation in zip(drawn.data["frames"], explanations, strict=True):
        colour = Colour(explanation.document_weights, scale)
        alone = heatmap(explanation, colour, longest_bar(explanations)).data
        shown = {**drawn.data["still"], **frame}
        for key in alone.keys() - {"palette", "colours"}:
            assert shown[key] == alone[key], key
        colours = [shown["palette"][at] for at in shown["colours"]]
        assert colours == [alone["palette"][at] for at in alone["colours"]]


def test_equal_weights_of_different_moments_have_one_colour(film):
    drawn = attention_film(film, 0).data
    palette, frames = drawn["still"]["palette"], drawn["frames"]
    assert len({tuple(colour) for colour in palette}) == len(palette)
    step = round(1 / 6 / 0.81 * STEPS)
    assert palette[frames[0]["colours"][0]][0] == background(step / STEPS, "light")
    assert palette[frames[2]["colours"][1]][0] == background(1, "light")  # the top of all moments
    assert frames[0]["sentences"]["bars"] == [0.5, 0.5]  # of the longest of all, or twice uniform
    assert frames[2]["sentences"]["bars"] == [0.9, 0.1]


def test_each_moment_says_where_it_stands_and_what_is_predicted(film):
    drawn = attention_film(film, 0, {1: 0.5, 2: 0.875})
    assert drawn.data["classes"] == ["negative", "positive"]
    moments_shown = [
        (
            f["step"],
            f["moment"],
            f["ends_epoch"],
            f["accuracy"],
            f["predicted"],
            f["first"],
            f["chances"],
        )
        for f in drawn.data["frames"]
    ]
    validated = "Validation accuracy {} after epoch {}."
    assert moments_shown == [
        (0, "Before the first step", False, "Not validated yet.", "negative", 0,
         [[50.0, "50.0%"], [50.0, "50.0%"]]),
        (64, "Step 64, in epoch 2", False, validated.format("50.0%", 1), "positive", 1,
         [[40.0, "40.0%"], [60.0, "60.0%"]]),
        (100, "After epoch 2, step 100", True, validated.format("87.5%", 2), "positive", 1,
         [[4.0, "4.0%"], [96.0, "96.0%"]]),
    ]  # fmt: skip


def test_an_accuracy_that_is_not_known_is_left_out(film):
    frames = attention_film(film, 0).data["frames"]
    assert [frame["accuracy"] for frame in frames] == ["Not validated yet.", "", ""]


def test_of_many_classes_six_are_shown_and_the_rest_share_a_bar(made):
    labels = [f"c{number}" for number in range(9)]
    first, last = np.full(9, 0.02), np.full(9, 0.01)
    first[8], last[3] = 0.84, 0.92
    found = [made([["x"]], labels=labels, probabilities=p.tolist()) for p in (first, last)]
    frames = tuple(Frame(step, 0, False, (e,)) for step, e in enumerate(found))
    drawn = attention_film(Film((found[0].document,), frames), 0).data
    assert drawn["classes"][:2] == ["c3", "c8"]
    assert drawn["classes"][6:] == ["3 others"]
    assert [frame["predicted"] for frame in drawn["frames"]] == ["c8", "c3"]
    assert [frame["first"] for frame in drawn["frames"]] == [1, 0]
    assert drawn["frames"][1]["chances"][0] == [92.0, "92.0%"]
    for frame in drawn["frames"]:
        assert sum(share for share, _ in frame["chances"]) == pytest.approx(100, abs=0.1)


def test_foreign_text_can_be_written(made):
    bad = made([["\ud800<b>"]], labels=("\0a", "b"), probabilities=(0.9, 0.1))
    drawn = attention_film(Film((bad.document,), (Frame(0, 0, False, (bad,)),)), 0).data
    assert json.dumps(drawn).encode()
    assert drawn["still"]["tokens"] == ["\ufffd<b>"]
    assert drawn["frames"][0]["predicted"] == drawn["classes"][0] == "\ufffda"


def test_too_many_moments_are_thinned_evenly_with_both_ends(film, monkeypatch):
    monkeypatch.setattr(figures, "MOST_SENT", 50)  # ten moments of five words
    explanation = film.of(0)[0]
    frames = tuple(Frame(step, 0, False, (explanation,)) for step in range(100))
    drawn = attention_film(Film(film.documents, frames), 0)
    steps = [frame["step"] for frame in drawn.data["frames"]]
    assert (len(steps), drawn.left_out) == (10, 90)
    assert (steps[0], steps[-1]) == (0, 99)
    assert set(np.diff(steps)) == {11}
    assert attention_film(film, 0).left_out == 0


def test_other_readings(film):
    drawn = attention_film(film, 0, reading="sentence")
    assert drawn.scale == reading_scale(film.of(0), "sentence")
    weights = [frame["weights"] for frame in drawn.data["frames"]]
    assert weights == [e.document_weights.tolist() for e in film.of(0)]


def test_without_a_moment_there_is_no_film():
    with pytest.raises(UserError, match="no film yet"):
        attention_film(Film((), ()), 0)


def test_entropy_falls_as_attention_gathers(film):
    figure = entropy_curve(film, 0)
    words, sentences = figure.data
    assert words.y == pytest.approx([entropy(e.document_weights) for e in film.of(0)])
    shares = np.array([0.7, 0.3])
    assert sentences.y[:2] == pytest.approx((1, -(shares * np.log2(shares)).sum()))
    assert list(words.y) == sorted(words.y, reverse=True)
    assert words.x == sentences.x == (0, 1, 2)
    assert [text[text.index(">") + 1 :].removesuffix("</span>") for text in
            figure.layout.xaxis.ticktext] == ["0", "64", "100"]  # fmt: skip
    assert moment_name(film.frames[1]) in words.hovertext[1]
    low, high = figure.layout.yaxis.range
    assert low < min(sentences.y) < 0.75
    assert high > 1


def test_what_has_one_part_has_no_curve(made):
    explanation = made([["one", "two"]])
    film = Film((explanation.document,), (Frame(0, 0, False, (explanation,)),))
    figure = entropy_curve(film, 0)
    assert [trace.y for trace in figure.data] == [(1.0,)]
    assert figure.layout.yaxis.range[0] == 0.75
