"""Two models on the page: the figures, what a click does to the filter, the ways on."""

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from han_core.analysis.filters import Filter
from han_core.analysis.model_pairs import Pair
from pages.errors import model_pairs, pair_sentences, selection
from tests.pages.errors_seen import context_of, draw
from tests.pages.seen import captions, english, hooks


@pytest.fixture
def store(make_store):
    """Twelve documents; beside the first model the second fixes 3, breaks 2, leaves 4 wrong."""
    return make_store(
        true=["pos"] * 12,
        predicted=["pos"] * 5 + ["neg"] * 7,
        other=["pos"] * 3 + ["neg"] * 2 + ["pos"] * 3 + ["neg"] * 4,
        texts=[f"A film, number {row}." for row in range(12)],
    )


def drawn(store, **conditions) -> AppTest:
    return draw("model_pairs", context_of(store, Filter(**conditions)))


def tiles(app: AppTest) -> dict[str, str]:
    return {tile.label: tile.value for tile in app.metric}


def test_the_figures_and_tests_of_both_models(store):
    app = drawn(store)
    assert tiles(app) == {
        "Documents": "12", "First: accuracy": "41.7%", "Second: accuracy": "50.0%",
        "Fixed − broken": "+1",
    }  # fmt: skip
    lines = "\n".join(line.value for line in app.markdown)
    assert "3 fixed and 2 broken" in lines
    assert "McNemar's test, exact: p\xa0=\xa01.000" in lines
    assert {"change-matrix", "class-changes", "pair-attention"} <= set(hooks(app))
    assert "5 documents with different predictions, and 7 with the same one" in captions(app)


def test_the_comparison_needs_all_four_cells_whatever_is_chosen_of_them(store):
    assert tiles(drawn(store, change="fixed"))["Documents"] == "12"
    few = drawn(store, change="fixed", outcome="wrong")
    assert tiles(few)["Documents"] == "7"
    assert "by the first model's results (right or wrong)" in captions(few)
    assert "first model's results" not in captions(drawn(store, true=("pos",)))


def test_one_model_and_no_document_say_so(store, make_store):
    app = drawn(make_store(true=["pos", "neg"]))
    assert [info.value for info in app.info] == [pair_sentences.NO_SECOND]
    app = drawn(store, contains="nowhere")
    assert "selects no document" in "\n".join(line.value for line in app.markdown)


def test_reading_a_document_goes_to_it(store):
    app = drawn(store)
    shown = app.dataframe[-2].value
    assert set(shown["change"]) == {"fixed", "broken"}
    app.button("pair_read").click().run()
    place = app.session_state["errors_place"]
    assert place.data == store.scores.manifest.data_sha256
    assert 3 <= place.row <= 7
    assert app.session_state["errors_view"] == "Documents"


@pytest.fixture
def session(monkeypatch):
    state: dict = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def click(session: dict, key: str, *data: str) -> Filter:
    points = [{"customdata": list(data)}] if data else []
    session[key] = {"selection": {"points": points}}
    clicks = {
        model_pairs.MATRIX: model_pairs._click_cell,
        model_pairs.CLASSES: model_pairs._click_bar,
    }
    clicks[key]()
    return selection.current()


def test_a_cell_filters_and_again_no_more(session):
    assert click(session, "pair_matrix", "fixed").change == "fixed"
    assert click(session, "pair_matrix", "broken").change == "broken"
    assert click(session, "pair_matrix", "broken").change is None
    assert click(session, "pair_matrix").change is None
    assert click(session, "pair_matrix", "no such change").change is None


def test_a_bar_filters_by_class_and_change(session):
    filter = click(session, "pair_classes", "pos", "fixed")
    assert (filter.true, filter.change) == (("pos",), "fixed")
    assert click(session, "pair_classes", "pos", "fixed") == Filter()


def test_sentences_by_hand():
    pair = Pair(fixed=70, broken=50, both_right=800, both_wrong=80, another=7)
    assert "+2.0 points (95% interval −0.2 to +4.2" in pair_sentences.accuracy_line(pair)
    mcnemar = pair_sentences.mcnemar_line(pair).replace("\xa0", " ")
    assert mcnemar.startswith("70 fixed and 50 broken.")
    assert "in 8 of 100" in mcnemar
    assert "with continuity correction: p = .083; mid-p = .069" in mcnemar
    assert "80 that both get wrong, 7" in pair_sentences.different_errors_line(pair)
    assert pair_sentences.different_errors_line(Pair(1, 1, 1, 1)) == ""
    assert "nothing to test" in pair_sentences.mcnemar_line(Pair(0, 0, 5, 5))
    assert "fewer than 1 of 1,000" in pair_sentences.mcnemar_line(Pair(100, 10, 5, 5))
    assert pair_sentences.tests_line(1) == "p is McNemar's."
    assert "20 classes are tested" in pair_sentences.tests_line(20)


def test_rows_are_told_apart_by_the_key_of_a_measurement(store):
    errors = context_of(store)
    keys = {
        model_pairs._key(errors, np.arange(rows), n) for rows, n in [(3, 100), (4, 100), (3, 500)]
    }
    assert len(keys) == 3


def test_the_way_to_compare_takes_both_checkpoints_and_the_text(store, session, monkeypatch):
    went: list[str] = []
    monkeypatch.setattr(st, "switch_page", went.append)
    model_pairs._compare(context_of(store, checkpoint="first", other="second"), 7)
    assert went == ["pages/2_Compare.py"]
    assert session["checkpoints"] == ["first", "second"]
    assert session["compared"] == "models"
    assert session["analysed"] == session["document"] == "A film, number 7."


def test_in_chinese(store):
    app = draw("model_pairs", context_of(store, Filter(outcome="wrong")), locale="zh")
    assert english(app) == []
    assert app.metric[0].label == "文档"
