"""A checkpoint comes back as it was saved, in the files that the contract names."""

import json
import shutil
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from han_core.models.checkpoint import (
    CONFIG,
    HISTORY,
    METRICS,
    VOCABULARY,
    WEIGHTS,
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from han_core.models.registry import blank_model, build_model
from han_core.runtime.errors import UserError
from han_core.text.batch import collate, number_document
from han_core.text.tokenizer import LATEST

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
@pytest.mark.parametrize("model", ["han", "bilstm", "transformer"])
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
        "tokenizer_version": 2,
    }
    assert config["architecture"]["model"] == "han"
    assert [json.loads(line) for line in (folder / HISTORY).read_text().splitlines()] == [
        {"epoch": 1}
    ]


def test_a_folder_from_before_versions_reads_with_the_first(random_checkpoint, tmp_path):
    shutil.copytree(random_checkpoint("han"), tmp_path / "old")
    path = tmp_path / "old" / CONFIG
    config = json.loads(path.read_text())
    del config["text"]["tokenizer_version"]
    path.write_text(json.dumps(config))
    assert load_checkpoint(tmp_path / "old").tokenizer.version == 1
    assert load_checkpoint(random_checkpoint("han")).tokenizer.version == LATEST
    config["text"]["tokenizer_version"] = 3
    path.write_text(json.dumps(config))
    with pytest.raises(UserError, match="tokenizer_version"):
        load_checkpoint(tmp_path / "old")


def test_files_to_resume_from_stand_apart(random_checkpoint, tmp_path):
    checkpoint = load_checkpoint(random_checkpoint("han"))
    weights = checkpoint.model.state_dict()
    parts = (tmp_path / "f", checkpoint.config, checkpoint.vocabulary, weights, {}, [])
    save_checkpoint(*parts, resume={"state.json": b"{}"})
    assert (tmp_path / "f" / "resume" / "state.json").read_bytes() == b"{}"
    save_checkpoint(*parts)
    assert not (tmp_path / "f" / "resume").exists()


@pytest.mark.parametrize("kind", ["han", "bilstm", "transformer"])
def test_a_blank_model_has_the_shapes_and_needs_no_compiler(random_checkpoint, monkeypatch, kind):
    architecture = load_checkpoint(random_checkpoint(kind)).config.architecture
    expected = {name: w.shape for name, w in build_model(architecture).state_dict().items()}
    for package in ("torch._dynamo", "sympy"):
        monkeypatch.setitem(sys.modules, package, None)  # importing it fails
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


@pytest.fixture(params=["han", "bilstm", "transformer"])
def folder(request, random_checkpoint, tmp_path):
    """A copy to damage."""
    return shutil.copytree(random_checkpoint(request.param), tmp_path / "damaged")


def change(folder, *, sums: bool = False, **values) -> None:
    """Sets fields of the configuration or its architecture; checksums go unless kept."""
    config = json.loads((folder / CONFIG).read_text())
    for key, value in values.items():
        (config["architecture"] if key in config["architecture"] else config)[key] = value
    (folder / CONFIG).write_text(json.dumps(config if sums else {**config, "sha256": {}}))


def refusal(folder) -> str:
    with pytest.raises(UserError) as caught:
        load_checkpoint(folder)
    assert "\n" not in str(caught.value)
    assert 10 < len(str(caught.value)) < 500
    return str(caught.value)


@pytest.mark.parametrize("sums", [True, False], ids=["checksums", "no checksums"])
def test_weights_cut_anywhere_are_refused(folder, sums):
    change(folder, sums=sums)
    whole = (folder / WEIGHTS).read_bytes()
    for at in range(40):
        (folder / WEIGHTS).write_bytes(whole[: len(whole) * at // 40])
        refusal(folder)


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG, VOCABULARY])
@pytest.mark.parametrize("sums", [True, False], ids=["checksums", "no checksums"])
def test_a_missing_file_is_named(folder, name, sums):
    change(folder, sums=sums)
    (folder / name).unlink()
    assert f"damaged has no {name}" in refusal(folder)


def test_metrics_and_history_may_be_missing(folder):
    (folder / METRICS).unlink()
    (folder / HISTORY).unlink()
    assert load_checkpoint(folder).metrics == {}


