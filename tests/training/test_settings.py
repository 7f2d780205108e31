"""Settings from pairs of key and value, their limits and descriptions, and presets."""

import math

import pytest

from han_core.models.architecture import Architecture
from han_core.models.checkpoint import TextConfig
from han_core.models.registry import (
    MODELS,
    blank_model,
    count_parameters,
    model_kind,
    with_defaults,
)
from han_core.runtime.errors import UserError
from han_core.training.fields import EXPLAINED, setting_fields
from han_core.training.settings import (
    COMPUTED,
    PRESETS,
    Settings,
    checked,
    parse_settings,
    presets_of,
    without_effect,
)
from tests.pretrained import need_transformers


def test_nothing_given_means_the_defaults():
    assert parse_settings([]) == (Settings(), {}, TextConfig())


def test_each_pair_finds_its_place():
    settings, sizes, text = parse_settings(
        ["learning_rate=0.01", "hidden=64", "language=zh", "dropout_words=0.5", "keep=loss",
         "lowercase=false", "label_names=no, yes", "vectors=a=b.txt"],
        epochs=3, seed=9,
    )  # fmt: skip
    assert settings == Settings(
        learning_rate=0.01, keep="loss", label_names=("no", "yes"), vectors="a=b.txt",
        epochs=3, seed=9,
    )  # fmt: skip
    assert sizes == {"hidden": 64, "dropout_words": 0.5}
    assert text == TextConfig(language="zh", lowercase=False)
    assert parse_settings(["layers=2", "layer_norm=true"])[1] == {"layers": 2, "layer_norm": True}


@pytest.mark.parametrize("pair", ["hidden", "=5", "", "model=han", "classes=3", "nothing=1"])
def test_a_key_that_is_none_is_named_with_those_that_are(pair):
    with pytest.raises(UserError, match="batch_tokens, clip") as caught:
        parse_settings([pair])
    assert str(caught.value).endswith(f"{pair!r} came.")


