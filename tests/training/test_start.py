"""The weights that a run starts from."""

import numpy as np
import pytest
import torch

from han_core.models.architecture import Architecture
from han_core.text.vectors import write_vectors
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.training.settings import Settings
from han_core.training.start import starting_model
from han_core.wrong_input import WrongInput

VOCABULARY = Vocabulary((*RESERVED, "good", "bad"))


def start(**settings):
    architecture = Architecture(
        model="bilstm", vocabulary_size=4, classes=2, embedding=3, hidden=2, attention_size=2
    )
    return starting_model(architecture, VOCABULARY, Settings(**settings))


def test_the_seed_draws_the_weights():
    (first, found), (again, _), (other, _) = (start(seed=seed) for seed in (1, 1, 2))
    assert found == 0
    assert torch.equal(first.classifier.weight, again.classifier.weight)
    assert not torch.equal(first.classifier.weight, other.classifier.weight)


@pytest.mark.parametrize("frozen", [True, False])
def test_given_vectors_are_where_the_words_start(tmp_path, frozen):
    write_vectors(tmp_path / "v.txt", [("good", np.array([1, -1, 0.5])), ("other", np.ones(3))])
    model, found = start(vectors=str(tmp_path / "v.txt"), freeze_vectors=frozen)
    assert found == 1
    assert model.embedding.weight[2].tolist() == [1, -1, 0.5]
    assert model.embedding.weight.requires_grad != frozen


def test_a_broken_file_of_vectors_is_one_sentence(tmp_path):
    (tmp_path / "v.txt").write_text("good 1 2\nbad 1\n")
    with pytest.raises(WrongInput, match="line 2"):
        start(vectors=str(tmp_path / "v.txt"))
