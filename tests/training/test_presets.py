"""The presets can be trained with, and grow."""

import pytest

from han_core.models.architecture import Architecture
from han_core.models.registry import build_model, count_parameters
from han_core.training.fields import explained
from han_core.training.settings import PRESETS, Settings, checked, without_effect

BARE = {"vocabulary_size": 1_000, "classes": 2}


def test_their_names():
    assert [preset.name for preset in PRESETS] == ["quick look", "balanced", "thorough"]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
@pytest.mark.parametrize("model", ["han", "bilstm"])
def test_each_can_be_used_whole(preset, model):
    settings = checked(Settings, dict(preset.settings))
    checked(Architecture, {**BARE, "model": model, **preset.sizes})
    assert isinstance(settings, Settings)
    assert without_effect(model, "additive", preset.sizes, settings) == []
    assert preset.line.endswith(".")


def test_what_it_gives_differs_from_the_defaults():
    for preset in PRESETS:
        for group in ("settings", "sizes"):
            for name, value in getattr(preset, group).items():
                assert explained()[name].group == group
                assert explained()[name].default != value


@pytest.mark.parametrize("model", ["han", "bilstm"])
def test_from_small_to_large(model):
    parameters = [
        count_parameters(build_model(Architecture(model=model, **BARE, **preset.sizes)))
        for preset in PRESETS
    ]
    assert parameters == sorted(parameters)
    assert len(set(parameters)) == 3
