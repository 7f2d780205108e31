"""A run that stopped goes on exactly where it was, bit for bit, and without a pickle."""

import hashlib
import json
import shutil
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from han_core.data.corpus import Corpus
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import HISTORY, METRICS, WEIGHTS
from han_core.runtime.atomic_io import read_json
from han_core.runtime.checksums import checksum_path, write_checksum
from han_core.runtime.errors import UserError
from han_core.training import learner
from han_core.training import train as train_module
from han_core.training.callbacks import Callbacks, Stopped
from han_core.training.optimization import trains_in_bf16
from han_core.training.resume import (
    UNVERIFIED,
    RunState,
    fingerprint,
    optimizer_tensors,
    prefixed,
    read_state,
    restore_optimizer,
)
from han_core.training.settings import DOMAIN, Settings
from han_core.training.train import train
from tests.damage import each_flipped

CPU = torch.device("cpu")
KINDS = {
    "plain": ("bilstm", ()),
    "average and dropout": (
        "han",
        ("average=0.9", "word_dropout=0.1", "schedule=linear", "layers=2", "layer_norm=true"),
    ),
    "accumulation": ("bilstm", ("accumulation=4", "batch_tokens=300")),
    "adversarial": (
        "han",
        ("adversarial=2", "virtual_adversarial=2", "word_dropout=0.1", "average=0.9"),
    ),
    "guided": ("bilstm", ("attention_guide=1", "word_dropout=0.1", "dropout_words=0.3")),
    # A HAN trains in bf16 on every processor, a BiLSTM on some.
    "bf16": ("bilstm" if trains_in_bf16("bilstm", CPU) else "han", ("mixed_precision=bf16",)),
}


class Killed(BaseException):
    """As if the process had died."""


def stops_in_epoch(last: int, error: type[BaseException] = KeyboardInterrupt):
    def epoch(number: int, documents: int):
        def step(count: int, loss: float) -> None:
            if number == last:
                raise error

        return step

    return epoch


@pytest.fixture(scope="session")
def few(planted_corpora):
    """A hundred documents, so that an epoch is short."""
    return {
        "training": planted_corpora.training.first(100),
        "validation": planted_corpora.validation.first(20),
        "test": planted_corpora.test.first(20),
    }


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_was_killed_ends_with_the_same_bits(tmp_path, make_request, quiet, few, kind):
    model, pairs = KINDS[kind]
    pairs = ("epochs=4", "hidden=6", *pairs)
    whole = make_request(tmp_path / "whole", *pairs, model=model, **few)
    once = train(whole, CPU, quiet())
    parts = make_request(tmp_path / "parts", *pairs, model=model, **few)
    with pytest.raises(Killed):
        train(parts, CPU, quiet(epoch=stops_in_epoch(3, Killed)))
    said = []
    again = make_request(tmp_path / "parts", *pairs, model=model, resume=True, **few)
    twice = train(again, CPU, quiet(say=said.append))
    assert "Going on after epoch 2." in said
    assert same_bits(tmp_path / "whole" / WEIGHTS, tmp_path / "parts" / WEIGHTS)
    states = [tmp_path / name / "resume" / "state.safetensors" for name in ("whole", "parts")]
    assert same_bits(*states)
    for key in ("epochs", "validation", "test", "parameters"):
        assert once[key] == twice[key]


def stopping_after(steps: int, **watched) -> Callbacks:
    """A watch that asks to stop after that many steps of its run, once."""
    left = iter([False] * (steps - 1) + [True])
    return Callbacks(
        lambda texts, name: texts, lambda number, of: lambda count, loss: None,
        lambda sentence: None, stop=lambda: next(left), **watched,
    )  # fmt: skip


def stopped(request, steps: int, **watched) -> str:
    """What is said when the run is stopped after that many further steps."""
    with pytest.raises(Stopped) as caught:
        train(request, CPU, stopping_after(steps, **watched))
    return str(caught.value)


