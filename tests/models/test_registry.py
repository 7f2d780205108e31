"""The kinds of model: their names, and the level of every parameter."""

import pytest
from pydantic import TypeAdapter, ValidationError

from han_core.models.architecture import Architecture
from han_core.models.registry import (
    MODELS,
    ModelName,
    blank_model,
    level_of,
    model_kind,
    with_defaults,
)
from han_core.runtime.errors import UserError
from tests.pretrained import write_base


@pytest.mark.parametrize(
    ("parameter", "level"),
    [
        ("embedding.weight", "words"),
        ("word_encoder.weight_ih_l0_reverse", "words"),
        ("word_attention.context", "words"),
        ("encoder.bias_hh_l0", "words"),
        ("sentence_encoder.weight_hh_l0", "sentences"),
        ("sentence_attention.project.weight", "sentences"),
        ("attention.scorer.bias", "classifier"),
        ("classifier.weight", "classifier"),
    ],
)
def test_the_level_of_a_parameter(parameter, level):
    assert level_of(parameter) == level


def test_an_unknown_part_has_no_level():
    with pytest.raises(KeyError):
        level_of("decoder.weight")


@pytest.mark.parametrize("name", MODELS)
def test_a_kind_declares_the_level_of_each_of_its_parts_as_all_others_do(name, tmp_path):
    kind = model_kind(name)
    wanted: dict[str, object] = {}
    if kind.pretrained:
        base = str(write_base(tmp_path))
        wanted = {"base": base, "window": 8, "overlap": 2, "tune": "all"}
    sizes = {**with_defaults(name, wanted), "vocabulary_size": 3, "classes": 2}
    model = blank_model(Architecture(model=name, **sizes))
    parts = {parameter.partition(".")[0] for parameter, _ in model.named_parameters()}
    assert parts == kind.levels.keys()
    assert {part: level_of(part) for part in parts} == kind.levels
    assert (kind.name, kind.hierarchical) == (name, "sentence_encoder" in parts)


@pytest.mark.parametrize(
    ("sizes", "heads"), [({}, 4), ({"hidden": 50}, 2), ({"hidden": 25}, 1), ({"heads": 3}, 3)]
)
def test_a_kind_has_defaults_of_its_own_and_heads_that_divide_its_states(sizes, heads):
    found = with_defaults("transformer", sizes)
    assert found == {**model_kind("transformer").defaults, "heads": heads, **sizes}


def test_an_unknown_model_is_refused_by_name():
    with pytest.raises(UserError, match=r'han or bilstm.*"cnn" came'):
        model_kind("cnn")
    with pytest.raises(ValidationError, match="han or bilstm"):
        TypeAdapter(ModelName).validate_python("cnn")
    assert TypeAdapter(ModelName).validate_python("bilstm") == "bilstm"
