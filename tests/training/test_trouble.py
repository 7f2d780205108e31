"""A device or a disk that fails is one sentence, and the folder stays whole."""

import errno
from dataclasses import replace

import pytest
import torch
from safetensors import SafetensorError

from han_core.models import checkpoint
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.training.callbacks import device_trouble, why_device_failed
from han_core.training.learner import Learner
from han_core.training.train import train
from han_core.training.writer import why_not_written

CPU, GPU = torch.device("cpu"), torch.device("cuda:1")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "The memory of cuda:1 is not enough"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you"), "is not enough"),
        (MemoryError(), "is not enough"),
        (torch.AcceleratorError("unspecified launch failure"), "The device cuda:1 failed: unspec"),
        (RuntimeError("CUDA error: device-side assert\nCompile with"), "device-side assert Comp"),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), "The device cuda:1 failed"),
    ],
)
def test_what_a_device_says_becomes_one_sentence(error, said):
    with pytest.raises(UserError, match=said) as caught, device_trouble(GPU, False, lambda: "So."):
        raise error
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("So.")


def test_errors_of_our_own_stay_what_they_are():
    for error in (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("CUDA")):
        assert why_device_failed(error, CPU, several=True) is None
    with pytest.raises(RuntimeError, match="shapes"), device_trouble(CPU, True):
        raise RuntimeError("shapes")


def test_processes_that_have_gone_are_named_only_where_there_are_others():
    error = RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer [::1]:2")
    assert "Another process" in why_device_failed(error, CPU, several=True)
    assert why_device_failed(error, CPU, several=False) is None


def test_what_a_disk_says_becomes_one_sentence(tmp_path):
    full = [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        SafetensorError("I/O error: No space left on device (os error 28)"),
    ]
    for error in full:
        assert "no space left" in why_not_written(error, tmp_path)
    other = why_not_written(OSError(errno.EROFS, "Read-only file system"), tmp_path)
    assert other == f"{tmp_path} cannot be written: Read-only file system."


PAIRS = ("epochs=3", "hidden=4", "save_seconds=0")


def test_a_device_that_vanishes_keeps_what_was_saved_and_the_run_goes_on(
    tmp_path, make_request, quiet, few, monkeypatch
):
    train(make_request(tmp_path / "whole", *PAIRS, **few), CPU, quiet())
    step, taken = Learner.step, []

    def failing(self, *arguments):
        taken.append(1)
        if len(taken) == 7:
            raise torch.AcceleratorError("CUDA error: uncorrectable ECC error encountered")
        return step(self, *arguments)

    monkeypatch.setattr(Learner, "step", failing)
    out = tmp_path / "out"
    with pytest.raises(UserError) as caught:
        train(make_request(out, *PAIRS, **few), CPU, quiet())
    assert str(caught.value).startswith("The device cpu failed: CUDA error: uncorrectable ECC")
    assert "What stood after epoch 1 is kept; --resume goes on from there." in str(caught.value)
    assert load_checkpoint(out)
    train(make_request(out, *PAIRS, resume=True, **few), CPU, quiet())
    assert weights(out) == weights(tmp_path / "whole")


def weights(folder) -> dict[str, list]:
    return {name: w.tolist() for name, w in load_checkpoint(folder).model.state_dict().items()}


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_disk_that_is_full_keeps_what_stood_there_and_the_run_goes_on(
    tmp_path, make_request, quiet, few, monkeypatch, epoch
):
    write, written, out = checkpoint.write_weights, [], tmp_path / "out"

    def full(path, *arguments):
        written.append(path)
        if len(written) == epoch:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, *arguments)

    monkeypatch.setattr(checkpoint, "write_weights", full)
    with pytest.raises(UserError) as caught:
        train(make_request(out, *PAIRS, **few), CPU, quiet())
    assert str(caught.value).startswith(f"There is no space left on the disk for {out}.")
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if epoch == 2 else [])
    if epoch == 1:
        assert str(caught.value).endswith("Nothing was written.")
    else:
        assert load_checkpoint(out).metrics["best_epoch"] == 1
    assert train(make_request(out, *PAIRS, resume=True, **few), CPU, quiet())["epochs"] == 3


def test_weights_that_are_no_numbers_are_never_saved(tmp_path, make_request, quiet, few):
    """Finite in the pass that found the loss, and too large after the step."""
    out = tmp_path / "out"

    def spoil(moment) -> None:
        if moment.ends_epoch and moment.epoch == 2:
            with torch.no_grad():
                next(iter(models[0].parameters()))[0, 0] = float("inf")

    models: list = []
    prepare = Learner.__init__

    def kept(self, model, *arguments):
        prepare(self, model, *arguments)
        models.append(model)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "__init__", kept)
        with pytest.raises(UserError, match="have become too large for float32 in epoch 2"):
            train(make_request(out, *PAIRS, **few), CPU, replace(quiet(), moment=spoil))
    assert load_checkpoint(out).metrics["best_epoch"] == 1
    assert train(make_request(out, *PAIRS, resume=True, **few), CPU, quiet())["epochs"] == 3


def test_weights_too_large_for_half_the_precision_are_never_saved(
    tmp_path, make_request, quiet, few
):
    """float16 ends at 65,504; what stands there would be infinite, and refused when loaded."""
    vectors = tmp_path / "v.txt"
    vectors.write_text("river " + " ".join(["70000"] * 32) + "\n")
    pairs = (*PAIRS, "weights=float16", f"vectors={vectors}")
    request = make_request(tmp_path / "out", *pairs, **few)
    with pytest.raises(UserError, match="too large for float16 in epoch 1"):
        train(request, CPU, quiet())
    assert not (tmp_path / "out").exists()
