"""Whether a device can train in bfloat16: the answer, and what a refused run says."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from han_core.runtime.errors import UserError
from han_core.training import optimization
from han_core.training.optimization import check_precision, trains_in_bf16
from han_core.training.train import train

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
SENTENCE = (
    "This device (CPU) cannot train bilstm with mixed_precision=bf16: set mixed_precision=no, or "
    "choose another device to resume a run that began with bf16."
)


@pytest.fixture
def torchs_lstm(monkeypatch):
    """PyTorch computes recurrent layers; those in C are always in single precision."""
    monkeypatch.setenv("HANSCOPE_KERNEL", "0")


def refuse_bf16(*arguments, **named):
    """Fail as torch's LSTM does where the processor lacks bfloat16."""
    raise RuntimeError("could not create a primitive descriptor for the LSTM forward propagation")


def torch_lstm_trains_in_bf16() -> bool:
    """Ask torch's own module, without a model of ours."""
    lstm = torch.nn.LSTM(3, 2)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            states, _ = lstm(torch.ones(4, 1, 3))
        states.float().sum().backward()
    except RuntimeError:
        return False
    return True


def test_the_answer_is_that_of_the_processor(torchs_lstm):
    assert trains_in_bf16("bilstm", CPU) == torch_lstm_trains_in_bf16()
    assert trains_in_bf16("han", CPU)  # its recurrent layer is made of matrix products


def test_the_answer_is_no_where_the_lstm_lacks_bf16(torchs_lstm, monkeypatch):
    monkeypatch.setattr(torch, "lstm", refuse_bf16)
    assert not trains_in_bf16("bilstm", CPU)
    assert trains_in_bf16("han", CPU)


def test_the_answer_is_yes_where_both_passes_succeed(torchs_lstm, monkeypatch):
    lstm = torch.lstm

    def in_float32(*arguments, **named):
        with torch.autocast("cpu", enabled=False):
            return lstm(*arguments, **named)

    monkeypatch.setattr(torch, "lstm", in_float32)
    assert trains_in_bf16("bilstm", CPU)


def test_the_answer_is_no_where_only_the_gradient_lacks_bf16(torchs_lstm, monkeypatch):
    class Refused(torch.autograd.Function):
        @staticmethod
        def forward(context, states):
            return states.clone()

        @staticmethod
        def backward(context, gradient):
            refuse_bf16()

    def without_gradient(steps, *_, **__):
        return (Refused.apply(steps[..., :2] * 1.0),)

    monkeypatch.setattr(torch, "lstm", without_gradient)
    assert not trains_in_bf16("bilstm", CPU)


def test_too_little_memory_is_not_taken_for_a_missing_precision(torchs_lstm, monkeypatch):
    def out_of_memory(*arguments, **named):
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(torch, "lstm", out_of_memory)
    with pytest.raises(UserError, match="The memory of cpu is not enough"):
        trains_in_bf16("bilstm", CPU)


def test_random_numbers_are_as_before():
    before = torch.get_rng_state()
    trains_in_bf16("han", CPU)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("answer", [True, False])
@pytest.mark.parametrize("name", ["auto", "no", "bf16"])
def test_only_bf16_that_was_asked_for_is_refused(monkeypatch, name, answer):
    monkeypatch.setattr(optimization, "trains_in_bf16", lambda model, device: answer)
    if name == "bf16" and not answer:
        with pytest.raises(UserError) as caught:
            check_precision(name, "bilstm", CPU)
        assert str(caught.value) == SENTENCE
    else:
        check_precision(name, "bilstm", CPU)


def test_fp16_is_refused_on_a_cpu():
    with pytest.raises(UserError, match="fp16 needs a CUDA GPU"):
        check_precision("fp16", "han", CPU)


def test_a_run_that_began_elsewhere_is_refused_when_it_is_resumed(
    tmp_path, make_request, quiet, planted_corpora, monkeypatch, fresh_accelerate
):
    few = {"training": planted_corpora.training.first(40), "test": None}
    pairs = ("epochs=2", "hidden=3", "mixed_precision=bf16")
    request = make_request(tmp_path / "out", *pairs, model="han", **few)
    train(request, CPU, quiet())
    again = make_request(tmp_path / "out", *pairs, model="han", resume=True, **few)
    monkeypatch.setattr(optimization, "trains_in_bf16", lambda model, device: False)
    with pytest.raises(UserError, match="cannot train han with mixed_precision=bf16"):
        train(again, CPU, quiet())


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64") or not torch.backends.mkldnn.is_available(),
    reason="oneDNN can be limited to older instructions on x86-64 alone",
)
def test_the_command_refuses_bf16_on_a_processor_without_it(tmp_path, reviews):
    words = [
        "train", "--model", "bilstm", "--data", reviews, "--out", tmp_path / "out",
        "--device", "cpu", "--epochs", "1", "--set", "mixed_precision=bf16",
    ]  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-m", "han_core", *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2", "HANSCOPE_KERNEL": "0"},
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [f"error: {SENTENCE}"]
    assert not (tmp_path / "out").exists()
