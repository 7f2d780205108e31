"""The flat engines against nn.GRU and nn.LSTM, run one sequence at a time."""

from unittest.mock import patch

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

from han_core.models.recurrent.encoder import WASTE, BidirectionalGRU, BidirectionalLSTM, _groups

ENGINES = [(BidirectionalGRU, nn.GRU), (BidirectionalLSTM, nn.LSTM)]
FEATURES, HIDDEN = 3, 2
ragged = st.lists(st.integers(1, 12), min_size=1, max_size=8)


def one_by_one(model: nn.RNNBase, steps: torch.Tensor, lengths: list[int]):
    """States and final states of each sequence, run alone."""
    states, last = [], []
    for sequence in steps.split(lengths):
        output, final = model(sequence)
        final = final[0] if isinstance(final, tuple) else final
        states.append(output)
        last.append(final.flatten())
    return torch.cat(states), torch.stack(last)


@pytest.mark.parametrize(("engine", "plain"), ENGINES)
@settings(max_examples=25)
@given(ragged)
@example([1])
@example([1, 30, 1, 2, 30, 29, 1])
def test_an_engine_is_torchs_own_without_padding(engine, plain, lengths):
    torch.manual_seed(len(lengths))
    flat = engine(FEATURES, HIDDEN).double()
    single = plain(FEATURES, HIDDEN, bidirectional=True).double()
    single.load_state_dict(flat.state_dict())
    steps = torch.randn(sum(lengths), FEATURES, dtype=torch.float64)
    results = []
    for model, run in ((flat, lambda s: flat(s, torch.tensor(lengths))),
                       (single, lambda s: one_by_one(single, s, lengths))):  # fmt: skip
        given_steps = steps.clone().requires_grad_()
        states, last = run(given_steps)
        ((states**2).sum() + (last**3).sum()).backward()
        results.append([states, last, given_steps.grad, *(p.grad for p in model.parameters())])
    for ours, torchs in zip(*results, strict=True):
        torch.testing.assert_close(ours, torchs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("engine", "plain"), ENGINES)
@settings(max_examples=25)
@given(ragged, st.integers(1, 5))
@example([1, 30, 1, 2, 30, 29, 1], 3)
def test_without_gradients_too_and_with_rows_that_stand_often(engine, plain, lengths, distinct):
    torch.manual_seed(len(lengths))
    flat = engine(FEATURES, HIDDEN).double()
    single = plain(FEATURES, HIDDEN, bidirectional=True).double()
    single.load_state_dict(flat.state_dict())
    table = torch.randn(distinct, FEATURES, dtype=torch.float64)
    index = torch.randint(distinct, (sum(lengths),))
    expected = one_by_one(single, table[index], lengths)
    told = torch.tensor(lengths)
    answers = [flat(table, told, index)]
    for lockstep, many in ((True, 1), (True, 100), (False, 1)):  # one engine and the other
        with (
            torch.no_grad(),
            patch.object(engine, "lockstep_is_faster", lambda *_, all_alike=lockstep: all_alike),
            patch("han_core.models.recurrent.scan_plan.MANY", many),
        ):
            answers += [flat(table, told, index), flat(table[index], told)]
    for answer in answers:
        torch.testing.assert_close(answer, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("engine", "plain"), ENGINES)
@settings(max_examples=25)
@given(ragged, st.integers(1, 3))
@example([5, 5, 4, 5, 1], 1)
def test_what_sequences_have_in_common_is_read_once_with_the_same_states(
    engine, plain, lengths, distinct
):
    torch.manual_seed(len(lengths))
    flat = engine(FEATURES, HIDDEN).double()
    single = plain(FEATURES, HIDDEN, bidirectional=True).double()
    single.load_state_dict(flat.state_dict())
    table = torch.randn(distinct, FEATURES, dtype=torch.float64)
    index = torch.randint(distinct, (sum(lengths),))
    with torch.no_grad():
        readings, last = flat.read_table(flat.project(table), torch.tensor(lengths), index, True)
    expected = one_by_one(single, table[index], lengths)
    torch.testing.assert_close((readings.dense(), last), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("engine", [BidirectionalGRU, BidirectionalLSTM])
def test_the_parameters_have_torchs_names(engine):
    plain = {BidirectionalGRU: nn.GRU, BidirectionalLSTM: nn.LSTM}[engine]
    names = plain(FEATURES, HIDDEN, bidirectional=True).state_dict().keys()
    assert engine(FEATURES, HIDDEN).state_dict().keys() == names


@given(ragged)
def test_groups_hold_every_sequence_once_and_waste_little(lengths):
    groups = [group.tolist() for group in _groups(torch.tensor(lengths))]
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    for group in groups:
        padded = max(lengths[i] for i in group) * len(group)
        assert padded <= WASTE * sum(lengths[i] for i in group)
