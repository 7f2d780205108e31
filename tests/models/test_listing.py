"""The list holds what can be loaded, by name, and leaves broken folders out."""

import json
import shutil
from dataclasses import replace

import pytest
from safetensors.torch import load_file, save_file

from han_core.models.checkpoint import (
    CARD,
    CONFIG,
    METRICS,
    VOCABULARY,
    WEIGHTS,
    load_checkpoint,
    read_config,
)
from han_core.models.listing import (
    DEFAULT,
    broken_checkpoints,
    default_checkpoint,
    default_pair,
    list_checkpoints,
)
from han_core.runtime.errors import UserError


@pytest.fixture
def root(random_checkpoint, tmp_path):
    shutil.copytree(random_checkpoint("han"), tmp_path / "zebra")
    shutil.copytree(random_checkpoint("bilstm", "dot"), tmp_path / "apple")
    return tmp_path


def names(root) -> list[str]:
    return [listing.name for listing in list_checkpoints(root)]


def test_checkpoints_are_listed_by_name(root):
    first, second = list_checkpoints(root)
    assert first.to_json() == {
        "name": "apple",
        "model": "bilstm",
        "attention": "dot",
        "dataset": "nothing",
        "classes": ["negative", "positive"],
        "accuracy": 0.25,
        "language": "en",
        "path": str(root / "apple"),
    }
    assert (second.name, second.model, second.attention) == ("zebra", "han", "additive")


@pytest.mark.parametrize(
    ("metrics", "accuracy"),
    [
        ({"test": {"accuracy": 0.9}, "validation": {"accuracy": 0.8}}, 0.9),
        ({"test": None, "validation": {"accuracy": 0.8}}, 0.8),
        ({"test": {"accuracy": 0}, "validation": {"accuracy": 0.8}}, 0.0),
        ({"test": None, "validation": None}, None),
        ({"test": {"accuracy": "high"}}, None),
        ({"test": [0.9]}, None),
        ([0.9], None),
        ({"test": {"accuracy": float("nan")}}, None),
        ({"test": {"accuracy": float("inf")}}, None),
        ({"test": {"accuracy": 10**400}}, None),
        ({"test": {"accuracy": -0.1}}, None),
        ({"test": {"accuracy": 1}}, 1.0),
    ],
)
def test_accuracy_is_the_tests_or_else_the_validations(root, metrics, accuracy):
    (root / "apple" / METRICS).write_text(json.dumps(metrics))
    assert list_checkpoints(root)[0].accuracy == accuracy


def test_it_says_which_accuracy_it_is(root):
    for metrics, part in (({"test": {"accuracy": 0.9}}, "test"),
                          ({"test": None, "validation": {"accuracy": 0.8}}, "validation"),
                          ({"test": {}, "validation": {}}, "")):  # fmt: skip
        (root / "apple" / METRICS).write_text(json.dumps(metrics))
        assert list_checkpoints(root)[0].accuracy_of == part


@pytest.mark.parametrize(
    ("weights", "counts", "accuracy"),
    [
        ("own", {"n": 8, "right": 6}, 0.75),
        ("other", {"n": 8, "right": 6}, None),
        ("own", {"n": 0, "right": 0}, None),
        ("own", {"n": 8, "right": 9}, None),
        ("own", {"n": 8, "right": "six"}, None),
        ("own", {"n": 8}, None),
        ("own", 8, None),
    ],
)
def test_accuracy_on_the_mixed_examples_stands_in_a_card_of_the_same_weights(
    root, weights, counts, accuracy
):
    own = read_config(root / "apple").sha256[WEIGHTS]
    card = {"weights": own if weights == "own" else "0" * 64, "weaknesses": {"all": counts}}
    (root / "apple" / CARD).write_text(json.dumps(card))
    assert list_checkpoints(root)[0].mixed_accuracy == accuracy


@pytest.mark.parametrize("content", ["", "[]", "{", '{"weaknesses": null}'])
def test_a_damaged_card_hides_no_checkpoint(root, content):
    (root / "apple" / CARD).write_text(content)
    assert list_checkpoints(root)[0].mixed_accuracy is None


@pytest.mark.parametrize(
    ("dataset", "told"),
    [
        ("hotel reviews 酒店", "hotel reviews 酒店"),
        ("\ud800x\n", "\ufffdx\ufffd"),
        ("x" * 300, "x" * 199 + "…"),
        (["x"], "unknown"),
        (None, "unknown"),
    ],
)
def test_a_data_set_is_named_on_one_line_that_can_be_written(root, dataset, told):
    (root / "apple" / METRICS).write_text(json.dumps({"dataset": dataset}))
    assert list_checkpoints(root)[0].dataset == told


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, VOCABULARY])
def test_a_folder_that_misses_a_file_is_left_out(root, name):
    assert broken_checkpoints(root) == []
    (root / "apple" / name).unlink()
    assert names(root) == ["zebra"]
    assert broken_checkpoints(root) == [f"apple has no {name}."]


@pytest.mark.parametrize("text", ["", "{", "[" * 20_000, " " * 1_000_001])
def test_a_folder_is_left_out_without_its_configuration_and_stays_without_its_metrics(root, text):
    (root / "apple" / METRICS).write_text(text)
    assert names(root) == ["apple", "zebra"]
    (root / "zebra" / CONFIG).write_text(text)
    assert names(root) == ["apple"]


def cut(weights: bytes) -> bytes:
    return weights[:-1]


def too_long(weights: bytes) -> bytes:
    return weights + b"0"


