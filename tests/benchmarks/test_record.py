"""What is told of a class, by hand-worked numbers."""

import random

import numpy as np
import pytest

from benchmarks.pasted import told as percentiles
from benchmarks.server_session import Record, a_text, told


def test_only_what_students_do_counts_for_the_class():
    record = Record()
    for seconds in (0.1, 0.2, 0.3):
        record.took("analyse", seconds)
    record.took("compare", 0.4)
    record.took("dollars", 9.0)
    found = record.summary()
    assert found["replies"] == 4
    assert found["median_seconds"] == 0.25
    assert found["worst_seconds"] == 0.4
    assert found["by_action"]["dollars"]["median_seconds"] == 9
    assert found["by_action"]["analyse"] == told([0.1, 0.2, 0.3])


def test_the_95th_percentile_is_numpys():
    seconds = [at / 1000 for at in range(101)]
    assert told(seconds)["p95_seconds"] == pytest.approx(0.095)


def test_nothing_noticed_is_no_number():
    assert np.isnan(Record().summary()["p95_seconds"])
    assert Record().summary()["first_error"] is None


def test_a_text_begins_with_its_mark_and_holds_it_once():
    text = a_text("zq07x", random.Random(1), 250)
    assert text.startswith("zq07x ")
    assert text.count("zq07x") == 1
    assert len(text.split()) == 250


def test_percentiles_of_each_name():
    found = percentiles([{"view": float(at)} for at in range(101)])
    assert found == {"view_p50_ms": 50, "view_p95_ms": 95}
