"""The list of documents: what it sends and takes, keys, and tags for many at once."""

import numpy as np
import pytest

from han_core.analysis.annotations.agreement import marks
from han_core.analysis.annotations.codebook import codebook, save_tag
from han_core.analysis.annotations.writing import add_tag, history
from han_core.analysis.document_table import read_document
from han_core.analysis.documents import content_hash
from han_core.analysis.filters import Filter, Marks
from han_core.runtime.errors import UserError
from pages.errors import bulk_tags, cached_scores, document_list, reading, selection
from pages.errors.document_list import SENT, Act, first_sent, tag_chips, valid_act
from tests.pages.errors_seen import context_of, draw, listed, put, read, table
from tests.pages.seen import act, components, hooks, marked, press


@pytest.fixture(autouse=True)
def _notes(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_NOTES", f"sqlite:///{tmp_path / 'notes.sqlite'}")


ORDER = np.array([7, 3, 5])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"do": "read", "at": 1, "row": 3, "from": 1}, Act("read", 1, 1)),
        ({"do": "select", "at": 2, "row": 5, "from": 0}, Act("select", 2, 0)),
        ({"do": "show", "at": 2}, Act("show", 2, 2)),
        ({"do": "read", "at": 1, "row": 7}, None),  # the list was another one
        ({"do": "read", "at": 3, "row": 7}, None),
        ({"do": "select", "at": 1, "row": 3, "from": -1}, None),
        ({"do": "select", "at": True, "row": 3}, None),
        ({"do": "select", "at": 1.0, "row": 3}, None),
        ({"do": "drop", "at": 1, "row": 3}, None),
        ({"do": ["read"], "at": 1, "row": 3}, None),
        ("read", None),
        (None, None),
    ],
)
def test_only_what_names_a_document_of_the_list_counts(value, expected):
    assert valid_act(value, ORDER) == expected


@pytest.mark.parametrize("at", [0, 5, 70, 99])
@pytest.mark.parametrize("of", [1, SENT, 100])
def test_the_rows_sent_hold_the_one_in_sight(at, of):
    at = min(at, of - 1)
    first = first_sent(at, of)
    assert 0 <= first <= at < first + SENT
    assert first == 0 or first + SENT <= of