def other_names(weights: bytes) -> bytes:
    return weights.replace(b"classifier.bias", b"classifier.bier")


def bad_header(weights: bytes) -> bytes:
    return weights[:8] + b"[" + weights[9:]


@pytest.mark.parametrize("damage", [cut, too_long, other_names, bad_header])
def test_weights_that_cannot_be_loaded_are_told_by_their_header(root, damage):
    path = root / "apple" / WEIGHTS
    path.write_bytes(damage(path.read_bytes()))
    assert names(root) == ["zebra"]
    (sentence,) = broken_checkpoints(root)
    assert f"{WEIGHTS} in apple" in sentence
    with pytest.raises(UserError):
        load_checkpoint(root / "apple")


@pytest.mark.parametrize(
    ("field", "value"), [("hidden", 5), ("vocabulary_size", 5_000_000), ("classes", 3)]
)
def test_a_configuration_that_does_not_fit_the_weights_is_left_out(root, field, value):
    config = json.loads((root / "apple" / CONFIG).read_text())
    config["architecture"][field] = value
    (root / "apple" / CONFIG).write_text(json.dumps(config))
    assert names(root) == ["zebra"]
    assert "apple" in broken_checkpoints(root)[0]


def test_weights_in_half_precision_are_listed(root):
    weights = {name: w.half() for name, w in load_file(root / "apple" / WEIGHTS).items()}
    save_file(weights, root / "apple" / WEIGHTS)
    assert names(root) == ["apple", "zebra"]


def test_a_name_that_is_not_utf8_is_told_in_a_sentence_that_is(root):
    (root / "apple").rename(root / "\udcff")
    assert names(root) == ["zebra"]
    assert "is not UTF-8" in broken_checkpoints(root)[0].encode().decode()


def test_what_is_no_checkpoint_is_left_out(root):
    (root / "file").touch()
    (root / "empty").mkdir()
    (root / ".hidden").mkdir()
    shutil.copytree(root / "apple", root / ".apple.new-x7")
    assert names(root) == ["apple", "zebra"]


def test_a_checkpoint_that_was_half_replaced_is_listed_and_not_moved(root):
    (root / "apple").rename(root / ".apple.previous")
    assert names(root) == ["apple", "zebra"]
    assert list_checkpoints(root)[0].path == root / "apple"
    assert (root / ".apple.previous").exists()


def test_the_environment_says_where_to_look(root, monkeypatch):
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(root))
    assert [listing.name for listing in list_checkpoints()] == ["apple", "zebra"]


def test_a_root_that_is_not_there_is_empty(tmp_path):
    assert list_checkpoints(tmp_path / "nothing") == []
    (tmp_path / "file").touch()
    assert list_checkpoints(tmp_path / "file") == []


def test_a_folder_is_read_again_when_one_of_its_files_is_another(root, monkeypatch):
    config, metrics = root / "apple" / CONFIG, root / "apple" / METRICS
    apple, zebra = list_checkpoints(root)
    monkeypatch.setattr("han_core.models.listing.check_weights", None)  # reads nobody's
    assert list_checkpoints(root) == [apple, zebra]
    monkeypatch.undo()
    metrics.write_text(metrics.read_text().replace("0.25", "0.75"))
    assert list_checkpoints(root)[0].accuracy == 0.75
    config.write_text("{")
    assert list_checkpoints(root) == [zebra]
    assert "apple" in broken_checkpoints(root)[0]
    (root / "zebra" / "note").symlink_to(root / "nowhere")
    assert list_checkpoints(root) == [zebra]


def test_what_passes_by_itself_is_not_kept(root, monkeypatch):
    def busy(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("han_core.models.listing.check_weights", busy)
    assert broken_checkpoints(root)[0].startswith("apple: ")
    monkeypatch.undo()
    assert names(root) == ["apple", "zebra"]


def test_a_run_that_somebody_finishes_does_not_become_the_default(root, monkeypatch):
    listings = {one.name: one for one in list_checkpoints(root)}
    flat = {name: replace(one, model="bilstm") for name, one in listings.items()}
    assert default_checkpoint({**listings, DEFAULT: flat["zebra"]}) == DEFAULT
    monkeypatch.setenv("HANSCOPE_DEFAULT_MODEL", "zebra")
    assert default_checkpoint(listings) == "zebra"
    monkeypatch.setenv("HANSCOPE_DEFAULT_MODEL", "deleted")
    assert default_checkpoint(flat) == "apple"
    hierarchical = replace(listings["zebra"], model="han")
    assert default_checkpoint({**flat, "zebra": hierarchical}) == "zebra"


def test_what_needs_further_packages_is_compared_first_only_where_nothing_else_is(root):
    listings = {one.name: one for one in list_checkpoints(root)}
    apple, zebra = listings["apple"], listings["zebra"]
    pretrained = replace(apple, model="bert")
    assert default_pair({"aaa": pretrained, "apple": apple, "zebra": zebra}) == ["zebra", "apple"]
    assert default_pair({"aaa": pretrained, "zebra": zebra}) == ["zebra", "aaa"]
    assert default_pair({"zebra": zebra}) == ["zebra"]


def test_two_of_the_same_data_are_compared_first(root):
    apple, zebra = (
        {one.name: one for one in list_checkpoints(root)}[n] for n in ("apple", "zebra")
    )
    others = {"mango": replace(apple, dataset="songs"), "nut": apple, "plum": zebra}
    assert default_pair({"zebra": zebra, **others}) == ["zebra", "nut"]
