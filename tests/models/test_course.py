"""The order of reading, by hand and by following it step by step."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.models.recurrent import scan_plan
from han_core.models.recurrent.scan_plan import ScanPlan, separate_plan, shared_plan

sequences = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=7)


def read(plan: ScanPlan, index: list[int]) -> tuple[list[tuple], list[tuple]]:
    """What has been read by each forward and each backward reading, its own step last."""
    found: list[list[tuple]] = [[], []]
    memory: list[tuple] = []
    at = 0
    for time, size in enumerate(plan.sizes):
        if plan.before and time:
            memory = [memory[source] for source in plan.before[time - 1].tolist()]
        elif time:
            half = len(memory) // 2
            memory = memory[:size] + memory[half : half + size]
        else:
            memory = [()] * (2 * size)
        steps = plan.reads[at : at + 2 * size].tolist()
        memory = [
            (*seen, index[step % len(index)]) for seen, step in zip(memory, steps, strict=True)
        ]
        found[0] += memory[:size]
        found[1] += memory[size:]
        at += 2 * size
    return found[0], found[1]


@pytest.mark.parametrize("shared", [False, True])
@given(given_sequences=sequences)
def test_each_step_is_read_after_what_stands_before_it(shared, given_sequences):
    index = [step for sequence in given_sequences for step in sequence]
    lengths = torch.tensor([len(sequence) for sequence in given_sequences])
    plan = shared_plan(torch.tensor(index), lengths) if shared else separate_plan(lengths)
    forward, backward = read(plan, index)
    step = 0
    for sequence in given_sequences:
        for place in range(len(sequence)):
            assert forward[plan.forward[step]] == tuple(sequence[: place + 1])
            assert backward[plan.backward[step]] == tuple(sequence[place:][::-1])
            step += 1


def test_a_beginning_that_three_share_is_read_once():
    index = torch.tensor([5, 6, 7, 5, 6, 8, 5, 6, 9])
    plan = shared_plan(index, torch.tensor([3, 3, 3]))
    assert plan.sizes == [3, 3, 3]  # backward they part at once
    both_ways = torch.tensor([5, 6, 5, 5, 6, 5, 5, 6, 5])
    assert shared_plan(both_ways, torch.tensor([3, 3, 3])).sizes == [1, 1, 1]


def test_without_enough_in_common_or_room_each_is_read_by_itself(monkeypatch):
    different, shared = torch.arange(6), torch.tensor([1, 2, 3, 1, 2, 3])
    lengths = torch.tensor([3, 3])
    assert shared_plan(different, lengths).before is None
    assert shared_plan(shared, lengths).before is not None
    monkeypatch.setattr(scan_plan, "LARGEST_GRID", 5)
    assert shared_plan(shared, lengths).before is None
