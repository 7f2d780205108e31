"""A small sweep: one plan with several seeds and learning rates, queued in order.

All its runs share the documents held out, so that they differ by seed and rate alone.
"""

import statistics
import time
from collections.abc import Sequence

import pandas as pd

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.training.runs import manage
from han_core.training.runs.notes import RunNotes, write_notes
from han_core.training.runs.plan import LONGEST_NAME, Plan, checked_plan
from han_core.training.runs.view import RunView

MOST_RUNS = 12


def sweep_plans(plan: Plan, seeds: int, rates: Sequence[float]) -> list[Plan]:
    """Return a plan for each learning rate and each of ``seeds`` seeds, rate by rate.

    The seeds count up from that of ``plan``, and all plans draw the same held-out documents.

    Raises:
        UserError: if there are fewer than 2 or more than ``MOST_RUNS``, or a rate is out of range.
    """
    rates, first = list(dict.fromkeys(rates)), plan.training.seed
    runs = seeds * len(rates)
    if not 2 <= runs <= MOST_RUNS:
        raise UserError(
            tr(
                "A sweep has 2 to {most} runs; {runs} came. Change seeds or rates.",
                most=MOST_RUNS,
                runs=runs,
            )
        )
    split = first if plan.source.split_seed is None else plan.source.split_seed
    values = plan.model_dump()
    values["source"] = {**values["source"], "split_seed": split}
    plans = []
    for rate in rates:
        for seed in range(first, first + seeds):
            end = f" seed {seed} rate {rate:g}"  # a name that is stored: # not shown
            name = plan.name[: LONGEST_NAME - len(end)] + end
            settings = {**plan.settings, "seed": seed, "learning_rate": rate}
            plans.append(checked_plan(**{**values, "name": name, "settings": settings}))
    return plans


def start_sweep(plan: Plan, seeds: int, rates: Sequence[float]) -> list[str]:
    """Queue the runs of a sweep in order, and return their ids.

    Raises:
        UserError: as ``sweep_plans`` and ``manage.start``; runs that were queued before go on.
    """
    group = f"{plan.name} {time.strftime('%d %b %H:%M:%S')}"
    ids = []
    for one in sweep_plans(plan, seeds, rates):
        ids.append(manage.start(one))
        write_notes(manage.folder_of(ids[-1]), RunNotes(sweep=group))
    return ids


def sweep_table(views: Sequence[RunView]) -> pd.DataFrame:
    """Return a row for each sweep and learning rate, in percent points of accuracy.

    Columns: sweep, learning rate, runs, measured, validation, validation_sd, test, test_sd.
    ``measured`` are the runs with an epoch; a standard deviation (n − 1) needs two of them.
    """
    groups: dict[tuple[str, float], list[RunView]] = {}
    for view in views:
        if view.notes.sweep and view.plan:
            key = view.notes.sweep, view.plan.training.learning_rate
            groups.setdefault(key, []).append(view)
    rows = [_row(*key, members) for key, members in groups.items()]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)


_COLUMNS = {
    "sweep": "str", "learning_rate": "float64", "runs": "int64", "measured": "int64",
    "validation": "float64", "validation_sd": "float64", "test": "float64", "test_sd": "float64",
}  # fmt: skip


def _row(sweep: str, rate: float, members: Sequence[RunView]) -> dict[str, object]:
    reached = [view.best["validation"]["accuracy"] for view in members if view.best]
    tested = [view.test_accuracy for view in members if view.test_accuracy is not None]
    return {
        "sweep": sweep,
        "learning_rate": rate,
        "runs": len(members),
        "measured": len(reached),
        **_spread("validation", reached),
        **_spread("test", tested),
    }


def _spread(name: str, shares: Sequence[float]) -> dict[str, float | None]:
    points = [100 * share for share in shares]
    return {
        name: statistics.mean(points) if points else None,
        f"{name}_sd": statistics.stdev(points) if len(points) > 1 else None,
    }
