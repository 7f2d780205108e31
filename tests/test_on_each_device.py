"""Models compute, learn, resume and explain on every device as they do on the CPU."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from han_core.explanation.attribution import METHODS, attribute
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import metrics, predict
from han_core.text.batch import collate, number_document
from han_core.training.callbacks import Stopped
from han_core.training.train import train
from tests.conftest import NO_DROPOUT
from tests.devices import on_each_device
from tests.reference import bilstm, han

CPU = torch.device("cpu")
TEXTS = [
    "The quiet river walk. Bread music under window unheard.",
    "Seven.",
    "Green night, the stone and the paper cloud! A letter to the chair with music. Road.",
]
CLOSE = {"rtol": 0, "atol": 1e-4}
each_model = pytest.mark.parametrize(
    ("model", "attention"),
    [
        (model, form)
        for model in ("han", "bilstm")
        for form in ("additive", "dot", "general", "linear")
    ],
)


def by_the_equations(checkpoint, document) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and weights of the sentences in float64, computed without any code of the models."""
    architecture = checkpoint.config.architecture
    weights = {name: w.cpu().double() for name, w in checkpoint.model.state_dict().items()}
    lengths = document.sentence_lengths.tolist()
    words = iter(document.words.tolist())
    sentences = [[next(words) for _ in range(length)] for length in lengths]
    if architecture.model == "han":
        return han(weights, architecture.attention, sentences)[:2]
    logits, flat = bilstm(weights, architecture.attention, sentences)
    return logits, torch.stack([part.sum() for part in flat.split(lengths)])


@on_each_device
@each_model
def test_a_batch_follows_the_equations(random_checkpoint, device, model, attention):
    checkpoint = load_checkpoint(random_checkpoint(model, attention), device)
    documents = [number_document(checkpoint.tokenizer(t), checkpoint.vocabulary) for t in TEXTS]
    with torch.inference_mode():
        output = checkpoint.model(collate(documents).to(device))
    assert output.logits.device.type == device.type
    logits, weights = zip(*(by_the_equations(checkpoint, each) for each in documents), strict=True)
    torch.testing.assert_close(output.logits.cpu().double(), torch.stack(logits), **CLOSE)
    torch.testing.assert_close(output.sentence_weights.cpu().double(), torch.cat(weights), **CLOSE)
    assert (logits[0] - logits[1]).abs().max() > 1e-3  # another text, another answer


@on_each_device
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("model", ["han", "bilstm", "transformer"])
def test_every_method_agrees_with_float64(random_checkpoint, device, model, method):
    ours, exact = (load_checkpoint(random_checkpoint(model), on) for on in (device, CPU))
    exact.model.double()
    actual, expected = (attribute(probe_text(each, TEXTS[2]), method) for each in (ours, exact))
    np.testing.assert_allclose(actual.words, expected.words, **CLOSE)


def precisions(device: torch.device) -> list[str]:
    """Return the precisions in which training runs on ``device``."""
    return {"cuda": ["no", "bf16", "fp16"], "mps": ["no"]}.get(device.type, ["no", "bf16"])


@pytest.fixture
def request_of(tmp_path, make_request):
    """``request_of(*pairs, …)``: two steady epochs on the planted documents."""

    def make(*pairs: str, out="out", **given):
        steady = ("epochs=2", "schedule=constant", "warmup=0", *NO_DROPOUT)
        return make_request(tmp_path / out, *steady, *pairs, **given)

    return make


