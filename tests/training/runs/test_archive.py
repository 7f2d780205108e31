"""A zip that somebody else made becomes a run that is done, and a checkpoint that is offered."""

import json
import os
import shutil
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from han_core.models.archive import pack
from han_core.models.checkpoint import HISTORY, METRICS, load_checkpoint
from han_core.models.listing import list_checkpoints, list_systems
from han_core.runtime.errors import UserError
from han_core.runtime.paths import checkpoints_root, runs_root
from han_core.training.runs import archive
from han_core.training.runs.archive import Imported, import_archive, read_history
from han_core.training.runs.event_log import EventLog
from han_core.training.runs.manage import delete, rename, resume, runs, view

SHIPPED = Path(__file__).parents[3] / "checkpoints"


@pytest.fixture
def trained(planted) -> tuple:
    """The folder of a checkpoint that was trained here, and its zip."""
    folder, _ = planted("han", "additive")
    return folder, pack(folder, "From a friend")


def imported(data: bytes) -> str:
    """The id of the run that a zip of a text classifier became."""
    id = import_archive(data).run
    assert id is not None
    return id


def changed(data: bytes, **files: object) -> bytes:
    """The zip with other JSON in its files; None takes one away."""
    made = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(made, "w") as new:
        for entry in old.infolist():
            name = entry.filename.split("/")[-1].split(".")[0]
            content = old.read(entry)
            if name in files:
                value = files[name]
                if value is None:
                    continue
                content = value if isinstance(value, bytes) else json.dumps(value).encode()
            new.writestr(entry.filename, content)
    return made.getvalue()


def test_a_zip_becomes_a_run_with_its_configuration_curves_and_figures(trained):
    folder, data = trained
    run = view(imported(data))
    checkpoint = load_checkpoint(folder)
    assert (run.status, run.name, run.message) == (
        "done",
        "From-a-friend",
        "Loaded from a zip file.",
    )
    assert (run.plan.model, run.plan.attention) == ("han", "additive")
    assert run.plan.source.data == "planted"
    assert run.plan.training.epochs == checkpoint.metrics["settings"]["epochs"]
    assert run.plan.sizes["hidden"] == checkpoint.config.architecture.hidden
    lines = [json.loads(line) for line in (folder / HISTORY).read_text().splitlines()]
    assert list(run.history) == lines
    assert run.state.summary["validation"] == checkpoint.metrics["validation"]
    assert run.state.summary["epochs"] == len(lines)
    assert run.best["epoch"] == checkpoint.metrics["best_epoch"]
    assert [found.id for found in runs()] == [run.id]


def test_it_is_offered_at_once_and_renamed_and_deleted_as_any_other(trained):
    run = view(imported(trained[1]))
    assert [found.name for found in list_checkpoints()] == ["From-a-friend"] == [run.published]
    rename(run.id, "mine")
    assert [found.name for found in list_checkpoints()] == ["mine"]
    with pytest.raises(UserError, match="is done"):
        resume(run.id)
    delete(run.id, checkpoint=True)
    assert (runs(), list_checkpoints()) == ([], [])


def test_the_same_zip_twice_is_two_runs(trained):
    first, second = (view(imported(trained[1])) for _ in range(2))
    assert first.id != second.id
    assert {first.published, second.published} == {"From-a-friend", "From-a-friend-2"}


def test_what_a_run_gives_away_comes_back(trained, tmp_path):
    run = view(imported(trained[1]))
    other = view(imported(pack(run.checkpoint, run.name)))
    assert other.history == run.history
    assert other.plan == run.plan


def test_what_the_zip_does_not_tell_is_left_open(trained):
    run = view(imported(changed(trained[1], metrics=None, history=None)))
    assert (run.status, run.history, run.plan.source.data) == ("done", (), "unknown")
    assert run.state.summary["validation"] is None
    assert run.published == "From-a-friend"


