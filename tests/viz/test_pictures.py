"""What the page Pictures shows: the map of patches as JSON, bars of each side, and verdicts."""

import base64
import json
import re

import numpy as np
import pytest

from han_core.data.pictures import Picture
from han_core.data.placement import Placement
from han_core.explanation.explanation import Explanation
from han_core.explanation.pictures import Alone, Deletion, PictureExplanation
from han_core.text.document import Document, Sentence, Span
from han_core.viz.pictures import (
    contribution_rows,
    evidence_rows,
    modality_sentence,
    picture_view,
    prediction_line,
    verdict_sentences,
)


def picture(shown: bytes = b"png") -> Picture:
    return Picture(np.zeros((16, 16, 3), np.uint8), Placement.fitted(40, 20, 1, 16), shown)


def explanation(weights=(0.25, 0.75), **alone) -> PictureExplanation:
    document = Document("red car", (Sentence((Span(0, 3), Span(4, 7))),), 7)
    text = Explanation(
        "1", document, ("<b>", "x"), np.array([0.8, 0.2]), np.ones(1), np.full(2, 0.5),
        np.ones(2, bool),
    )  # fmt: skip
    given = alone or {
        "both": Alone("<b>", 0.8), "text": Alone("<b>", 0.6), "image": Alone("x", 0.3)
    }  # fmt: skip
    share = None if weights is None else np.array(weights)
    return PictureExplanation(text, None, None, share, given)


def test_a_map_for_the_browser():
    values = np.array([[3.0, 0.0], [0.0, 1.0]])
    white = np.array([[False, True], [False, False]])
    view = picture_view(picture(), values, "attention", white)
    assert view["weights"] == [0.75, 0, 0, 0.25]
    assert view["strengths"] == [1, 0, 0, pytest.approx(1 / 3, abs=1e-4)]
    assert view["notes"] == ["75%", "0%", "0%", "25%"]
    assert view["place"] == [0, 0.25, 1, 0.75]
    assert view["white"] == [1]
    assert base64.b64decode(view["png"]) == b"png"
    json.dumps(view)


def test_even_attention_stays_pale_and_nothing_at_all_is_zero():
    assert picture_view(picture(), np.full((4, 4), 1 / 16), "a")["strengths"][0] < 0.5
    assert picture_view(picture(), np.zeros((4, 4)), "a")["strengths"] == [0] * 16
    with pytest.raises(ValueError, match="larger one to show"):
        picture_view(picture(b""), np.ones((2, 2)), "a")


def test_bars_of_each_side_are_escaped():
    rows = contribution_rows(explanation())
    assert "<b>" not in rows
    lengths = [float(length) for length in re.findall(r"--length:([\d.]+)%", rows)]
    assert lengths == [60, 30, 80]
    assert "Picture alone · predicts x" in rows
    assert "Text alone<" in rows
    one = contribution_rows(explanation(both=Alone("<b>", 0.8), text=Alone("<b>", 0.8)))
    assert "Picture" not in one


def test_sentences():
    assert modality_sentence(explanation()) == "Attention: 25% text, 75% picture."
    assert "no weights between the two" in modality_sentence(explanation(None))
    alone = explanation((1, 0), both=Alone("<b>", 0.8), text=Alone("<b>", 0.8))
    assert "only a text" in modality_sentence(alone)
    assert prediction_line(explanation()) == "<b> (80.0%)"


def test_verdicts_and_rows():
    words = Deletion(1, 0.5, np.full(20, 0.1))
    assert verdict_sentences("text", words) == (
        "The most attended words matter here",
        "1 word taken out. Without them the prediction changes more than without others.",
    )
    patches = Deletion(4, 0.001, np.zeros(20), 0.002)
    title, sentence = verdict_sentences("image", patches)
    assert title == "Attention over patches is decoration here"
    assert sentence.startswith("4 patches taken out.")
    assert evidence_rows("image", patches) == [
        {"Taken out": "Most attention", "Fall (points)": "0.1"},
        {"Taken out": "Highest Grad-CAM", "Fall (points)": "0.2"},
        {"Taken out": "Other patches, mean", "Fall (points)": "0.0"},
        {"Taken out": "Other patches, largest", "Fall (points)": "0.0"},
    ]
    assert len(evidence_rows("text", Deletion(1, 0.5, np.empty(0)))) == 1
