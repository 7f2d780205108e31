"""The scans in C against torch's own layers, run one sequence at a time in double precision."""

import shutil
import subprocess
import sys

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from han_core.models.recurrent import scan_kernel
from han_core.models.recurrent.encoder import BidirectionalGRU, BidirectionalLSTM
from han_core.models.recurrent.scan import SharedStates, dense_states
from han_core.runtime.errors import UserError

ENGINES = [(BidirectionalGRU, nn.GRU), (BidirectionalLSTM, nn.LSTM)]
LENGTHS = [3, 1, 17, 4, 1, 9, 9, 2, 30, 8, 5, 1, 12, 6, 3, 3, 11]
FEATURES = 7
WIDTHS = [16, 8, 4]
"""Vectors of AVX-512, AVX2 and any processor; a test of one that is missing takes the next."""


@pytest.fixture
def built():
    """Build the library where there is a compiler."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    scan_kernel.build()
    scan_kernel.forget()


@pytest.fixture(params=WIDTHS)
def kernel(built, request):
    """The library, with vectors of each width."""
    library = scan_kernel.kernel()
    assert library is not None
    library.at_most(request.param)
    yield library
    library.at_most(max(WIDTHS))


def models(engine, plain, hidden: int, layers: int = 1):
    """Ours in single precision and torch's own in double, with the same weights."""
    torch.manual_seed(hidden)
    ours = engine(FEATURES, hidden, layers)
    torchs = plain(FEATURES, hidden, layers, bidirectional=True).double()
    torchs.load_state_dict(ours.state_dict())
    return ours, torchs


def one_by_one(model: nn.RNNBase, steps: Tensor, lengths: list[int]) -> Tensor:
    return torch.cat([model(sequence)[0] for sequence in steps.split(lengths)])


def close(found: Tensor, expected: Tensor) -> None:
    """Within 1e-5 of the largest number."""
    allowed = 1e-5 * float(expected.detach().abs().max())
    torch.testing.assert_close(found.double(), expected.double(), rtol=0, atol=allowed)


def results(model: nn.Module, states: Tensor, steps: Tensor, weighing: Tensor) -> list[Tensor]:
    (states * weighing.to(states.dtype)).sum().backward()
    return [states, steps.grad, *(each.grad for each in model.parameters())]


def compare_training(engine, plain, hidden: int, lengths: list[int], layers: int = 1) -> None:
    ours, torchs = models(engine, plain, hidden, layers)
    steps = torch.randn(sum(lengths), FEATURES)
    weighing = torch.randn(sum(lengths), 2 * hidden)
    single, double = steps.clone().requires_grad_(), steps.double().requires_grad_()
    found = results(ours, ours(single, torch.tensor(lengths))[0], single, weighing)
    expected = results(torchs, one_by_one(torchs, double, lengths), double, weighing)
    for each, torchs_own in zip(found, expected, strict=True):
        close(each, torchs_own)


@pytest.mark.parametrize("hidden", [1, 5, 50, 64, 200])
@pytest.mark.parametrize(("engine", "plain"), ENGINES)
def test_states_and_all_gradients_are_torchs_own(kernel, engine, plain, hidden):
    compare_training(engine, plain, hidden, LENGTHS)


@pytest.mark.parametrize(("engine", "plain"), ENGINES)
def test_layers_stand_on_each_other(kernel, engine, plain):
    compare_training(engine, plain, 6, LENGTHS, layers=3)


@pytest.mark.parametrize(("engine", "plain"), ENGINES)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hidden=st.integers(1, 35), lengths=st.lists(st.integers(1, 12), min_size=1, max_size=20)
)  # fmt: skip
def test_sequences_of_any_lengths_and_units(kernel, engine, plain, hidden, lengths):
    compare_training(engine, plain, hidden, lengths)
    ours, torchs = models(engine, plain, hidden)
    table = torch.randn(3, FEATURES)
    index = torch.randint(3, (sum(lengths),))
    expected = one_by_one(torchs, table[index].double(), lengths)
    told = torch.tensor(lengths)
    with torch.no_grad():
        assert ours.uses_table(told)
        for shared in (False, True):
            states, last = ours.read_table(ours.project(table), told, index, shared)
            close(dense_states(states), expected)
            close(last[:, :hidden], expected[told.cumsum(0) - 1, :hidden])


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("engine", "plain"), ENGINES)
def test_what_sequences_have_in_common_is_read_once(kernel, engine, plain, layers):
    ours, torchs = models(engine, plain, 20, layers)
    table, told = torch.randn(2, FEATURES), torch.tensor(LENGTHS)
    index = torch.arange(len(table)).repeat(sum(LENGTHS))[: sum(LENGTHS)] * 0
    with torch.no_grad():
        states, _ = ours.read_table(ours.project(table), told, index, shared=True)
    assert isinstance(states, SharedStates) == (layers == 1)
    close(dense_states(states), one_by_one(torchs, table[index].double(), LENGTHS))


@pytest.mark.parametrize(("engine", "plain"), ENGINES)
def test_switched_off_torch_gives_the_same(kernel, engine, plain, monkeypatch):
    ours, _ = models(engine, plain, 24)
    steps, told = torch.randn(sum(LENGTHS), FEATURES), torch.tensor(LENGTHS)
    with torch.no_grad():
        in_c = ours(steps, told)
    trained = ours(steps, told)
    assert "C, " in scan_kernel.name()
    monkeypatch.setenv("HANSCOPE_KERNEL", "0")
    assert scan_kernel.kernel() is None
    assert scan_kernel.name() == "PyTorch"
    with torch.no_grad():
        expected = ours(steps, told)
    for found in (in_c, trained, ours(steps, told)):
        for part, torchs in zip(found, expected, strict=True):
            close(part, torchs)


