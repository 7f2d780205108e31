"""Each part of a model belongs to one level."""

import pytest

from han_core.models.registry import level_of


@pytest.mark.parametrize(
    ("parameter", "level"),
    [
        ("embedding.weight", "words"),
        ("word_encoder.weight_hh_l0_reverse", "words"),
        ("word_attention.context", "words"),
        ("encoder.bias_ih_l0", "words"),
        ("sentence_encoder.weight_ih_l0", "sentences"),
        ("sentence_attention.project.weight", "sentences"),
        ("attention.scorer.weight", "classifier"),
        ("classifier.bias", "classifier"),
    ],
)
def test_the_level_of_a_parameter(parameter, level):
    assert level_of(parameter) == level


def test_a_part_of_no_model_has_no_level():
    with pytest.raises(KeyError):
        level_of("decoder.weight")