@pytest.mark.parametrize(
    "settings",
    [
        3, [], {"epochs": 10**9}, {"unknown": 1}, {"learning_rate": "fast"}, {"a": {"b": "c"}},
        {"vectors": "/etc/passwd", "start_from": "/etc", "teachers": ["/etc"]},
        {"label_names": [1]}, {"": None}, {"keep": None, "epochs": "9" * 5_000},
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_do_not_fit_are_left_out(trained, settings):
    run = view(imported(changed(trained[1], metrics={"settings": settings, "test": []})))
    assert run.status == "done"
    assert run.plan.settings == {}


@pytest.mark.parametrize(
    "metrics", [b"", b"[]", b"NaN", b"[" * 9_999, {"dataset": ["a"]}, {"validation": {"loss": "x"}}]
)
def test_metrics_that_are_none_do_no_harm(trained, metrics):
    run = view(imported(changed(trained[1], metrics=metrics)))
    assert (run.status, run.plan.source.data) == ("done", "unknown")


def test_only_whole_lines_of_a_history_count(tmp_path):
    good = {
        "epoch": 1, "train": {"loss": 1.0, "accuracy": 0.5}, "seconds": 2.0,
        "validation": {"loss": 1.0, "accuracy": 0.5, "macro_f1": 0.5},
    }  # fmt: skip
    lines = [
        good,
        {**good, "epoch": 1},
        {"epoch": 2},
        [],
        None,
        {**good, "epoch": 2, "seconds": "x"},
    ]
    lines += [{**good, "epoch": 2}, {**good, "epoch": 99}]
    text = b"\n".join([b"{", b"\xff", b"[" * 9_999, *(json.dumps(line).encode() for line in lines)])
    (tmp_path / HISTORY).write_bytes(text)
    assert [line["epoch"] for line in read_history(tmp_path / HISTORY)] == [1, 2]
    assert read_history(tmp_path / "none") == []


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\5\6" + bytes(18)])
def test_what_is_no_checkpoint_leaves_nothing(place, data):
    with pytest.raises(UserError):
        imported(data)
    assert list(runs_root().iterdir()) == []


@pytest.mark.parametrize("room", [0, 3])
def test_a_full_disk_leaves_nothing(trained, monkeypatch, room):
    """It fills up at once, or when the log is written."""
    written = []

    def full(log, kind, **values):
        written.append(kind)
        return len(written) <= room and kind != "done"

    monkeypatch.setattr(EventLog, "write", full)
    with pytest.raises(UserError, match="disk is full"):
        imported(trained[1])
    assert (list(runs_root().iterdir()), list_checkpoints()) == ([], [])


def test_a_checkpoint_that_cannot_be_offered_is_no_run(trained, monkeypatch):
    def refused(*_):
        raise UserError("The checkpoint cannot be written.")

    monkeypatch.setattr(archive, "publish_run", refused)
    with pytest.raises(UserError, match="cannot be written"):
        imported(trained[1])
    assert list(runs_root().iterdir()) == []


def test_the_folder_of_a_run_that_was_brought_holds_no_more_than_others(trained):
    run = view(imported(trained[1]))
    assert {path.name for path in run.folder.iterdir()} <= {
        "config.json", "events.jsonl", "checkpoint", "published.json"
    }  # fmt: skip
    assert METRICS in os.listdir(run.folder / "checkpoint")
    shutil.rmtree(run.folder)


def test_a_zip_of_a_system_is_a_checkpoint_and_no_run(place):
    for name in ("pulse", "pulse-2"):
        assert import_archive(pack(SHIPPED / "series-pulse", "pulse")) == Imported(name, None)
    assert [one.name for one in list_systems()] == ["pulse", "pulse-2"]
    assert runs() == []
    assert {path.name for path in (checkpoints_root() / "pulse").iterdir()} == {
        path.name for path in (SHIPPED / "series-pulse").iterdir()
    }


def test_a_damaged_system_leaves_nothing(place):
    data = changed(pack(SHIPPED / "series-pulse"), model=b"no weights")
    with pytest.raises(UserError, match="damaged"):
        import_archive(data)
    assert (list(runs_root().iterdir()), list_systems()) == ([], [])