@pytest.mark.parametrize(("engine", "plain"), ENGINES)
def test_a_sequence_is_the_same_alone_and_in_company(kernel, engine, plain):
    ours, _ = models(engine, plain, 50)
    steps, told = torch.randn(sum(LENGTHS), FEATURES), torch.tensor(LENGTHS)
    with torch.no_grad():
        together = ours(steps, told)[0].split(LENGTHS)
        for sequence, states in zip(steps.split(LENGTHS), together, strict=True):
            alone = ours(sequence, torch.tensor([len(sequence)]))[0]
            torch.testing.assert_close(alone, states, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("engine", "plain"), ENGINES)
def test_several_threads_give_the_same(kernel, engine, plain, monkeypatch):
    ours, _ = models(engine, plain, 10)
    lengths = LENGTHS * 4
    steps, told = torch.randn(sum(lengths), FEATURES), torch.tensor(lengths)
    weighing = torch.randn(sum(lengths), 20)
    found = []
    monkeypatch.setattr(scan_kernel, "WORTH", 1)
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        try:
            given_steps = steps.clone().requires_grad_()
            states = ours(given_steps, told)[0]
            found.append([each.clone() for each in results(ours, states, given_steps, weighing)])
        finally:
            torch.set_num_threads(1)
        ours.zero_grad()
    for several in found[1:]:
        for one, other in zip(found[0], several, strict=True):
            close(other, one)


@pytest.mark.parametrize(("engine", "plain"), ENGINES)
def test_states_are_bounded_and_nan_is_not_lost(kernel, engine, plain):
    ours, _ = models(engine, plain, 20)
    steps = torch.randn(40, FEATURES)
    steps[3], steps[20] = 1e30, -1e30
    with torch.no_grad():
        states, _ = ours(steps, torch.tensor([15, 25]))
        assert states.abs().max() <= 1
        steps[30] = torch.nan
        states, _ = ours(steps, torch.tensor([15, 25]))
    assert states[:15].isfinite().all()
    assert states[30:, :20].isnan().all()
    assert states[15:31, 20:].isnan().all()


def test_only_single_precision_on_a_cpu_is_done_in_c(built):
    assert scan_kernel.usable(torch.zeros(1))
    for other in (torch.zeros(1).double(), torch.zeros(1).bfloat16(), torch.zeros(1).to("meta")):
        assert not scan_kernel.usable(torch.zeros(1), other)


def test_what_would_be_read_from_outside_is_refused(built):
    ours = BidirectionalGRU(FEATURES, 4)
    table = torch.zeros(2, 5, 12)
    weights = ours._weights(0)
    for lengths, index in (([3], None), ([5, 0], None), ([2], [1, 5]), ([2], [-1, 0]), ([2], [1])):
        rows = None if index is None else torch.tensor(index)
        with torch.no_grad(), pytest.raises(ValueError):
            scan_kernel.table_states(table, weights, torch.tensor(lengths), rows)
    with torch.no_grad(), pytest.raises(ValueError):
        scan_kernel.table_states(torch.zeros(2, 5, 16), weights, torch.tensor([5]))
    with pytest.raises(ValueError):
        ours(torch.zeros(5, FEATURES), torch.tensor([4]))


def test_lengths_of_any_integers_will_do(built):
    ours, steps = BidirectionalGRU(FEATURES, 4), torch.randn(5, FEATURES)
    expected = ours(steps, torch.tensor([4, 1]))[0]
    lengths = torch.tensor([4, 9, 1], dtype=torch.int32)[::2]
    assert torch.equal(ours(steps, lengths)[0], expected)
    with torch.no_grad():
        close(ours(steps, lengths)[0], expected)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A source of our own, in a folder of its own."""
    file = tmp_path / "scan_kernel.c"
    file.write_text("int lanes(void) { return 4; }\n")
    monkeypatch.setattr(scan_kernel, "SOURCE", file)
    monkeypatch.delenv("HANSCOPE_KERNEL", raising=False)
    scan_kernel.forget()
    yield file
    scan_kernel.forget()


def test_each_source_has_a_file_of_its_own_and_older_ones_go(built, source):
    first = scan_kernel.build()
    assert scan_kernel.build() == first
    source.write_text("int lanes(void) { return 8; }\n")
    assert scan_kernel.kernel() is None  # what was built of the older source is never loaded
    second = scan_kernel.build()
    assert sorted(source.parent.iterdir()) == sorted([source, second])
    scan_kernel.forget()
    assert scan_kernel.name() == "C, 8 numbers at a time"


def test_without_a_compiler_one_line_says_so_and_torch_computes(source, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    scan_kernel.main()
    (line,) = capsys.readouterr().out.splitlines()
    assert "no C compiler" in line
    assert scan_kernel.kernel() is None
    ours = BidirectionalGRU(FEATURES, 4)
    ours(torch.zeros(5, FEATURES), torch.tensor([4, 1]))[0].sum().backward()
    assert scan_kernel.name() == "PyTorch"


def test_a_build_that_fails_says_why_in_one_line_and_leaves_nothing(built, source, capsys):
    source.write_text("int lanes(void) { return four; }\n")
    with pytest.raises(UserError, match="four"):
        scan_kernel.build()
    scan_kernel.main()
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert list(source.parent.iterdir()) == [source]
    assert scan_kernel.kernel() is None


def test_a_file_that_cannot_be_loaded_is_none(source):
    scan_kernel.built_file().write_bytes(b"not a library")
    assert scan_kernel.kernel() is None


@pytest.mark.long
def test_the_command_builds(built):
    command = [sys.executable, "-m", "han_core.models.recurrent.scan_kernel"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert scan_kernel.built_file().exists()