@pytest.mark.parametrize(
    "pair",
    [
        "epochs=0", "epochs=many", "epochs=2.5", "seed=-1", "batch_tokens=0", "learning_rate=0",
        "learning_rate=nan", "learning_rate=inf", "learning_rate=", "warmup=1", "schedule=step",
        "clip=0", "accumulation=0", "mixed_precision=fp8", "patience=0", "keep=f1", "average=1",
        "word_dropout=1", "minimum_count=0", "maximum_size=1", "weights=int4", "hidden=0",
        "hidden=5000", "dropout_words=1", "dropout_document=-0.1", "language=English",
        "maximum_tokens=0", "lowercase=perhaps", "freeze_vectors=2", "vectors=",
        "layers=0", "layers=101", "layers=abc", "layer_norm=abc", "dropout_layers=1",
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_named_in_one_line(pair):
    key, _, value = pair.partition("=")
    with pytest.raises(UserError) as caught:
        parse_settings([pair])
    message = str(caught.value)
    assert message.startswith(f"{key}: ")
    assert message.endswith(f"{value!r} came.")
    assert "\n" not in message


def test_vectors_that_are_not_given_cannot_be_frozen():
    with pytest.raises(UserError, match="vectors=FILE"):
        parse_settings(["freeze_vectors=true"])
    assert parse_settings(["freeze_vectors=true", "vectors=v.txt"])[0].freeze_vectors


def test_a_flag_and_a_pair_may_not_contradict_each_other():
    with pytest.raises(UserError, match="--epochs 1 and --set epochs=2 contradict"):
        parse_settings(["epochs=2"], epochs=1)
    assert parse_settings(["epochs=2"], epochs=2)[0].epochs == 2


@pytest.mark.parametrize(
    ("model", "attention", "said"),
    [
        ("han", "additive", []),
        ("bilstm", "additive", ["dropout_sentences has no effect with bilstm."]),
        ("han", "linear", ["attention_size has no effect with linear attention."]),
        (
            "bilstm",
            "dot",
            [
                "attention_size has no effect with dot attention.",
                "dropout_sentences has no effect with bilstm.",
            ],
        ),
    ],
)
def test_sizes_without_effect_are_told(model, attention, said):
    given = {"attention_size": 5, "dropout_sentences": 0.1, "hidden": 3}
    assert without_effect(model, attention, given) == said
    assert without_effect(model, attention, {"hidden": 3}) == []


def test_dropout_between_layers_wants_two_of_them():
    given = {"dropout_layers": 0.5}
    assert without_effect("han", "additive", given) == [
        "dropout_layers has no effect with one layer."
    ]
    assert without_effect("han", "additive", given, layers=2) == []


def test_a_long_value_is_not_repeated_whole():
    with pytest.raises(UserError) as caught:
        parse_settings(["keep=" + "x" * 10_000])
    assert len(str(caught.value)) < 300


def test_no_key_means_two_things():
    groups = [Settings.model_fields, Architecture.model_fields, TextConfig.model_fields]
    assert len({key for group in groups for key in group}) == sum(map(len, groups))


def test_checked_makes_an_instance():
    assert checked(TextConfig, {"language": "de"}) == TextConfig(language="de")


def test_words_of_no_checkpoint_cannot_be_frozen():
    with pytest.raises(UserError, match="start_from=NAME"):
        parse_settings(["freeze_words=true"])
    with pytest.raises(UserError, match="lets no new word in"):
        parse_settings(["freeze_words=true", "start_from=han", "vectors=v.txt"])
    assert parse_settings(["freeze_words=true", "start_from=han"])[0].freeze_words
    assert parse_settings(["freeze_vectors=true", "start_from=han"])[0].freeze_vectors


def test_settings_without_effect_are_told():
    assert without_effect("bilstm", "additive", {}, Settings(rate_sentences=0.5, epochs=3)) == [
        "rate_sentences has no effect with bilstm."
    ]
    assert without_effect("han", "additive", {}, Settings(rate_sentences=0.5)) == []
    frozen = Settings(start_from="a", freeze_words=True, rate_words=2, minimum_count=3)
    assert without_effect("han", "additive", {}, frozen) == [
        "minimum_count has no effect with freeze_words.",
        "rate_words has no effect with freeze_words.",
    ]
    assert without_effect("han", "additive", {}, Settings(rate_words=2)) == []


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
    assert list(setting_fields()) == fields
    assert EXPLAINED.keys() == set(fields)
    for line in EXPLAINED.values():
        assert line.endswith((".", "…"))
        assert "\n" not in line
        assert len(line) <= 90


def test_each_stands_in_its_group():
    for name, field in setting_fields().items():
        if field.group == "decided":
            assert name in COMPUTED
        else:
            assert name in KINDS[field.group].model_fields


@pytest.mark.parametrize("field", setting_fields().values(), ids=setting_fields())
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
    rate, size = setting_fields()["learning_rate"], setting_fields()["batch_tokens"]
    assert (rate.kind, rate.default, rate.least, rate.most) == ("number", 1e-3, 0, 10)
    assert (rate.open_least, rate.open_most, rate.optional) == (True, False, False)
    assert (size.kind, size.default, size.least, size.optional) == ("whole number", None, 1, True)
    assert setting_fields()["schedule"].choices == ("linear", "cosine", "constant")
    assert setting_fields()["lowercase"].kind == "switch"
    assert setting_fields()["label_names"].kind == "names"
    assert setting_fields()["vectors"].kind == "text"


BARE = {"vocabulary_size": 1_000, "classes": 2}


def test_their_names():
    assert [preset.name for preset in PRESETS] == ["quick look", "balanced", "thorough"]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
@pytest.mark.parametrize("model", MODELS)
def test_each_can_be_used_whole(preset, model):
    (preset,) = (own for own in presets_of(model) if own.name == preset.name)
    settings = checked(Settings, dict(preset.settings))
    checked(Architecture, {**BARE, "model": model, **preset.sizes})
    assert isinstance(settings, Settings)
    assert without_effect(model, "additive", preset.sizes, settings) == []
    assert preset.line.endswith(".")


def test_what_it_gives_differs_from_the_defaults():
    for preset in PRESETS:
        for group in ("settings", "sizes"):
            for name, value in getattr(preset, group).items():
                assert setting_fields()[name].group == group
                assert setting_fields()[name].default != value


@pytest.mark.parametrize("model", MODELS)
def test_from_small_to_large(model):
    if model_kind(model).pretrained:
        need_transformers()
    parameters = [
        count_parameters(
            blank_model(Architecture(model=model, **BARE, **with_defaults(model, preset.sizes)))
        )
        for preset in presets_of(model)
    ]
    assert parameters == sorted(parameters)
    assert len(set(parameters)) == 3
