import dataclasses
import json
import shlex

import pytest

from han_core.__main__ import parser
from han_core.runtime.errors import UserError
from han_core.training.runs.plan import CONFIG, checked_plan, read_plan
from han_core.training.settings import parse_settings

FULL = {
    "name": "  a name; with $signs ",
    "model": "han",
    "attention": "dot",
    "source": {
        "data": "hf:owner/name@train", "validation": "0.2", "test": "a test.csv",
        "text_column": "the text", "label_column": "y", "limit": 7,
        "group_column": "film id/5", "split_seed": 0, "unlabelled": "hf:owner/name@more",
    },
    "settings": {"epochs": 3, "seed": 4, "average": 0.9, "label_names": ["no", "yes"],
                 "freeze_vectors": False, "vectors": None, "keep": "loss",
                 "teachers": ["nb-svm", "a folder/b"]},
    "sizes": {"hidden": 4},
    "text": {"lowercase": False},
    "device": "cpu",
    "watched": ["One.", "Two."],
}  # fmt: skip


def test_a_plan_is_the_same_after_it_was_written_and_read(tmp_path):
    plan = checked_plan(**FULL)
    (tmp_path / CONFIG).write_text(plan.model_dump_json(), encoding="utf-8")
    assert read_plan(tmp_path) == plan
    assert plan.name == "a name; with $signs"


def test_the_command_asks_for_the_same():
    plan = checked_plan(**FULL)
    words = shlex.split(plan.command())
    assert words[:3] == ["python", "-m", "han_core"]
    given = parser("train").parse_args(words[3:])
    assert (given.model, given.attention, given.epochs, given.seed) == ("han", "dot", 3, 4)
    for field in dataclasses.fields(plan.source):
        assert getattr(given, field.name) == getattr(plan.source, field.name)
    assert parse_settings(given.set, epochs=given.epochs, seed=given.seed) == plan.parsed()
    assert given.device == "auto"  # another machine has others


def test_what_is_not_said_has_its_default():
    plan = checked_plan(name="x", model="bilstm", source={"data": "a.csv"})
    assert plan.parsed() == parse_settings([])
    given = parser("train").parse_args(shlex.split(plan.command())[3:])
    assert (given.attention, given.set, given.validation) == (None, [], "0.1")


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"model": "gpt"}, "model"),
        ({"attention": "most"}, "attention"),
        ({"source": {}}, "source.data"),
        ({"source": {"data": "x", "columns": 1}}, "source.columns"),
        ({"settings": {"epochs": 0}}, "epochs"),
        ({"settings": {"epochs": "many"}}, "epochs"),
        ({"settings": {"epoch": 3}}, "epoch=3"),
        ({"sizes": {"hidden": -1}}, "hidden"),
        ({"text": {"language": "English"}}, "language"),
        ({"device": "cuda:x"}, "device"),
        ({"watched": ["a"] * 6}, "watched"),
        ({"watched": ["a" * 5_001]}, "watched"),
        ({"watch_every": 0}, "watch_every"),
        ({"name": "   "}, "name"),
        ({"name": "n" * 81}, "name"),
        ({"begun": True}, "begun"),
    ],
)
def test_what_does_not_fit_is_named(wrong, expected):
    values = {"name": "x", "model": "han", "source": {"data": "a.csv"}} | wrong
    with pytest.raises(UserError, match=expected):
        checked_plan(**values)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": 1}', "\x00", json.dumps({"a": [1]})])
def test_a_damaged_plan_is_one_sentence(tmp_path, content):
    (tmp_path / CONFIG).write_text(content, encoding="utf-8")
    with pytest.raises(UserError):
        read_plan(tmp_path)
