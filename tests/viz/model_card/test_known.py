"""What a folder says of itself, and nothing that cannot be."""

import json
import math

import pytest

from han_core.models.checkpoint import METRICS, load_checkpoint
from han_core.runtime.errors import UserError
from han_core.viz.model_card.known import AdaptationFacts, Scores, checkpoint_facts


def saying(folder, metrics: object) -> object:
    (folder / METRICS).write_text(json.dumps(metrics), encoding="utf-8")
    return checkpoint_facts(folder)


def test_all_of_it(folder):
    found = checkpoint_facts(folder)
    assert (found.name, found.dataset, found.seed, found.date) == (
        "mine", "some/reviews", 4, "2026-11-21",
    )  # fmt: skip
    assert found.documents["unlabelled"] == 5000
    assert found.test == Scores(0.9, 0.8991, 0.3)
    assert found.right == 900
    assert found.seeds == ((4, 0.9), (5, 0.91), (6, 0.92))
    assert found.settings == {
        "epochs": "6", "average": "0.999", "label_names": "negative,positive",
    }  # fmt: skip
    assert found.teachers == ("nb-svm", "older")
    assert found.command == "python -m han_core train --model han"
    assert found.notes == {"note": "In another order."}


def test_parameters_are_those_of_the_model_and_bytes_those_of_its_files(folder):
    found = checkpoint_facts(folder)
    model = load_checkpoint(folder).model
    assert found.parameters == sum(parameter.numel() for parameter in model.parameters())
    files = [folder / name for name in ("model.safetensors", "vocabulary.json")]
    assert found.bytes == sum(len(file.read_bytes()) for file in files)


@pytest.mark.parametrize("name", ["model.safetensors", "vocabulary.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"mine has no {name}"):
        checkpoint_facts(folder)


@pytest.mark.parametrize("metrics", [{}, [], "x", None])
def test_no_metrics_are_no_trouble(folder, metrics):
    found = saying(folder, metrics)
    assert (found.dataset, found.documents, found.right, found.command) == ("", {}, None, "")
    (folder / METRICS).unlink()
    assert checkpoint_facts(folder) == found


def test_each_thing_only_where_it_can_be(folder):
    found = saying(
        folder,
        {
            "dataset": ["a", "list"],
            "documents": {"train": "many", "test": -1, "validation": True, "x\n" * 100: 3},
            "test": {"accuracy": math.nan, "macro_f1": 1.01, "loss": math.inf},
            "validation": "good",
            "seeds": [{"seed": 1}, 7, {"seed": -1, "test": {"accuracy": 0.5}}, None],
            "seed": 0.5,
            "settings": ["a"],
            "reproduce": {"rm": "-rf"},
            "teaching": {"teachers": {"name": "x"}},
            "note": "n" * 10_000,
        },
    )
    assert found.dataset == ""
    assert [len(name) for name in found.documents] == [60]
    assert all(name.isprintable() for name in found.documents)
    assert found.reached == {"test": Scores(), "validation": Scores()}
    assert (found.seeds, found.seed, found.settings, found.teachers) == ((), None, {}, ())
    assert found.command == ""
    assert len(found.notes["note"]) == 4_000


ADAPTATION = {
    "target": "kitchen", "target_accuracy": 0.75, "target_documents": 40,
    "domain_classifier_accuracy": 0.5, "proxy_a_distance": {"before": 0.8, "after": 0.6},
}  # fmt: skip


def test_what_adapting_to_a_domain_brought(folder):
    facts = saying(folder, {"adaptation": ADAPTATION}).adaptation
    assert facts == AdaptationFacts("kitchen", 0.75, 40, 0.5, (0.8, 0.6))


@pytest.mark.parametrize(
    ("value", "facts"),
    [
        (None, None),
        ({"target": 7}, None),
        (ADAPTATION | {"target_accuracy": 7, "target_documents": -1, "proxy_a_distance": 3},
         AdaptationFacts("kitchen", None, 0, 0.5, (None, None))),
        (ADAPTATION | {"proxy_a_distance": {"before": math.nan, "after": 2.1}},
         AdaptationFacts("kitchen", 0.75, 40, 0.5, (None, None))),
    ],
)  # fmt: skip
def test_of_an_adaptation_only_what_can_be(folder, value, facts):
    assert saying(folder, {"adaptation": value}).adaptation == facts


def test_settings_and_names_are_few_and_short(folder):
    many = {f"name{at}\u202e": "v" * 400 for at in range(1_000)}
    found = saying(folder, {"settings": many, "documents": {str(at): at for at in range(1_000)}})
    assert len(found.settings) == len(found.documents) == 40
    assert max(len(value) for value in found.settings.values()) == 300
    assert all(name.isprintable() for name in found.settings)


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(UserError):
        checkpoint_facts(tmp_path / "none")
