"""The weights that a run starts from."""

import numpy as np
import pytest
import torch

from han_core.models.architecture import Architecture
from han_core.models.checkpoint import Config, save_checkpoint
from han_core.models.registry import build_model, level_of
from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument, collate
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.text.word_vectors import write_vectors
from han_core.training.initial_weights import origin, starting_model
from han_core.training.settings import Settings

VOCABULARY = Vocabulary((*RESERVED, "good", "bad"))


def start(**settings):
    architecture = Architecture(
        model="bilstm", vocabulary_size=4, classes=2, embedding=3, hidden=2, attention_size=2
    )
    return starting_model(architecture, VOCABULARY, ("a", "b"), Settings(**settings))


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
    with pytest.raises(UserError, match="line 2"):
        start(vectors=str(tmp_path / "v.txt"))


SHAPE = {"classes": 2, "embedding": 3, "hidden": 2, "attention_size": 2}
LABELS = ("bad", "good")


@pytest.fixture(params=["han", "bilstm"])
def trained(request, tmp_path):
    """The origin of a run: a checkpoint that knows "good" and "bad"."""
    torch.manual_seed(9)
    shape = Architecture(model=request.param, vocabulary_size=4, **SHAPE)
    config = Config(architecture=shape, labels=LABELS)
    weights = build_model(shape).state_dict()
    save_checkpoint(tmp_path / "trained", config, VOCABULARY, weights, {}, [])
    found = origin(Settings(start_from=str(tmp_path / "trained")))
    assert found
    return found


def go_on(trained, words=("new", "bad", "good"), labels=LABELS, **settings):
    vocabulary = Vocabulary((*RESERVED, *words))
    sizes = {**SHAPE, "classes": len(labels), "vocabulary_size": len(vocabulary)}
    shape = Architecture(model=trained.checkpoint.config.architecture.model, **sizes)
    model, found = starting_model(shape, vocabulary, labels, Settings(**settings), trained)
    return model.eval(), vocabulary, found


def logits(model, vocabulary, *sentences: str):
    words = [sentence.split() for sentence in sentences]
    numbers = [vocabulary.number(word) for sentence in words for word in sentence]
    document = NumberedDocument(
        np.array(numbers, dtype=np.int32), np.array([len(s) for s in words], dtype=np.int32)
    )
    return model(collate([document])).logits


def test_at_first_it_decides_exactly_as_the_checkpoint_did(trained):
    """Other numbers for the words, and a word that the checkpoint does not know."""
    text = ("good new bad", "bad bad", "never seen good")
    before = logits(trained.checkpoint.model, VOCABULARY, *text)
    model, vocabulary, found = go_on(trained)
    assert torch.equal(logits(model, vocabulary, *text), before)
    assert found == 0


def test_classes_in_another_order_move_with_their_names(trained):
    before = logits(trained.checkpoint.model, VOCABULARY, "good bad")
    model, vocabulary, _ = go_on(trained, labels=("good", "bad"))
    assert torch.equal(logits(model, vocabulary, "good bad"), before.flip(1))


@pytest.mark.parametrize("labels", [("ham", "spam"), ("bad", "good", "neither")])
def test_the_class_layer_of_other_classes_is_drawn_by_the_seed(trained, labels):
    own = trained.checkpoint.model
    model, again, other = (go_on(trained, labels=labels, seed=seed)[0] for seed in (1, 1, 2))
    for name, weight in model.named_parameters():
        if name.startswith("classifier"):
            assert len(weight) == len(labels)
            assert torch.equal(weight, again.get_parameter(name))
            assert not torch.equal(weight, other.get_parameter(name))
        elif name != "embedding.weight":
            assert torch.equal(weight, own.get_parameter(name))


def test_only_new_words_take_their_vectors_from_the_file(trained, tmp_path):
    write_vectors(tmp_path / "v.txt", [("new", np.array([7, 8, 9])), ("good", np.ones(3))])
    model, vocabulary, found = go_on(trained, vectors=str(tmp_path / "v.txt"))
    own = trained.checkpoint.model.embedding.weight
    assert found == 1
    assert model.embedding.weight[vocabulary.number("new")].tolist() == [7, 8, 9]
    assert torch.equal(model.embedding.weight[vocabulary.number("good")], own[2])
    assert not model.embedding.weight[0].any()


def test_the_word_level_can_be_frozen(trained):
    model, _, _ = go_on(trained, words=("good", "bad"), freeze_words=True)
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad != (level_of(name) == "words")


def test_what_the_checkpoint_holds_is_not_touched(trained):
    before = {n: w.clone() for n, w in trained.checkpoint.model.state_dict().items()}
    model, _, _ = go_on(trained)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    for name, weight in trained.checkpoint.model.state_dict().items():
        assert torch.equal(weight, before[name])
