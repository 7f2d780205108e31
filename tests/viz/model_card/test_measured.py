"""What is measured for a card is what the commands measure."""

import json

import pytest
import torch

from han_core.data.corpus import Corpus, read_corpus
from han_core.data.rationales import read_rationales
from han_core.explanation import dataset_evidence, plausibility
from han_core.models.checkpoint import (
    CARD,
    CONFIG,
    METRICS,
    README,
    load_checkpoint,
    read_config,
)
from han_core.models.listing import list_checkpoints
from han_core.models.predict import predict
from han_core.runtime.messages import speaking
from han_core.viz.model_card import measured
from han_core.viz.model_card.content import Faithfulness, read_card, write_card
from han_core.viz.model_card.known import checkpoint_facts
from han_core.viz.model_card.sections import sections

TEXTS = ("the river. a green stone and bread", "quiet morning. music, road")


@pytest.fixture
def checkpoint(folder):
    return load_checkpoint(folder)


@pytest.fixture
def corpus() -> Corpus:
    return Corpus("two texts", TEXTS, (), ("1", "2"), {})


def test_weaknesses_count_each_tag(checkpoint):
    found = measured.weaknesses(checkpoint)
    reviews = read_corpus("bundled:classroom@all")
    predicted = predict(checkpoint, reviews.texts).argmax(1)
    right = [
        checkpoint.labels[at] == label for at, label in zip(predicted, reviews.labels, strict=True)
    ]
    assert (found.data, found.all.n, found.all.right) == (reviews.name, 220, sum(right))
    rows = [at for at, tags in enumerate(reviews.extra["tags"]) if "sarcasm" in tags]
    assert found.tags["sarcasm"].n == len(rows)
    assert found.tags["sarcasm"].right == sum(right[at] for at in rows)
    assert set(found.tags) >= {"negation", "contrast", "sarcasm", "plain"}


def test_a_model_trained_on_these_reviews_is_measured_on_the_others(folder):
    (folder / METRICS).write_text(json.dumps({"dataset": "bundled:classroom@train"}))
    found = measured.weaknesses(load_checkpoint(folder))
    assert found.data == "bundled:classroom@test"
    assert found.all.n == len(read_corpus("bundled:classroom@test"))


@pytest.mark.parametrize(
    ("part", "value"), [("labels", ["sport", "politics"]), ("text", {"language": "fr"})]
)
def test_there_are_none_for_other_classes_or_languages(folder, part, value):
    config = json.loads((folder / CONFIG).read_text())
    config[part] = value
    (folder / CONFIG).write_text(json.dumps(config))
    assert measured.weaknesses(load_checkpoint(folder)) is None


def test_chinese_reviews_for_a_chinese_model(folder):
    config = json.loads((folder / CONFIG).read_text())
    config["text"]["language"] = "zh"
    (folder / CONFIG).write_text(json.dumps(config))
    found = measured.weaknesses(load_checkpoint(folder))
    assert (found.data, found.all.n) == ("bundled:classroom/zh@all", 36)


def test_a_card_is_completed_once_and_its_picker_shows_the_share(folder, monkeypatch):
    assert measured.complete_card(folder)
    card = read_card(folder, read_config(folder))
    assert card.weaknesses == measured.weaknesses(load_checkpoint(folder))
    (listing,) = list_checkpoints(folder.parent)
    assert listing.mixed_accuracy == card.weaknesses.all.right / 220
    assert "220 documents" in (folder / README).read_text("utf-8")
    monkeypatch.delattr(measured, "weaknesses")  # is not asked again
    assert measured.complete_card(folder)


def test_the_file_is_in_english_whoever_trains(folder):
    with speaking("zh"):
        assert measured.complete_card(folder)
        shown = sections(checkpoint_facts(folder), read_card(folder, read_config(folder)))
    assert "220 documents" in (folder / README).read_text("utf-8")
    assert any("220 篇文档" in sentence for section in shown for sentence in section.sentences)


def test_what_else_a_card_holds_stays(folder, card):
    held = card.model_copy(update={"weaknesses": None})
    write_card(folder, held)
    assert measured.complete_card(folder)
    completed = read_card(folder, read_config(folder))
    assert completed.weaknesses.all.n == 220
    assert completed.model_copy(update={"weaknesses": None}) == held


@pytest.mark.parametrize(
    ("part", "value", "misfit"),
    [("labels", ["sport", "politics"], "classes"), ("text", {"language": "fr"}, "language")],
)
def test_a_model_that_they_do_not_fit_gets_no_card(folder, part, value, misfit):
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | {part: value}))
    assert not measured.complete_card(folder)
    assert not (folder / CARD).exists()
    assert list_checkpoints(folder.parent)[0].mixed_misfit == misfit


def test_faithfulness_is_what_the_command_says(checkpoint, corpus):
    found = measured.faithfulness(checkpoint, corpus, seed=3)
    expected = dataset_evidence.measure(checkpoint, TEXTS, seed=3).to_json()
    assert found.data == "two texts"
    assert (
        found.comprehensiveness.attention.model_dump() == expected["comprehensiveness"]["attention"]
    )
    assert found.flip.never.model_dump() == expected["flip"]["never"]
    assert found == Faithfulness.model_validate(found.model_dump(exclude_none=True))


def test_plausibility_is_what_the_command_says(checkpoint, tmp_path):
    path = tmp_path / "marked.jsonl"
    lines = [{"text": text, "spans": [[4, 9]]} for text in TEXTS]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    marked = read_rationales(str(path))
    found = measured.plausibility(checkpoint, marked, seed=3)
    expected = plausibility.measure(checkpoint, marked, seed=3).to_json()
    assert found.auprc.attention.model_dump() == expected["auprc"]["attention"]
    assert found.f1.people.mean is None


def test_speed_is_documents_by_seconds(checkpoint, monkeypatch):
    clock = iter([0.0, 9.0, 10.0, 12.0, 20.0, 21.0])  # warming up, then 2 s, then 1 s
    monkeypatch.setattr(measured.time, "perf_counter", lambda: next(clock))
    found = measured.speed(checkpoint, TEXTS, rounds=2)
    assert found.documents_per_second == 2.0
    assert found.words == (8 + 6) / 2
    assert found.threads == torch.get_num_threads()


def test_the_machine_has_a_name():
    assert measured.machine(torch.device("cpu")).strip()
