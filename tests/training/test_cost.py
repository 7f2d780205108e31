"""Sizes of vocabularies and batches, and the cost of a step in operations counted by hand."""

import random
from collections import Counter
from itertools import accumulate
from threading import Thread

import pytest
import torch

from han_core.models.architecture import Architecture
from han_core.models.registry import model_kind
from han_core.training import cost as speed
from han_core.training.cost import (
    FROZEN,
    batch_budget,
    expected_words,
    forward_operations,
    operations_per_second,
    step_seconds,
)


def test_a_batch_of_little_data_is_a_thirtieth_of_it():
    assert batch_budget([50] * 120) == 50 * 120 // 30
    assert batch_budget([10] * 30 + [900]) == 900  # no document is longer than a batch
    assert batch_budget([200] * 25_000) == 8_000  # IMDB's size
    assert batch_budget([20_000, 5]) == 8_000
    assert batch_budget([1, 1]) == 1
    assert batch_budget([50] * 120, given=3_000) == 3_000


def test_of_all_texts_the_words_are_counted():
    counts = Counter(["a", "a", "a", "b", "b", "c"])
    assert [expected_words(counts, 6, least) for least in (1, 2, 3, 4)] == [3, 2, 1, 0]


def test_by_hand():
    """Half the words stand once: four times the tokens have twice the words."""
    counts = {"a": 1, "b": 1, "c": 4, "d": 4}
    assert expected_words(counts, 40, 1) == round(4 * 4**0.5)
    # Of them (1 − ½) / 1 stand twice or more, and of these (2 − ½) / 2 three times or more.
    assert expected_words(counts, 40, 2) == 4
    assert expected_words(counts, 40, 3) == 3


def test_where_no_word_is_new_any_more_there_are_no_others():
    assert expected_words({"a": 5, "b": 5}, 10_000, 2) == 2


def test_where_every_word_is_new_none_is_frequent():
    assert expected_words({"a": 1, "b": 1}, 10_000, 1) == 10_000
    assert expected_words({"a": 1, "b": 1}, 10_000, 2) == 0


@pytest.mark.parametrize("exponent", [1.05, 1.3, 1.6])
@pytest.mark.parametrize("least", [1, 2, 5])
def test_words_that_follow_a_power_law_are_foretold(exponent, least):
    """Zipf's law for 200,000 words, and a sample of a thirtieth of the corpus."""
    cumulative = list(accumulate(1 / rank**exponent for rank in range(1, 200_001)))
    words = random.Random(1).choices(range(200_000), cum_weights=cumulative, k=300_000)
    real = sum(count >= least for count in Counter(words).values())
    told = expected_words(Counter(map(str, words[:10_000])), len(words), least)
    assert real / 1.6 < told < real * 1.6


@pytest.fixture
def slow(monkeypatch):
    """A machine of one operation a second, so that seconds are operations."""
    monkeypatch.setattr(speed, "operations_per_second", lambda: 1.0)


def shape(model: str, attention: str = "additive", layers: int = 1) -> Architecture:
    return Architecture(
        model=model, attention=attention, vocabulary_size=9, classes=2,
        embedding=3, hidden=2, attention_size=5, layers=layers,
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


def test_each_further_layer_reads_the_states_of_both_directions(slow):
    cost = model_kind("han").step_cost
    # Layers 2 and 3 read 2 · hidden numbers, words and sentences alike.
    word = 12 * 2 * ((3 + 2) + 2 * (4 + 2)) + 2 * 4 * 5
    sentence = 12 * 2 * ((4 + 2) + 2 * (4 + 2)) + 2 * 4 * 5
    reading = 70 * (cost.operation * 3 * word + cost.number * ((3 + 2) + 2 * (4 + 2)))
    joining = 6 * cost.operation * 3 * sentence
    found = step_seconds(shape("han", layers=3), 70, 6, 1_000, frozen=False)
    assert found == pytest.approx(reading + joining + 1_000 * cost.parameter + cost.step)
    assert forward_operations(shape("han", layers=3), 70, 6) == 70 * word + 6 * sentence


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
