"""Every setting has its line, and limits that are those that are held."""

import math

import pytest

from han_core.models.architecture import Architecture
from han_core.models.checkpoint import TextConfig
from han_core.runtime.errors import UserError
from han_core.training.fields import EXPLAINED, explained
from han_core.training.settings import COMPUTED, Settings, checked

KINDS = {"settings": Settings, "sizes": Architecture, "text": TextConfig}
NEEDED = {"model": "han", "vocabulary_size": 2, "classes": 2}


def valid(field, value) -> bool:
    kind = next(kind for kind in KINDS.values() if field.name in kind.model_fields)
    needed = NEEDED if kind is Architecture else {}
    try:
        checked(kind, {**needed, field.name: value})
    except UserError:
        return False
    return True


def test_every_field_is_explained_in_one_sentence():
    fields = [name for kind in KINDS.values() for name in kind.model_fields]
    assert list(explained()) == fields
    assert EXPLAINED.keys() == set(fields)
    for line in EXPLAINED.values():
        assert line.endswith((".", "…"))
        assert "\n" not in line
        assert len(line) <= 90


def test_each_stands_in_its_group():
    for name, field in explained().items():
        if field.group == "decided":
            assert name in COMPUTED
        else:
            assert name in KINDS[field.group].model_fields


@pytest.mark.parametrize("field", explained().values(), ids=explained())
def test_limits_and_choices_are_those_that_are_held(field):
    if "number" in field.kind:
        step = 1 if field.kind == "whole number" else 1e-9
        inside = (field.least + step) if field.open_least else field.least
        assert valid(field, inside)
        assert not valid(field, field.least if field.open_least else field.least - step)
        assert not valid(field, math.inf)
        outside = field.most if field.open_most else field.most + max(step, 1e-9 * field.most)
        assert not valid(field, outside)
        assert valid(field, outside - step if field.open_most else field.most)
    if field.kind == "choice":
        assert all(valid(field, choice) for choice in field.choices)
        assert not valid(field, "another")
    if field.default is not None:
        assert valid(field, field.default)
    assert valid(field, None) == field.optional


def test_by_hand():
    rate, size = explained()["learning_rate"], explained()["batch_tokens"]
    assert (rate.kind, rate.default, rate.least, rate.most) == ("number", 1e-3, 0, 10)
    assert (rate.open_least, rate.open_most, rate.optional) == (True, False, False)
    assert (size.kind, size.default, size.least, size.optional) == ("whole number", None, 1, True)
    assert explained()["schedule"].choices == ("linear", "cosine", "constant")
    assert explained()["lowercase"].kind == "switch"
    assert explained()["label_names"].kind == "names"
    assert explained()["vectors"].kind == "text"
