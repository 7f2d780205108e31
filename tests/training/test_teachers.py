"""Teachers label documents, a student learns from it, and goes on without asking them again."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from han_core.data.corpus import Corpus, fingerprint
from han_core.models.checkpoint import METRICS, WEIGHTS, load_checkpoint
from han_core.models.predict import metrics, predict
from han_core.runtime.atomic_io import checksum, read_json, write_json
from han_core.runtime.errors import UserError
from han_core.training import distillation
from han_core.training import train as train_module
from han_core.training.bag_of_words import LEARN
from han_core.training.callbacks import Stopped
from han_core.training.distillation import geometric_mean
from han_core.training.request import check_request
from han_core.training.resume import read_state, teaching_of
from han_core.training.settings import BAGS
from han_core.training.train import train
from tests.pretrained import pretrained_checkpoint, write_base

CPU = torch.device("cpu")


@pytest.fixture(scope="session")
def parts(planted_corpora):
    """A few labelled documents, and many whose labels are not told."""
    training = planted_corpora.training
    rest = training.take(range(40, 300))
    return {
        "training": training.first(40),
        "validation": planted_corpora.validation.first(30),
        "test": planted_corpora.test,
        "unlabelled": Corpus("nameless", rest.texts, (), rest.ids, {}),
    }


def test_every_bag_of_words_can_learn():
    assert tuple(LEARN) == BAGS


def test_the_mean_is_one_of_log_odds():
    odds = lambda p: np.log(p / (1 - p))  # noqa: E731
    first, second = np.array([0.9, 0.2]), np.array([0.6, 0.3])
    found = geometric_mean([np.stack([1 - p, p], 1) for p in (first, second)])
    assert found.sum(1) == pytest.approx(1)
    assert odds(found[:, 1]) == pytest.approx((odds(first) + odds(second)) / 2)
    sure = geometric_mean([np.array([[0.0, 1.0]]), np.array([[0.5, 0.5]])])
    assert 0.99 < sure[0, 1] <= 1


def test_the_mean_of_several_classes_is_shared_out():
    found = geometric_mean([np.array([[0.5, 0.4, 0.1]]), np.array([[0.2, 0.4, 0.4]])])
    roots = np.sqrt([0.1, 0.16, 0.04])
    assert found[0] == pytest.approx(roots / roots.sum())


def test_a_student_learns_what_a_good_teacher_says(
    tmp_path, make_request, quiet, parts, planted_checkpoint
):
    """The labels alone are too few to learn the rule from."""
    pairs = ("epochs=5", "keep=loss", "patience=99", f"teachers={planted_checkpoint}")
    said = []
    alone = train(
        make_request(tmp_path / "alone", *pairs[:-1], **{**parts, "unlabelled": None}), CPU, quiet()
    )
    taught = train(make_request(tmp_path / "taught", *pairs, **parts), CPU, quiet(say=said.append))
    assert alone["test"]["accuracy"] < 0.8
    assert taught["test"]["accuracy"] > 0.9
    stored = read_json(tmp_path / "taught" / METRICS)
    assert stored["documents"] == {"train": 40, "validation": 30, "test": 100, "unlabelled": 260}
    assert stored["teaching"]["documents"] == 260
    assert stored["teaching"]["unlabelled"] == "nameless"
    assert stored["teaching"]["teachers"] == [
        {"name": planted_checkpoint.name, "sha256": checksum(planted_checkpoint / WEIGHTS)}
    ]
    teacher, held = load_checkpoint(planted_checkpoint), parts["validation"]
    classes = [teacher.labels.index(label) for label in held.labels]
    expected = metrics(predict(teacher, held.texts), classes)
    assert stored["teaching"]["validation"] == pytest.approx(expected)
    assert any("labelled 260 unlabelled documents" in sentence for sentence in said)


def test_what_they_say_is_kept_beside_the_weights(
    tmp_path, make_request, quiet, parts, planted_checkpoint
):
    few = {**parts, "unlabelled": parts["unlabelled"].first(60), "test": None}
    pairs = ("epochs=1", "hidden=4")
    request = make_request(tmp_path / "out", *pairs, f"teachers=nb-svm,{planted_checkpoint}", **few)
    ended = []

    def follow(items, name):
        yield from items
        ended.append((name, len(items)))

    train(request, CPU, replace(quiet(), follow=follow))
    assert [told for told in ended if not told[0].startswith("Reading")] == [
        ("Teaching nb-svm", 40), ("Asking nb-svm", 90), (f"Asking {planted_checkpoint.name}", 90),
    ]  # fmt: skip
    said = read_state(request.out).tensors["teaching.probabilities"].numpy()
    assert said.shape == (60, 3)
    own = np.log(predict(load_checkpoint(planted_checkpoint), few["unlabelled"].texts))
    # What is left of the mean when the checkpoint's part is taken away is the bag of words'.
    other = np.exp(2 * np.log(said) - own)
    other /= other.sum(1, keepdims=True)
    told = read_json(request.out / METRICS)["teaching"]["teachers"]
    assert [teacher["name"] for teacher in told] == ["nb-svm", planted_checkpoint.name]
    alone = make_request(tmp_path / "alone", *pairs, **few)
    train(alone, CPU, quiet())
    bag = read_state(alone.out).tensors["teaching.probabilities"].numpy()
    assert other == pytest.approx(bag, abs=1e-3)


@pytest.mark.parametrize(
    ("own", "parts_told"),
    [
        ({}, []),
        ({"train": "0", "validation": "same"}, []),
        ({"train": "0", "validation": "0"}, ["validat"]),
        ({"train": "0", "validation": "same", "test": "0"}, ["test"]),
        ({"train": "0", "validation": "0", "test": "0"}, ["validat", "test"]),
        ({"train": "same", "validation": "0", "test": "0"}, []),
        ("odd", []),
    ],
)
def test_a_teacher_that_may_know_what_is_held_out_is_told_of(
    tmp_path, make_request, quiet, parts, planted_checkpoint, own, parts_told
):
    """A checkpoint that learnt from other documents, and was judged on others, may know these."""
    teacher = tmp_path / "teacher"
    names = {"train": "training", "validation": "validation", "test": "test"}
    shutil.copytree(planted_checkpoint, teacher)
    if isinstance(own, dict):
        own = {
            name: fingerprint(parts[names[name]]) if digest == "same" else digest
            for name, digest in own.items()
        }
    write_json(teacher / METRICS, {"sha256": own})
    request = make_request(tmp_path / "out", f"teachers=nb-svm,{teacher}", **parts)
    notes = check_request(request, CPU).notes
    assert len(notes) == len(parts_told)
    for note, part in zip(notes, parts_told, strict=True):
        assert note.startswith(f"The teacher teacher was {part}ed on other documents.")


def stopping_after(steps: int, watch):
    left = iter([False] * (steps - 1) + [True])
    return replace(watch, stop=lambda: next(left))


def test_a_stopped_run_goes_on_with_the_same_bits_and_asks_nobody(
    tmp_path, make_request, quiet, parts, planted_checkpoint, monkeypatch
):
    few = {**parts, "unlabelled": parts["unlabelled"].first(60)}
    teacher = tmp_path / "teacher"
    shutil.copytree(planted_checkpoint, teacher)
    pairs = ("epochs=2", "hidden=6", "average=0.9", "word_dropout=0.1",
             f"teachers=nb-svm,{teacher}")  # fmt: skip
    train(make_request(tmp_path / "whole", *pairs, **few), CPU, quiet())
    begun = make_request(tmp_path / "parts", *pairs, **few)
    with pytest.raises(Stopped):
        train(begun, CPU, stopping_after(5, quiet()))
    shutil.rmtree(teacher)
    monkeypatch.setattr(train_module, "label_documents", lambda *given: pytest.fail("asked again"))
    train(replace(begun, resume=True), CPU, quiet())
    for file in (WEIGHTS, "resume/state.safetensors"):
        whole, again = ((tmp_path / name / file).read_bytes() for name in ("whole", "parts"))
        assert whole == again
    stored = [read_json(tmp_path / name / METRICS)["teaching"] for name in ("whole", "parts")]
    assert stored[0] == stored[1]


def test_other_documents_or_teachers_do_not_go_on(tmp_path, make_request, quiet, parts):
    whole = parts["unlabelled"].first(60)
    few = {**parts, "unlabelled": whole, "test": None}
    begun = make_request(tmp_path / "out", "epochs=1", "hidden=6", **few)
    train(begun, CPU, quiet())
    longer = replace(begun, resume=True, settings=begun.settings.model_copy(update={"epochs": 2}))
    others = (None, whole.first(50), replace(whole, texts=("Other words.", *whole.texts[1:])))
    for other in others:
        with pytest.raises(UserError, match="other data"):
            train(replace(longer, unlabelled=other), CPU, quiet())
    asked = longer.settings.model_copy(update={"teachers": ("nb-svm", "nb-svm")})
    with pytest.raises(UserError, match="other data"):
        train(replace(longer, settings=asked), CPU, quiet())
    assert train(longer, CPU, quiet())["epochs"] == 2


def test_a_run_that_nobody_taught_does_not_go_on_with_teachers(
    tmp_path, make_request, quiet, parts
):
    alone = {**parts, "unlabelled": None}
    begun = make_request(tmp_path / "out", "epochs=1", "hidden=6", **alone)
    train(begun, CPU, quiet())
    with pytest.raises(UserError, match="other data"):
        train(replace(begun, resume=True, unlabelled=parts["unlabelled"]), CPU, quiet())


def test_classes_of_other_names_in_another_order(parts, planted_checkpoint):
    """The data may number the classes that a teacher names."""
    names = load_checkpoint(planted_checkpoint).labels
    (found,) = distillation.find_teachers(
        [str(planted_checkpoint)],
        names[::-1],
        names[::-1],
        load_checkpoint(planted_checkpoint).config.text,
    )
    assert found.classes == (2, 1, 0)
    (found,) = distillation.find_teachers(
        [str(planted_checkpoint)],
        ("a", "b", "c"),
        names,
        load_checkpoint(planted_checkpoint).config.text,
    )
    assert found.classes == (0, 1, 2)


@pytest.mark.parametrize(
    ("changed", "pairs", "says"),
    [
        ({}, ("teachers=nowhere",), "nowhere"),
        ({}, ("teachers={}", "language=de"), "language en"),
        ({"unlabelled": None}, ("teachers={}",), "--unlabelled"),
        ({"renamed": True}, ("teachers={}",), "apart"),
    ],
)  # fmt: skip
def test_teachers_that_do_not_fit_are_refused_before_texts_are_read(
    tmp_path, make_request, quiet, parts, planted_checkpoint, changed, pairs, says
):
    changed = dict(changed)
    given = {**parts, "test": None}
    if changed.pop("renamed", False):
        for part in ("training", "validation"):
            names = tuple(f"kind of {label}" for label in given[part].labels)
            given[part] = replace(given[part], labels=names)
    pairs = [pair.format(planted_checkpoint) for pair in pairs]
    request = make_request(tmp_path / "out", *pairs, **{**given, **changed})
    watch = replace(quiet(), follow=lambda texts, name: pytest.fail("texts were read"))
    with pytest.raises(UserError, match=says):
        train(request, CPU, watch)
    assert not (tmp_path / "out").exists()


def test_texts_that_nobody_labels_are_read_beside_the_others(tmp_path, make_request, quiet, parts):
    """Without a teacher, and the run goes on with them as it would have without a stop."""
    few = {**parts, "unlabelled": parts["unlabelled"].first(60), "test": None}
    pairs = ("epochs=2", "hidden=4", "virtual_adversarial=2", "teachers=none")
    whole = make_request(tmp_path / "whole", *pairs, **few)
    train(whole, CPU, quiet())
    stored = read_json(whole.out / METRICS)
    assert stored["documents"]["unlabelled"] == 60
    assert "teaching" not in stored
    assert "teaching.probabilities" not in read_state(whole.out).tensors
    stopping = iter([False, False, True])
    parted = make_request(tmp_path / "parts", *pairs, **few)
    with pytest.raises(Stopped):
        train(parted, CPU, replace(quiet(), stop=lambda: next(stopping)))
    shutil.copytree(parted.out, tmp_path / "others")
    train(replace(parted, resume=True), CPU, quiet())
    weights = [load_file(folder / WEIGHTS) for folder in (whole.out, parted.out)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    fewer = {**few, "unlabelled": few["unlabelled"].first(59)}
    again = make_request(tmp_path / "others", *pairs, resume=True, **fewer)
    with pytest.raises(UserError, match="had other data"):
        train(again, CPU, quiet())


FILMS = ("The film is good. Great plot!", "The plot is dull, and the film is unlikely bad.")


@pytest.fixture(scope="session")
def films():
    """Two classes, in words that the small pretrained base knows."""
    texts = [f"{text} {'a good film. ' * at}" for at in range(1, 9) for text in FILMS]
    corpus = Corpus(
        "films", tuple(texts), ("positive", "negative") * 8, tuple(map(str, range(16))), {}
    )
    return {
        "training": corpus.take(range(8)),
        "validation": corpus.take(range(8, 12)),
        "test": None,
        "unlabelled": Corpus("more", tuple(texts[12:]), (), tuple("abcd"), {}),
    }


def test_a_model_that_reads_pieces_teaches_one_that_reads_words(
    tmp_path, make_request, quiet, films
):
    teacher = pretrained_checkpoint(tmp_path)
    request = make_request(tmp_path / "out", "epochs=1", f"teachers={teacher}", **films)
    train(request, CPU, quiet())
    kept = teaching_of(read_state(tmp_path / "out"))
    checkpoint, held_out = load_checkpoint(teacher), films["validation"]
    expected = predict(checkpoint, films["unlabelled"].texts)
    assert kept.probabilities == pytest.approx(expected, abs=1e-5)
    classes = [int(label == "positive") for label in held_out.labels]
    own = metrics(predict(checkpoint, held_out.texts), classes)
    assert kept.description["validation"] == pytest.approx(own)


def test_a_model_that_reads_pieces_learns_from_one_of_the_same_base_alone(
    tmp_path, make_request, films
):
    teacher = pretrained_checkpoint(tmp_path)
    base = load_checkpoint(teacher).config.architecture.base
    other = write_base(tmp_path / "other")
    text = (other / "tokenizer.json").read_text(encoding="utf-8")
    (other / "tokenizer.json").write_text(text.replace('"dull"', '"dusk"'), encoding="utf-8")
    asked = (f"teachers={teacher}", "window=8", "overlap=3", "tune=lora:2")
    check_request(
        make_request(tmp_path / "out", f"base={base}", *asked, model="bert", **films), CPU
    )
    with pytest.raises(UserError, match="same base was expected"):
        check_request(
            make_request(tmp_path / "out", f"base={other}", *asked, model="bert", **films), CPU
        )
