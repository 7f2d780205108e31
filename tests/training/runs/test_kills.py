"""Runs that are killed again and again end as one that nobody disturbed."""

import json
import random
import time

import pytest

from han_core.models.checkpoint import WEIGHTS
from han_core.training.runs import manage
from han_core.training.runs.event_log import EVENTS

KILLS = 20


@pytest.mark.long
def test_twenty_kills_at_random_moments_change_nothing(zygote, plan, wait):
    asked = plan(epochs=5, settings={"save_seconds": 0.05})
    whole = wait(manage.start(asked))
    assert whole.status == "done", whole.message
    draw = random.Random(5)
    kills = 0
    while kills < KILLS:  # a fast machine is done before: then another run goes on with it
        id = manage.start(asked)
        while kills < KILLS and _kill(zygote, id, draw.uniform(0, 0.6), wait):
            kills += 1
            manage.resume(id)
        _is_the_same(wait(id), whole)


def _kill(zygote, id: str, seconds: float, wait) -> bool:
    """Kills the run after so many seconds of its life; False if it was done before."""
    time.sleep(seconds)
    zygote.kill(id)
    run = wait(id)
    lines = (run.folder / EVENTS).read_bytes().split(b"\n")
    assert all(json.loads(line)["kind"] for line in lines[:-1])
    assert run.status in ("interrupted", "done"), run.message
    return run.status == "interrupted"


def _is_the_same(run, whole) -> None:
    assert run.status == "done", run.message
    assert (run.checkpoint / WEIGHTS).read_bytes() == (whole.checkpoint / WEIGHTS).read_bytes()
    assert _results(run) == _results(whole)


def _results(run) -> list[dict]:
    return [{k: line[k] for k in ("epoch", "train", "validation", "step")} for line in run.history]
