"""Places are shared: by hand, with events instead of waiting for time."""

import threading

import pytest

from han_core.runtime import fair_places
from han_core.runtime.errors import UserError
from han_core.runtime.fair_places import FairPlaces

SOON = 30  # seconds that nothing here takes


class Worker:
    """Somebody who takes a place in a thread and leaves when told."""

    def __init__(self, places, visitor, order):
        self.leave, self.inside = threading.Event(), threading.Event()
        self._places, self._visitor, self._order = places, visitor, order
        self._thread = threading.Thread(target=self._work, name=visitor, daemon=True)
        self._thread.start()

    def _work(self):
        with self._places.place():
            self._order.append(self._visitor)
            self.inside.set()
            assert self.leave.wait(SOON)

    def finish(self):
        self.leave.set()
        self._thread.join(SOON)
        assert not self._thread.is_alive()


@pytest.fixture
def start(monkeypatch):
    """``start(visitor)``: a worker, once it holds a place or waits for one."""
    monkeypatch.setattr(fair_places, "_identify", lambda: threading.current_thread().name)
    places, order, workers = FairPlaces(2, most_waiting=3), [], []

    def begin(visitor):
        number = len(places._waiting) + len(order)
        workers.append(Worker(places, visitor, order))
        while len(places._waiting) + len(order) == number:
            threading.Event().wait(0.001)
        return workers[-1]

    begin.order, begin.places = order, places
    yield begin
    for worker in workers:
        worker.leave.set()
    for worker in workers:
        worker.finish()


def test_one_visitor_holds_one_place_and_the_other_stays_free(start):
    first, second = start("a"), start("a")
    other = start("b")
    assert first.inside.wait(SOON)
    assert other.inside.wait(SOON)
    assert not second.inside.is_set()
    first.finish()
    assert second.inside.wait(SOON)


def test_who_was_served_longest_ago_is_next(start):
    holders = [start("a"), start("b")]
    for holder in holders:
        assert holder.inside.wait(SOON)
    waiting = [start("a"), start("a"), start("c"), start("d")]
    assert start.order == ["a", "b"]
    holders[1].finish()
    assert waiting[2].inside.wait(SOON)  # a is at work, c came before d
    holders[0].finish()
    assert waiting[3].inside.wait(SOON)  # d was never served, a was
    waiting[2].finish()
    assert waiting[0].inside.wait(SOON)
    assert start.order == ["a", "b", "c", "d", "a"]


def test_commands_have_no_visitor_and_take_every_place(start):
    fair_places.identify_visitors(lambda: None)
    assert start(None).inside.wait(SOON)
    assert start(None).inside.wait(SOON)


def test_too_many_requests_of_one_visitor_are_refused_at_once(start):
    for _ in range(4):
        start("a")
    fair_places.identify_visitors(lambda: "a")
    with pytest.raises(UserError, match="3 files of yours wait"), start.places.place():
        pass


def test_an_error_gives_the_place_back():
    places = FairPlaces(1)
    with pytest.raises(ZeroDivisionError), places.place():
        1 / 0  # noqa: B018
    with places.place():
        pass
