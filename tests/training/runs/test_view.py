import pytest

from han_core.runtime.atomic_io import write_json
from han_core.runtime.locks import take
from han_core.training.runs.event_log import EventLog
from han_core.training.runs.plan import CONFIG
from han_core.training.runs.queue import CANCEL, LOCK, draw_ticket
from han_core.training.runs.state import RunState
from han_core.training.runs.view import LIVE, STATUSES, status_of, view_run


@pytest.mark.parametrize(
    ("lives", "waits", "asked", "phase", "expected"),
    [
        (True, True, False, "queued", "waiting"),
        (True, True, True, "queued", "stopping"),
        (True, False, False, "queued", "starting"),
        (True, False, False, "start", "starting"),
        (True, False, False, "reading", "reading"),
        (True, False, False, "training", "training"),
        (True, False, True, "training", "stopping"),
        (True, False, True, "done", "done"),
        (False, False, True, "stopped", "stopped"),
        (False, False, False, "failed", "failed"),
        (False, False, False, "done", "done"),
        (False, False, False, "queued", "interrupted"),
        (False, True, True, "training", "interrupted"),
        (False, False, False, "", "interrupted"),
    ],
)
def test_the_status_is_told_by_lock_log_and_wish(lives, waits, asked, phase, expected):
    status = status_of(lives, waits, asked, RunState(phase=phase))
    assert status == expected
    assert status in STATUSES
    assert lives or status not in LIVE


@pytest.fixture
def folder(tmp_path, plan):
    folder = tmp_path / "20260102-030405-0123abcd"
    folder.mkdir()
    write_json(folder / CONFIG, plan(name="mine", epochs=8).model_dump(mode="json"))
    return folder


def test_a_run_is_seen_from_its_files(folder):
    lock = take(folder / LOCK)
    log = EventLog(folder)
    log.write("queued", device="cpu")
    draw_ticket(folder, "cpu")
    run = view_run(folder)
    assert (run.name, run.status, run.device, run.epochs) == ("mine", "waiting", "cpu", 8)
    assert run.made == 1767323045  # 2026-01-02 03:04:05 UTC
    assert run.can_stop
    assert not run.can_resume
    assert run.checkpoint is None
    (folder / CANCEL).touch()
    assert not view_run(folder).can_stop
    lock.release()
    assert view_run(folder).status == "interrupted"
    assert view_run(folder).can_resume


def test_the_best_epoch_is_that_of_the_settings(folder):
    log = EventLog(folder)
    for epoch, (accuracy, loss) in enumerate([(0.5, 0.9), (0.8, 0.5), (0.8, 0.4), (0.7, 0.3)], 1):
        validation = {"accuracy": accuracy, "macro_f1": accuracy, "loss": loss}
        train = {"loss": loss, "accuracy": accuracy}
        line = {"epoch": epoch, "seconds": 2.0, "train": train, "validation": validation}
        log.write("epoch", line=line)
    run = view_run(folder)
    assert run.best["epoch"] == 3  # of equal accuracies the lower loss
    assert run.seconds == 8.0


def test_speed_is_told_while_it_trains_alone(folder):
    lock = take(folder / LOCK)
    log = EventLog(folder)
    step = {"step": 3, "epoch": 1, "done": 5, "of": 9, "loss": 0.5}
    log.write("step", **step, documents_per_second=12.5, seconds_left="soon")
    run = view_run(folder)
    assert (run.step, run.speed, run.seconds_left) == (3, 12.5, None)
    lock.release()
    assert view_run(folder).speed is None


def test_one_with_a_damaged_plan_can_still_be_seen(folder):
    (folder / CONFIG).write_text("{")
    run = view_run(folder)
    assert run.plan is None
    assert run.name == run.id
    assert CONFIG in run.message
    assert not run.can_resume
    assert (run.best, run.epochs) == (None, 0)


def test_those_before_it_in_line_are_counted(folder, tmp_path):
    locks = []
    for name in ("20260102-030405-00000000", folder.name, "20260102-030405-ffffffff"):
        (tmp_path / name).mkdir(exist_ok=True)
        locks.append(take(tmp_path / name / LOCK))
        draw_ticket(tmp_path / name, "cpu")
    assert view_run(folder).ahead == 1
    assert "1 run" in view_run(folder).message
    locks[0].release()
    assert view_run(folder).ahead == 0
