"""From a trained checkpoint to new data: what is kept, and what learns."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from han_core.data.corpus import Corpus
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import load_checkpoint
from han_core.models.registry import build_model, level_of
from han_core.runtime.errors import UserError
from han_core.training.initial_weights import Origin
from han_core.training.optimization import copied
from han_core.training.prepare import Prepared
from han_core.training.request import check_request
from han_core.training.settings import Settings
from han_core.training.train import Stopped, train
from han_core.training.trainer import Run
from tests.training.test_run import CPU, STEADY, VOCABULARY, examples


def renamed(corpus: Corpus, names: dict[str, str], word: str) -> Corpus:
    """The same documents of other classes, each with a new word at its end."""
    texts = tuple(f"{text} {word}" for text in corpus.texts)
    labels = tuple(names[label] for label in corpus.labels)
    return Corpus("renamed", texts, labels, corpus.ids, {})


@pytest.fixture
def go_on(tmp_path, planted, planted_corpora, make_request, quiet):
    """``go_on(*pairs, names=…, word=…)``: a run from a trained checkpoint; what it said."""
    start = tmp_path / "start"
    shutil.copytree(planted("bilstm")[0], start)

    def call(*pairs, names=None, out="out", stop=lambda: False, gone=False, **changed):
        classes = sorted(set(planted_corpora.training.labels))
        names = names or {label: label for label in classes}
        parts = {
            part: renamed(getattr(planted_corpora, part), names, "brandnew")
            for part in ("training", "validation", "test")
        }
        said: list[str] = []
        before = None if gone else load_checkpoint(start)
        if gone:
            shutil.rmtree(start)
        changed = {"attention": None, **parts, **changed}
        request = make_request(tmp_path / out, *pairs, f"start_from={start}", **changed)
        watch = replace(quiet(say=said.append), stop=stop)
        train(request, torch.device("cpu"), watch)
        return before, load_checkpoint(tmp_path / out), said

    return call


def test_a_new_word_comes_in_and_the_classes_stay(go_on):
    before, after, said = go_on("epochs=1")
    assert after.vocabulary.words == (*before.vocabulary.words, "brandnew")
    assert after.labels == before.labels
    assert any(
        line.endswith(f"({', '.join(after.labels)}).") and "1 added" in line for line in said
    )
    # Trained on the same rule before, it knows it after one more short epoch.
    assert after.metrics["validation"]["accuracy"] > 0.9


def test_frozen_words_stay_bit_for_bit_and_the_classes_are_others(go_on, planted_corpora):
    names = {label: f"class {label}" for label in set(planted_corpora.training.labels)}
    before, after, said = go_on("epochs=2", "freeze_words=true", "average=0.9", names=names)
    assert after.vocabulary == before.vocabulary
    assert set(after.labels) == set(names.values())
    assert "drawn anew" in " ".join(said)
    moved = {
        name
        for name, weight in after.model.state_dict().items()
        if not torch.equal(weight, before.model.state_dict()[name])
    }
    assert moved == {n for n, _ in after.model.named_parameters() if level_of(n) != "words"}


@pytest.mark.parametrize(
    ("pairs", "changed", "said"),
    [
        ((), {"model": "han"}, "has model bilstm; model han was asked for"),
        (
            ("freeze_words=true",),
            {"attention": "dot"},
            "has attention additive; attention dot was asked for",
        ),
        (("embedding=7",), {}, "embedding 7 was asked for"),
        (("layers=2",), {}, "has layers 1; layers 2 was asked for"),
        (("layer_norm=true",), {}, "has layer_norm False; layer_norm True was asked for"),
        (("lowercase=false",), {}, "lowercase False was asked for"),
    ],
)
def test_what_contradicts_the_checkpoint_is_refused(go_on, pairs, changed, said):
    with pytest.raises(UserError, match=said):
        go_on(*pairs, **changed)


@pytest.mark.parametrize("form", ["dot", "linear"])
def test_another_attention_form_begins_with_the_same_encoder(go_on, form):
    before, after, said = go_on("epochs=1", "learning_rate=1e-9", attention=form)
    assert after.config.architecture.attention == form
    assert any(f"attention is {form} instead of additive; class layer kept" in s for s in said)
    own = before.model.state_dict()
    for name, weight in after.model.state_dict().items():
        if "attention" not in name and name != "embedding.weight":
            assert weight.numpy() == pytest.approx(own[name].numpy(), abs=1e-5)
    assert not any("attention" in name for name in after.model.state_dict() if form == "dot")


@pytest.mark.parametrize("guide", [0, 1])
@pytest.mark.parametrize("others", [False, True])
def test_a_run_goes_on_though_its_checkpoint_is_gone(go_on, planted_corpora, others, guide):
    """As if it had never stopped, with the same classes and with others."""
    names = {label: f"class {label}" for label in set(planted_corpora.training.labels)}
    same = {"names": names if others else None}
    pairs = (
        "rate_classifier=2", "epochs=2", f"freeze_words={str(others).lower()}",
        f"attention_guide={guide}",
        f"start_share={guide / 4}",
    )  # fmt: skip
    _, whole, _ = go_on(*pairs, out="whole", **same)
    steps = iter(range(99))
    with pytest.raises(Stopped):
        go_on(*pairs, out="parted", stop=lambda: next(steps) == 3, **same)
    _, parted, said = go_on(*pairs, out="parted", resume=True, gone=True, **same)
    assert any(line.startswith("Going on after step 4") for line in said)
    assert not any(line.startswith("Starts from") for line in said)
    assert (parted.labels, parted.vocabulary) == (whole.labels, whole.vocabulary)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, parted.model.state_dict()[name])


def begun_run(labels, form, **settings) -> Run:
    """A run from a small checkpoint of the classes no and yes, with additive attention."""
    sizes = {"vocabulary_size": len(VOCABULARY), "classes": 2, "embedding": 5, "hidden": 4}
    shape = Architecture(model="bilstm", **sizes)
    config = SimpleNamespace(architecture=shape)
    start = SimpleNamespace(
        model=build_model(shape), config=config, labels=("no", "yes"), name="start"
    )
    before = Origin(SimpleNamespace(**vars(start), vocabulary=VOCABULARY))
    prepared = Prepared(VOCABULARY, labels, examples(16), examples(8, 1))
    asked = Settings(batch_tokens=24, start_from="start", **settings, **STEADY)
    other = shape.model_copy(update={"attention": form})
    return Run(prepared, other, asked, CPU, before)


@pytest.mark.parametrize(
    ("labels", "form", "guides"),
    [
        (("no", "yes"), "additive", True),
        (("a", "b"), "additive", False),
        (("no", "yes"), "dot", False),
    ],
)
def test_a_checkpoint_guides_attention_where_the_run_decides_as_it_did(labels, form, guides):
    """With its weights as they were; a class layer or attention drawn anew has nothing to say."""
    run = begun_run(labels, form, attention_guide=1.0)
    first = copied(run.learner.model.state_dict())
    run.train_epoch(lambda documents, loss: None)
    guiding = run.learner.guiding
    assert (guiding is not None) == guides
    if guiding:
        assert all(torch.equal(w, first[name]) for name, w in guiding.state_dict().items())
        assert not torch.equal(run.learner.model.classifier.weight, first["classifier.weight"])


def test_a_share_of_no_start_is_said_to_have_no_effect(go_on, make_request, tmp_path):
    said = "start_share has no effect: the run starts from no checkpoint"
    notes = check_request(make_request(tmp_path / "new", "start_share=0.5"), CPU).notes
    assert sum(note.startswith(said) for note in notes) == 1
    _, _, lines = go_on("epochs=1", "start_share=0.5")
    assert not any(said in line for line in lines)


@pytest.mark.parametrize(
    ("labels", "share"), [(("no", "yes"), 0.25), (("yes", "no"), 0.25), (("a", "b"), 0.0)]
)
@pytest.mark.parametrize("average", [0.0, 0.9])
def test_the_start_has_its_share_in_what_is_kept(labels, share, average):
    """Of other classes it has none, for their class layer is drawn anew."""
    run = begun_run(labels, "additive", start_share=0.25, average=average)
    first = copied(run.learner.model.state_dict())
    run.train_epoch(lambda documents, loss: None)
    learnt = run.learner.average or run.learner.model.state_dict()
    assert not torch.equal(learnt["classifier.weight"], first["classifier.weight"])
    for name, kept in run.best.items():
        torch.testing.assert_close(kept, (1 - share) * learnt[name] + share * first[name])
    trained = copied(run.learner.model.state_dict())
    assert run.validate() == run.validate()
    for name, weight in run.learner.model.state_dict().items():  # goes on where it was
        assert torch.equal(weight, trained[name])