@pytest.mark.parametrize("name", [WEIGHTS, VOCABULARY])
def test_a_changed_file_does_not_pass_its_checksum(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[-8] ^= 1
    (folder / name).write_bytes(content)
    message = refusal(folder)
    assert "checksum" in message or name == VOCABULARY


@pytest.mark.parametrize(
    "values",
    [
        {"hidden": 5},
        {"hidden": 4_096},
        {"embedding": 4_096},
        {"classes": 3, "labels": ["a", "b", "c"]},
        {"attention": "linear"},
        {"attention": "dot"},
        {"classes": 3},
        {"labels": ["a"]},
        {"labels": ["a", " "]},
        {"labels": ["a", "a"]},
        {"labels": ["a", "\ud800"]},
        {"labels": ["a", "b" * 201]},
        {"vocabulary_size": 5_000_000},
        {"hidden": 10**30},
        {"hidden": "many"},
        {"hidden": None},
        {"model": "cnn"},
        {"format": 2},
        {"labels": "negative"},
        {"weights": "int4"},
        {"text": {"language": "../../en"}},
        {"text": {"maximum_tokens": 0}},
        {"sha256": {"../../secret": "0"}},
        {"surplus": 1},
        {"a\nsecond line": 1},
        {"long" * 9_999: 1},
    ],
    ids=lambda values: ascii(" ".join(values))[:24],
)
def test_a_configuration_that_does_not_fit_is_refused(folder, values):
    change(folder, sums="sha256" in values, **values)
    refusal(folder)


def test_the_other_model_is_refused(folder):
    kind = json.loads((folder / CONFIG).read_text())["architecture"]["model"]
    change(folder, model={"han": "bilstm", "bilstm": "han", "transformer": "han"}[kind])
    refusal(folder)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{", "[" * 20_000, '{"a":' * 20_000 + "1" + "}" * 20_000, " " * 1_000_001],
    ids=["empty", "list", "null", "cut", "deep lists", "deep objects", "large"],
)
@pytest.mark.parametrize("name", [CONFIG, VOCABULARY])
def test_a_file_that_is_not_what_it_should_be_is_refused(folder, name, text):
    change(folder)
    (folder / name).write_text(text)
    refusal(folder)


def rewrite_words(folder, change_words) -> int:
    words = change_words(json.loads((folder / VOCABULARY).read_text()))
    (folder / VOCABULARY).write_text(json.dumps(words))
    return len(words)


def test_a_shorter_vocabulary_is_refused(folder):
    change(folder)
    words = rewrite_words(folder, lambda words: words[:-1])
    assert "words" in refusal(folder)
    change(folder, vocabulary_size=words)
    assert "embedding.weight" in refusal(folder)


@pytest.mark.parametrize(
    "changed",
    [
        lambda words: [*words[:-1], words[2]],
        lambda words: [*words[:-1], 7],
        lambda words: [*words[:-1], None],
        lambda words: words[::-1],
        lambda words: dict.fromkeys(words, 0),
    ],
    ids=["twice", "number", "null", "reversed", "object"],
)
def test_a_vocabulary_that_is_none_is_refused(folder, changed):
    change(folder)
    rewrite_words(folder, changed)
    refusal(folder)


def test_weights_that_are_not_finite_are_refused(folder):
    change(folder)
    weights = load_file(folder / WEIGHTS)
    weights["classifier.bias"][0] = float("nan")
    save_file(weights, folder / WEIGHTS)
    assert "classifier.bias" in refusal(folder)


@pytest.mark.parametrize("name", ["", "no-such-checkpoint", "a\0b", "a" * 300, "~", "../nothing"])
def test_a_folder_that_is_none_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refusal(name)


@pytest.mark.parametrize("name", ["/", ".", "../.."])
def test_a_folder_without_a_checkpoint_is_named_as_it_was_given(name, tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert refusal(name) == f"{name} has no {CONFIG}."


def test_no_name_is_not_the_present_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert refusal("") == "A checkpoint folder is expected; '' is none."


def test_a_file_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    refusal(tmp_path / "file")
    refusal(tmp_path / "file" / "below")


def test_a_checkpoint_that_was_half_replaced_is_found(folder):
    aside = folder.rename(folder.with_name(".damaged.previous"))
    assert load_checkpoint(folder).name == "damaged"
    assert aside.exists()  # whoever writes it may be about to rename it
    assert not folder.exists()
