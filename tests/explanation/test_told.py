"""Evidence comes back from JSON as it was."""

import dataclasses

import numpy as np
import pytest

from han_core.explanation.faithfulness import measure_evidence
from han_core.explanation.model_probe import probe_text
from han_core.explanation.worker import from_json, to_json
from han_core.models.checkpoint import load_checkpoint

TEXTS = ["Bread.", "The green table.", "The green table. A quiet road and bread. One two three."]


@pytest.mark.parametrize("model", ["han", "bilstm"])
@pytest.mark.parametrize("stage", ["brief", "quick", "thorough"])
@pytest.mark.parametrize("unit", ["word", "sentence"])
def test_it_comes_back_as_it_was(random_checkpoint, model, stage, unit):
    checkpoint = load_checkpoint(random_checkpoint(model))
    for text in TEXTS:
        evidence = measure_evidence(probe_text(checkpoint, text), unit, "unknown", stage)
        same(from_json(to_json(evidence)), evidence)


def same(one, other) -> None:
    assert type(one) is type(other)
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other
