"""The ways in and the view Slices, drawn for a store made by hand."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from han_core.analysis.filters import Filter, Marks, Range
from han_core.analysis.query import select
from han_core.analysis.slices import save_slice, saved_slices
from pages.errors import cached_scores, charts, cross_filter, sentences
from pages.errors.context import ErrorsContext
from pages.errors.slices import PRESENT, WHOLE
from tests.analysis.conftest import make_store  # noqa: F401
from tests.pages.seen import captions, hooks
from tests.processes import PATIENCE

TRUE = ["a", "a", "a", "b", "b", "b", "c", "c", "c", "c"]
PREDICTED = ["a", "a", "b", "b", "b", "a", "c", "c", "c", "a"]


def ways_page(bench):
    from pages.errors import charts
    from pages.shared import page as kept

    kept.start_visit("Errors")
    charts.panel(bench)


def slices_page(bench):
    from pages.errors import slices
    from pages.shared import page as kept

    kept.start_visit("Errors")
    slices.panel(bench)


@pytest.fixture
def store(make_store, tmp_path, monkeypatch):  # noqa: F811
    made = make_store(
        true=TRUE, predicted=PREDICTED, other=TRUE, labels="abc", tokens=range(1, 11),
        confidence=[0.5 + at / 20 for at in range(10)],
    )  # fmt: skip
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    return made


def bench(store, analyst="Ana", **conditions):
    filter = Filter(**conditions)
    rows = select(store, filter, Marks())
    outcomes = store.outcomes.take(rows)
    return ErrorsContext(None, None, "cpu", store, Marks(), filter, rows, outcomes, analyst)


def run(page, of) -> AppTest:
    app = AppTest.from_function(page, kwargs={"bench": of}, default_timeout=PATIENCE).run()
    assert not app.exception
    return app


def chart(app: AppTest) -> dict:
    (found,) = app.get("plotly_chart")
    return json.loads(found.proto.spec)


def written(app: AppTest) -> list[str]:
    notes = chart(app)["layout"]["annotations"]
    return [note["text"].split(">")[1].split("<")[0] for note in notes]


def test_the_matrix_and_the_list_of_confusions(store):
    app = run(ways_page, bench(store))
    assert "confusion-matrix" in hooks(app)
    assert written(app) == ["2", "1", "0", "1", "2", "0", "1", "0", "3"]
    listed = app.dataframe(key=charts.LIST).value
    assert set(zip(listed["true"], listed["predicted"], strict=True)) == {
        ("a", "b"), ("b", "a"), ("c", "a")
    }  # fmt: skip
    app.segmented_control(key=charts.CELLS).set_value("true").run()
    assert written(app)[0] == "66.7%"


def test_the_matrix_shows_all_cells_of_the_other_conditions_and_frames_its_own(store):
    app = run(ways_page, bench(store, true=("a",), predicted=("b",), tokens=Range(high=6)))
    assert written(app) == ["2", "1", "0", "1", "2", "0", "0", "0", "0"]
    assert len(chart(app)["layout"]["shapes"]) == 1
    assert app.dataframe(key=charts.LIST).value.iloc[0]["true"] == "a"


@pytest.mark.parametrize(
    ("way", "hook"),
    [
        ("classes", "class-scores"),
        ("calibration", "reliability"),
        ("length", "by-length"),
        ("confidence", "by-confidence"),
    ],
)
def test_every_other_way_in_is_drawn_for_many_some_and_no_document(store, way, hook):
    for conditions in ({}, {"outcome": "wrong"}, {"loss": Range(low=99)}):
        app = AppTest.from_function(
            ways_page, kwargs={"bench": bench(store, **conditions)}, default_timeout=PATIENCE
        )
        app.session_state[charts.CHART] = way
        app.run()
        assert not app.exception
        assert hook in hooks(app)
        marked = way != "matrix" and conditions == {"outcome": "wrong"}
        assert (sentences.OWN_CONDITION in captions(app)) == marked


def test_what_was_drawn_is_kept_until_something_that_decides_it_changes(store, monkeypatch):
    session: dict = {}
    monkeypatch.setattr(cross_filter.st, "session_state", session)
    counted = []
    make = lambda of: counted.append(len(of)) or len(of)  # noqa: E731
    for of, own in (
        (bench(store), ()),
        (bench(store), ()),
        (bench(store, outcome="wrong"), ()),
        (bench(store, outcome="wrong"), ("outcome",)),
    ):
        assert cross_filter.cached_figure(of, own, ("x",), make) in (10, 3)
    assert counted == [10, 3, 10]


def kept_slices(store) -> str:
    data = store.scores.manifest.data_sha256
    for name, filter in (
        ("short", Filter(tokens=Range(high=6))),
        ("gone class", Filter(true=("zebra",))),
    ):
        save_slice(cached_scores.notes(), data, name, filter.model_dump_json(), "Ben")
    save_slice(cached_scores.notes(), data, "strange", '{"nonsense": 1}', "Ben")
    return data


def test_slices_stand_beside_the_whole_and_the_filter_that_holds(store):
    kept_slices(store)
    app = run(slices_page, bench(store, outcome="wrong"))
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
    app = run(slices_page, bench(store))
    assert "No slice" in app.info[0].value
    assert len(app.dataframe(key="slices_table").value) == 1


def chosen(store, rows: list[int], analyst="Ana") -> AppTest:
    app = AppTest.from_function(
        slices_page, kwargs={"bench": bench(store, analyst)}, default_timeout=PATIENCE
    )
    app.session_state["slices_table"] = {"selection": {"rows": rows, "columns": []}}
    return app.run()


def test_a_slice_is_opened(store):
    kept_slices(store)
    app = chosen(store, [2])
    app.button(key="slices_open").click().run()
    assert app.session_state[cross_filter.FILTER] == Filter(tokens=Range(high=6))


def test_slices_are_deleted_by_somebody_with_a_name(store):
    data = kept_slices(store)
    assert chosen(store, [1, 2], analyst="").button(key="slices_delete").disabled
    app = chosen(store, [1, 2])
    assert "2 slices" in app.button(key="slices_delete").label
    app.button(key="slices_delete").click().run()
    assert [slice.name for slice in saved_slices(cached_scores.notes(), data)] == ["strange"]


def test_two_chosen_lines_are_compared(store):
    kept_slices(store)
    said = " ".join(each.value for each in chosen(store, [0, 2]).markdown)
    assert r"**All documents** and **short** have 6 documents in common" in said
    assert "**+3.3** points" in said
