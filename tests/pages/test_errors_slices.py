"""The view Slices, drawn for a store made by hand."""

import pytest
from streamlit.testing.v1 import AppTest

from han_core.analysis.filters import Filter, Range
from han_core.analysis.slices import save_slice, saved_slices
from pages.errors import cached_scores, selection
from pages.errors.slices import PRESENT, WHOLE
from tests.pages.errors_seen import context_of, draw
from tests.pages.seen import english, hooks


@pytest.fixture
def store(class_store, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    return class_store


def save_slices(store) -> str:
    data = store.scores.manifest.data_sha256
    for name, filter in (
        ("short", Filter(tokens=Range(high=6))),
        ("gone class", Filter(true=("zebra",))),
    ):
        save_slice(cached_scores.notes(), data, name, filter.model_dump_json(), "Ben")
    save_slice(cached_scores.notes(), data, "strange", '{"nonsense": 1}', "Ben")
    return data


def test_slices_stand_beside_the_whole_and_the_filter_that_holds(store):
    save_slices(store)
    app = draw("slices", context_of(store, Filter(outcome="wrong")))
    table = app.dataframe(key="slices_table").value.set_index("slice")
    assert table.index.tolist() == [WHOLE, PRESENT, "gone class", "short", "strange"]
    assert table.loc[WHOLE, "accuracy"] == pytest.approx(70)
    assert table.loc["short", "accuracy"] == pytest.approx(100 * 4 / 6)
    assert table.loc["short", "apart"] == pytest.approx(100 * (4 / 6 - 3 / 4))
    assert table.loc["short", "second"] == 100
    assert table.loc[PRESENT, "accuracy"] == 0
    assert "zebra" in table.loc["gone class", "filter"]
    assert "cannot read" in table.loc["strange", "filter"]
    assert "slices-figure" in hooks(app)


def test_without_a_slice_the_page_says_how_to_save_one(store):
    app = draw("slices", context_of(store))
    assert "No slice" in app.info[0].value
    assert len(app.dataframe(key="slices_table").value) == 1


def chosen(store, rows: list[int], analyst="Ana") -> AppTest:
    selected = {"selection": {"rows": rows, "columns": []}}
    return draw("slices", context_of(store, analyst=analyst), slices_table=selected)


def test_a_slice_is_opened(store):
    save_slices(store)
    app = chosen(store, [2])
    app.button(key="slices_open").click().run()
    assert app.session_state[selection.FILTER] == Filter(tokens=Range(high=6))


def test_slices_are_deleted_by_somebody_with_a_name(store):
    data = save_slices(store)
    assert chosen(store, [1, 2], analyst="").button(key="slices_delete").disabled
    app = chosen(store, [1, 2])
    assert "2 slices" in app.button(key="slices_delete").label
    app.button(key="slices_delete").click().run()
    assert [slice.name for slice in saved_slices(cached_scores.notes(), data)] == ["strange"]


def test_two_chosen_lines_are_compared(store):
    save_slices(store)
    lines = " ".join(each.value for each in chosen(store, [0, 2]).markdown)
    assert r"**All documents** and **short** have 6 documents in common" in lines
    assert "**+3.3** points" in lines


def test_in_chinese(store):
    app = draw("slices", context_of(store, Filter(outcome="wrong")), locale="zh",
               slices_table={"selection": {"rows": [0, 1]}})  # fmt: skip
    assert english(app) == []
    assert any("篇共同的文档" in one.value for one in app.markdown)
