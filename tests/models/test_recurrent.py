"""The flat engines against nn.GRU and nn.LSTM, run one sequence at a time."""

from unittest.mock import patch

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import linear

from han_core.models.attention import attention_pooling
from han_core.models.recurrent import scan_plan
from han_core.models.recurrent.encoder import MANY, BidirectionalGRU, BidirectionalLSTM
from han_core.models.recurrent.scan import (
    FEWEST,
    WASTE,
    SharedStates,
    dense_states,
    dropout,
    product,
    similar_groups,
    tanh_,
)
from han_core.models.recurrent.scan_plan import ScanPlan, separate_plan, shared_plan

ENGINES = [(BidirectionalGRU, nn.GRU), (BidirectionalLSTM, nn.LSTM)]
LAYERS = [1, 2, 3]

FEATURES, HIDDEN = 3, 2


ragged = st.lists(st.integers(1, 12), min_size=1, max_size=8)


def one_by_one(model: nn.RNNBase, steps: torch.Tensor, lengths: list[int]):
    """States and final states of each sequence, run alone, of the top layer."""
    states, last = [], []
    for sequence in steps.split(lengths):
        output, final = model(sequence)
        final = final[0] if isinstance(final, tuple) else final
        states.append(output)
        last.append(final[-2:].flatten())  # of the top layer
    return torch.cat(states), torch.stack(last)


def both(engine, plain, layers: int, lengths: list[int]) -> tuple[nn.RNNBase, nn.RNNBase]:
    """Ours and torch's own, in double precision and with the same weights."""
    torch.manual_seed(len(lengths))
    ours = engine(FEATURES, HIDDEN, layers).double()
    torchs = plain(FEATURES, HIDDEN, layers, bidirectional=True).double()
    torchs.load_state_dict(ours.state_dict())
    return ours, torchs


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize(("engine", "plain"), ENGINES)
@settings(max_examples=25)
@given(ragged)
@example([1])
@example([1, 30, 1, 2, 30, 29, 1])
def test_an_engine_is_torchs_own_without_padding(engine, plain, layers, lengths):
    flat, single = both(engine, plain, layers, lengths)
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


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize(("engine", "plain"), ENGINES)
@settings(max_examples=25)
@given(ragged, st.integers(1, 5))
@example([1, 30, 1, 2, 30, 29, 1], 3)
def test_without_gradients_too_and_with_rows_that_stand_often(
    engine, plain, layers, lengths, distinct
):
    flat, single = both(engine, plain, layers, lengths)
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


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize(("engine", "plain"), ENGINES)
@settings(max_examples=25)
@given(ragged, st.integers(1, 3))
@example([5, 5, 4, 5, 1], 1)
def test_what_sequences_have_in_common_is_read_once_with_the_same_states(
    engine, plain, layers, lengths, distinct
):
    flat, single = both(engine, plain, layers, lengths)
    table = torch.randn(distinct, FEATURES, dtype=torch.float64)
    index = torch.randint(distinct, (sum(lengths),))
    with torch.no_grad():
        readings, last = flat.read_table(flat.project(table), torch.tensor(lengths), index, True)
    expected = one_by_one(single, table[index], lengths)
    torch.testing.assert_close((readings.dense(), last), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize(("engine", "plain"), ENGINES)
def test_the_parameters_have_torchs_names(engine, plain, layers):
    names = plain(FEATURES, HIDDEN, layers, bidirectional=True).state_dict().keys()
    assert engine(FEATURES, HIDDEN, layers).state_dict().keys() == names


@pytest.mark.parametrize(("engine", "plain"), ENGINES)
def test_many_sequences_in_single_precision_are_torchs_own_too(engine, plain):
    lengths = [5 + 7 * place % 23 for place in range(2 * MANY)]
    flat, single = (model.float() for model in both(engine, plain, 2, lengths))
    steps, told = torch.randn(sum(lengths), FEATURES), torch.tensor(lengths)
    with torch.no_grad():
        assert flat.uses_table(told)
        answers = [flat(steps, told), flat.read_table(flat.project(steps), told, shared=True)]
        expected = one_by_one(single, steps, lengths)
    for states, last in [*answers, flat(steps, told)]:
        torch.testing.assert_close(dense_states(states), expected[0], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(last, expected[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("engine", "plain"), ENGINES)
def test_the_top_layers_states_are_normalised(engine, plain):
    lengths = [4, 1, 3]
    torch.manual_seed(3)
    flat = engine(FEATURES, HIDDEN, 2, layer_norm=True).double()
    gain, shift = torch.randn(2, 2 * HIDDEN, dtype=torch.float64)
    with torch.no_grad():
        flat.layer_norm.weight.copy_(gain)
        flat.layer_norm.bias.copy_(shift)
    single = plain(FEATURES, HIDDEN, 2, bidirectional=True).double()
    single.load_state_dict({n: w for n, w in flat.state_dict().items() if n[:6] != "layer_"})
    steps, told = torch.randn(8, FEATURES, dtype=torch.float64), torch.tensor(lengths)

    def normalised(states: torch.Tensor) -> torch.Tensor:
        """Ba et al. 2016, equation 4; (rows, numbers), as float64."""
        centred = states - states.mean(1, keepdim=True)
        return gain * centred / (centred.pow(2).mean(1, keepdim=True) + 1e-5).sqrt() + shift

    expected = [normalised(part) for part in one_by_one(single, steps, lengths)]
    answers = [flat(steps, told)]
    with torch.no_grad():
        answers.append(flat(steps, told))
        table = flat.project(steps)
        answers += [flat.read_table(table, told, shared=shared) for shared in (False, True)]
    for answer in answers:
        torch.testing.assert_close([*answer], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("engine", "plain"), ENGINES)
def test_dropout_acts_between_layers_and_in_training_alone(engine, plain):
    lengths = torch.tensor([6, 2])
    steps = torch.randn(8, FEATURES)
    two, one = engine(FEATURES, HIDDEN, 2, dropout=0.5), engine(FEATURES, HIDDEN, dropout=0.5)
    for model, differs in ((two, True), (one, False)):
        first, second = (model.train()(steps, lengths)[0] for _ in range(2))
        assert (first != second).any() == differs
        first, second = (model.eval()(steps, lengths)[0] for _ in range(2))
        assert (first == second).all()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.99])
def test_dropout_leaves_out_its_share_of_every_column_and_scales_the_rest(share):
    torch.manual_seed(5)
    x = (1 + torch.rand(50_000, 4)).requires_grad_()  # four draws come from one number
    found = dropout(x, share)
    kept = found != 0
    spread = (share * (1 - share) / len(x)) ** 0.5
    assert ((kept.double().mean(0) - (1 - share)).abs() < 4 * spread).all()
    together = (kept[:, 0] & kept[:, 1]).double().mean()
    assert abs(together - (1 - share) ** 2) < 4 * spread
    torch.testing.assert_close(found[kept], x[kept] / (1 - share))
    found.sum().backward()
    torch.testing.assert_close(x.grad, kept / (1 - share), check_dtype=False)


def test_dropout_follows_the_seed_and_every_shape_and_precision():
    for x in (torch.rand(3, 7), torch.rand(5).double(), torch.rand(7, 3).bfloat16().t()):
        torch.manual_seed(6)
        first = dropout(x, 0.5)
        other = dropout(x, 0.5)
        torch.manual_seed(6)
        assert torch.equal(dropout(x, 0.5), first)
        assert not torch.equal(first, other)
        assert (first.dtype, first.shape) == (x.dtype, x.shape)
        assert torch.equal(dropout(x, 0.0), x)
        assert torch.equal(dropout(x, 0.5, training=False), x)
        assert not dropout(x, 1.0).any()


@given(ragged)
def test_groups_hold_every_sequence_once_and_waste_little(lengths):
    groups = [group.tolist() for group in similar_groups(torch.tensor(lengths))]
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    for group in groups:
        padded = max(lengths[i] for i in group) * len(group)
        assert padded <= WASTE * sum(lengths[i] for i in group)


sequences = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=7)


