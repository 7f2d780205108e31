"""A checkpoint that a run starts from decides model, sizes, language, words and classes."""

import pytest
import torch

from han_core.models.architecture import Architecture
from han_core.models.checkpoint import Config, TextConfig, save_checkpoint
from han_core.models.registry import build_model
from han_core.runtime.errors import UserError
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.training.initial_weights import origin
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
    assert first.kept(longer, ("positive", "negative"), "dot") == (
        "Starts from first: 2 words kept, 1 added; class layer kept (positive, negative)."
    )
    assert first.kept(first.vocabulary, ("ham", "spam"), "dot").endswith(
        "0 added; class layer drawn anew for other classes (ham, spam)."
    )
    assert " attention is linear instead of dot; class" in first.kept(longer, ("x",), "linear")
