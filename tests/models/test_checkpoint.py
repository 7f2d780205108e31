"""A checkpoint comes back as it was saved, in the files that the contract names."""

import json
import shutil
import sys

import pytest
import torch

from han_core.models.checkpoint import (
    CONFIG,
    HISTORY,
    METRICS,
    WEIGHTS,
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from han_core.models.registry import blank_model, build_model
from han_core.runtime.errors import UserError
from han_core.text.batch import collate, number_document

TEXT = "The green river. A quiet night under zebra."


def logits(checkpoint: Checkpoint) -> torch.Tensor:
    document = number_document(checkpoint.tokenizer(TEXT), checkpoint.vocabulary)
    with torch.inference_mode():
        return checkpoint.model(collate([document])).logits


def saved(checkpoint: Checkpoint, folder, **changed) -> Checkpoint:
    config = checkpoint.config.model_copy(update=changed)
    weights = checkpoint.model.state_dict()
    save_checkpoint(folder, config, checkpoint.vocabulary, weights, {"seed": 5}, [{"epoch": 1}])
    return load_checkpoint(folder)


@pytest.mark.parametrize("attention", ["additive", "dot", "linear"])
@pytest.mark.parametrize("model", ["han", "bilstm"])
def test_float32_comes_back_exactly(random_checkpoint, tmp_path, model, attention):
    before = load_checkpoint(random_checkpoint(model, attention))
    after = saved(before, tmp_path / "again")
    assert torch.equal(logits(before), logits(after))
    assert after.vocabulary == before.vocabulary
    assert after.labels == ("negative", "positive")
    assert after.config.architecture == before.config.architecture
    assert (after.name, after.metrics) == ("again", {"seed": 5})
    weights = after.model.state_dict()
    assert all(torch.equal(weights[n], w) for n, w in before.model.state_dict().items())


def test_float16_comes_back_close(random_checkpoint, tmp_path):
    before = load_checkpoint(random_checkpoint("han"))
    after = saved(before, tmp_path / "half", weights="float16")
    assert next(after.model.parameters()).dtype == torch.float32
    torch.testing.assert_close(logits(after), logits(before), rtol=0, atol=5e-3)
    sizes = [(f / WEIGHTS).stat().st_size for f in (tmp_path / "half", random_checkpoint("han"))]
    assert sizes[0] < 0.75 * sizes[1]


def test_a_model_is_loaded_ready_to_use(random_checkpoint):
    checkpoint = load_checkpoint(str(random_checkpoint("han")), "cpu")
    assert not checkpoint.model.training
    assert checkpoint.device == torch.device("cpu")
    for parameter in checkpoint.model.parameters():
        assert parameter.device.type == "cpu"  # none is left on the meta device
        assert parameter.requires_grad


def test_loading_draws_no_random_numbers(random_checkpoint):
    torch.manual_seed(1)
    load_checkpoint(random_checkpoint("han"))
    drawn = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(drawn, torch.rand(3))


def test_the_folder_holds_what_the_contract_says_and_no_pickle(random_checkpoint):
    folder = random_checkpoint("han")
    files = {path.name for path in folder.iterdir()}
    assert files == {"model.safetensors", "config.json", "vocabulary.json", METRICS, HISTORY}
    config = json.loads((folder / CONFIG).read_text())
    assert config["format"] == 1
    assert config["library"].startswith("hanscope ")
    assert config["labels"] == ["negative", "positive"]
    assert config["text"] == {
        "language": "en",
        "lowercase": True,
        "maximum_tokens": 20_000,
        "segmentation": "words",
    }
    assert config["architecture"]["model"] == "han"
    assert [json.loads(line) for line in (folder / HISTORY).read_text().splitlines()] == [
        {"epoch": 1}
    ]


def test_files_to_resume_from_stand_apart(random_checkpoint, tmp_path):
    checkpoint = load_checkpoint(random_checkpoint("han"))
    weights = checkpoint.model.state_dict()
    parts = (tmp_path / "f", checkpoint.config, checkpoint.vocabulary, weights, {}, [])
    save_checkpoint(*parts, resume={"state.json": b"{}"})
    assert (tmp_path / "f" / "resume" / "state.json").read_bytes() == b"{}"
    save_checkpoint(*parts)
    assert not (tmp_path / "f" / "resume").exists()


@pytest.mark.parametrize("kind", ["han", "bilstm"])
def test_a_blank_model_has_the_shapes_and_needs_no_compiler(random_checkpoint, monkeypatch, kind):
    architecture = load_checkpoint(random_checkpoint(kind)).config.architecture
    expected = {name: w.shape for name, w in build_model(architecture).state_dict().items()}
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # importing it fails
    blank = blank_model(architecture).state_dict()
    assert {name: w.shape for name, w in blank.items()} == expected
    assert {w.device.type for w in blank.values()} == {"meta"}


def test_a_name_means_a_folder_where_the_environment_says(random_checkpoint, tmp_path, monkeypatch):
    shutil.copytree(random_checkpoint("han"), tmp_path / "mine")
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(tmp_path))
    assert load_checkpoint("mine").name == "mine"
    monkeypatch.delenv("HANSCOPE_CHECKPOINTS")
    with pytest.raises(UserError, match="'mine' is none"):
        load_checkpoint("mine")


def test_metrics_that_cannot_be_read_are_none(random_checkpoint, tmp_path):
    shutil.copytree(random_checkpoint("han"), tmp_path / "mine")
    for text in ("", '{"test": ', "[1]", " " * 1_000_001):
        (tmp_path / "mine" / METRICS).write_text(text)
        assert load_checkpoint(tmp_path / "mine").metrics == {}
