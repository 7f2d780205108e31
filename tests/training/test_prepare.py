"""The vocabulary and the classes come from the training documents alone."""

import numpy as np
import pytest

from han_core.corpora.corpus import Corpus
from han_core.models.checkpoint import TextConfig
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import UNKNOWN
from han_core.training.prepare import Examples, class_names, examples, prepare
from han_core.training.settings import Settings
from han_core.wrong_input import WrongInput


def corpus(*pairs: tuple[str, str]) -> Corpus:
    texts, labels = zip(*pairs, strict=True)
    return Corpus("toy", texts, labels, tuple(map(str, range(len(pairs)))), {})


TRAINING = corpus(("Good. Good fun!", "pos"), ("Bad film", "neg"), ("Fun film", "pos"))
VALIDATION = corpus(("Unseen film", "neg"))


def prepared(training=TRAINING, validation=VALIDATION, text=None, follow=None, **settings):
    follow = follow or (lambda texts, name: texts)
    values = {"minimum_count": 1, **settings}
    return prepare(training, validation, text or TextConfig(), Settings(**values), follow)


def test_documents_become_numbers_by_hand():
    found = prepared()
    assert found.labels == ("neg", "pos")
    assert found.vocabulary.words[2:] == ("film", "fun", "good", "!", ".", "bad")
    assert [d.words.tolist() for d in found.training.documents] == [[4, 6, 4, 3, 5], [7, 2], [3, 2]]
    assert [d.sentence_lengths.tolist() for d in found.training.documents] == [[2, 3], [2], [2]]
    assert found.training.classes.tolist() == [1, 0, 1]
    assert found.training.lengths == [5, 2, 2]
    assert found.validation.documents[0].words.tolist() == [UNKNOWN, 2]


def test_settings_decide_the_vocabulary():
    assert prepared(minimum_count=2).vocabulary.words[2:] == ("film", "fun", "good")
    assert prepared(maximum_size=3).vocabulary.words[2:] == ("film",)
    upper = prepared(text=TextConfig(lowercase=False)).vocabulary
    assert {"Good", "Fun", "fun"} < set(upper.words)


def test_cut_documents_are_counted():
    found = prepared(text=TextConfig(maximum_tokens=2))
    assert (found.training.cut, found.validation.cut) == (1, 0)
    assert found.training.lengths == [2, 2, 2]


def test_the_progress_is_followed():
    names = []
    prepared(follow=lambda texts, name: names.append((len(texts), name)) or texts)
    assert names == [(3, "Reading"), (1, "Reading validation")]


def test_classes_may_get_names():
    assert prepared(label_names=("bad", "good")).labels == ("bad", "good")
    assert prepared(label_names=("bad", "good")).training.classes.tolist() == [1, 0, 1]


def test_a_corpus_is_read_with_an_existing_vocabulary():
    vocabulary = prepared().vocabulary
    found = examples(
        corpus(("Bad fun", "positive")), (1,), Tokenizer("en", 1), vocabulary,
        lambda texts, name: texts,
    )  # fmt: skip
    assert found.documents[0].words.tolist() == [7]
    assert (found.classes.tolist(), found.cut) == ([1], 1)


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        ((), None),
        (("pos",), None),
        (("neg", "pos"), ("one",)),
        (("neg", "pos"), ("same", "same")),
        (("neg", "pos"), ("a", "b", "c")),
        (("neg", "pos"), ("", "x")),
        (("neg", "pos"), ("a", "\ud800")),
        (("neg", "\ud800"), None),
        (("neg", "p" * 300), None),
    ],
)
def test_classes_and_names_that_do_not_fit_are_refused(classes, names):
    with pytest.raises(WrongInput) as caught:
        class_names(classes, names)
    assert "\n" not in str(caught.value)


def test_a_validation_label_that_no_training_document_has_is_refused():
    def read(texts, name):
        pytest.fail("it should be found before texts are read")

    with pytest.raises(WrongInput, match="other"):
        prepared(validation=corpus(("Good", "other")), follow=read)


def test_examples_without_a_class_each_are_refused():
    with pytest.raises(ValueError):
        Examples(prepared().training.documents, np.array([0]))
