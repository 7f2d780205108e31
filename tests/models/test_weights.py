"""Weights through a safetensors file, and files that lie."""

import json
import os
import pickle

import pytest
import torch
from safetensors.torch import save_file

from han_core.models.weights import read_weights, rounded, write_weights
from han_core.runtime.errors import UserError

WEIGHTS = {"a.weight": torch.tensor([[1.0, -2.5], [1 / 3, 1e-3]]), "b": torch.tensor([7.0])}
EXPECTED = {name: tensor.to("meta") for name, tensor in WEIGHTS.items()}


@pytest.fixture
def path(tmp_path):
    write_weights(tmp_path / "model.safetensors", WEIGHTS, "float32")
    return tmp_path / "model.safetensors"


def refusal(path) -> str:
    with pytest.raises(UserError) as caught:
        read_weights(path, EXPECTED)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    return str(caught.value)


def with_header(header: bytes, data: bytes = bytes(20)) -> bytes:
    return len(header).to_bytes(8, "little") + header + data


def entry(dtype="F32", shape=(1,), offsets=(0, 4)) -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def test_float32_comes_back_exactly(path):
    read = read_weights(path, EXPECTED)
    assert read.keys() == WEIGHTS.keys()
    assert all(torch.equal(read[name], WEIGHTS[name]) for name in WEIGHTS)


def test_float16_comes_back_rounded_and_as_float32(path):
    write_weights(path, WEIGHTS, "float16")
    for name, tensor in read_weights(path, EXPECTED).items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, WEIGHTS[name].half().float())


TABLE = torch.linspace(-3, 3, 2_000).reshape(1_000, 2)
TABLE[7] = 0


def test_a_table_in_bytes_comes_back_within_half_a_step_of_its_row(path):
    weights = {"words": TABLE, "b": torch.tensor([1 / 3])}
    write_weights(path, weights, "int8")
    read = read_weights(path, weights)
    step = TABLE.abs().amax(1, keepdim=True) / 127
    assert ((read["words"] - TABLE).abs() <= 0.502 * step + 2**-14).all()
    assert torch.equal(read["b"], weights["b"].half().float())  # too small for a table
    assert torch.equal(read["words"][7], TABLE[7])
    assert all(torch.equal(read[name], rounded(weights[name], "int8")) for name in weights)
    assert path.stat().st_size < 2_000 + 2_000 + 2 + 400  # bytes, factors, b, header


@pytest.mark.parametrize(
    "stored",
    [
        {"words": TABLE.to(torch.int8)},  # no factors
        {"words": TABLE.half(), "words.scale": TABLE[:, 0].half()},  # factors of no bytes
        {"words": TABLE.to(torch.int8), "words.scale": TABLE[:9, 0].half()},
        {"words": TABLE.to(torch.int8), "words.scale": TABLE[:, 0].to(torch.int8)},
    ],
)
def test_bytes_without_their_factors_are_refused(path, stored):
    save_file({name: tensor.contiguous() for name, tensor in stored.items()}, path)
    with pytest.raises(UserError, match="does not fit its configuration"):
        read_weights(path, {"words": TABLE})


def test_factors_that_are_not_finite_are_refused(path):
    factors = torch.full((1_000,), float("inf")).half()
    save_file({"words": TABLE.to(torch.int8), "words.scale": factors}, path)
    with pytest.raises(UserError, match="not finite"):
        read_weights(path, {"words": TABLE})


def test_a_tensor_that_is_a_view_is_written(path):
    write_weights(path, {"a.weight": WEIGHTS["a.weight"].T, "b": WEIGHTS["b"]}, "float32")
    assert torch.equal(read_weights(path, EXPECTED)["a.weight"], WEIGHTS["a.weight"].T)


def test_a_file_cut_anywhere_is_refused(path):
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        refusal(path)


def test_a_file_that_goes_on_is_refused(path):
    path.write_bytes(path.read_bytes() + b"more")
    refusal(path)


def test_a_missing_file_and_a_folder_in_its_place_are_refused(path):
    path.unlink()
    assert "has no model.safetensors" in refusal(path)
    path.mkdir()
    refusal(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_are_refused(path, value):
    save_file({**WEIGHTS, "b": torch.tensor([value])}, path)
    assert "b holds values that are not finite" in refusal(path)


@pytest.mark.parametrize(
    ("stored", "named"),
    [
        ({"a.weight": WEIGHTS["a.weight"]}, "b is missing or unexpected"),
        ({**WEIGHTS, "extra": torch.zeros(1)}, "extra is missing or unexpected"),
        ({**WEIGHTS, "b": torch.zeros(2)}, "b should be [1]"),
        ({**WEIGHTS, "b": torch.zeros(1, 1)}, "b should be [1]"),
        ({**WEIGHTS, "a.weight": torch.zeros(4)}, "a.weight should be [2, 2]"),
        ({**WEIGHTS, "b": torch.zeros(1, dtype=torch.int32)}, "I32"),
        ({**WEIGHTS, "b": torch.zeros(1, dtype=torch.float64)}, "F64"),
    ],
)
def test_what_does_not_fit_is_refused(path, stored, named):
    save_file(stored, path)
    assert named in refusal(path)


@pytest.mark.parametrize("size", [0, 1, 1_000_001, 2**40, 2**63, 2**64 - 1])
def test_an_absurd_length_of_the_header_is_refused(path, size):
    path.write_bytes(size.to_bytes(8, "little") + path.read_bytes()[8:])
    refusal(path)


@pytest.mark.parametrize(
    "header",
    [
        b"no json here",
        b"\xff\xff\xff\xff",
        b"[" * 20_000,
        b'{"a":' * 20_000,
        b"[1, 2]",
        b'"text"',
        b"null",
        b'{"b": 5}',
        b'{"b": {"dtype": "F32"}}',
        json.dumps({"a.weight": entry(shape=None), "b": entry()}).encode(),
        json.dumps({"a.weight": entry(shape=[2, 2], offsets=[0, 99]), "b": entry()}).encode(),
        json.dumps({"a.weight": entry(shape=[2, 2], offsets=[-4, 12]), "b": entry()}).encode(),
        json.dumps({"a.weight": entry(shape=[2**62, 4]), "b": entry()}).encode(),
        json.dumps({"a.weight": entry(dtype="F32\nsecond line"), "b": entry()}).encode(),
        json.dumps({"a\nsecond line": entry(), "b": entry()}).encode(),
        json.dumps({"long" * 9_999: entry(), "b": entry()}).encode(),
        json.dumps({"a.weight": entry(shape=list(range(9_999))), "b": entry()}).encode(),
    ],
)
def test_a_header_that_lies_is_refused(path, header):
    path.write_bytes(with_header(header))
    refusal(path)


class Hostile:
    """Leaves a file behind if it is unpickled."""

    def __init__(self, trace: str):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (self.trace,)


@pytest.mark.parametrize("writer", [pickle.dump, torch.save])
def test_a_pickle_is_refused_and_not_run(path, tmp_path, writer):
    with path.open("wb") as file:
        writer(Hostile(str(tmp_path / "trace")), file)
    refusal(path)
    assert not (tmp_path / "trace").exists()
