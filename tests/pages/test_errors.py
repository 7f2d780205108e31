"""The page Errors: scored documents as a list that is filtered, ordered and read."""

import pytest

from han_core.analysis.filters import Filter, Range
from pages.errors import selection
from tests.pages.errors_seen import chips, left, put, read, table
from tests.pages.seen import captions, hooks, predicted, press, tokens


@pytest.fixture(autouse=True)
def _notes(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_NOTES", f"sqlite:///{tmp_path / 'notes.sqlite'}")


def test_the_surest_wrong_answer_stands_first_and_is_read(errors):
    rows = table(errors)
    assert left(errors).startswith("**88 documents** · accuracy")
    assert len(rows) == 50
    assert rows["wrong"].is_monotonic_decreasing
    assert rows[rows["wrong"]]["confidence"].is_monotonic_decreasing
    assert read(errors) == rows.iloc[0]["id"]
    assert predicted(errors) == [rows.iloc[0]["predicted"]]
    assert hooks(errors).count("word-heatmap") == 1
    assert "confusion-matrix" in hooks(errors)


def test_a_filter_holds_in_every_view_and_chips_go_one_by_one(errors):
    put(errors, true=("negative",), predicted=("positive",), confidence=Range(low=0.5))
    assert {*zip(table(errors)["true"], table(errors)["predicted"], strict=True)} == {
        ("negative", "positive")
    }
    line = left(errors)
    for view in ("Slices", "Attention", "Labels", "Two models", "Codebook", "Take away"):
        errors.session_state["errors_view"] = view
        errors.run()
        assert not errors.exception
        assert not errors.error
        assert (left(errors), len(chips(errors))) == (line, 3)
    errors.session_state["errors_view"] = "Documents"
    errors.run()
    errors.button(key="chip_1").click().run()
    assert len(chips(errors)) == 2
    assert set(table(errors)["true"]) == {"negative"}
    errors.button(key="clear_filter").click().run()
    assert left(errors).startswith("**88 documents**")
    assert not chips(errors)


def test_conditions_are_set_by_hand_and_follow_the_filter(errors):
    errors.text_input(key="filter_contains").set_value("THE").run()
    assert chips(errors) == ["contains “THE”"]
    errors.selectbox(key="filter_field").set_value("confidence").run()
    errors.number_input(key="filter_confidence_low").set_value(0.51).run()
    errors.selectbox(key="filter_field").set_value("true").run()
    errors.multiselect(key="filter_true").set_value(["positive"]).run()
    assert errors.session_state[selection.FILTER] == Filter(
        true=("positive",), contains="THE", confidence=Range(low=0.51)
    )
    assert (table(errors)["confidence"] >= 0.51).all()
    errors.button(key="clear_filter").click().run()
    assert errors.multiselect(key="filter_true").value == []
    assert errors.text_input(key="filter_contains").value == ""


@pytest.mark.parametrize("field", ["outcome", "annotated"])
def test_one_of_two(errors, field):
    errors.selectbox(key="filter_field").set_value(field).run()
    value = {"outcome": "wrong", "annotated": False}[field]
    errors.get_by_key(f"filter_{field}").set_value(value).run()
    assert getattr(errors.session_state[selection.FILTER], field) == value


def test_values_of_the_datas_own_columns(errors):
    errors.selectbox(key="filter_field").set_value("columns").run()
    errors.selectbox(key="filter_column").set_value("topic").run()
    errors.multiselect(key="filter_values").set_value(["film"]).run()
    assert set(table(errors)["topic"]) == {"film"}


def test_a_range_that_ends_before_it_begins_is_said(errors):
    put(errors, loss=Range(low=1.0))
    errors.selectbox(key="filter_field").set_value("loss").run()
    errors.number_input(key="filter_loss_high").set_value(0.5).run()
    assert "from low to high" in errors.warning[0].value
    assert errors.session_state[selection.FILTER] == Filter(loss=Range(low=1.0))


def test_a_broken_regular_expression_leaves_the_page_as_it_was(errors):
    put(errors, outcome="wrong")
    wrong = len(table(errors))
    errors.selectbox(key="filter_field").set_value("pattern").run()
    errors.text_input(key="filter_pattern").set_value("(never closed").run()
    assert len(errors.error) == 1
    assert "(never closed" in errors.error[0].value.replace("\\", "")
    assert errors.text_input(key="filter_pattern").value == "(never closed"
    assert len(table(errors)) == wrong
    errors.text_input(key="filter_pattern").set_value("film").run()
    assert not errors.error
    assert 0 < len(table(errors)) < wrong


def test_nothing_left(errors):
    put(errors, contains="no document says this")
    assert "remove a condition" in errors.info[0].value
    errors.button(key="clear_filter").click().run()
    assert len(table(errors)) == 50


def test_keys_go_on_and_back(errors):
    order = table(errors)["id"].tolist()
    press(errors, "reading_keys", "next")
    assert read(errors) == order[1]
    press(errors, "reading_keys", "next")
    press(errors, "reading_keys", "previous")
    assert read(errors) == order[1]
    press(errors, "reading_keys", "delete everything")
    assert read(errors) == order[1]
    errors.button(key="next_error").click().run()
    assert read(errors) == order[2]
    put(errors, outcome="wrong")
    assert read(errors) == order[2]


def test_the_table_turns_its_page_with_the_reader(errors):
    first = table(errors)["id"].tolist()
    errors.session_state[selection.PLACE] = None
    errors.session_state[selection.PAGE] = 1
    errors.run()
    second = table(errors)["id"].tolist()
    assert (len(second), set(first) & set(second)) == (38, set())
    assert read(errors) == first[0]
    press(errors, "reading_keys", "next")
    assert table(errors)["id"].tolist() == first


def test_orders(errors):
    errors.selectbox(key="errors_order").set_value(("tokens", True)).run()
    assert table(errors)["tokens"].is_monotonic_decreasing
    errors.selectbox(key="errors_order").set_value(("topic", False)).run()
    assert table(errors)["topic"].is_monotonic_increasing


def test_two_models(errors):
    errors.selectbox(key="beside").set_value("small-bilstm").run()
    assert not errors.error
    assert set(table(errors)["other"]) <= {"negative", "positive"}
    put(errors, change="broken")
    rows = table(errors)
    assert not rows["wrong"].any()
    assert (rows["other"] != rows["true"]).all()
    errors.selectbox(key="beside").set_value(None).run()
    assert "second model" in errors.error[0].value


def test_scores_outlive_their_checkpoint(errors, root):
    weights = [weight for _, weight in tokens(errors)]
    (root / "small-han").rename(root.parent / "elsewhere")
    errors.run()
    gone = next(o for o in errors.selectbox(key="checkpoint").options if "deleted" in o)
    errors.selectbox(key="checkpoint").select_index(
        errors.selectbox(key="checkpoint").options.index(gone)
    ).run()
    assert not errors.exception
    assert any("was deleted" in warning.value for warning in errors.warning)
    assert [weight for _, weight in tokens(errors)] == pytest.approx(weights, abs=0.01)
    assert "as it was stored" in captions(errors)


def test_notes_that_cannot_be_read_take_nothing_else_away(errors, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("HANSCOPE_NOTES", f"sqlite:///{tmp_path / 'file' / 'notes.sqlite'}")
    errors.run()
    assert errors.error
    assert not errors.exception
    assert len(table(errors)) == 50
    assert tokens(errors)


def test_the_filter_and_the_document_stay_while_other_pages_are_visited(errors):
    put(errors, outcome="wrong")
    press(errors, "reading_keys", "next")
    before = read(errors)
    errors.switch_page("pages/1_Explore.py").run()
    errors.switch_page("pages/3_Errors.py").run()
    assert (chips(errors), read(errors)) == (["wrong"], before)