def without_seconds(history: list[dict]) -> list[dict]:
    timed = ("seconds", "documents_per_second")
    return [{key: line[key] for key in line if key not in timed} for line in history]


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_was_stopped_anywhere_ends_with_the_same_bits(
    tmp_path, make_request, quiet, few, kind
):
    """In the first epoch, twice in the second one, after its last step, and once more."""
    model, pairs = KINDS[kind]
    pairs = ("epochs=3", "hidden=6", *pairs)
    once = train(make_request(tmp_path / "whole", *pairs, model=model, **few), CPU, quiet())
    steps = read_history(tmp_path / "whole")[0]["step"]
    again = make_request(tmp_path / "parts", *pairs, model=model, resume=True, **few)
    assert stopped(again, 2) == "Stopped after step 2 of epoch 1."
    # An epoch that ends is asked once more than its steps.
    assert stopped(again, steps - 2 + 1 + 1) == "Stopped after step 1 of epoch 2."
    assert stopped(again, 1) == "Stopped after step 2 of epoch 2."
    assert stopped(again, steps - 2) == f"Stopped after step {steps} of epoch 2."
    said = []
    twice = train(again, CPU, quiet(say=said.append))
    assert f"Going on after step {steps} of epoch 2." in said
    assert same_bits(tmp_path / "whole" / WEIGHTS, tmp_path / "parts" / WEIGHTS)
    states = [tmp_path / name / "resume" / "state.safetensors" for name in ("whole", "parts")]
    assert same_bits(*states)
    histories = [without_seconds(read_history(tmp_path / name)) for name in ("whole", "parts")]
    assert histories[0] == histories[1]
    assert [line["step"] for line in histories[0]] == [steps, 2 * steps, 3 * steps]
    for key in ("epochs", "validation", "test", "parameters"):
        assert once[key] == twice[key]


def read_history(out) -> list[dict]:
    return [json.loads(line) for line in (out / HISTORY).read_text().splitlines()]


def test_a_run_may_be_stopped_between_two_epochs(tmp_path, make_request, quiet, few):
    request = make_request(tmp_path / "out", "epochs=2", "hidden=6", resume=True, **few)
    steps = []
    ended: list[dict] = []
    watch = replace(quiet(), saved=steps.append, stop=lambda: bool(ended), line=ended.append)
    with pytest.raises(Stopped, match=r"^Stopped after epoch 1\.$"):
        train(request, CPU, watch)
    assert len(steps) == 1
    assert train(request, CPU, quiet())["epochs"] == 2


def test_the_seconds_of_an_epoch_are_those_of_all_its_parts(
    tmp_path, make_request, few, monkeypatch
):
    """Each step takes a second by this clock, whatever is done between two steps."""
    now = count()
    clock = SimpleNamespace(perf_counter=lambda: float(next(now)))
    monkeypatch.setattr(learner, "time", clock)
    request = make_request(tmp_path / "out", "epochs=2", "hidden=6", resume=True, **few)
    stopped(request, 3, moment=lambda moment: [next(now) for _ in range(9)])
    state = read_state(tmp_path / "out")
    assert state.counters["position"]["seconds"] == 3.0
    stopped(request, 4)
    assert read_state(tmp_path / "out").counters["position"]["seconds"] == 7.0


def test_a_run_is_saved_from_time_to_time(tmp_path, make_request, quiet, few, monkeypatch):
    """Within an epoch; by this clock two steps take as long as lies between two savings."""
    now = count(step=30)
    clock = SimpleNamespace(monotonic=lambda: next(now))
    monkeypatch.setattr(train_module, "time", clock)
    saved, out = [], tmp_path / "out"
    request = make_request(out, "epochs=1", "hidden=6", "save_seconds=60", **few)

    def note(steps: int) -> None:
        position = read_state(out).counters["position"]["taken"]
        saved.append((steps, position))

    train(request, CPU, replace(quiet(), saved=note))
    steps = read_history(out)[0]["step"]
    within = [number for number, position in saved[:-1]]
    assert within == list(range(2, steps + 1, 2))
    assert saved[:-1] == [(number, number) for number in within]
    assert saved[-1] == (steps, 0)  # the epoch's end
    saved.clear()
    train(make_request(tmp_path / "at ends", "epochs=1", "hidden=6", "save_seconds=0", **few), CPU,
          replace(quiet(), saved=lambda steps: saved.append(steps)))  # fmt: skip
    assert saved == [steps]


@pytest.mark.long
def test_a_kill_loses_only_the_steps_since_the_last_saving(tmp_path, make_request, quiet, few):
    pairs = ("epochs=2", "hidden=6", "save_seconds=0.000001", "word_dropout=0.1")
    train(make_request(tmp_path / "whole", *pairs, **few), CPU, quiet())

    def moment(moment) -> None:
        if moment.step == 5:
            raise Killed

    parts = make_request(tmp_path / "parts", *pairs, resume=True, **few)
    with pytest.raises(Killed):
        train(parts, CPU, replace(quiet(), moment=moment))
    said = []
    train(parts, CPU, quiet(say=said.append))
    assert "Going on after step 4 of epoch 1." in said
    assert same_bits(tmp_path / "whole" / WEIGHTS, tmp_path / "parts" / WEIGHTS)


