"""Sweeps: their plans, and the mean and deviation of their runs."""

import statistics
from dataclasses import replace

import pytest

from han_core.runtime.errors import UserError
from han_core.training.runs import manage, sweep
from han_core.training.runs.event_log import EventLog
from han_core.training.runs.notes import RunNotes
from han_core.training.runs.plan import LONGEST_NAME, new_folder
from han_core.training.runs.sweep import start_sweep, sweep_plans, sweep_table


def test_a_plan_for_each_rate_and_seed_in_order(plan):
    plans = sweep_plans(plan(settings={"seed": 5, "learning_rate": 0.01}), 2, [0.01, 0.002, 0.01])
    pairs = [(one.training.learning_rate, one.training.seed) for one in plans]
    assert pairs == [(0.01, 5), (0.01, 6), (0.002, 5), (0.002, 6)]
    assert plans[3].name == "small seed 6 rate 0.002"


def test_all_runs_hold_out_the_same_documents(plan):
    assert {one.source.split_seed for one in sweep_plans(plan(), 3, [0.01])} == {0}
    drawn = plan(source={"data": "bundled:classroom", "split_seed": 9})
    assert {one.source.split_seed for one in sweep_plans(drawn, 3, [0.01])} == {9}


def test_long_names_keep_seed_and_rate(plan):
    (first, _) = sweep_plans(plan(name="x" * LONGEST_NAME), 2, [0.01])
    assert len(first.name) == LONGEST_NAME
    assert first.name.endswith("x seed 0 rate 0.01")


@pytest.mark.parametrize(("seeds", "rates"), [(1, [0.1]), (7, [0.1, 0.2]), (13, [0.1]), (3, [])])
def test_too_few_and_too_many_runs_are_refused(plan, seeds, rates):
    with pytest.raises(UserError, match="A sweep has 2 to 12 runs"):
        sweep_plans(plan(), seeds, rates)


def test_a_rate_out_of_range_is_refused_before_anything_starts(plan, place):
    with pytest.raises(UserError, match="learning_rate"):
        start_sweep(plan(), 2, [0.1, 99.0])
    assert manage.runs() == []


def test_runs_are_started_in_order_and_named_as_one_group(plan, monkeypatch):
    monkeypatch.setattr(sweep.manage, "start", lambda one: new_folder(one).name)
    ids = start_sweep(plan(), 3, [0.01])
    views = [manage.view(id) for id in ids]
    assert [view.plan.training.seed for view in views] == [0, 1, 2]
    assert len({view.notes.sweep for view in views}) == 1
    assert views[0].notes.sweep.startswith("small ")


def test_mean_and_standard_deviation_are_those_of_the_library(plan):
    views = []
    for accuracy in (0.5, 0.6, 0.8, None):
        folder = new_folder(plan())
        if accuracy is not None:
            log = EventLog(folder)
            reached = {"accuracy": accuracy, "macro_f1": 0.5, "loss": 1.0}
            line = {"epoch": 1, "seconds": 1.0, "train": reached, "validation": reached}
            log.write("epoch", line=line)
            log.write("done", summary={"test": {"accuracy": accuracy - 0.1}})
            log.close()
        views.append(replace(manage.view(folder.name), notes=RunNotes(sweep="s")))
    lone = replace(views[0], notes=RunNotes())
    (row,) = sweep_table([*views, lone]).to_dict("records")
    assert (row["sweep"], row["runs"], row["measured"]) == ("s", 4, 3)
    assert row["validation"] == pytest.approx(100 * (0.5 + 0.6 + 0.8) / 3)
    assert row["validation_sd"] == pytest.approx(statistics.stdev([50, 60, 80]))
    assert row["test"] == pytest.approx(100 * (0.4 + 0.5 + 0.7) / 3)
    assert list(sweep_table([lone]).columns) == list(sweep_table(views).columns)


def test_one_run_has_no_deviation(plan):
    view = replace(manage.view(new_folder(plan()).name), notes=RunNotes(sweep="s"))
    (row,) = sweep_table([view]).to_dict("records")
    assert row["measured"] == 0
    assert row["validation"] != row["validation"]  # NaN
