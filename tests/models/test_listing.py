"""The list holds what can be loaded, by name, and leaves broken folders out."""

import json
import shutil

import pytest

from han_core.models.checkpoint import CONFIG, METRICS, VOCABULARY, WEIGHTS
from han_core.models.listing import broken_checkpoints, list_checkpoints


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
        ({"test": None, "validation": None}, None),
        ({"test": {"accuracy": "high"}}, None),
        ({"test": [0.9]}, None),
        ([0.9], None),
    ],
)
def test_accuracy_is_the_tests_or_else_the_validations(root, metrics, accuracy):
    (root / "apple" / METRICS).write_text(json.dumps(metrics))
    assert list_checkpoints(root)[0].accuracy == accuracy


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, VOCABULARY])
def test_a_folder_that_misses_a_file_is_left_out(root, name):
    assert broken_checkpoints(root) == []
    (root / "apple" / name).unlink()
    assert names(root) == ["zebra"]
    assert broken_checkpoints(root) == [f"apple has no {name}."]


@pytest.mark.parametrize("name", [CONFIG, METRICS])
@pytest.mark.parametrize("text", ["", "{", "[" * 20_000, " " * 1_000_001])
def test_a_folder_whose_files_cannot_be_read_is_left_out(root, name, text):
    (root / "apple" / name).write_text(text)
    assert names(root) == ["zebra"]


def test_what_is_no_checkpoint_is_left_out(root):
    (root / "file").touch()
    (root / "empty").mkdir()
    (root / ".hidden").mkdir()
    shutil.copytree(root / "apple", root / ".apple.new-x7")
    assert names(root) == ["apple", "zebra"]


def test_a_checkpoint_that_was_half_replaced_is_listed(root):
    (root / "apple").rename(root / ".apple.previous")
    assert names(root) == ["apple", "zebra"]


def test_a_root_that_is_not_there_is_empty(tmp_path):
    assert list_checkpoints(tmp_path / "nothing") == []
    (tmp_path / "file").touch()
    assert list_checkpoints(tmp_path / "file") == []
