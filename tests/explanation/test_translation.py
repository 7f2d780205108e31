"""Source words taken out, one by one, by hand."""

import numpy as np
import pytest
import torch

from han_core.explanation.translation import SourceWordRemoval, source_word_removal
from han_core.models.beam_search import align_numbers
from han_core.models.system_folder import SystemCheckpoint
from han_core.models.translator import TranslatorConfig, TranslatorNetwork
from han_core.runtime.errors import UserError
from han_core.text.vocabulary import RESERVED


@pytest.fixture(scope="module")
def checkpoint():
    torch.manual_seed(2)
    config = TranslatorConfig(
        source_words=(*RESERVED, "a", "b", "c"),
        target_words=(*RESERVED, "x", "y"),
        attached=(0,) * 4,
        embedding=6,
        encoder=4,
        decoder=8,
        attention_size=4,
    )
    return SystemCheckpoint("c", config, TranslatorNetwork(config).eval(), {})


def test_a_drop_is_what_the_shorter_sentence_says(checkpoint):
    removal = source_word_removal(checkpoint, "a b c", "x y")
    for at, shorter in enumerate(([3, 4], [2, 4], [2, 3])):
        whole, less = align_numbers(checkpoint.model, [[2, 3, 4], shorter], [[2, 3], [2, 3]])
        expected = np.exp(whole.log_probabilities[:2]) - np.exp(less.log_probabilities[:2])
        assert removal.drops[:, at] == pytest.approx(expected, abs=1e-6)


def test_the_most_attended_word_beside_the_others_by_hand():
    attention = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    drops = np.array([[0.5, 0.1, 0.0], [0.2, 0.1, 0.3]])
    removal = SourceWordRemoval(np.array([0.9, 0.8]), drops, attention)
    assert removal.most_attended == pytest.approx(0.4)
    assert removal.other_words == pytest.approx(0.1)


def test_unknown_target_words_are_left_out(checkpoint):
    line = source_word_removal(checkpoint, "a b", "x unknown").to_json()
    assert line["probabilities"][1] is None
    assert line["drops"][1] == [None, None]
    assert line["most_attended"] is not None


@pytest.mark.parametrize(
    ("text", "translation", "fragment"), [("a", "x", "two or more"), ("a b", "unknown", "no word")]
)
def test_what_cannot_be_asked_is_refused(checkpoint, text, translation, fragment):
    with pytest.raises(UserError, match=fragment):
        source_word_removal(checkpoint, text, translation)
