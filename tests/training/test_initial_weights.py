"""The weights that a run starts from, and what a checkpoint decides about the run."""

import numpy as np
import pytest
import torch

from han_core.models.architecture import Architecture
from han_core.models.checkpoint import Config, TextConfig, save_checkpoint
from han_core.models.registry import build_model, level_of
from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument, collate
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.text.word_vectors import write_vectors
from han_core.training.initial_weights import origin, starting_model
from han_core.training.settings import Settings

SHAPE = Architecture(
    model="han",
    attention="dot",
    vocabulary_size=4,
    classes=2,
    embedding=3,
    hidden=2,
    dropout_words=0.4,
)
TEXT = TextConfig(language="zh", lowercase=False, maximum_tokens=77)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A checkpoint of two classes that knows two words."""
    folder = tmp_path_factory.mktemp("origin") / "first"
    config = Config(architecture=SHAPE, text=TEXT, labels=("negative", "positive"))
    vocabulary = Vocabulary((*RESERVED, "good", "bad"), lowercase=False)
    save_checkpoint(folder, config, vocabulary, build_model(SHAPE).state_dict(), {}, [])
    return origin(Settings(start_from=str(folder)))


def test_a_run_may_start_from_nothing():
    assert origin(Settings()) is None


def test_what_is_no_checkpoint_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        origin(Settings(start_from="nowhere"))


def test_a_damaged_checkpoint_is_refused(tmp_path, first):
    config = Config(architecture=SHAPE, text=TEXT, labels=("a", "b"))
    weights = {
        name: torch.full_like(w, torch.nan) for name, w in build_model(SHAPE).state_dict().items()
    }
    save_checkpoint(tmp_path / "nan", config, first.vocabulary, weights, {}, [])
    with pytest.raises(UserError, match="not finite"):
        origin(Settings(start_from=str(tmp_path / "nan")))


def test_the_model_is_the_checkpoints_and_so_is_a_form_that_nobody_asks_for(first):
    assert first.model("han", None) == ("han", "dot") == first.model("han", "dot")
    assert first.model("han", "additive") == ("han", "additive")
    with pytest.raises(UserError, match=r"first.*has model han; model bilstm was asked for"):
        first.model("bilstm", None)
    first.freezes("dot")
    with pytest.raises(UserError, match="has attention dot; attention additive was asked for"):
        first.freezes("additive")


def test_sizes_are_the_checkpoints_but_dropout_and_noise_are_free(first):
    found = first.sizes({"hidden": 2, "dropout_words": 0.1, "attention_noise": 0.5})
    assert (found["embedding"], found["hidden"], found["attention_size"]) == (3, 2, 100)
    assert (found["dropout_words"], found["attention_noise"]) == (0.1, 0.5)
    assert first.sizes({})["dropout_words"] == 0.4
    assert found.keys().isdisjoint({"model", "attention", "vocabulary_size", "classes"})
    with pytest.raises(UserError, match="has embedding 3; embedding 5 was asked for"):
        first.sizes({"embedding": 5})


def test_what_a_word_is_and_its_case_are_the_checkpoints_but_the_limit_is_free(first):
    assert first.text(TextConfig()) == TEXT
    assert first.text(TextConfig(maximum_tokens=9)).maximum_tokens == 9
    with pytest.raises(UserError, match="has language zh; language en was asked for"):
        first.text(TextConfig(language="en"))
    with pytest.raises(UserError, match="has segmentation words; segmentation characters was"):
        first.text(TextConfig(segmentation="characters"))
    with pytest.raises(UserError, match="has lowercase False; lowercase True was asked for"):
        first.text(TextConfig(lowercase=True))


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (("negative", "positive"), ("negative", "positive")),
        (("neg", "pos"), ("negative", "positive")),
        (("0", "1"), ("negative", "positive")),
        (("POSITIVE", "negative"), ("positive", "negative")),
        (("negative",), None),
        (("negative", "neutral", "positive"), None),
        (("ham", "spam"), None),
        (("1", "2"), None),
    ],
)
def test_the_same_classes_keep_their_names(first, classes, names):
    assert first.names(classes) == names


def test_what_is_kept_is_told(first):
    longer = Vocabulary((*RESERVED, "good", "bad", "fine"), lowercase=False)
    assert first.describe(longer, ("positive", "negative"), "dot") == (
        "Starts from first: 2 words kept, 1 added; class layer kept (positive, negative)."
    )
    assert first.describe(first.vocabulary, ("ham", "spam"), "dot").endswith(
        "0 added; class layer drawn anew for other classes (ham, spam)."
    )
    assert " attention is linear instead of dot; class" in first.describe(longer, ("x",), "linear")


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


SIZES = {"classes": 2, "embedding": 3, "hidden": 4, "attention_size": 2}
LABELS = ("bad", "good")


@pytest.fixture(params=["han", "bilstm", "transformer"])
def trained(request, tmp_path):
    """The origin of a run: a checkpoint that knows "good" and "bad"."""
    torch.manual_seed(9)
    shape = Architecture(model=request.param, vocabulary_size=4, **SIZES)
    config = Config(architecture=shape, labels=LABELS)
    weights = build_model(shape).state_dict()
    save_checkpoint(tmp_path / "trained", config, VOCABULARY, weights, {}, [])
    found = origin(Settings(start_from=str(tmp_path / "trained")))
    assert found
    return found


def go_on(trained, words=("new", "bad", "good"), labels=LABELS, **settings):
    vocabulary = Vocabulary((*RESERVED, *words))
    sizes = {**SIZES, "classes": len(labels), "vocabulary_size": len(vocabulary)}
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
