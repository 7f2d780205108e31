"""The life of runs, from start to delete; workers are forked from the zygote."""

import errno
import os
import signal

import pytest

from han_core.models.checkpoint import WEIGHTS, load_checkpoint
from han_core.runtime.errors import UserError
from han_core.runtime.quotas import CHECKPOINTS, RUNS
from han_core.training import optimization
from han_core.training.runs import manage, queue, state
from han_core.training.runs import plan as plan_module
from han_core.training.runs.event_log import EventLog
from han_core.training.runs.manage import (
    delete,
    largest_runs,
    publish,
    rename,
    resume,
    runs,
    start,
    stop,
    view,
)
from han_core.training.runs.plan import new_folder

LONG = 300  # epochs: no test waits for them


def is_training(run) -> bool:
    return run.status == "training" and run.step > 0


@pytest.mark.long
def test_a_run_from_start_to_checkpoint(zygote, plan, wait):
    id = start(plan(name="my run", watched=["A fine film. I loved it."]))
    assert view(id).is_live
    run = wait(id)
    assert (run.status, len(run.history), run.device) == ("done", 2, "cpu")
    assert run.best == max(
        run.history, key=lambda line: (line["validation"]["accuracy"], -line["validation"]["loss"])
    )
    assert run.published == "my-run"
    checkpoint = load_checkpoint("my-run")
    assert checkpoint.metrics["validation"] == run.state.summary["validation"]
    assert checkpoint.metrics["reproduce"] == run.plan.command()
    assert run.state.summary["epochs"] == 2
    assert (run.folder / "frames.jsonl").read_bytes().count(b"\n") > 3
    assert [found.id for found in runs()] == [id]
    for refused in (stop, resume):
        with pytest.raises(UserError, match="my run is done"):
            refused(id)


def test_a_precision_that_the_processor_lacks_is_refused_at_start_and_resume(plan, monkeypatch):
    asked = plan(device="cpu", settings={"mixed_precision": "bf16"})
    monkeypatch.setattr(optimization, "trains_in_bf16", lambda model, device: False)
    with pytest.raises(UserError, match="cannot train bilstm with mixed_precision=bf16"):
        start(asked)
    assert runs() == []
    log = EventLog(new_folder(asked))
    log.write("stopped", text="Stopped after step 3.")
    log.close()
    (run,) = runs()
    assert run.can_resume
    with pytest.raises(UserError, match="choose another device to resume a run"):
        resume(run.id)
    assert view(run.id).status == "stopped"


def test_stopped_and_resumed_is_the_same_as_never_stopped(zygote, plan, wait):
    asked = plan(epochs=4)
    whole = wait(start(asked))
    id = start(asked)
    for _ in range(3):
        wait(id, lambda run: is_training(run) or not run.is_live)
        stop(id)
        stopped = wait(id)
        assert stopped.status == "stopped", stopped.message
        assert "Stopped after" in stopped.message
        assert stopped.step == stopped.state.saved > 0
        load_checkpoint(stopped.checkpoint)
        resume(id)
    run = wait(id)
    assert run.status == "done"
    assert (run.checkpoint / WEIGHTS).read_bytes() == (whole.checkpoint / WEIGHTS).read_bytes()
    assert [line["step"] for line in run.history] == [line["step"] for line in whole.history]
    steps = [event["step"] for event in run.state.steps]
    assert steps == sorted(set(steps))


def test_runs_wait_for_each_other_and_a_waiting_one_can_be_stopped(zygote, plan, wait):
    first, second, third = (start(plan(name=name, epochs=LONG)) for name in ("a", "b", "c"))
    wait(first, is_training)
    assert [view(id).status for id in (second, third)] == ["waiting", "waiting"]
    assert [view(id).ahead for id in (second, third)] == [0, 1]
    stop(second)
    assert wait(second).message == "Stopped while it waited for its turn."
    zygote.kill(first)  # its place is free although it could not say so
    wait(third, is_training)
    assert view(first).status == "interrupted"
    resume(first)  # goes to the end of the queue
    assert view(first).status == "waiting"
    zygote.kill(third)
    wait(first, is_training)


def test_two_go_at_once_where_that_is_allowed(zygote, plan, wait, monkeypatch):
    monkeypatch.setenv("HANSCOPE_RUNS_AT_ONCE", "2")
    first, second = (start(plan(epochs=LONG)) for _ in range(2))
    wait(first, is_training)
    wait(second, is_training)
    assert is_training(view(first))


def test_a_machine_that_shuts_down_asks_as_a_person_does(zygote, plan, wait):
    id = start(plan(epochs=LONG))
    wait(id, is_training)
    os.kill(zygote.workers[id], signal.SIGTERM)
    assert "Stopped after" in wait(id).message


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"source": {"data": "/nowhere/at-all.csv"}}, "at-all.csv"),
        ({"source": {"data": "bundled:classroom", "label_column": "nothing"}}, "nothing"),
    ],
)
def test_what_goes_wrong_is_told_in_a_sentence(zygote, plan, wait, changed, expected):
    run = wait(start(plan(**changed)))
    assert run.status == "failed"
    assert expected in run.message
    assert (run.folder / "stderr.log").read_text() == ""
    assert run.can_resume


def test_an_error_of_the_program_is_told_and_kept(zygote, plan, wait):
    id = start(plan(epochs=LONG))
    wait(id, is_training)
    stop(id)
    folder = wait(id).folder
    (folder / "checkpoint" / "resume" / "state.json").write_text("{}")
    resume(id)
    run = wait(id)
    assert run.status == "failed"
    assert "Stopped after" not in run.message