def test_a_run_may_be_saved_at_other_times_when_it_goes_on(tmp_path, make_request, quiet, few):
    stopped(make_request(tmp_path / "out", "epochs=1", "hidden=6", **few), 2)
    request = make_request(
        tmp_path / "out", "epochs=1", "hidden=6", "save_seconds=5", resume=True, **few
    )
    assert train(request, CPU, quiet())["epochs"] == 1


def test_the_progress_of_an_epoch_that_goes_on_includes_what_was_done(
    tmp_path, make_request, quiet, few
):
    request = make_request(tmp_path / "out", "epochs=1", "hidden=6", resume=True, **few)
    told: list[tuple[int, float]] = []

    def epoch(number: int, of: int):
        assert of == 100
        return lambda documents, loss: told.append((documents, loss))

    stopped(request, 3)
    position = read_state(tmp_path / "out").counters["position"]
    train(request, CPU, quiet(epoch=epoch))
    assert told[0] == (position["documents"], position["loss"] / position["documents"])
    assert sum(documents for documents, _ in told) == 100


def test_the_state_of_the_optimiser_goes_by_name_however_parameters_are_grouped():
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    one = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    one.step()
    tensors = optimizer_tensors(one, model)
    assert tensors.keys() == {
        f"{kind}.{name}" for kind in ("step", "exp_avg", "exp_avg_sq")
        for name in ("0.weight", "0.bias", "1.weight", "1.bias")
    }  # fmt: skip
    other = torch.optim.AdamW(
        [{"params": [model[1].bias, model[0].weight]}, {"params": [model[1].weight, model[0].bias]}]
    )
    restore_optimizer(other, model, tensors)
    for parameter in model.parameters():
        assert torch.equal(other.state[parameter]["exp_avg"], one.state[parameter]["exp_avg"])
    frozen = torch.optim.AdamW([model[1].bias])
    with pytest.raises(KeyError):
        restore_optimizer(frozen, model, tensors)


@pytest.mark.parametrize(
    "change",
    [
        lambda position: {**position, "taken": -1},
        lambda position: {**position, "taken": 1.5},
        lambda position: {**position, "documents": 10_000},
        lambda position: {**position, "loss": float("nan")},
        lambda position: {},
        lambda position: {**position, "more": 1},
        lambda position: None,
    ],
    ids=["negative", "half", "too many", "nan", "none taken", "more", "none"],
)
def test_a_damaged_position_is_one_sentence(started, tmp_path, make_request, quiet, few, change):
    out = shutil.copytree(started, tmp_path / "damaged")
    path = out / "resume" / "state.json"
    counters = json.loads(path.read_text())
    path.write_text(json.dumps({**counters, "position": change(counters["position"])}))
    write_checksum(path)
    assert "is damaged" in refusal(out, make_request, quiet, few)


@pytest.fixture(scope="session")
def started(tmp_path_factory, make_request, few):
    """A run that was stopped in its first epoch."""
    out = tmp_path_factory.mktemp("resume") / "started"
    stopped(make_request(out, "epochs=1", "hidden=6", **few), 2)
    return out


def same_bits(one, other) -> bool:
    one, other = load_file(one), load_file(other)
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, make_request, quiet, few):
    out = tmp_path_factory.mktemp("resume") / "finished"
    return out, train(make_request(out, "epochs=1", "hidden=6", **few), CPU, quiet())


def test_what_is_written_to_resume_from_holds_no_pickle(finished):
    folder = finished[0] / "resume"
    files = ["state.json", "state.safetensors"]
    checksums = [f"{name}.sha256" for name in files]
    assert sorted(path.name for path in folder.iterdir()) == sorted(files + checksums)
    assert len(json.loads((folder / "state.json").read_text())["history"]) == 1
    assert load_file(folder / "state.safetensors")


def test_a_run_that_is_over_only_tests_again(finished, make_request, quiet, few):
    out, summary = finished
    before, metrics = (out / WEIGHTS).read_bytes(), read_json(out / METRICS)
    request = make_request(out, "epochs=1", "hidden=6", resume=True, **few)
    assert train(request, CPU, quiet()) == summary
    assert (out / WEIGHTS).read_bytes() == before
    assert read_json(out / METRICS) == metrics


@pytest.mark.parametrize(
    "pairs",
    [
        ("hidden=7",),
        ("hidden=6", "minimum_count=50"),
        ("hidden=6", "weight_decay=0.1"),
        ("hidden=6", "batch_tokens=501"),
    ],
    ids=["sizes", "vocabulary", "decay", "batches"],
)
def test_other_settings_than_the_runs_are_one_sentence(finished, make_request, quiet, few, pairs):
    request = make_request(finished[0], "epochs=2", *pairs, resume=True, **few)
    with pytest.raises(UserError) as caught:
        train(request, CPU, quiet())
    assert "\n" not in str(caught.value)


