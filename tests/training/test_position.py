"""How far an epoch is, by hand."""

import pytest

from han_core.training.batches import Position, StepResult, said

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
    assert said(2, 0) == "epoch 2"
    assert said(2, 57) == "step 57 of epoch 3"


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
