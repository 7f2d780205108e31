import threading

import pytest

from han_core.runtime.locks import take
from han_core.training.runs import queue as queue_module
from han_core.training.runs.queue import (
    LOCK,
    TICKET,
    draw_ticket,
    queue,
    read_ticket,
    wait_for_place,
)
from tests.processes import PATIENCE


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(queue_module, "LOOK", 0.01)


class Runner(threading.Thread):
    """A run that waits for its place, holds it until ``finish``, and can die before."""

    def __init__(self, folder, device="cpu"):
        super().__init__(daemon=True)
        self.folder, self.place = folder, None
        self.is_to_stop, self.over = threading.Event(), threading.Event()
        folder.mkdir()
        self.lock = take(folder / LOCK)
        draw_ticket(folder, device)

    def run(self):
        self.place = wait_for_place(self.folder, self.is_to_stop.is_set)
        self.over.set()

    def has_place(self, seconds=0.15):
        self.over.wait(seconds)
        return self.place is not None

    def finish(self):
        self.place.release()
        self.lock.release()


@pytest.fixture
def runners(tmp_path):
    def make(number, device="cpu"):
        made = [Runner(tmp_path / f"{device[:4]}-{at}", device) for at in range(number)]
        for runner in reversed(made):  # who begins to wait first must not matter
            runner.start()
        return made

    return make


def test_runs_go_one_after_the_other_in_the_order_of_their_tickets(runners):
    waiting = runners(4)
    for at, runner in enumerate(waiting):
        assert runner.has_place(PATIENCE)
        assert not any(later.has_place(0.05) for later in waiting[at + 1 :])
        runner.finish()


def test_as_many_go_at_once_as_asked(runners, monkeypatch):
    monkeypatch.setenv("HANSCOPE_RUNS_AT_ONCE", "2")
    first, second, third = runners(3)
    assert first.has_place(PATIENCE)
    assert second.has_place(PATIENCE)
    assert not third.has_place()
    second.finish()
    assert third.has_place(PATIENCE)


def test_another_device_has_a_queue_of_its_own(runners):
    (on_cpu,) = runners(1)
    (on_gpu,) = runners(1, "cuda:0")
    assert on_cpu.has_place(PATIENCE)
    assert on_gpu.has_place(PATIENCE)


def test_the_dead_do_not_keep_the_living_waiting(runners, tmp_path):
    first, second, third = runners(3)
    assert first.has_place(PATIENCE)
    second.is_to_stop.set()
    second.join()
    draw_ticket(second.folder, "cpu")  # as one that was killed leaves it
    second.lock.release()
    assert [ticket.run for ticket in queue(tmp_path, "cpu")] == [third.folder.name]
    first.finish()
    assert third.has_place(PATIENCE)


def test_one_that_waits_can_be_stopped(runners):
    first, second = runners(2)
    assert first.has_place(PATIENCE)
    second.is_to_stop.set()
    assert second.over.wait(PATIENCE)
    assert second.place is None
    assert not (second.folder / TICKET).exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"drawn": "x", "device": "cpu"}', "\x00"])
def test_a_damaged_ticket_is_none(tmp_path, content):
    (tmp_path / TICKET).write_text(content)
    assert read_ticket(tmp_path) is None


@pytest.mark.parametrize(("given", "number"), [("", 1), ("3", 3), ("0", 1), ("-2", 1), ("x", 1)])
def test_places(monkeypatch, given, number):
    monkeypatch.setenv("HANSCOPE_RUNS_AT_ONCE", given)
    assert queue_module.places() == number


def test_tickets_of_the_dead_are_not_in_the_queue(tmp_path):
    for at in range(30):
        (tmp_path / str(at)).mkdir()
        draw_ticket(tmp_path / str(at), "cpu")
    assert queue(tmp_path, "cpu") == []
