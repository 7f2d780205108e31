"""What a class noticed of the server: how long each thing took, and what went wrong.

It knows nothing about how it was measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

STUDENTS = ("arrive", "visit", "analyse", "compare")
"""What students do; only that counts in the figures of the whole class."""


@dataclass
class Record:
    """What was noticed.

    Attributes:
        seconds: from message to ``script_finished``, by what was done.
        strangers: replies that held the text of another session.
        missing: replies that did not hold the text they were asked about.
        health: seconds of each answer of the health endpoint.
        trained: steps that a run took meanwhile; None where none ran.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    strangers: int = 0
    missing: int = 0
    health: list[float] = field(default_factory=list)
    trained: int | None = None

    def took(self, action: str, seconds: float) -> None:
        """One more reply."""
        self.seconds.setdefault(action, []).append(seconds)

    @property
    def replies(self) -> list[float]:
        """Seconds of all that students asked for."""
        return [each for action in STUDENTS for each in self.seconds.get(action, ())]

    def summary(self) -> dict[str, object]:
        """For people: of the whole class, then of each thing that was done."""
        return {
            **told(self.replies),
            "by_action": {action: told(times) for action, times in self.seconds.items()},
            "errors": len(self.errors),
            "first_error": self.errors[0] if self.errors else None,
            "replies_of_another_session": self.strangers,
            "replies_without_own_text": self.missing,
            "worst_health_seconds": round(max(self.health, default=float("nan")), 3),
            "training_steps_meanwhile": self.trained,
        }


def told(seconds: Sequence[float]) -> dict[str, float]:
    """How many, and their median, 95th percentile and worst; NaN of none."""
    times = np.array(seconds or [np.nan])
    return {
        "replies": len(seconds),
        "median_seconds": round(float(np.median(times)), 3),
        "p95_seconds": round(float(np.quantile(times, 0.95)), 3),
        "worst_seconds": round(float(times.max()), 3),
    }
