from dataclasses import replace

import pandas as pd
import pytest

from han_core.runtime.atomic_io import write_json
from han_core.training.runs.event_log import EventLog
from han_core.training.runs.plan import CONFIG, settings_of
from han_core.training.runs.view import differences, labels_of, runs_table, view_run


@pytest.fixture
def view(tmp_path, plan):
    """``view(number, **plan)``: a run that has trained two of its epochs."""

    def make(number, **changed):
        folder = tmp_path / f"20260102-03040{number}-0123abcd"
        folder.mkdir()
        write_json(folder / CONFIG, plan(**changed).model_dump(mode="json"))
        log = EventLog(folder)
        log.write("queued", device="cpu")
        for epoch in (1, 2):
            reached = {"accuracy": epoch / 4, "macro_f1": epoch / 5, "loss": 1 / epoch}
            log.write("epoch", line={
                "epoch": epoch, "seconds": 1.25, "train": reached, "validation": reached,
            })  # fmt: skip
        return view_run(folder)

    return make


def test_a_row_tells_what_a_run_is_and_how_far_it_is(view):
    table = runs_table([view(5, name="mine", epochs=8, attention="dot")])
    row = table.iloc[0]
    assert (row["name"], row["status"], row["model"]) == (
        "mine", "interrupted", "BiLSTM, dot attention",
    )  # fmt: skip
    assert (row["data"], row["epochs"], row["seconds"]) == ("bundled:classroom", "2 of 8", 2.5)
    assert (row["accuracy"], row["macro_f1"], row["loss"]) == (0.5, 0.4, 0.5)
    assert row["made"] == pd.Timestamp("2026-01-02 03:04:05", tz="UTC")
    assert row["checkpoint"] == ""


def test_a_table_of_none_has_the_same_columns(view):
    filled, empty = runs_table([view(1)]), runs_table([])
    assert list(filled.columns) == list(empty.columns)
    assert list(filled.dtypes) == list(empty.dtypes)
    assert len(empty) == 0


def test_what_is_not_known_yet_is_missing(view):
    run = view(1)
    young = replace(run, state=replace(run.state, history=()))
    damaged = replace(young, plan=None)
    table = runs_table([young, damaged])
    assert table["accuracy"].isna().all()
    assert list(table["epochs"]) == ["0 of 2", "0 of 0"]


def test_only_what_differs_is_told(view):
    runs = [
        view(1, name="a", settings={"learning_rate": 0.01}),
        view(2, name="b", sizes={"embedding": 8, "hidden": 6, "attention_size": 4}),
        view(3, name="b", text={"lowercase": False}, source={"data": "/some/where/mine.csv"}),
    ]
    table = differences(runs)
    assert list(table.columns) == ["a", "b", "b (2)"]
    assert dict(zip(table.index, table.to_numpy().tolist(), strict=True)) == {
        "data": ["bundled:classroom", "bundled:classroom", "mine.csv"],
        "limit": ["60", "60", ""],
        "learning_rate": ["0.01", "0.001", "0.001"],
        "hidden": ["4", "6", "4"],
        "lowercase": ["True", "True", "False"],
    }


def test_equal_runs_do_not_differ(view):
    assert differences([view(1), view(2)]).empty
    assert differences([view(3)]).empty
    assert differences([]).empty


def test_settings_hold_defaults_too(plan):
    told = settings_of(plan(settings={"label_names": ["no", "yes"]}))
    assert told["label_names"] == "no, yes"
    assert told["weight_decay"] == "0.0"
    assert told["dropout_words"] == "0.3"
    assert told["language"] == "en"
    assert told["vectors"] == told["unlabelled"] == ""
    assert told["teachers"] == ""  # nobody is asked where nothing is unlabelled
    drawn = settings_of(plan(settings={"stretches": 2}))
    assert (drawn["stretches"], drawn["teachers"]) == ("2", "nb-svm")
    source = {"data": "x.csv", "unlabelled": "/somewhere/more.csv", "group_column": "film"}
    told = settings_of(plan(source=source))
    assert (told["unlabelled"], told["teachers"], told["group_column"]) == (
        "more.csv", "nb-svm", "film",
    )  # fmt: skip


def test_labels_tell_runs_of_one_name_apart(view):
    first, second = view(1, name="x"), view(2, name="x")
    assert labels_of([first, second, first]) == ["x", "x (2)", "x (3)"]
