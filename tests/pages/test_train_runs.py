"""Runs on the page Train: filter, tags and notes, training again, and sweeps."""

from contextlib import suppress
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from han_core.runtime.errors import UserError
from han_core.training.runs import manage
from han_core.training.runs.manage import runs, stop, view
from han_core.training.runs.plan import new_folder
from pages.train import run_list, training_curves  # noqa: F401
from tests.pages.seen import captions, english
from tests.pages.test_train import (  # noqa: F401
    REVIEWS,
    line,
    look_at,
    made,
    own_data,
    send,
    train,
)
from tests.processes import PATIENCE, wait_for_children


def names(app) -> set[str]:
    return set(app.dataframe[0].value["name"])


def test_the_table_is_filtered_by_words_and_status(train):  # noqa: F811
    look_at(train, made("one"), made("two", model="bilstm"))
    assert names(train) == {"one", "two"}
    train.text_input(key="runs_words").set_value("bilstm").run()
    assert names(train) == {"two"}
    train.text_input(key="runs_words").set_value("").run()
    train.multiselect(key="runs_statuses").set_value(["failed"]).run()
    assert train.info[0].value == "No run fits the filter."
    assert not train.exception
    assert train.header[0].value == "2 runs"  # still looked at


def test_tags_and_a_note_are_kept_with_the_run(train):  # noqa: F811
    id = made("one")
    look_at(train, id)
    train.text_input(key=f"run_tags_{id}").set_value("good, <i>odd</i>")
    train.text_area(key=f"run_note_{id}").set_value("better than before")
    train.button(key="run_annotate").click().run()
    assert not train.exception
    assert view(id).notes.tags == ("good", "<i>odd</i>")
    assert view(id).notes.note == "better than before"
    train.text_input(key=f"run_tags_{id}").set_value("x" * 41)
    train.button(key="run_annotate").click().run()
    assert "at most 40 characters" in train.warning[0].value
    assert view(id).notes.tags == ("good", "<i>odd</i>")


def test_a_run_is_trained_again_with_its_settings(train):  # noqa: F811
    settings = {"epochs": 3, "seed": 7, "learning_rate": 0.02}
    id = made("one", settings=settings, sizes={"hidden": 9}, model="bilstm", attention="dot")
    look_at(train, id)
    train.button(key="run_again").click().run()
    assert not train.exception
    assert train.segmented_control(key="train_view").value == run_list.NEW
    assert train.segmented_control(key="train_model").value == "bilstm"
    assert train.selectbox(key="train_attention").value == "dot"
    assert train.number_input(key="set_hidden").value == 9
    assert [train.number_input(key=f"set_{name}").value for name in settings] == [3, 7, 0.02]
    train.button(key="train_start").click().run()
    newest = runs()[0]
    with suppress(UserError):  # three passes over a few texts may be over
        stop(newest.id)
    wait_for_children(newest.id)  # on a busy machine it takes long to begin, and to end
    old = view(id).plan
    assert newest.plan.model_copy(update={"name": "", "watched": ()}).parsed() == old.parsed()
    assert newest.plan.model == "bilstm"


def test_the_file_of_a_run_is_there_again(train, open_page):  # noqa: F811
    send(train, REVIEWS)
    train.slider(key="train_test").set_value(10).run()
    train.button(key="train_start").click().run()
    (run,) = runs()
    stop(run.id)
    fresh = look_at(open_page("4_Train"), run.id)
    fresh.button(key="run_again").click().run()
    assert not fresh.exception
    assert not fresh.error
    assert "28 for training, 8 for validation, 4 for test" in captions(fresh)
    assert fresh.selectbox(key="train_text_column").value == "review"


def test_a_sweep_is_queued_and_shown_with_its_mean(train, monkeypatch):  # noqa: F811
    monkeypatch.setattr(manage, "start", lambda plan: new_folder(plan).name)
    train.number_input(key="sweep_seeds").set_value(2)
    train.number_input(key="sweep_rate").set_value(0.001).run()
    assert train.button(key="sweep_start").label == "Start 4 runs"
    train.button(key="sweep_start").click().run()
    assert not train.exception
    assert len(runs()) == 4
    assert train.header[0].value == "4 runs"
    table = next(f.value for f in train.dataframe if "validation_sd" in f.value.columns)
    assert sorted(table["learning_rate"]) == [0.001, 0.005]
    assert list(table["runs"]) == [2, 2]


@pytest.mark.parametrize(("seeds", "rate"), [(1, None), (7, 0.001)])
def test_a_sweep_of_too_few_or_too_many_cannot_start(train, seeds, rate):  # noqa: F811
    train.number_input(key="sweep_seeds").set_value(seeds)
    train.number_input(key="sweep_rate").set_value(rate).run()
    assert train.button(key="sweep_start").disabled
    assert "A sweep has 2 to 12 runs" in captions(train)


def announcing() -> None:
    """What app.py does after each page."""
    from pages.train.run_notice import announce

    announce()


def test_a_run_that_ends_is_announced_once_wherever_its_session_is():
    app = AppTest.from_function(announcing, default_timeout=PATIENCE)
    gone = "20260102-030405-00000001"
    app.session_state["runs_seen_live"] = {made("mine", [line(1, 0.75)]), gone}
    app.run()
    assert not app.exception
    (toast,) = app.toast
    assert toast.value.replace("\\", "") == "mine is done: 75.0% validation."
    assert app.session_state["runs_seen_live"] == set()
    app.run()
    assert not app.toast


def test_a_run_at_work_is_followed_and_not_announced(monkeypatch):
    running = replace(view(made("mine")), status="training")
    monkeypatch.setattr(manage, "view", lambda id: running)
    app = AppTest.from_function(announcing, default_timeout=PATIENCE)
    app.session_state["runs_seen_live"] = {running.id}
    app.run()
    assert not app.toast
    assert app.session_state["runs_seen_live"] == {running.id}


def test_runs_in_chinese(train, in_chinese, monkeypatch):  # noqa: F811
    app = in_chinese(train)
    look_at(app, made("one", [line(1, 0.5), line(2, 0.75)]))
    assert app.header[0].value == "one"
    left = english(app)
    monkeypatch.setattr(manage, "start", lambda plan: new_folder(plan).name)
    app.segmented_control(key="train_view").set_value(run_list.NEW).run()
    app.button(key="sweep_start").click().run()
    assert app.header[0].value == "3 个训练任务"
    assert not app.exception
    left += english(app)
    assert [text for text in left if "said" not in text and "han_core train" not in text] == []