def renamed(corpus: Corpus, texts=lambda text: text, labels=lambda label: label) -> Corpus:
    return Corpus(
        corpus.name, tuple(map(texts, corpus.texts)), tuple(map(labels, corpus.labels)),
        corpus.ids, corpus.extra,
    )  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [{"texts": lambda text: text.lower().replace("river", "ocean")}, {"labels": str.upper}],
    ids=["words", "labels"],
)
def test_other_data_of_the_same_size_is_refused(
    finished, tmp_path, make_request, quiet, few, changed
):
    """Its words or classes would take the places of the others without a word."""
    out = shutil.copytree(finished[0], tmp_path / "out")
    data = {name: renamed(corpus, **changed) for name, corpus in few.items()}
    request = make_request(out, "epochs=2", "hidden=6", resume=True, **data)
    with pytest.raises(UserError) as caught:
        train(request, CPU, quiet())
    assert "\n" not in str(caught.value)


def test_a_state_comes_back_by_its_parts(tmp_path):
    tensors = {"a.b": torch.tensor([1.5, 2]), "c": torch.tensor(3)}
    state = RunState(prefixed("model", tensors) | prefixed("best", {}), {"epoch": 2})
    (tmp_path / "resume").mkdir()
    for name, content in state.files().items():
        (tmp_path / "resume" / name).write_bytes(content)
    read = read_state(tmp_path)
    assert read.counters == {"epoch": 2}
    assert read.part("best") == {}
    assert {name: t.tolist() for name, t in read.part("model").items()} == {"a.b": [1.5, 2], "c": 3}


def test_a_folder_without_a_run_is_one_sentence(tmp_path, make_request, quiet, few):
    with pytest.raises(UserError, match="holds none"):
        read_state(tmp_path)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UserError, match="holds none"):
        train(make_request(tmp_path, resume=True, **few), CPU, quiet())


def test_nothing_to_go_on_with_yet_is_a_new_run(tmp_path, make_request, quiet, few):
    said = []
    request = make_request(tmp_path / "none", "epochs=1", "hidden=6", resume=True, **few)
    assert train(request, CPU, quiet(say=said.append))["epochs"] == 1
    assert f"No run has begun in {tmp_path / 'none'}; this one begins anew." in said


def test_a_run_that_is_stopped_says_how_to_go_on(tmp_path, make_request, quiet, few):
    pairs = ("epochs=4", "hidden=6")
    for last, said in [
        (1, "Stopped in the first epoch; nothing was written."),
        (3, "Stopped; --resume goes on after epoch 2."),
        (3, "Stopped; --resume goes on after epoch 2."),
    ]:
        request = make_request(tmp_path / "out", *pairs, resume=True, **few)
        with pytest.raises(KeyboardInterrupt) as caught:
            train(request, CPU, quiet(epoch=stops_in_epoch(last)))
        assert str(caught.value) == said


def test_a_run_of_several_parts_says_so(tmp_path, make_request, quiet, few):
    for epochs in (1, 2):
        request = make_request(tmp_path / "out", f"epochs={epochs}", "hidden=6", resume=True, **few)
        train(request, CPU, quiet())
        note = read_json(tmp_path / "out" / METRICS).get("note")
        assert note is None if epochs == 1 else "--epochs 1, then 2" in note


def without(counters: dict, key: str) -> dict:
    return {name: value for name, value in counters.items() if name != key}


@pytest.mark.parametrize(
    "damage",
    [
        lambda counters: without(counters, "history"),
        lambda counters: without(counters, "asked"),
        lambda counters: {**counters, "history": []},
        lambda counters: {**counters, "history": counters["history"] * 2},
        lambda counters: {**counters, "history": [{"epoch": 1, "seconds": 1.0}]},
        lambda counters: {**counters, "history": 5},
        lambda counters: {**counters, "asked": []},
        lambda counters: [counters],
    ],
    ids=["no history", "not asked", "empty", "twice", "no result", "number", "none asked", "list"],
)
def test_damaged_counters_are_one_sentence(finished, tmp_path, make_request, quiet, few, damage):
    out = shutil.copytree(finished[0], tmp_path / "damaged")
    path = out / "resume" / "state.json"
    path.write_text(json.dumps(damage(json.loads(path.read_text()))))
    assert "is damaged" in refusal(out, make_request, quiet, few)


