"""The vocabulary and the classes come from the training documents alone."""

import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from han_core.data.corpus import Corpus
from han_core.models.checkpoint import TextConfig
from han_core.runtime.errors import UserError
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import RESERVED, UNKNOWN, Vocabulary
from han_core.training.prepare import Examples, class_names, examples, prepare
from han_core.training.settings import Settings


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    """A folder for kept texts that nobody else uses."""
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    return tmp_path


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
    assert found.training.lengths.tolist() == [5, 2, 2]
    assert found.validation.documents[0].words.tolist() == [UNKNOWN, 2]


def test_settings_decide_the_vocabulary():
    assert prepared(minimum_count=2).vocabulary.words[2:] == ("film", "fun", "good")
    assert prepared(maximum_size=3).vocabulary.words[2:] == ("film",)
    upper = prepared(text=TextConfig(lowercase=False)).vocabulary
    assert {"Good", "Fun", "fun"} < set(upper.words)


def test_cut_documents_are_counted():
    found = prepared(text=TextConfig(maximum_tokens=2))
    assert (found.training.cut, found.validation.cut) == (1, 0)
    assert found.training.lengths.tolist() == [2, 2, 2]


def no_reading(texts, name):
    pytest.fail("these texts were read before")


def test_the_progress_is_followed():
    names = []
    prepared(follow=lambda texts, name: names.append((len(texts), name)) or texts)
    assert names == [(4, "Reading")]


def test_another_split_seed_or_vocabulary_reads_nothing():
    prepared()
    moved = corpus(*zip(TRAINING.texts[:2], TRAINING.labels[:2], strict=True))
    rest = corpus((TRAINING.texts[2], "pos"), (VALIDATION.texts[0], "neg"))
    found = prepared(moved, rest, follow=no_reading, minimum_count=2, seed=5)
    assert found.vocabulary.words[2:] == ("good",)
    again = prepared(moved, rest, TextConfig(lowercase=False), no_reading)
    assert again.vocabulary.words[2:] == ("Good", "!", ".", "Bad", "film", "fun")
    assert prepared(TRAINING.first(2), rest, follow=no_reading).training.lengths.tolist() == [5, 2]


def test_texts_for_later_are_read_at_once():
    test = corpus(("Bad fun", "neg"))
    vocabulary = prepared(follow=lambda texts, name: texts, minimum_count=1).vocabulary
    values = TextConfig(), Settings(minimum_count=1), lambda texts, name: texts
    assert prepare(TRAINING, VALIDATION, *values, also=test.texts).vocabulary == vocabulary
    found = examples(test, (0,), Tokenizer(), vocabulary, no_reading)
    assert found.documents[0].words.tolist() == [7, 3]


def test_known_words_keep_their_numbers_and_frequent_new_ones_follow():
    known = Vocabulary((*RESERVED, "zebra", "good"))
    values = TextConfig(), Settings(minimum_count=2), lambda texts, name: texts
    found = prepare(TRAINING, VALIDATION, *values, known)
    assert found.vocabulary.words == (*RESERVED, "zebra", "good", "film", "fun")
    assert found.training.documents[0].words.tolist() == [3, UNKNOWN, 3, 5, UNKNOWN]


def test_frozen_words_let_no_new_one_in():
    known = Vocabulary((*RESERVED, "zebra", "Good"), lowercase=False)
    frozen = Settings(minimum_count=1, freeze_words=True, start_from="x")
    found = prepare(TRAINING, VALIDATION, TextConfig(), frozen, lambda texts, name: texts, known)
    assert found.vocabulary is known
    assert found.training.documents[0].words.tolist() == [3, 1, 3, 1, 1]


def test_a_disk_that_cannot_be_written_to_is_told(root):
    (root / "prepared").write_text("a file where a folder should be")
    (note,) = prepared().notes
    assert "could not be kept on disk" in note
    assert prepared().vocabulary.words[2:] == ("film", "fun", "good", "!", ".", "bad")


def slowly(training, validation, lowercase, limit, minimum_count, maximum_size):
    """Words, numbers, lengths and cuts, one token after the other."""
    tokenizer = Tokenizer("en", limit)
    read = [[tokenizer(text) for text in texts] for texts in (training, validation)]
    fold = str.lower if lowercase else str
    counts = Counter(fold(word) for document in read[0] for word in document.token_texts())
    frequent = [w for w, n in counts.items() if n >= minimum_count and w not in RESERVED]
    words = [*RESERVED, *sorted(frequent, key=lambda w: (-counts[w], w))][:maximum_size]
    numbers = [
        [
            [words.index(w) if w in words[2:] else UNKNOWN for w in map(fold, d.token_texts())]
            for d in documents
        ]
        for documents in read
    ]
    lengths = [[list(d.sentence_lengths) for d in documents] for documents in read]
    cut = [sum(d.seen < len(d.text) for d in documents) for documents in read]
    return words, numbers, lengths, cut


PIECES = [
    "Good ",
    "good ",
    "GOOD. ",
    "film",
    "<unk> ",
    "<PAD>! ",
    "\n\n",
    "\ud800",
    "Σ σ ς ",
    "İ ",
    "好",
]


@tried(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("a".join), min_size=3),
    lowercase=st.booleans(),
    limit=st.sampled_from([2, 5, 100]),
    minimum_count=st.integers(1, 3),
    maximum_size=st.integers(2, 12),
    memory=st.booleans(),
)
def test_all_is_as_a_slow_reading_finds_it(texts, memory, **asked):
    texts = ["a b", *texts, *texts[:2]]  # some twice, and in both parts
    texts = [text if text.strip() else "x" for text in texts]
    half = len(texts) // 2
    labels = ["neg", "pos"] * len(texts)
    parts = [corpus(*zip(part, labels, strict=False)) for part in (texts[: half + 1], texts[half:])]
    with pytest.MonkeyPatch.context() as patch:
        if memory:
            patch.setenv("HANSCOPE_DATA", "/dev/null")
        found = prepared(
            *parts,
            TextConfig(lowercase=asked["lowercase"], maximum_tokens=asked["limit"]),
            minimum_count=asked["minimum_count"],
            maximum_size=asked["maximum_size"],
        )
    words, numbers, lengths, cut = slowly(*(part.texts for part in parts), **asked)
    assert list(found.vocabulary.words) == words
    both = (found.training, found.validation)
    assert [[d.words.tolist() for d in part.documents] for part in both] == numbers
    assert [[d.sentence_lengths.tolist() for d in part.documents] for part in both] == lengths
    assert [part.lengths.tolist() for part in both] == [list(map(len, part)) for part in numbers]
    assert [part.cut for part in both] == cut
    assert all(d.words.dtype == np.int32 for part in both for d in part.documents)


def test_many_documents_are_a_few_arrays():
    many = TRAINING.take([0, 1, 2] * 30_000)
    prepared(many)
    tracemalloc.start()
    try:
        found = prepared(many)
        bytes_each = tracemalloc.get_traced_memory()[0] / len(many)
    finally:
        tracemalloc.stop()
    assert len(found.training) == 90_000
    assert bytes_each < 40


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
    with pytest.raises(UserError) as caught:
        class_names(classes, names)
    assert "\n" not in str(caught.value)


def test_a_validation_label_that_no_training_document_has_is_refused():
    def read(texts, name):
        pytest.fail("it should be found before texts are read")

    with pytest.raises(UserError, match="other"):
        prepared(validation=corpus(("Good", "other")), follow=read)


def test_examples_without_a_class_each_are_refused():
    with pytest.raises(ValueError):
        Examples(prepared().training.documents, np.array([0]))
