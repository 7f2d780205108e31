"""The list of runs on Train has those of other systems: status, losses, the way to their page."""

import json

import pytest

from han_core.models.series import SERIES
from han_core.runtime.jobs import REQUEST, JobState, write_state
from han_core.training.runs import system_jobs

ID = "20260102-030405-abcdef01"


@pytest.fixture
def train(open_page, tmp_path, monkeypatch):
    """The page Train beside a series run that was stopped after three passes."""
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    folder = tmp_path / "runs" / SERIES.name / ID
    (folder / system_jobs.CHECKPOINT).mkdir(parents=True)
    request = {"name": "my *pulses*", "data": "/somewhere/data.csv", "title": "curves.csv"}
    (folder / REQUEST).write_text(json.dumps(request))
    history = [{"epoch": n, "loss": 1 / n, "validation": {"accuracy": n / 4}} for n in (1, 2, 3)]
    lines = "\n".join(map(json.dumps, history))
    (folder / system_jobs.CHECKPOINT / "history.jsonl").write_text(lines)
    write_state(folder, JobState(kind="stopped"))
    app = open_page("4_Train")
    app.segmented_control(key="train_view").set_value("Runs").run()
    return app


def test_the_run_stands_in_the_list(train):
    table = next(one.value for one in train.dataframe if "passes" in one.value.columns)
    row = table.iloc[0]
    assert (row["name"], row["status"], row["kind"], row["data"], row["passes"]) == (
        "my *pulses*", "stopped", "Time series", "curves.csv", 3,
    )  # fmt: skip
    assert row["figures"] == "accuracy 0.750"
    assert f"{row['made']:%Y-%m-%d %H:%M:%S}" == "2026-01-02 03:04:05"
    assert any("no run of a text model yet" in one.value for one in train.info)


def test_without_such_runs_nothing_is_said(open_page, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "empty"))
    app = open_page("4_Train")
    app.segmented_control(key="train_view").set_value("Runs").run()
    assert not any("other inputs" in one.value for one in app.header)
