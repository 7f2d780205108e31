"""Figures of a class and of pasted texts, by hand-worked numbers."""

import random

import numpy as np
import pytest

from benchmarks.a_class import Record, summary_of
from benchmarks.pasted import percentiles
from benchmarks.server_session import random_text


def test_only_actions_of_students_count_for_the_class():
    record = Record()
    for seconds in (0.1, 0.2, 0.3):
        record.add("analyse", seconds)
    record.add("compare", 0.4)
    record.add("dollars", 9.0)
    summary = record.summary()
    assert summary["replies"] == 4
    assert summary["median_seconds"] == 0.25
    assert summary["worst_seconds"] == 0.4
    assert summary["by_action"]["dollars"]["median_seconds"] == 9
    assert summary["by_action"]["analyse"] == summary_of([0.1, 0.2, 0.3])


def test_the_95th_percentile_interpolates():
    assert summary_of([at / 1000 for at in range(101)])["p95_seconds"] == pytest.approx(0.095)
    figures = percentiles([{"view": float(at)} for at in range(101)])
    assert figures == {"view_p50_ms": 50, "view_p95_ms": 95}


def test_an_empty_record_has_no_numbers():
    assert np.isnan(Record().summary()["p95_seconds"])
    assert Record().summary()["first_error"] is None


def test_a_text_begins_with_its_mark_and_holds_it_once():
    text = random_text("zq07x", random.Random(1), 250)
    assert text.startswith("zq07x ")
    assert text.count("zq07x") == 1
    assert len(text.split()) == 250