def test_names_change_with_the_checkpoint(zygote, plan, wait, place):
    id = start(plan(name="first"))
    rename(id, "second")
    assert wait(id).published == "second"
    rename(id, " a third one ")
    assert (view(id).name, view(id).published) == ("a third one", "a-third-one")
    assert [path.name for path in (place / "checkpoints").iterdir()] == ["a-third-one"]
    for wrong in ("", "  ", "x" * 81):
        with pytest.raises(UserError, match="name"):
            rename(id, wrong)


def test_deleted_with_or_without_its_checkpoint(zygote, plan, wait, place):
    busy = start(plan(epochs=LONG))
    with pytest.raises(UserError, match="stop it first"):
        delete(busy)
    stop(busy)
    wait(busy)
    delete(busy)
    first, second = (start(plan(name=name)) for name in ("keep", "drop"))
    wait(first)
    wait(second)
    delete(first)
    delete(second, checkpoint=True)
    assert runs() == []
    assert [path.name for path in (place / "checkpoints").iterdir()] == ["keep"]
    assert not [*(place / "data" / "runs").glob("*[0-9]*-*")]
    with pytest.raises(UserError, match="no such run"):
        view(first)


def test_one_that_was_stopped_can_become_a_checkpoint(zygote, plan, wait):
    id = start(plan(epochs=LONG))
    wait(id, lambda run: run.history)
    with pytest.raises(UserError, match="is at work"):
        publish(id)
    stop(id)
    wait(id)
    assert publish(id) == "small"
    assert load_checkpoint("small").metrics["best_epoch"] >= 1


@pytest.mark.parametrize("id", ["", ".", "..", "../data", "a" * 5_000, "20260102-030405-0123abcg",
                                "20260102-030405-0123abcd/..", "x\x00y"])  # fmt: skip
def test_an_id_that_is_none_reaches_no_folder(id, place):
    (place / "data" / "runs").mkdir(parents=True)
    for step in (view, stop, resume, delete, publish, lambda id: rename(id, "x")):
        with pytest.raises(UserError, match="no such run"):
            step(id)


def test_an_unknown_device_is_refused_before_anything_is_written(plan, place):
    with pytest.raises(UserError, match="cuda:9"):
        start(plan(device="cuda:9"))
    assert not (place / "data").exists()


@pytest.mark.parametrize("quota", [RUNS, CHECKPOINTS])
def test_a_used_up_quota_refuses_a_run_before_anything_is_written(plan, place, monkeypatch, quota):
    monkeypatch.setenv(quota.variable, "0")
    with pytest.raises(UserError, match=f"The {quota.name} take .* of the 0 bytes allowed"):
        start(plan())
    assert not (place / "data").exists()


def test_the_largest_runs_come_first(plan):
    sizes = {"small": 10, "large": 30_000, "medium": 20_000}
    for name, size in sizes.items():
        (new_folder(plan(name=name)) / "checkpoint").write_bytes(bytes(size))
    largest = largest_runs(2)
    assert [run.name for run, _ in largest] == ["large", "medium"]
    assert all(sizes[run.name] <= size < sizes[run.name] + 5_000 for run, size in largest)


def test_a_full_disk_is_one_sentence_and_leaves_nothing(plan, place, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(plan_module, "write_json", full)
    with pytest.raises(UserError, match="No space left on device"):
        start(plan())
    assert runs() == []


def test_a_disk_that_refuses_changes_nothing(zygote, plan, wait, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    id = start(plan(name="mine", epochs=LONG))
    wait(id, is_training)
    with monkeypatch.context() as patch:
        patch.setattr(manage, "write_json", full)
        patch.setattr(manage.Path, "touch", full)
        for step in (stop, lambda id: rename(id, "yours")):
            with pytest.raises(UserError, match="No space left on device"):
                step(id)
    assert is_training(view(id))
    zygote.kill(id)
    wait(id)
    with monkeypatch.context() as patch:
        patch.setattr(manage, "write_json", full)
        with pytest.raises(UserError, match="No space left on device"):
            resume(id)
    assert (view(id).status, view(id).name) == ("interrupted", "mine")
    resume(id)
    wait(id, is_training)


def test_a_process_that_cannot_begin_is_one_sentence(plan, monkeypatch):
    def refused(*_):
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(queue, "begin_process", refused)
    with pytest.raises(UserError, match="Resource temporarily unavailable"):
        start(plan())
    (run,) = runs()
    assert (run.status, run.can_resume) == ("failed", True)


def test_a_hundred_runs_are_listed_and_their_logs_read_once(plan, monkeypatch):
    monkeypatch.setattr(queue, "begin_process", lambda folder, lock: None)
    for _ in range(100):
        start(plan())
    assert [run.state.phase for run in runs()] == ["queued"] * 100
    read = []
    monkeypatch.setattr(
        state, "read_events", lambda path, offset: read.append(offset) or ([], offset)
    )
    assert [run.state.phase for run in runs()] == ["queued"] * 100
    assert 0 not in read  # from where it had been read to


def test_uploads_go_with_the_last_run_that_needs_them(zygote, plan, wait, place):
    upload = place / "data" / "uploads" / ("0" * 64) / "mine.csv"
    upload.parent.mkdir(parents=True)
    upload.write_text("text,label\n")
    os.utime(upload, (0, 0))
    ids = [start(plan(source={"data": str(upload)})) for _ in range(2)]
    ids.append(start(plan(source={"data": "/nowhere.csv", "unlabelled": str(upload)})))
    for id in ids:
        wait(id)
    for id in ids:
        assert upload.exists()
        delete(id)
    assert not upload.exists()
