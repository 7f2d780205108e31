"""Weak slices in the view Slices, drawn for a store made by hand."""

import pytest

from han_core.analysis import document_map
from han_core.analysis.filters import Filter
from han_core.analysis.weak_slices import WeakSlices
from pages.errors.weak_slices import FOUND, TABLE, found_line
from tests.pages.errors_seen import context_of, draw
from tests.pages.seen import english, hooks

FOOD = Filter(columns=(("topic", "food"),))


@pytest.fixture
def store(make_store, tmp_path, monkeypatch):
    """Eighty documents; those about food are mostly wrong."""
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    topics = ["food", "room", "staff", "price"] * 20
    wrong = [topic == "food" and row % 20 > 0 for row, topic in enumerate(topics)]
    return make_store(
        true=["neg"] * 80, predicted=["pos" if one else "neg" for one in wrong],
        columns={"topic": topics},
    )  # fmt: skip


def test_a_planted_slice_stands_and_is_selected_while_it_is_the_filter(store):
    app = draw("weak_slices", context_of(store))
    assert "weak-slices" in hooks(app)
    table = app.dataframe(key=TABLE).value
    assert table.loc[0, "slice"] == "topic: food"
    assert (table.loc[0, "documents"], table.loc[0, "there"]) == (20, 80)
    assert any("**1** stands after the correction" in one.value for one in app.markdown)
    assert app.session_state[FOUND][1].slices[0].filter == FOOD
    assert app.session_state[TABLE]["selection"]["rows"] == []
    app = draw("weak_slices", context_of(store, FOOD))
    assert app.session_state[TABLE]["selection"]["rows"] == [0]


def test_many_documents_wait_for_the_button(store, monkeypatch):
    monkeypatch.setattr(document_map, "FEW_DOCUMENTS", 10)
    app = draw("weak_slices", context_of(store))
    assert not app.dataframe
    app.button(key="find_weak_slices").click().run()
    assert len(app.dataframe(key=TABLE).value) > 0
    app.run()
    assert len(app.dataframe(key=TABLE).value) > 0


def test_another_smallest_size_is_another_search(store):
    app = draw("weak_slices", context_of(store))
    assert app.dataframe(key=TABLE).value["documents"].min() >= 20
    app.number_input(key="weak_slices_size").set_value(40).run()
    assert not app.dataframe


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (WeakSlices((), 0, 0, 9, 9), "No part of these documents is large enough to be tried."),
        (
            WeakSlices((), 1, 1, 9, 9),
            "**1 slice** tried; **1** stands after the correction (adjusted p at most 0.05).",
        ),
        (
            WeakSlices((), 1_200, 0, 10, 90),
            "**1,200 slices** tried, in a random sample of 10 of 90 documents; **0** stand after "
            "the correction (adjusted p at most 0.05), so what is listed may be chance.",
        ),
    ],
)
def test_what_was_found_in_a_sentence(found, expected):
    assert found_line(found) == expected


def test_in_chinese_and_english_again(store):
    app = draw("weak_slices", context_of(store), locale="zh")
    assert english(app) == []
    assert app.dataframe(key=TABLE).value.loc[0, "slice"] == "topic：food"
    app.session_state["locale"] = "en"
    assert app.run().dataframe(key=TABLE).value.loc[0, "slice"] == "topic: food"
