"""Batches of an epoch within their budget, and how far an epoch is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.text.batch import NumberedDocument
from han_core.training.batches import (
    Pool,
    Position,
    StepResult,
    describe_position,
    epoch_batches,
    share,
    steps,
)
from han_core.training.cost import batch_budget

lengths_of_documents = st.lists(st.integers(1, 300), min_size=1, max_size=200)


@given(lengths_of_documents, st.integers(1, 500), st.integers(0, 3), st.integers(0, 3))
def test_every_document_comes_once_and_the_budget_is_kept(lengths, budget, seed, epoch):
    batches = epoch_batches(lengths, budget, seed, epoch)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert batch
        assert sum(lengths[i] for i in batch) <= budget or len(batch) == 1


def test_an_epoch_of_little_data_has_about_thirty_batches():
    lengths = [(37 * i) % 50 + 20 for i in range(120)]
    assert 30 <= len(epoch_batches(lengths, batch_budget(lengths), seed=0, epoch=0)) <= 40


def test_the_seed_and_the_epoch_decide_the_order():
    lengths = [(7 * i) % 50 + 1 for i in range(400)]
    first = epoch_batches(lengths, 200, seed=1, epoch=2)
    assert epoch_batches(lengths, 200, seed=1, epoch=2) == first
    assert epoch_batches(lengths, 200, seed=1, epoch=3) != first
    assert epoch_batches(lengths, 200, seed=2, epoch=2) != first
    assert epoch_batches(lengths, 200, seed=2, epoch=1) != first


def test_documents_of_similar_length_share_a_batch():
    lengths = [(37 * i) % 100 + 1 for i in range(2_000)]
    batches = epoch_batches(lengths, 1_000, seed=0, epoch=0)
    padded = sum(len(batch) * max(lengths[i] for i in batch) for batch in batches)
    assert padded < 1.1 * sum(lengths)  # in random order it would be about 1.8
    starts = [lengths[batch[0]] for batch in batches]
    assert starts != sorted(starts)  # yet short ones do not all come first


def test_a_step_takes_as_many_batches_as_are_accumulated_and_the_last_one_the_rest():
    assert steps([[0], [1], [2], [3], [4]], 2) == [[[0], [1]], [[2], [3]], [[4]]]
    assert steps([[0], [1]], 9) == [[[0], [1]]]


@given(lengths_of_documents, st.integers(1, 500), st.integers(1, 5))
def test_the_processes_share_every_batch_evenly(lengths, budget, processes):
    """Each document once; no share is longer than another by more than the longest document."""
    for batch in epoch_batches(lengths, budget, seed=0, epoch=0):
        shares = [share(batch, process, processes) for process in range(processes)]
        assert sorted(index for mine in shares for index in mine) == sorted(batch)
        sizes = [sum(lengths[i] for i in mine) for mine in shares]
        assert max(sizes) - min(sizes) <= max(lengths[i] for i in batch)
    assert share([7], 1, 2) == []


STEP = StepResult(documents=(2, 4), losses=(1.0, 0.25), right=5, seconds=0.5)


def test_a_step_further_by_hand():
    position = Position().after(STEP).after(StepResult((2,), (3.0,), 0, 1.5))
    assert position == Position(taken=2, documents=8, loss=2 * 1 + 4 * 0.25 + 2 * 3, right=5,
                                seconds=2.0)  # fmt: skip
    assert position.line() == {
        "train": {"loss": 9 / 8, "accuracy": 5 / 8}, "seconds": 2.0, "documents_per_second": 4.0
    }  # fmt: skip


def test_each_batch_of_a_step_is_told_and_what_came_before_at_once():
    told = []
    STEP.tell(lambda *batch: told.append(batch))
    assert told == [(2, 1.0), (4, 0.25)]
    Position().tell(lambda *batch: told.append(batch))
    assert len(told) == 2  # nothing came before
    Position().after(STEP).tell(lambda *batch: told.append(batch))
    assert told[2:] == [(6, 0.5)]


def test_where_a_run_stands_in_words():
    assert describe_position(2, 0) == "epoch 2"
    assert describe_position(2, 57) == "step 57 of epoch 3"


@pytest.mark.parametrize(
    "numbers",
    [
        {"taken": -1},
        {"taken": True, "documents": 5},
        {"taken": 1.0, "documents": 5},
        {"taken": 3, "documents": 2},
        {"taken": 1, "documents": 2, "right": 3},
        {"loss": float("inf")},
        {"seconds": float("nan")},
    ],
)
def test_numbers_of_no_epoch_are_refused(numbers):
    with pytest.raises(ValueError):
        Position(**numbers)


def documents(*lengths):
    return [
        NumberedDocument(np.full(length, 2, dtype=np.int32), np.array([length], dtype=np.int32))
        for length in lengths
    ]


@given(st.integers(1, 9), st.integers(1, 60))
def test_a_pool_gives_as_many_documents_and_tokens_as_allowed_and_at_least_one(number, tokens):
    drawn = Pool(documents(3, 20, 7, 30)).draw(number, tokens)
    assert 1 <= len(drawn) <= number
    assert len(drawn) == 1 or sum(len(document.words) for document in drawn) <= tokens
