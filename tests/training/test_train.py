"""A planted rule is learnt, attention lands on it, and the folder says what was reached."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from han_core.data.corpus import Corpus
from han_core.data.labels import align_labels
from han_core.explanation.explain import explain_many
from han_core.models.checkpoint import HISTORY, METRICS, WEIGHTS, TextConfig, load_checkpoint
from han_core.models.predict import metrics, predict
from han_core.runtime.atomic_io import read_json
from han_core.runtime.errors import UserError
from han_core.text.tokenizer import Tokenizer
from han_core.text.word_vectors import write_vectors
from han_core.training.settings import Settings
from han_core.training.train import Request, train

CPU = torch.device("cpu")
LEARNT = [
    ("han", "additive"),
    ("bilstm", "additive"),
    ("bilstm", "dot"),
    ("bilstm", "general"),
    ("bilstm", "linear"),
]


@pytest.mark.long
@pytest.mark.parametrize(("model", "attention"), LEARNT)
def test_a_planted_rule_is_learnt_within_seconds(planted, model, attention):
    _, summary = planted(model, attention)
    assert summary["test"]["accuracy"] >= 0.95
    assert summary["validation"]["accuracy"] >= 0.95
    assert summary["seconds"] < 300


def test_a_planted_rule_is_learnt_from_120_documents_as_it_comes(tmp_path, planted_corpora, quiet):
    """Nothing is set: few documents make small batches, so that there are steps to learn in."""

    def two_classes(corpus: Corpus, documents: int) -> Corpus:
        rows = [row for row, label in enumerate(corpus.labels) if label != "neither"]
        return corpus.take(rows[:documents])

    request = Request(
        model="bilstm", attention="additive", training=two_classes(planted_corpora.training, 120),
        validation=two_classes(planted_corpora.validation, 20),
        test=two_classes(planted_corpora.test, 60), out=tmp_path / "out", settings=Settings(),
        sizes={}, text=TextConfig(), reproduce="",
    )  # fmt: skip
    summary = train(request, CPU, quiet())
    assert summary["test"]["accuracy"] > 0.9
    assert summary["validation"]["accuracy"] > 0.9


# A Transformer's pooling need not: self-attention carries the word's meaning to other states.
@pytest.mark.parametrize("model", ["han", "bilstm"])
def test_attention_lands_on_the_planted_word(planted, planted_corpora, model):
    checkpoint, corpus = load_checkpoint(planted(model, "additive")[0]), planted_corpora.test
    hits = [
        top_word(explanation) == word
        for explanation, word in zip(
            explain_many(checkpoint, corpus.texts, corpus.ids), corpus.extra["word"], strict=True
        )
        if word
    ]
    assert len(hits) > 50
    assert sum(hits) >= 0.9 * len(hits)


def top_word(explanation) -> str:
    start, end = explanation.document.tokens[explanation.document_weights.argmax()]
    return explanation.document.text[start:end].lower()


def test_the_figures_are_those_of_the_written_folder(planted, planted_corpora):
    folder, summary = planted("han", "additive")
    checkpoint, test = load_checkpoint(folder), planted_corpora.test
    classes = align_labels(test.labels, checkpoint.labels)
    assert metrics(predict(checkpoint, test.texts), classes) == pytest.approx(summary["test"])
    stored = read_json(folder / METRICS)
    assert {key: stored[key] for key in ("test", "validation")} == {
        key: summary[key] for key in ("test", "validation")
    }


def test_the_folder_says_how_it_came_about(planted):
    folder, summary = planted("han", "additive")
    stored = read_json(folder / METRICS)
    assert stored["dataset"] == "planted"
    assert stored["documents"] == {"train": 300, "validation": 60, "test": 100}
    assert (stored["seed"], stored["cut"]) == (0, 0)
    assert stored["settings"]["keep"] == "loss"
    lines = [json.loads(line) for line in (folder / HISTORY).read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5, 6]
    best = min(lines, key=lambda line: line["validation"]["loss"])
    assert stored["best_epoch"] == best["epoch"]
    assert summary["validation"] == pytest.approx(best["validation"], rel=1e-5)
    assert summary["epochs"] == 6
    assert summary["parameters"] == sum(
        p.numel() for p in load_checkpoint(folder).model.parameters()
    )


def small(corpora, documents: int = 40) -> dict[str, Corpus]:
    names = ("training", "validation", "test")
    return {name: getattr(corpora, name).first(documents) for name in names}


def test_cut_documents_are_counted_and_said(tmp_path, make_request, quiet, planted_corpora):
    said = []
    data = small(planted_corpora)
    request = make_request(tmp_path / "out", "epochs=1", "hidden=4", "maximum_tokens=40", **data)
    train(request, CPU, quiet(say=said.append))
    tokenizer = Tokenizer("en")
    cut = {
        name: sum(len(tokenizer(text).tokens) > 40 for text in corpus.texts)
        for name, corpus in data.items()
    }
    assert cut["test"] > 0
    assert f"{cut['training'] + cut['validation']} documents were cut after 40 tokens." in said
    assert f"{cut['test']} test documents were cut." in said
    assert read_json(tmp_path / "out" / METRICS)["cut"] == cut["training"] + cut["validation"]


def test_half_precision_on_disk_is_what_is_tested(tmp_path, make_request, quiet, planted_corpora):
    data = small(planted_corpora)
    request = make_request(tmp_path / "out", "epochs=1", "weights=float16", **data)
    summary = train(request, CPU, quiet())
    assert (tmp_path / "out" / WEIGHTS).stat().st_size < 2.5 * summary["parameters"]
    checkpoint = load_checkpoint(tmp_path / "out")
    classes = align_labels(data["test"].labels, checkpoint.labels)
    found = metrics(predict(checkpoint, data["test"].texts), classes)
    assert found == pytest.approx(summary["test"])


def test_without_a_test_corpus_there_is_no_test_figure(
    tmp_path, make_request, quiet, planted_corpora
):
    data = {**small(planted_corpora), "test": None}
    request = make_request(tmp_path / "out", "epochs=1", "hidden=4", **data)
    assert train(request, CPU, quiet())["test"] is None
    assert read_json(tmp_path / "out" / METRICS)["documents"]["test"] == 0


def refusal(request, quiet) -> str:
    """What is said before any text is read."""
    watch = replace(quiet(), follow=lambda *_: pytest.fail("it should not begin"))
    with pytest.raises(UserError) as caught:
        train(request, CPU, watch)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path, make_request, quiet):
    (tmp_path / "mine.txt").write_text("kept")
    assert "new or empty folder" in refusal(make_request(tmp_path), quiet)
    assert (tmp_path / "mine.txt").read_text() == "kept"
    assert "new or empty folder" in refusal(make_request(tmp_path / "mine.txt"), quiet)


def test_a_checkpoint_in_the_way_is_refused_with_a_hint(planted_checkpoint, make_request, quiet):
    assert "--resume" in refusal(make_request(planted_checkpoint), quiet)


def test_a_folder_that_cannot_be_made_is_refused_before_training(tmp_path, make_request, quiet):
    (tmp_path / "file").touch()
    refusal(make_request(tmp_path / "file" / "below"), quiet)
    refusal(make_request(tmp_path / ("a" * 300)), quiet)


@pytest.mark.parametrize("name", ["empty", "."])
def test_an_empty_folder_is_taken(
    tmp_path, monkeypatch, make_request, quiet, planted_corpora, name
):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path if name == "empty" else tmp_path / "empty")
    request = make_request(Path(name), "epochs=1", "hidden=4", **small(planted_corpora))
    train(request, CPU, quiet())
    assert load_checkpoint(tmp_path / "empty").labels == ("bad", "good", "neither")


@pytest.mark.parametrize("model", ["han", "bilstm"])
def test_a_huge_learning_rate_is_one_sentence(
    tmp_path, make_request, quiet, planted_corpora, model
):
    pairs = ("learning_rate=10", "weight_decay=1", "schedule=constant", "warmup=0", "epochs=30")
    data = small(planted_corpora)
    request = make_request(
        tmp_path / "out", "hidden=4", "patience=99", "batch_tokens=200", *pairs, model=model, **data
    )
    said = r"^The (loss|gradient) became nan in step \d+ of epoch \d+; a lower"
    with pytest.raises(UserError, match=said) as caught:
        train(request, CPU, quiet())
    assert "What stood after epoch" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert load_checkpoint(tmp_path / "out")  # an earlier epoch's weights


def test_a_transformer_that_diverges_at_once_writes_nothing(
    tmp_path, make_request, quiet, planted_corpora
):
    pairs = ("learning_rate=10", "weight_decay=1", "schedule=constant", "warmup=0")
    request = make_request(
        tmp_path / "out", "hidden=4", "batch_tokens=200", *pairs,
        model="transformer", **small(planted_corpora),
    )  # fmt: skip
    with pytest.raises(UserError, match=r"became nan in step \d+ of epoch 1; a lower") as caught:
        train(request, CPU, quiet())
    assert str(caught.value).endswith("Nothing was written.")
    assert not (tmp_path / "out").exists()


def test_one_class_is_refused(tmp_path, make_request, quiet, planted_corpora):
    training = planted_corpora.training
    one = training.take(row for row, label in enumerate(training.labels) if label == "good")
    message = refusal(make_request(tmp_path / "out", training=one), quiet)
    assert message == "Training needs documents of at least two classes; only 'good' came."
    assert not (tmp_path / "out").exists()


def test_a_test_label_that_is_no_class_is_refused_before_training(
    tmp_path, make_request, quiet, planted_corpora
):
    test = planted_corpora.test
    other = Corpus("other", test.texts[:1], ("sports",), test.ids[:1], {})
    assert "sports" in refusal(make_request(tmp_path / "out", test=other), quiet)


def test_what_needs_no_reading_is_found_before_it(tmp_path, make_request, quiet, planted_corpora):
    validation = replace(planted_corpora.validation, labels=("sports",) * 60)
    assert "sports" in refusal(make_request(tmp_path / "out", validation=validation), quiet)
    write_vectors(tmp_path / "v.txt", [("river", np.ones(3))])
    (tmp_path / "begun" / "resume").mkdir(parents=True)
    (tmp_path / "begun" / "resume" / "state.safetensors").write_bytes(b"no")
    for pairs, changed, said in [
        (("mixed_precision=fp16",), {}, "fp16"),
        ((f"vectors={tmp_path / 'none.txt'}",), {}, "none.txt"),
        ((f"vectors={tmp_path / 'v.txt'}",), {}, "--set embedding=3 fits them"),
        ((), {"resume": True}, "it has no state.json"),
    ]:
        request = make_request(
            tmp_path / "begun" if changed else tmp_path / "out", *pairs, **changed
        )
        assert said in refusal(request, quiet)


def test_what_is_worth_knowing_is_said(tmp_path, make_request, quiet, planted_corpora):
    said = []
    data = small(planted_corpora)
    request = make_request(tmp_path / "out", "epochs=1", "dropout_sentences=0.1", **data)
    train(request, CPU, quiet(say=said.append))
    words = len(load_checkpoint(tmp_path / "out").vocabulary) - 2
    assert f"The vocabulary knows {words} words of the training texts." in said
    assert "dropout_sentences has no effect with bilstm." in said
    assert "attention_size" not in " ".join(said)


def test_metrics_that_were_damaged_meanwhile_lose_no_result(
    tmp_path, make_request, quiet, planted_corpora
):
    out = tmp_path / "out"

    def say(sentence: str) -> None:
        if sentence.startswith("Epoch 1"):  # the folder is not written yet
            cut.append(True)

    def follow(texts, name):
        if cut:  # it is, and the test documents are read
            (out / METRICS).write_text('{"test": ')
        return texts

    cut: list[bool] = []
    request = make_request(out, "epochs=1", "hidden=4", **small(planted_corpora))
    summary = train(request, CPU, replace(quiet(say=say), follow=follow))
    assert read_json(out / METRICS)["test"] == summary["test"]


def test_other_names_of_the_classes_do_not_change_which_labels_are_right(
    tmp_path, make_request, quiet, planted_corpora
):
    """Training, validation and test name the classes alike; the names are for people."""
    figures = []
    for name, pairs in (("own", ()), ("given", ("label_names=one,two,three",))):
        request = make_request(
            tmp_path / name, "epochs=1", "hidden=4", *pairs, **small(planted_corpora)
        )
        figures.append(train(request, CPU, quiet()))
    assert load_checkpoint(tmp_path / "given").labels == ("one", "two", "three")
    for part in ("validation", "test"):
        assert figures[0][part] == figures[1][part]
