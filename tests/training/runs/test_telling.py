import pytest

from han_core.training.callbacks import StepEvent, Stopped
from han_core.training.runs import event_writer
from han_core.training.runs.event_log import EVENTS, EventLog, read_events
from han_core.training.runs.event_writer import EventWriter, Pace


class Clock:
    now = 1_000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(event_writer, "time", clock)
    return clock


@pytest.fixture
def told(tmp_path):
    """``told(kind)``: what the log says of that kind, without times."""

    def read(kind):
        events, _ = read_events(tmp_path / EVENTS)
        return [{k: v for k, v in e.items() if k not in ("t", "kind")} for e in events
                if e["kind"] == kind]  # fmt: skip

    return read


@pytest.fixture
def teller(tmp_path, clock):
    return EventWriter(EventLog(tmp_path), epochs=3, cancel=tmp_path / "cancel")


def at(step, epoch=0, ends_epoch=False):
    return StepEvent(step, epoch, ends_epoch, lambda: pytest.fail("no checkpoint is needed"))


def test_speed_time_left_and_loss_by_hand(clock):
    pace = Pace(epochs=3)
    pace.begin(1, 100)
    clock.now += 5  # before the first batch is over, nothing can be said about speed
    pace.add(10, 0.5)
    pace.mark()
    assert pace.event() == {"epoch": 1, "done": 10, "of": 100, "loss": 0.5}
    clock.now += 2
    pace.add(10, 1.0)
    clock.now += 2
    pace.add(30, 2.0)
    # 40 documents in 4 seconds; 50 of this epoch and 200 of two more are left.
    assert pace.event() == {
        "epoch": 1, "done": 50, "of": 100, "loss": 1.75,
        "documents_per_second": 10.0, "seconds_left": 25.0,
    }  # fmt: skip
    clock.now += 5
    pace.add(50, 0.0)
    clock.now += 7  # validation and saving
    pace.begin(2, 100)
    pace.add(20, 0.1)
    pace.mark()
    clock.now += 1
    pace.add(20, 0.1)
    told = pace.event()
    # 20 a second: 60 of this epoch, 100 of the last one, and 7 seconds between them.
    assert told["documents_per_second"] == 20.0
    assert told["seconds_left"] == 160 / 20 + 7


def test_steps_are_told_at_most_four_times_a_second(teller, told, clock):
    teller.watch.moment(at(0))
    step = teller.watch.epoch(1, 1_000)
    for number in range(1, 101):
        clock.now += 0.1
        step(10, 1.0)
        teller.watch.moment(at(number))
    steps = [event["step"] for event in told("step")]
    assert 30 <= len(steps) <= 40
    assert told("begun") == [{"step": 0, "epoch": 0}]


def test_after_hours_steps_are_told_less_often(teller, told, clock):
    teller.watch.moment(at(0))
    step = teller.watch.epoch(1, 10**6)
    clock.now += 4 * 3600
    for number in range(1, 101):
        clock.now += 0.1
        step(1, 1.0)
        teller.watch.moment(at(number))
    assert [event["step"] for event in told("step")] == [1, 51]  # each 5 seconds


def test_a_run_that_goes_on_says_from_where(teller, told, clock):
    step = teller.watch.epoch(2, 100)
    step(60, 9.0)  # what was done before it stopped, told as one
    clock.now += 1
    step(10, 0.5)
    teller.watch.moment(at(37, 1))
    clock.now += 1
    step(10, 0.25)
    teller.watch.moment(at(38, 1))
    assert told("begun") == [{"step": 36, "epoch": 1}]
    last = told("step")[-1]
    assert (last["step"], last["done"], last["loss"]) == (38, 80, 0.25)
    assert last["documents_per_second"] == 10.0


def test_the_end_of_an_epoch_is_told_with_its_last_step(teller, told):
    teller.watch.moment(at(0))
    step = teller.watch.epoch(1, 20)
    step(20, 0.5)
    teller.watch.moment(at(1))
    teller.watch.line({"epoch": 1})
    teller.watch.saved(1)
    assert told("step") == [{"step": 1, "epoch": 1, "done": 20, "of": 20, "loss": 0.5}]
    assert told("epoch") == [{"line": {"epoch": 1}}]
    assert told("saved") == [{"step": 1}]


def test_others_are_called_at_each_moment(tmp_path, clock):
    seen = []
    teller = EventWriter(EventLog(tmp_path), 1, tmp_path / "cancel", [seen.append])
    moments = [at(0), at(1), at(1, 1, True)]
    for moment in moments:
        teller.watch.moment(moment)
    assert seen == moments


def test_reading_is_told_and_can_be_stopped(teller, told, clock, tmp_path):
    texts = [str(number) for number in range(10)]
    got = []
    for text in teller.watch.follow(texts, "training texts"):
        got.append(text)
        clock.now += 0.2
    assert got == texts
    assert told("reading") == [
        {"name": "training texts", "done": done, "of": 10} for done in (2, 4, 6, 8)
    ]
    (tmp_path / "cancel").touch()
    assert teller.watch.stop()
    with pytest.raises(Stopped):
        list(teller.watch.follow(texts, "again"))
