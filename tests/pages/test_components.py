"""The component's Python side: what a browser sends reaches the page, or does not."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.components import valid_act, valid_candidate
from tests.pages.seen import act, heatmaps

DATA = {
    "starts": [0, 2, 7, 13],
    "ends": [1, 6, 11, 15],
    "sentences": {"firsts": [0, 3]},
    "out": [[1, "really", "a"]],
}


def asked(do, start=None, end=None, id=None):
    return {"do": do, "start": start, "end": end, "id": id}


@pytest.mark.parametrize(
    "sent",
    [
        asked("word", 2, 6),
        asked("word", 13, 15),
        asked("sentence", 0, 11),
        asked("sentence", 13, 15),
        asked("back", id="a"),
    ],
)
def test_what_was_drawn_can_be_asked_for(sent):
    assert valid_act(sent, DATA) == sent


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "word",
        [],
        {},
        {"do": "word", "start": 2, "end": 6},
        asked("word", 2, 6) | {"more": 1},
        asked("word", 2, 7),
        asked("word", 2.0, 6),
        asked("word", True, 6),
        asked("word", "2", "6"),
        asked("word", 2, 6, "a"),
        asked("word", [], {}),
        asked("word"),
        asked("sentence", 0, 15),
        asked("back", id="b"),
        asked("back", 2, 6, "a"),
        asked("back", id=["a"]),
        asked("run", 2, 6),
        asked(["word"], 2, 6),
    ],
    ids=repr,
)
def test_nothing_else_is_accepted(sent):
    assert valid_act(sent, DATA) is None


def script():
    import numpy as np
    import streamlit as st

    from han_core.explanation.explanation import Explanation
    from han_core.text.document import Document, Sentence, Span
    from han_core.viz.colour_scale import reading_scale
    from han_core.viz.heatmap import Colour, heatmap
    from pages.shared.components import draw

    document = Document("A dull film", (Sentence((Span(0, 1), Span(2, 6), Span(7, 11))),), 11)
    weights = np.array([0.1, 0.8, 0.1])
    explanation = Explanation(
        "1", document, ("n", "p"), np.array([0.5, 0.5]), np.ones(1), weights, weights > 0
    )
    drawn = heatmap(explanation, Colour(weights, reading_scale([explanation], "document")))
    draw(drawn, key="still")
    draw(drawn, key="live", on_act=lambda asked: st.session_state.update(asked=asked))
    st.session_state.setdefault("asked", None)


def test_a_click_reaches_the_page_before_it_runs():
    app = AppTest.from_function(script).run()
    assert [data["interactive"] for data in heatmaps(app)] == [False, True]
    act(app, "live", **asked("word", 2, 6))
    assert app.session_state["asked"] == asked("word", 2, 6)
    act(app, "live", **asked("word", 2, 99))
    assert app.session_state["asked"] == asked("word", 2, 6)
    assert not app.exception


def test_a_heatmap_without_anybody_to_call_hears_nothing():
    app = AppTest.from_function(script).run()
    act(app, "still", **asked("word", 2, 6))
    assert app.session_state["asked"] is None
    assert not app.exception


STEPS = {"steps": [[{"word": "a"}, {"word": "b"}], [{"word": "c"}]]}


def chosen(step, candidate):
    return {"do": "candidate", "step": step, "candidate": candidate}


def test_a_candidate_that_was_drawn_can_be_chosen():
    assert valid_candidate(chosen(0, 1), STEPS) == (0, 1)
    assert valid_candidate(chosen(1, 0), STEPS) == (1, 0)


@pytest.mark.parametrize(
    "sent",
    [None, {}, chosen(1, 1), chosen(2, 0), chosen(-1, 0), chosen(0, -1), chosen(True, 0),
     chosen(0, 1.0), chosen("0", 0), {"do": "candidate"}, {**chosen(0, 0), "do": "patch"}],
    ids=repr,
)  # fmt: skip
def test_no_other_candidate_is_accepted(sent):
    assert valid_candidate(sent, STEPS) is None
