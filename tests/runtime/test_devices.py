"""Names of devices, on a machine that has what the test says it has."""

import pytest
import torch

from han_core.runtime.devices import (
    available_devices,
    choose_device,
    describe_device,
    mixed_precision,
)
from han_core.runtime.errors import UserError

CPU = torch.device("cpu")
pytestmark = pytest.mark.device


@pytest.fixture
def machine(monkeypatch):
    """``machine(gpus, mps)``: what torch will say is there."""

    def has(gpus: int, mps: bool) -> None:
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return has


@pytest.mark.parametrize(
    ("gpus", "mps", "expected"),
    [
        (0, False, ["cpu"]),
        (2, False, ["cuda:0", "cuda:1", "cpu"]),
        (0, True, ["mps", "cpu"]),
        (1, True, ["cuda:0", "mps", "cpu"]),
    ],
)
def test_auto_prefers_cuda_then_mps_then_cpu(machine, gpus, mps, expected):
    machine(gpus, mps)
    assert available_devices() == expected
    assert choose_device() == choose_device("auto") == torch.device(expected[0])


def test_a_device_is_chosen_by_its_name(machine):
    machine(2, True)
    assert choose_device("cpu") == CPU
    assert choose_device("mps") == torch.device("mps")
    assert choose_device("cuda") == torch.device("cuda:0")
    assert choose_device("cuda:1") == torch.device("cuda:1")


@pytest.fixture
def rounding():
    """What rounds float32 to TF32 on a GPU, switched on."""
    kinds = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [kind.allow_tf32 for kind in kinds]
    for kind in kinds:
        kind.allow_tf32 = True
    yield kinds
    for kind, allowed in zip(kinds, before, strict=True):
        kind.allow_tf32 = allowed


@pytest.mark.parametrize(
    ("name", "rounded"), [("auto", False), ("cuda", False), ("cuda:1", False), ("cpu", True)]
)
def test_float32_is_computed_as_float32_on_a_gpu(machine, rounding, name, rounded):
    machine(2, False)
    choose_device(name)
    assert [kind.allow_tf32 for kind in rounding] == [rounded, rounded]


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(machine, name):
    machine(0, False)
    with pytest.raises(UserError) as caught:
        choose_device(name)
    assert str(caught.value) == f"There is no device {name} here; there is cpu."


def test_a_gpu_that_is_not_there_is_refused(machine):
    machine(2, False)
    with pytest.raises(UserError, match="there is cuda:0, cuda:1, cpu"):
        choose_device("cuda:2")


@pytest.mark.parametrize(
    "name",
    ["", "gpu", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:9999", "cpu\n", "meta", "a" * 999],
)
def test_what_is_no_name_is_refused_in_one_line(machine, name):
    machine(1, True)
    with pytest.raises(UserError, match="auto, cpu, cuda, cuda:N or mps") as caught:
        choose_device(name)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 150


def test_devices_are_described_for_people(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda name: f"Model of {name}")
    assert describe_device("cpu") == "CPU"
    assert describe_device("mps") == "Apple GPU (mps)"
    assert describe_device("cuda:1") == "cuda:1 (Model of cuda:1)"


@pytest.mark.parametrize(
    ("name", "device", "bf16", "expected"),
    [
        ("auto", "cpu", True, "no"),
        ("auto", "mps", True, "no"),
        ("auto", "cuda", True, "bf16"),
        ("auto", "cuda", False, "no"),
        ("bf16", "cpu", False, "bf16"),
        ("fp16", "cuda", True, "fp16"),
        ("no", "cuda", True, "no"),
    ],
)
def test_the_precision_fits_the_device(monkeypatch, name, device, bf16, expected):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
    assert mixed_precision(name, torch.device(device)) == expected


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_fp16_needs_a_cuda_gpu(device):
    with pytest.raises(UserError, match=f"fp16 needs a CUDA GPU; on {device}"):
        mixed_precision("fp16", torch.device(device))