def lines_of(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


@on_each_device
@each_model
@pytest.mark.long
def test_an_epoch_learns_as_on_the_cpu(
    request_of, quiet, fresh_accelerate, device, model, attention
):
    """Weights start from the same numbers; float32 on both."""
    folders = []
    for on in (device, CPU):
        request = request_of("mixed_precision=no", out=f"on {on}-{len(folders)}",
                             model=model, attention=attention)  # fmt: skip
        train(request, on, quiet())
        folders.append(request.out)
        fresh_accelerate()
    ours, on_cpu = map(lines_of, folders)
    assert ours[1]["train"]["loss"] < ours[0]["train"]["loss"]
    for one, other in zip(ours, on_cpu, strict=True):
        assert one["train"]["loss"] == pytest.approx(other["train"]["loss"], abs=0.03)


@on_each_device
@pytest.mark.parametrize("model", ["han", "bilstm", "transformer"])
@pytest.mark.long
def test_mixed_precision_learns_close_to_float32(
    request_of, quiet, fresh_accelerate, device, model
):
    losses = {}
    for precision in precisions(device):
        request = request_of(f"mixed_precision={precision}", "epochs=3", out=precision, model=model)
        train(request, device, quiet())
        losses[precision] = [line["train"]["loss"] for line in lines_of(request.out)]
        fresh_accelerate()
    for precision, own in losses.items():
        assert own[-1] < own[0], precision
        # The scaling of fp16 may skip the first steps.
        near = 0.3 if precision == "fp16" else 0.1
        assert own == pytest.approx(losses["no"], abs=near), precision
    assert all(own != losses["no"] for name, own in losses.items() if name != "no")


@on_each_device
@pytest.mark.parametrize("model", ["han", "bilstm", "transformer"])
def test_a_checkpoint_of_the_device_loads_on_the_cpu(
    request_of, quiet, planted_corpora, device, model
):
    """Metrics measured on the device are those of the weights that load on the CPU."""
    request = request_of("mixed_precision=no", model=model)
    summary = train(request, device, quiet())
    ours, on_cpu = (load_checkpoint(request.out, on) for on in (device, CPU))
    texts = planted_corpora.test.texts[:20]
    np.testing.assert_allclose(predict(ours, texts), predict(on_cpu, texts), **CLOSE)
    test = planted_corpora.test
    classes = [on_cpu.labels.index(label) for label in test.labels]
    measured = metrics(predict(on_cpu, test.texts), classes)
    assert measured["loss"] == pytest.approx(summary["test"]["loss"], abs=1e-4)


@on_each_device
@pytest.mark.parametrize("precision", ["no", "auto"])
@pytest.mark.parametrize("back", ["the same device", "the CPU"])
@pytest.mark.long
def test_a_run_resumes_on_the_device_and_on_the_cpu(
    request_of, quiet, fresh_accelerate, device, precision, back
):
    pairs = ("epochs=3", f"mixed_precision={precision}", "dropout_words=0.2")
    whole = request_of(*pairs, out="whole")
    train(whole, device, quiet())
    fresh_accelerate()
    request = request_of(*pairs, out="parts", resume=True)
    seen: list[dict] = []
    with pytest.raises(Stopped, match="Stopped after epoch 1"):
        train(request, device, replace(quiet(), line=seen.append, stop=lambda: bool(seen)))
    fresh_accelerate()
    messages: list[str] = []
    summary = train(request, CPU if back == "the CPU" else device, quiet(say=messages.append))
    assert "Going on after epoch 1." in messages
    assert summary["epochs"] == 3
    once, twice = lines_of(whole.out), lines_of(request.out)
    assert twice[0]["train"] == seen[0]["train"]
    # Dropout draws other numbers on another device, so the way is only about the same.
    assert twice[-1]["train"]["loss"] == pytest.approx(once[-1]["train"]["loss"], abs=0.3)
    assert twice[-1]["train"]["loss"] < twice[0]["train"]["loss"]


@on_each_device
@pytest.mark.long
def test_the_commands_take_the_device(tmp_path, run_command, reviews, monkeypatch, device):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    on = ("--data", reviews, "--device", device)
    status, (summary,), _ = run_command(
        "train", "--model", "han", *on, "--out", tmp_path / "out", "--epochs", 1,
        "--set", "hidden=6", "--set", "embedding=6",
    )  # fmt: skip
    assert (status, summary["epochs"]) == (0, 1)
    status, (summary,), _ = run_command("evaluate", "--checkpoint", tmp_path / "out", *on)
    assert status == 0
    assert summary["accuracy"] > 0
    status, *_ = run_command(
        "score", "--checkpoint", tmp_path / "out", *on, "--out", tmp_path / "scores"
    )
    assert status == 0
    assert list((tmp_path / "scores").glob("*.parquet"))