@pytest.mark.parametrize(
    "name",
    ["model.classifier.bias", "best.classifier.bias", "optimizer.exp_avg.classifier.bias",
     "random.0.cpu"],
)  # fmt: skip
@pytest.mark.parametrize("how", ["missing", "other shape", "other name"])
def test_damaged_tensors_are_one_sentence(finished, tmp_path, make_request, quiet, few, name, how):
    out = shutil.copytree(finished[0], tmp_path / "damaged")
    path = out / "resume" / "state.safetensors"
    tensors = load_file(path)
    tensor = tensors.pop(name)
    if how == "other shape":
        tensors[name] = tensor.repeat(3)
    if how == "other name":
        tensors[f"{name}s"] = tensor
    save_file(tensors, path)
    write_checksum(path)
    assert "is damaged" in refusal(out, make_request, quiet, few)


@pytest.mark.parametrize("name", ["state.safetensors", "state.json"])
def test_no_flipped_bit_of_the_state_is_believed(finished, tmp_path, name):
    out = shutil.copytree(finished[0], tmp_path / "flipped")
    for _ in each_flipped(out / "resume" / name, 40):
        with pytest.raises(UserError, match=r"its state is damaged.*begin a new run"):
            read_state(out)
    assert read_state(out).is_verified


def test_weights_of_another_type_are_refused(finished, tmp_path, make_request, quiet, few):
    out = shutil.copytree(finished[0], tmp_path / "relabelled")
    path = out / "resume" / "state.safetensors"
    path.write_bytes(path.read_bytes().replace(b'"F32"', b'"I32"'))
    assert "its state is damaged" in refusal(out, make_request, quiet, few)
    checksum_path(path).unlink()  # as an earlier version wrote it
    assert "is damaged" in refusal(out, make_request, quiet, few)


def test_a_state_without_checksums_goes_on_and_says_so(
    finished, tmp_path, make_request, quiet, few
):
    sentences: list[str] = []
    out = shutil.copytree(finished[0], tmp_path / "earlier")
    for path in out.glob("resume/*.sha256"):
        path.unlink()
    request = make_request(out, "epochs=2", "hidden=6", resume=True, **few)
    assert train(request, CPU, quiet(sentences.append))["epochs"] == 2
    assert UNVERIFIED in sentences


def refusal(out, make_request, quiet, few) -> str:
    request = make_request(out, "epochs=2", "hidden=6", resume=True, **few)
    with pytest.raises(UserError) as caught:
        train(request, CPU, quiet())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["state.safetensors", "state.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\x80\x04pickle"])
def test_a_damaged_state_is_one_sentence(
    finished, tmp_path, make_request, quiet, few, name, content
):
    out = shutil.copytree(finished[0], tmp_path / "damaged")
    (out / "resume" / name).write_bytes(content)
    request = make_request(out, "epochs=2", "hidden=6", resume=True, **few)
    with pytest.raises(UserError) as caught:
        train(request, CPU, quiet())
    assert "\n" not in str(caught.value)


FIRST_SIZES = (
    "model", "attention", "vocabulary_size", "classes", "embedding", "hidden", "attention_size",
    "dropout_words", "dropout_sentences", "dropout_document", "attention_noise",
)  # fmt: skip


def test_a_run_that_began_before_there_were_layers_or_crops_goes_on():
    """Its fingerprint, by hand, knows what there was then; another layer is another run."""
    nothing = SimpleNamespace(targets=None, classes=np.zeros(0), documents=[], lengths=[])
    prepared = SimpleNamespace(
        training=nothing, validation=nothing, target=None, untaught=(), labels=["a", "b"],
        vocabulary=SimpleNamespace(words=["one"]),
    )  # fmt: skip
    settings = Settings(batch_tokens=100)
    shape = Architecture(model="han", vocabulary_size=3, classes=2)
    elsewhere = {"epochs", "patience", "save_seconds", "teachers", "stretches", *DOMAIN}
    elsewhere |= {
        "adversarial",
        "attention_guide",
        "crop",
        "guide_against",
        "start_share",
        "pretrain",
        "virtual_adversarial",
    }  # which there were not
    described = settings.model_dump(exclude=elsewhere) | shape.model_dump(include=set(FIRST_SIZES))
    described |= {"labels": ["a", "b"], "words": ["one"]}
    first = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
    assert fingerprint(prepared, shape, settings) == first
    assert fingerprint(prepared, shape, settings.model_copy(update={"crop": 9})) != first
    for change in ({"layers": 2}, {"layer_norm": True}, {"heads": 2}, {"overlap": 9}):
        assert fingerprint(prepared, shape.model_copy(update=change), settings) != first