def read(plan: ScanPlan, index: list[int]) -> tuple[list[tuple], list[tuple]]:
    """What has been read by each forward and each backward reading, its own step last."""
    found: list[list[tuple]] = [[], []]
    memory: list[tuple] = []
    at = 0
    for time, size in enumerate(plan.sizes):
        if plan.before is not None and time:
            memory = [memory[source] for source in plan.before[at : at + 2 * size].tolist()]
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


OWNER = torch.tensor([0, 0, 0, 1, 2, 2])


def readings() -> SharedStates:
    torch.manual_seed(4)
    ahead, back = torch.tensor([0, 1, 3, 0, 0, 2]), torch.tensor([2, 1, 0, 0, 3, 0])
    return SharedStates(torch.randn(2, 4, 3), ahead, back)


def test_each_step_has_its_forward_beside_its_backward_state():
    states = readings()
    assert states.dense().tolist()[2] == [*states.tables[0][3], *states.tables[1][0]]
    assert states.dense(torch.tensor([5, 2])).tolist() == [
        states.dense()[5].tolist(),
        states.dense()[2].tolist(),
    ]
    assert len(states) == 6


def test_layers_and_every_attention_form_see_no_difference():
    states, query = readings(), torch.randn(3, 6)
    written = states.dense()
    layer = nn.Linear(6, 5)
    with torch.no_grad():
        torch.testing.assert_close(states.through(layer), layer(written))
        for form in ("additive", "dot", "linear"):
            pooling = attention_pooling(form, 6, 4)
            torch.testing.assert_close(
                pooling(states, OWNER, query), pooling(written, OWNER, query)
            )


def test_repeated_states_stand_one_after_another():
    written = torch.randn(3, 4)
    repeated = SharedStates.repeated(written, 2)
    torch.testing.assert_close(dense_states(repeated), written.repeat(2, 1))
    assert dense_states(written) is written


def test_tanh_is_tanh():
    x = torch.cat((torch.linspace(-30, 30, 20_001), torch.tensor([0.0, 1e-8, torch.inf])))
    assert (tanh_(x.clone()) - torch.tanh(x)).abs().max() < 3e-7
    exact = x.double()
    torch.testing.assert_close(tanh_(exact.clone()), torch.tanh(exact), rtol=0, atol=1e-15)


@pytest.mark.parametrize("rows", [1, FEWEST, 3 * FEWEST])
@pytest.mark.parametrize("biased", [True, False])
def test_a_product_is_a_linear_layer(rows, biased):
    torch.manual_seed(rows)
    x, weight = torch.randn(rows, 13), torch.randn(7, 13)
    bias = torch.randn(7) if biased else None
    expected = linear(x.double(), weight.double(), None if bias is None else bias.double())
    with torch.no_grad():
        found = product(x, weight, bias)
        columns = product(x.t().contiguous().t(), weight.t().contiguous().t(), bias)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(columns.double(), expected, rtol=1e-5, atol=1e-5)


def test_a_product_has_a_gradient_and_other_precisions():
    x, weight = torch.randn(FEWEST, 4, requires_grad=True), torch.randn(3, 4)
    product(x, weight).sum().backward()
    torch.testing.assert_close(x.grad, weight.sum(0).expand(FEWEST, 4))
    with torch.no_grad():
        exact = product(x.double(), weight.double())
    torch.testing.assert_close(exact, x.detach().double() @ weight.double().t())
