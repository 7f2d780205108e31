"""How a run tells what it is doing, and is told to stop.

It knows nothing about who listens: the command line, an event log, or a test.
"""

from collections.abc import Callable
from dataclasses import dataclass

from han_core.models.checkpoint import Checkpoint
from han_core.preparation.tokens import Follow

Step = Callable[[int, float], None]
"""Called after each batch with its documents and its mean loss. Where an epoch goes on that was
stopped, the first call is of all the documents before."""


class Stopped(Exception):
    """A run was asked to stop, finished its step and saved; the message says where it stands."""


@dataclass(frozen=True)
class Moment:
    """A point between two steps of a run.

    Attributes:
        step: steps of the optimiser taken so far; 0 before the first.
        epoch: epochs over so far.
        ends_epoch: whether an epoch has just been validated.
        checkpoint: makes the checkpoint as it would be saved now (averaged and rounded
            where the settings say so), in evaluation mode on the run's device: a copy,
            made when it is called, and of the present weights only until the next step.
    """

    step: int
    epoch: int
    ends_epoch: bool
    checkpoint: Callable[[], Checkpoint]


def _nothing(*_: object) -> None:
    """What is done where nobody listens."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Watch:
    """What a run calls while it goes on. With several processes, the first one calls.

    Attributes:
        follow: wraps a loop over texts.
        epoch: called with epoch number and documents; gives what is called after each batch.
        say: called with a sentence.
        moment: called before the first step, after each step, and after each epoch.
        line: called with the history's line of each epoch.
        saved: called with the number of steps whenever they stand on the disk.
        stop: asked after each step, and after each epoch, whether to stop there.
    """

    follow: Follow
    epoch: Callable[[int, int], Step]
    say: Callable[[str], None]
    moment: Callable[[Moment], None] = _nothing
    line: Callable[[dict], None] = _nothing
    saved: Callable[[int], None] = _nothing
    stop: Callable[[], bool] = _never


UNWATCHED = Watch(lambda texts, name: texts, lambda number, documents: _nothing, _nothing)
"""For the other processes of a run."""