def test_a_hundred_thousand_documents_send_sixty(make_store):
    store = make_store(true=["neg"] * 100_000, rows_a_part=50_000)
    order = np.arange(100_000)[::-1]
    now = selection.Position(int(order[70_000]), 70_000, True)
    data = document_list.list_data(context_of(store), order, now, ())
    assert (data["total"], data["at"], data["first"]) == (100_000, 70_000, 70_000 - SENT // 3)
    rows = [row["row"] for row in data["rows"]]
    assert rows == order[data["first"] : data["first"] + SENT].tolist()


def test_a_row_says_what_the_model_and_people_said(make_store):
    text = "so <b>bad</b>"
    store = make_store(
        true=["pos"], predicted=["neg"], confidence=[0.876], texts=[text], other=["pos"],
        attended=[["bad"]],
    )  # fmt: skip
    tags = Marks({"irony": frozenset({content_hash(text)}), "other": frozenset()})
    now = selection.Position(0, 0, True)
    data = document_list.list_data(context_of(store, marks=tags), np.array([0]), now, ())
    (row,) = data["rows"]
    assert (row["true"], row["predicted"], row["wrong"], row["other"]) == (
        "pos", "neg", True, "pos",
    )  # fmt: skip
    assert row["confidence"] == "88%"
    assert row["excerpt"] == [("so <b>", False), ("bad", True), ("</b>", False)]
    assert [name for name, _ in row["tags"]] == ["irony"]
    assert row["selected"] is False


def test_chips_stand_as_their_keys_lie_and_retired_ones_last():
    notes = cached_scores.notes()
    for name, key in (("b", "1"), ("a", "2"), ("never", "3")):
        save_tag(notes, name, "Anna", key=key, colour="#00ff00")
    tags = document_list.in_key_order(codebook(notes))
    given = Marks({"a": frozenset("x"), "gone": frozenset("x"), "b": frozenset("x")})
    chips = tag_chips(given, tags, "x")
    assert [name for name, _ in chips] == ["b", "a", "gone"]
    assert chips[0][1] == "#00ff00"
    assert tag_chips(given, tags, "y") == []


def test_the_list_stands_under_the_tables_hook_and_a_click_reads(errors):
    data = listed(errors)
    assert (data["total"], data["first"], data["at"]) == (88, 0, 0)
    assert read(errors) == data["rows"][0]["id"]
    row = data["rows"][4]["row"]
    act(errors, "errors_list", **{"do": "read", "at": 4, "row": row, "from": 4})
    assert read(errors) == data["rows"][4]["id"]
    assert listed(errors)["at"] == 4
    assert table(errors)["id"].tolist()[:50] == [row["id"] for row in data["rows"]][:50]
    assert "confusion-matrix" in hooks(errors)


def test_a_scroll_sends_other_rows_until_another_document_is_read(errors):
    act(errors, "errors_list", do="show", at=80)
    assert listed(errors)["first"] == 88 - SENT
    press(errors, "reading_keys", "next")
    assert listed(errors)["first"] == 0


def test_nothing_of_the_evidence_is_made_before_it_is_opened(errors):
    assert "evidence" not in hooks(errors)
    assert "nearest" not in hooks(errors)
    assert not [each for each in components(errors, "hanscope_keys") if "?" in each["keys"]]
    (keys,) = [each for each in components(errors, "hanscope_keys") if "j" in each["keys"]]
    assert keys["keys"].keys() == {"j", "k", "ArrowLeft", "ArrowRight", "u", "x"}
    assert keys["elements"].keys() == {"n", "?"}


def test_a_tag_takes_its_key_from_the_page(errors):
    save_tag(cached_scores.notes(), "unclear", "Anna", key="u")
    errors.text_input(key="analyst").set_value("Anna").run()
    page, tags = [{**each["keys"], **each["elements"]} for each in _keys(errors)]
    assert "u" not in page
    assert "n" in page
    assert tags == {"u": "unclear"}


def _keys(app) -> list[dict]:
    """The page's keys, then those of tags."""
    return sorted(components(app, "hanscope_keys"), key=lambda each: "j" not in each["keys"])


def test_answers_are_told_once_and_escaped(make_store):
    store = make_store(
        labels=["a", "b", "<c>", "d"], true=["<c>"], other=["<c>"],
        probabilities=[[0.6, 0.1, 0.25, 0.05]],
    )  # fmt: skip
    line = reading.answer_line(read_document(store, 0), store.labels)
    assert line.count("predicted") == 1
    assert '<strong data-testid="prediction">a</strong> 60.0%' in line
    assert "then &lt;c&gt; 25.0%, then b 10.0%" in line
    assert "<c>" not in line
    assert ">d<" not in line
    assert line.count("✗") == 1
    assert line.count("✓") == 1


def test_the_prediction_stands_on_the_page_once(errors):
    assert len([value for value, _ in marked(errors, "data-testid") if value == "prediction"]) == 1


@pytest.mark.parametrize(
    ("rows", "start", "expected"),
    [([], 0, 0), ([7], 0, 1), ([7], 3, 1), ([3], 1, 2), ([7, 3, 5], 0, None), ([9], 3, 0)],
)
def test_the_next_document_without(rows, start, expected):
    assert selection.next_without(ORDER, np.array(rows, dtype=int), start) == expected


def test_u_goes_to_the_next_document_without_a_tag_of_ones_own(errors):
    notes = cached_scores.notes()
    save_tag(notes, "irony", "Anna", key="1")
    errors.text_input(key="analyst").set_value("Ben").run()
    tag_next(errors)  # the second, by Ben
    errors.text_input(key="analyst").set_value("Anna").run()
    tag_next(errors)  # the third, by Anna
    errors.session_state[selection.PLACE] = None
    errors.run()
    press(errors, "reading_keys", "untagged")
    assert listed(errors)["at"] == 1  # Ben's tag is not hers
    press(errors, "reading_keys", "untagged")
    assert listed(errors)["at"] == 3
    errors.text_input(key="analyst").set_value("").run()
    errors.session_state[selection.PLACE] = None
    errors.run()
    press(errors, "reading_keys", "untagged")
    assert listed(errors)["at"] == 3  # without a name, anybody's tag counts


def tag_next(app) -> None:
    press(app, "reading_keys", "next")
    press(app, "coding_keys", "irony")


def bar(store, filter: Filter | None = None, analyst: str = "Anna", rows=(), **state):
    errors = context_of(store, filter, analyst=analyst)
    selected = {errors.data: np.array(rows, dtype=np.int64)}
    return draw_bar(errors, {bulk_tags.SELECTED: selected, **state})


def draw_bar(errors, state):
    return draw("bulk_tags", errors, errors.rows, **state)


def test_many_are_tagged_at_once_and_it_is_undone(make_store):
    notes = cached_scores.notes()
    for name in ("irony", "negation"):
        save_tag(notes, name, "Anna")
    store = make_store(texts=["one", "two", "three", "two"])
    contents = store.documents.contents(np.arange(4))
    add_tag(notes, contents[0], "irony", "Anna")
    app = bar(store, rows=[0, 1, 3])
    assert "**3 selected**" in [each.value for each in app.markdown]
    app.selectbox(key="bulk_tag").set_value("irony").run()
    app.button(key="bulk_add").click().run()
    assert marks(notes).tagged["irony"] == set(contents[:2])
    assert any(each.value == "irony added to 1 document" for each in app.markdown)
    assert len(history(notes, contents[1])) == 1
    app.button(key="bulk_undo").click().run()
    assert marks(notes).tagged["irony"] == {contents[0]}
    assert not [each for each in app.button if each.key == "bulk_undo"]
    app.button(key="bulk_remove").click().run()
    assert not marks(notes).tagged
    app.button(key="bulk_undo").click().run()
    assert marks(notes).tagged["irony"] == {contents[0]}


def test_selecting(make_store):
    store = make_store(true=["neg", "pos", "neg"], predicted=["neg", "neg", "pos"])
    app = bar(store, Filter(outcome="wrong"), rows=[0])
    assert "**1 selected** (1 outside the filter)" in [each.value for each in app.markdown]
    assert app.button(key="bulk_all").label == "Select all 2"
    app.button(key="bulk_all").click().run()
    assert "**3 selected** (1 outside the filter)" in [each.value for each in app.markdown]
    app.button(key="bulk_none").click().run()
    assert not app.markdown


def test_without_a_name_or_a_tag_it_is_said_what_is_missing(make_store):
    store = make_store(texts=["one"])
    assert "Enter your name" in bar(store, analyst="", rows=[0]).info[0].value
    assert "no tag yet" in bar(store, rows=[0]).info[0].value


def test_a_database_that_fails_is_said_and_loses_no_selection(make_store, monkeypatch):
    notes = cached_scores.notes()
    save_tag(notes, "irony", "Anna")
    app = bar(make_store(texts=["one"]), rows=[0])
    monkeypatch.setattr(bulk_tags, "tag_documents", _full)
    app.button(key="bulk_add").click().run()
    assert "is full" in app.error[0].value
    assert "**1 selected**" in [each.value for each in app.markdown]


def _full(*_):
    raise UserError("The disk is full.")


def test_boxes_and_x_select_also_from_one_to_another(errors):
    rows = [row["row"] for row in listed(errors)["rows"]]
    act(errors, "errors_list", **{"do": "select", "at": 1, "row": rows[1], "from": 1})
    act(errors, "errors_list", **{"do": "select", "at": 4, "row": rows[4], "from": 2})
    press(errors, "reading_keys", "select")
    selected = [at for at, row in enumerate(listed(errors)["rows"]) if row["selected"]]
    assert selected == [0, 1, 2, 3, 4]
    press(errors, "reading_keys", "select")
    act(errors, "errors_list", **{"do": "select", "at": 3, "row": rows[3], "from": 2})
    selected = [at for at, row in enumerate(listed(errors)["rows"]) if row["selected"]]
    assert selected == [1, 4]
    put(errors, outcome="right")
    assert any("2 outside the filter" in each.value for each in errors.markdown)


def test_a_key_that_tags_goes_on_where_that_is_wanted(errors):
    notes = cached_scores.notes()
    save_tag(notes, "irony", "Anna", key="1")
    errors.text_input(key="analyst").set_value("Anna").run()
    press(errors, "coding_keys", "irony")
    assert listed(errors)["at"] == 0
    press(errors, "coding_keys", "irony")
    errors.toggle(key="coding_go_on").set_value(True).run()
    press(errors, "coding_keys", "irony")
    assert listed(errors)["at"] == 1
    assert listed(errors)["rows"][0]["tags"][0][0] == "irony"
    press(errors, "reading_keys", "previous")
    press(errors, "coding_keys", "irony")  # it removes, and stays
    assert listed(errors)["at"] == 0
    assert listed(errors)["rows"][0]["tags"] == []
