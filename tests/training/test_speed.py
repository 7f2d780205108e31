"""What a step costs, in operations counted by hand, and the machine that does them."""

from threading import Thread

import pytest
import torch

from han_core.models.architecture import Architecture
from han_core.models.registry import model_kind
from han_core.training import cost as speed
from han_core.training.cost import FROZEN, operations_per_second, step_seconds


@pytest.fixture
def slow(monkeypatch):
    """A machine of one operation a second, so that seconds are operations."""
    monkeypatch.setattr(speed, "operations_per_second", lambda: 1.0)


def shape(model: str, attention: str = "additive") -> Architecture:
    return Architecture(
        model=model, attention=attention, vocabulary_size=9, classes=2,
        embedding=3, hidden=2, attention_size=5,
    )  # fmt: skip


def test_the_operations_of_a_han_by_hand(slow):
    cost = model_kind("han").step_cost
    # Two directions of three gates: 2 · 2 · 3 · hidden · (inputs + hidden), and attention.
    word = 12 * 2 * (3 + 2) + 2 * 4 * 5
    sentence = 12 * 2 * (4 + 2) + 2 * 4 * 5
    reading = 70 * (cost.operation * 3 * word + cost.number * (3 + 2))
    joining = 6 * cost.operation * 3 * sentence
    rest = 1_000 * cost.parameter + cost.step
    asked = (shape("han"), 70, 6, 1_000)
    assert step_seconds(*asked, frozen=False) == pytest.approx(reading + joining + rest)
    assert step_seconds(*asked, frozen=True) == pytest.approx(FROZEN * reading + joining + rest)


def test_the_operations_of_a_bilstm_by_hand(slow):
    cost = model_kind("bilstm").step_cost
    word = 16 * 2 * (3 + 2) + 2 * 4
    reading = 70 * (cost.operation * 3 * word + cost.number * (3 + 2))
    found = step_seconds(shape("bilstm", "dot"), 70, 6, 0, frozen=False)
    assert found == pytest.approx(reading + cost.step)


def test_the_rate_of_this_machine_is_measured_once_and_leaves_the_threads_as_they_were():
    operations_per_second.cache_clear()
    before = torch.get_num_threads()
    rate = operations_per_second()
    assert 1e8 < rate < 1e13
    assert operations_per_second() == rate
    assert operations_per_second.cache_info().misses == 1
    assert torch.get_num_threads() == before


def test_several_who_ask_at_once_leave_the_threads_as_they_were():
    before = torch.get_num_threads()
    operations_per_second.cache_clear()
    asking = [Thread(target=operations_per_second) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert torch.get_num_threads() == before
