import json
from itertools import pairwise

import pytest

from han_core.training.runs import state
from han_core.training.runs.event_log import EVENTS, EventLog
from han_core.training.runs.state import RunState, Timeline, is_line, state_of_run


def step(number: int, epoch: int = 1) -> dict:
    return {"step": number, "epoch": epoch, "done": number, "of": 100, "loss": 1 / number}


def line(epoch: int, **changed) -> dict:
    validation = {"loss": 0.5, "accuracy": 0.75, "macro_f1": 0.7}
    return {
        "epoch": epoch, "seconds": 1.5, "train": {"loss": 0.6, "accuracy": 0.7},
        "validation": validation, **changed,
    }  # fmt: skip


@pytest.fixture
def log(tmp_path):
    log = EventLog(tmp_path)
    yield log
    log.close()


def test_an_empty_folder_has_an_empty_story(tmp_path):
    assert state_of_run(tmp_path) == RunState()


def test_the_story_follows_the_log(tmp_path, log):
    log.write("queued", device="cpu")
    assert state_of_run(tmp_path).phase == "queued"
    log.write("start", device="cpu", processes=1)
    assert state_of_run(tmp_path).phase == "start"
    log.write("reading", name="training", done=3, of=9)
    assert (state_of_run(tmp_path).phase, state_of_run(tmp_path).reading) == (
        "reading", ("training", 3, 9),
    )  # fmt: skip
    log.write("begun", step=0, epoch=0)
    log.write("step", **step(4))
    log.write("saved", step=6)
    state = state_of_run(tmp_path)
    assert (state.phase, state.reading, state.step, state.saved) == ("training", None, 6, 6)
    log.write("epoch", line=line(1))
    log.write("say", text="Epoch 1.")
    log.write("done", summary={"epochs": 1})
    state = state_of_run(tmp_path)
    assert (state.phase, state.summary, state.messages) == ("done", {"epochs": 1}, ("Epoch 1.",))
    assert [known["epoch"] for known in state.history] == [1]


def test_what_is_done_again_after_a_kill_stands_there_once(tmp_path, log):
    log.write("begun", step=0, epoch=0)
    for number in (10, 20, 30, 40):
        log.write("step", **step(number))
    for epoch in (1, 2, 3):
        log.write("epoch", line=line(epoch))
    log.write("queued", device="cpu")
    assert len(state_of_run(tmp_path).history) == 3  # nothing is known yet
    log.write("begun", step=25, epoch=1)
    state = state_of_run(tmp_path)
    assert [event["step"] for event in state.steps] == [10, 20]
    assert [known["epoch"] for known in state.history] == [1]
    assert state.step == 25
    log.write("step", **step(27))
    log.write("epoch", line=line(2, seconds=9.0))
    state = state_of_run(tmp_path)
    assert [event["step"] for event in state.steps] == [10, 20, 27]
    assert [known["seconds"] for known in state.history] == [1.5, 9.0]


def test_steps_are_in_order_even_if_nobody_said_where_it_went_on(tmp_path, log):
    for number in (10, 20, 30, 20, 25):
        log.write("step", **step(number))
    assert [event["step"] for event in state_of_run(tmp_path).steps] == [10, 20, 25]


def test_a_new_life_forgets_how_the_last_one_ended(tmp_path, log):
    log.write("failed", text="No space.")
    assert state_of_run(tmp_path).text == "No space."
    log.write("queued", device="cuda:0")
    state = state_of_run(tmp_path)
    assert (state.phase, state.text, state.device) == ("queued", "", "cuda:0")


def test_a_long_curve_keeps_its_ends_and_stays_short(monkeypatch):
    monkeypatch.setattr(state, "MOST_STEPS", 50)
    timeline = Timeline.__new__(Timeline)
    timeline._begin()
    for number in range(1, 1_001):
        timeline.add({"t": 0, "kind": "step", **step(number)})
        kept = [event["step"] for event in timeline.state().steps]
        assert kept[-1] == number
        assert len(kept) <= 50
        assert kept[0] == 1
        # Evenly far apart, as far as powers of two can be: 50 points or half of them.
        assert all(0 < b - a <= max(1, number / 6) for a, b in pairwise(kept))


def test_a_log_that_was_replaced_is_read_anew(tmp_path, log):
    log.write("say", text="old")
    assert state_of_run(tmp_path).messages == ("old",)
    event = {"t": 1, "kind": "say", "text": "new"}
    (tmp_path / "other").write_text(json.dumps(event) + "\n")
    (tmp_path / "other").replace(tmp_path / EVENTS)
    assert state_of_run(tmp_path).messages == ("new",)
    (tmp_path / EVENTS).write_text("")
    assert state_of_run(tmp_path).messages == ()


@pytest.mark.parametrize(
    "damage",
    [
        {"validation": None}, {"validation": {"loss": 1.0}}, {"train": []}, {"epoch": 1.5},
        {"epoch": None}, {"seconds": "1"}, {"train": {"loss": True, "accuracy": 0.5}},
    ],
)  # fmt: skip
def test_a_line_of_the_history_without_its_numbers_is_left_out(tmp_path, log, damage):
    assert is_line(line(1))
    damaged = line(1) | damage
    assert not is_line(damaged)
    log.write("epoch", line=damaged)
    assert state_of_run(tmp_path).history == ()
