"""Runs that adapt to a domain: a planted word, resuming, and what is written and said."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from han_core.analysis.dataset import StoredWords
from han_core.analysis.pair_attention import align_words, mean_shifts
from han_core.data.corpus import Corpus
from han_core.data.domains import target_domain
from han_core.explanation.explain import explain
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.training import train as train_module
from han_core.training.distributed import Processes
from han_core.training.train import Stopped, train

CPU = torch.device("cpu")
FILLERS = ["the", "a", "this", "it", "was", "very", "i", "had", "with", "on", "and", "film", "day"]
CLASS_WORDS = {"bad": "awful", "good": "superb"}
DOMAIN_WORDS = {
    "books": {"bad": "paperback", "good": "novel"},  # of the source alone, and tell its classes
    "kitchen": {"bad": "blender", "good": "blender"},
}
SMALL = (
    "embedding=8", "hidden=6", "attention_size=8", "domain_units=16", "batch_tokens=400",
    "dropout_words=0.1", "dropout_document=0.1", "dropout_sentences=0", "minimum_count=1",
    "learning_rate=0.01", "patience=99", "keep=loss",
)  # fmt: skip


def reviews(domain, number, seed):
    """Documents with a word of their class, and nearly all with one of their domain."""
    draw, texts, labels = random.Random(seed), [], []
    for _ in range(number):
        label = draw.choice(sorted(CLASS_WORDS))
        sentences = [draw.choices(FILLERS, k=draw.randint(4, 8)) for _ in range(3)]
        draw.choice(sentences).insert(1, CLASS_WORDS[label])
        if draw.random() < 0.95:
            draw.choice(sentences).insert(1, DOMAIN_WORDS[domain][label])
        texts.append(" ".join(" ".join(words).capitalize() + "." for words in sentences))
        labels.append(label)
    return Corpus(domain, tuple(texts), tuple(labels), tuple(map(str, range(number))), {})


@pytest.fixture(scope="module")
def books_to_kitchen():
    training, validation = reviews("books", 200, 1), reviews("books", 60, 2)
    target = reviews("kitchen", 200, 3)
    classes = training.classes
    return {
        "training": training,
        "validation": validation,
        "test": None,
        "target": target_domain("kitchen", target, [training, validation], classes, 0),
    }


def attention(checkpoint, texts):
    """Words and their attention in each document, as stored scores have them."""
    explanations = [explain(checkpoint, text) for text in texts]
    return [
        StoredWords(tuple(each.document.token_texts()), each.document_weights)
        for each in explanations
    ]


def share_of(documents, words):
    """The mean attention over documents that falls on these words."""
    return float(np.mean([
        sum(weight for word, weight in zip(*each, strict=True) if word.lower() in words)
        for each in documents
    ]))  # fmt: skip


@pytest.mark.long
def test_attention_leaves_the_planted_domain_words(tmp_path, make_request, quiet, books_to_kitchen):
    """They tell the classes of the source, and betray the domain, as the word of a class does not.

    In trials the share of attention fell from .33 to .08 and from .19 to .04 (two seeds). Errors
    shows it for two models: the word that lost most is one of the domain.
    """
    domain_words = set(DOMAIN_WORDS["books"].values())
    read, distances = [], []
    for weight in (0, 3):
        out = tmp_path / f"weight-{weight}"
        pairs = (*SMALL, f"domain_weight={weight}", "domain_steps=3", "epochs=16")
        request = make_request(out, *pairs, model="han", **books_to_kitchen)
        summary = train(request, CPU, quiet())
        texts = books_to_kitchen["validation"].texts[:40]
        read.append(attention(load_checkpoint(out), texts))
        distances.append(summary["adaptation"]["proxy_a_distance"]["after"])
        assert summary["validation"]["accuracy"] > 0.9
    plain, adapted = read
    assert share_of(adapted, domain_words) < share_of(plain, domain_words) / 2
    assert distances[1] < distances[0]
    moved = mean_shifts([align_words(*pair) for pair in zip(plain, adapted, strict=True)])
    assert domain_words <= {word.word for word in moved if word.moved < 0}
    assert moved[-1].word in domain_words


def test_the_folder_says_how_good_it_is_on_both_domains(
    tmp_path, make_request, quiet, books_to_kitchen
):
    out = tmp_path / "adapted"
    summary = train(make_request(out, *SMALL, "epochs=2", **books_to_kitchen), CPU, quiet())
    metrics = json.loads((out / "metrics.json").read_text())
    found = metrics["adaptation"]
    assert summary["adaptation"] == found
    assert (found["source"], found["target"]) == ("books", "kitchen")
    assert found["source_accuracy"] == metrics["validation"]["accuracy"]
    assert found["target_documents"] == metrics["documents"]["target_held_out"] == 40
    assert metrics["documents"]["target"] == 160
    for part in ("probe_accuracy", "proxy_a_distance"):
        assert found[part].keys() == {"before", "after"}
    lines = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    weights = [line["domains"]["weight"] for line in lines]
    assert 0 < weights[0] < weights[1] < 1
    assert lines[metrics["best_epoch"] - 1]["domains"]["target"] == found["target_accuracy"]


def test_the_vocabulary_knows_words_of_the_target(tmp_path, make_request, quiet, books_to_kitchen):
    out = tmp_path / "adapted"
    train(make_request(out, *SMALL, "epochs=1", **books_to_kitchen), CPU, quiet())
    assert "blender" in load_checkpoint(out).vocabulary.words


@pytest.mark.parametrize("model", ["bilstm", "transformer"])
def test_a_run_that_stopped_goes_on_to_the_same_weights(
    tmp_path, make_request, quiet, books_to_kitchen, model
):
    """Domain classifier, its optimiser and its drawings included; the target is looked at too."""
    pairs = (*SMALL, "epochs=2", "heads=2", "save_seconds=0")

    def request(name, **more):
        return make_request(tmp_path / name, *pairs, model=model, **{**books_to_kitchen, **more})

    whole = train(request("whole"), CPU, quiet())
    steps = []
    stopping = replace(
        quiet(), moment=lambda event: steps.append(event.step), stop=lambda: len(steps) == 6
    )
    with pytest.raises(Stopped):
        train(request("parts"), CPU, stopping)
    target = books_to_kitchen["target"]
    shorter = replace(target, learning=target.learning.first(99))
    with pytest.raises(UserError, match="other data"):
        train(request("parts", target=shorter, resume=True), CPU, quiet())
    again = train(request("parts", resume=True), CPU, quiet())
    assert again["adaptation"] == whole["adaptation"]
    one, other = (
        load_checkpoint(tmp_path / name).model.state_dict() for name in ("whole", "parts")
    )
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_several_processes_are_refused_in_one_sentence(
    tmp_path, make_request, quiet, books_to_kitchen, monkeypatch
):
    monkeypatch.setattr(train_module, "join", lambda device: Two())
    with pytest.raises(UserError, match="takes one process; 2 came"):
        train(make_request(tmp_path / "out", *SMALL, **books_to_kitchen), CPU, quiet())


class Two(Processes):
    """Two processes, of which the other one is never waited for."""

    def __init__(self):
        super().__init__(count=2)

    def sum(self, values):
        return values


def test_settings_without_a_target_are_said_to_do_nothing(tmp_path, make_request, quiet, few):
    said = []
    train(
        make_request(tmp_path / "out", "epochs=1", "domain_steps=2", **few), CPU, quiet(said.append)
    )
    assert "domain_steps has no effect without --adapt-to." in said


def test_a_frozen_start_from_other_classes_is_warned_of(
    tmp_path, make_request, quiet, few, planted_checkpoint
):
    changed = {
        name: part and replace(part, labels=tuple("ab"[row % 2] for row in range(len(part))))
        for name, part in few.items()
    }
    said = []
    start = (f"start_from={planted_checkpoint}", "epochs=1")
    for name, pairs, data in (
        ("other", (*start, "freeze_words=true"), changed),
        ("whole", start, changed),
        ("same", (*start, "freeze_words=true"), few),
    ):
        heard = []
        request = make_request(tmp_path / name, *pairs, model="han", **data)
        train(request, CPU, quiet(heard.append))
        said.append(any("word level stays frozen" in sentence for sentence in heard))
    assert said == [True, False, False]


@pytest.fixture
def files(tmp_path):
    """Source and target as files, and both in one with a column of domains."""

    def rows(domain, number, seed, labelled=True):
        corpus = reviews(domain, number, seed)
        return [
            {"text": text, "label": label if labelled else "", "domain": domain}
            for text, label in zip(corpus.texts, corpus.labels, strict=True)
        ]

    def write(name, content):
        path = tmp_path / name
        path.write_text("\n".join(map(json.dumps, content)))
        return path

    books, kitchen = rows("books", 80, 1), rows("kitchen", 60, 2, labelled=False)
    return {
        "books": write("books.jsonl", books),
        "kitchen": write("kitchen.jsonl", kitchen),
        "all": write("all.jsonl", books + kitchen),
    }


def test_the_command_adapts_to_a_file_and_to_a_domain_of_a_column(tmp_path, run_command, files):
    """The same texts, so the same figures; without labels in the target no accuracy there."""
    sizes = [word for pair in (*SMALL, "epochs=1") for word in ("--set", pair)]
    start = ("train", "--model", "bilstm", "--device", "cpu", *sizes)
    found = []
    for name, words in (
        ("file", ("--data", files["books"], "--adapt-to", files["kitchen"])),
        ("column", ("--data", files["all"], "--adapt-to", "kitchen", "--domain-column", "domain")),
        ("both", ("--data", files["books"], "--adapt-to", files["kitchen"],
                  "--domain-column", "domain")),
    ):  # fmt: skip
        status, output, errors = run_command(*start, *words, "--out", tmp_path / name)
        assert status == 0
        said = any("--domain-column has no effect" in line for line in errors)
        assert said == (name == "both")
        found.append({**output[-1]["adaptation"], "source": "", "target": ""})
    assert found[0] == found[1] == found[2]
    assert found[0]["target_accuracy"] is None
    assert found[0]["domain_classifier_accuracy"] is not None


def test_the_command_refuses_a_target_in_one_sentence(tmp_path, run_command, files):
    status, _, errors = run_command(
        "train", "--model", "han", "--data", files["books"], "--adapt-to", files["books"],
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert status == 2
    assert errors[-1].startswith("error: 80 texts of 80 texts of books.jsonl")
    assert not (tmp_path / "out").exists()
