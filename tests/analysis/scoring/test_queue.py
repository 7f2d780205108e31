"""Who is scored, who waits, and who has left the queue."""

import json
import os
import time

import pytest

from han_core.analysis.score_cache import exclusive_turn
from han_core.analysis.scoring import queue
from han_core.analysis.scoring.queue import WAITING, claim, has_gone, mark_present, scoring_queue
from han_core.analysis.scoring.run import start_scoring
from han_core.analysis.sources import Source, source_of
from han_core.runtime.jobs import JobState, job_state, write_state
from han_core.runtime.locks import take
from han_core.runtime.paths import scores_root
from tests.processes import PATIENCE

pytestmark = pytest.mark.usefixtures("own_data")


@pytest.fixture
def ask():
    """``ask(name, text, at)``: a request of this process, as a job leaves it on the disk."""
    locks = []

    def made(name: str, text: str, at: float, kind: str = "working"):
        folder = scores_root() / ".asked" / name
        folder.mkdir(parents=True)
        request = {"folder": "/models/han", "source": Source(data=f"/{name}.csv").model_dump()}
        (folder / "request.json").write_text(json.dumps(request))
        os.utime(folder / "request.json", (at, at))
        write_state(folder, JobState(kind=kind, text=text, done=3, of=9))
        locks.append(take(folder / "lock"))
        return folder

    yield made
    for lock in locks:
        lock.release()


def away(folder, seconds: float) -> None:
    at = time.time() - seconds
    os.utime(folder / "visitor", (at, at))


def test_what_runs_comes_first_then_who_asked_first(ask):
    assert scoring_queue() == []
    ask("late", WAITING, 300.0)
    ask("early", WAITING, 200.0)
    running = ask("running", "Scored", 400.0)
    ask("ended", "", 100.0, kind="stopped")
    claim(running, "ann")
    result = scoring_queue()
    assert [one.source for one in result] == ["running.csv", "early.csv", "late.csv"]
    assert [one.is_waiting for one in result] == [False, True, True]
    first = result[0]
    assert (first.checkpoint, first.visitor, first.since) == ("han", "ann", 400.0)
    assert (first.state.done, first.state.of) == (3, 9)
    assert result[1].visitor == ""


def test_a_request_that_cannot_be_read_is_left_out(ask):
    (ask("broken", WAITING, 1.0) / "request.json").write_text("{}")
    assert scoring_queue() == []


def test_a_request_is_its_visitors_until_they_are_away(ask):
    folder = ask("mine", WAITING, 1.0)
    assert not has_gone(folder)  # nobody who could go
    assert claim(folder, "ann")
    assert not claim(folder, "bob")
    away(folder, queue.AWAY_SECONDS + 1)
    assert claim(folder, "ann")
    away(folder, queue.AWAY_SECONDS + 1)
    assert claim(folder, "bob")
    assert queue.visitor_of(folder) == "bob"


def test_who_is_not_seen_for_a_minute_has_gone(ask):
    folder = ask("mine", WAITING, 1.0)
    claim(folder, "ann")
    away(folder, queue.GONE_SECONDS + 1)
    assert has_gone(folder)
    mark_present(folder)
    assert not has_gone(folder)


def test_a_turn_that_nobody_waits_for_is_left(tmp_path):
    texts, held = [], take(tmp_path / ".place")
    tell = lambda text, done, of: texts.append(text)  # noqa: E731
    with (
        pytest.raises(KeyboardInterrupt),
        exclusive_turn(tmp_path, tell, WAITING, lambda: bool(texts)),
    ):
        raise AssertionError("the turn was taken")
    held.release()
    assert texts == [WAITING]
    with exclusive_turn(tmp_path, tell, WAITING, lambda: True):
        assert texts == [WAITING]  # a free turn is taken at once


@pytest.mark.long
def test_a_process_leaves_the_queue_when_its_visitor_has_gone(folder, tmp_path):
    path = tmp_path / "films.jsonl"
    path.write_text("\n".join(json.dumps({"text": f"A film {n}.", "label": "pos"}) for n in "ab"))
    scores_root().mkdir(parents=True)
    held = take(scores_root() / ".place")  # another scoring is at work
    work = start_scoring(folder, "cpu", source_of(str(path)))
    deadline = time.monotonic() + PATIENCE
    while not any(one.is_waiting for one in scoring_queue()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [one.source for one in scoring_queue()] == ["films.jsonl"]
    claim(work, "ann")
    away(work, queue.GONE_SECONDS + 1)
    while job_state(work).kind == "working" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert job_state(work).kind == "stopped"
    assert scoring_queue() == []
    held.release()
