"""Pretraining the word encoder as a language model: what is predicted, and what comes of it."""

import random
import shutil
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from han_core.data.corpus import Corpus
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import METRICS, WEIGHTS
from han_core.models.registry import build_model
from han_core.runtime.atomic_io import read_json
from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument, collate
from han_core.training import train as train_module
from han_core.training.callbacks import Stopped
from han_core.training.distributed import Processes
from han_core.training.language_model import LanguageModel, perplexity
from han_core.training.resume import read_state
from han_core.training.settings import Settings, check_suits, parse_settings
from han_core.training.train import train
from tests.training.test_run import run_of

CPU = torch.device("cpu")
LAYERS = {"han": nn.GRU, "bilstm": nn.LSTM}
each_model = pytest.mark.parametrize("model", LAYERS)


def documents(*sentences: list[list[int]]) -> list[NumberedDocument]:
    return [
        NumberedDocument(
            np.array([*chain(*each)], dtype=np.int32), np.array([*map(len, each)], dtype=np.int32)
        )
        for each in sentences
    ]


TEXTS = documents([[2, 3, 4], [5]], [[6, 7], [8, 9, 2, 3]], [[4]])


def one_by_one(network: LanguageModel, model: str, words: list[int]) -> list[float]:
    """Log-probabilities in a sequence, by torch's layer in one direction and then the other."""
    found, weights = [], network.encoder.state_dict()
    for ending, order in (("", words), ("_reverse", words[::-1])):
        layer = LAYERS[model](5, 4, batch_first=True)
        layer.load_state_dict({n: weights[f"{n}{ending}"] for n in layer.state_dict()})
        states, _ = layer(network.embedding(torch.tensor([order])))
        rows = network.softmax.log_prob(states[0])
        found += [rows[at, after].item() for at, after in enumerate(order[1:])]
    return found


@each_model
@pytest.mark.parametrize("training", [True, False])
def test_each_half_of_a_state_predicts_the_neighbour_that_it_has_not_read(model, training):
    """A HAN within sentences, a flat model within documents, and none beyond."""
    network = LanguageModel(run_of(model=model).learner.model).train(training)
    sequences = {
        "han": [[2, 3, 4], [5], [6, 7], [8, 9, 2, 3], [4]],
        "bilstm": [[2, 3, 4, 5], [6, 7, 8, 9, 2, 3], [4]],
    }[model]
    expected = [value for words in sequences for value in one_by_one(network, model, words)]
    found = network(collate(TEXTS)).tolist()
    assert sorted(found) == pytest.approx(sorted(expected), abs=1e-5)
    assert network(collate(TEXTS[2:])).shape == (0,)


@each_model
def test_the_first_of_two_layers_is_what_learns_and_the_rest_stays(model):
    network = run_of(model=model, sizes={"layers": 2, "layer_norm": True}).learner.model
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    language = LanguageModel(network)
    with torch.no_grad():
        for parameter in language.parameters():
            parameter.add_(1)
    language.give(network)
    changed = {
        n for n, tensor in network.state_dict().items() if not torch.equal(tensor, before[n])
    }
    reader = "word_encoder" if model == "han" else "encoder"
    first = {n for n in before if n.startswith(reader) and "_l0" in n}
    assert changed == {"embedding.weight", *first}


def test_before_it_learns_it_is_as_unsure_as_there_are_words():
    network = LanguageModel(run_of().learner.model)
    assert perplexity(network, TEXTS, 100, CPU) == pytest.approx(10, rel=0.5)
    for parameter in network.softmax.parameters():
        parameter.requires_grad_(False).zero_()
    # Even: five words and the rarer part in front, five words in that part.
    seven = documents([[2, 2]])
    assert perplexity(network, seven, 100, CPU) == pytest.approx(6)


@pytest.mark.parametrize("hidden", [1, 7, 8, 50])
def test_the_rarest_words_of_a_large_vocabulary_have_numbers_too(hidden):
    shape = Architecture(
        model="bilstm", vocabulary_size=12_000, classes=2, embedding=2, hidden=hidden
    )
    network = LanguageModel(build_model(shape))
    assert all(parameter.numel() for parameter in network.parameters())
    # Before it learns: 500 words and three parts in front; 2,000, 7,500 and 2,000 words in them.
    parts = [1, 2_000, 7_500, 2_000, 1, 2_000]  # of 3, 600, 2,600, and back 600, 3, 11,999
    expected = 503 * float(np.exp(np.log(parts).mean()))
    rare = documents([[11_999, 3, 600, 2_600]])
    assert perplexity(network, rare, 100, CPU) == pytest.approx(expected, rel=0.6)


def corpus(count: int, seed: int, labelled: bool = True) -> Corpus:
    """Sentences of words of one of two topics, thirty words in each."""
    chance, texts = random.Random(seed), []
    for number in range(count):
        words = [
            "ab"[number % 2] + chance.choice("bcdfgh") + chance.choice("aeiou") for _ in range(12)
        ]
        texts.append(f"{' '.join(words[:6])}. {' '.join(words[6:])}.")
    labels = tuple(["one", "two"][number % 2] for number in range(count)) if labelled else ()
    return Corpus("topics", tuple(texts), labels, tuple(map(str, range(count))), {})


PAIRS = (
    "minimum_count=1", "embedding=16", "hidden=16", "attention_size=8", "learning_rate=0.01",
    "batch_tokens=300", "patience=99", "dropout_words=0.2",
)  # fmt: skip


def wanted(make_request, out, *pairs: str, model="bilstm", **changed):
    parts = {
        "training": corpus(4, 1), "validation": corpus(40, 2), "test": corpus(200, 3),
        "unlabelled": corpus(300, 4, labelled=False), **changed,
    }  # fmt: skip
    return make_request(out, *PAIRS, *pairs, model=model, **parts)


@pytest.mark.long
@each_model
def test_four_labels_do_where_the_words_are_known(tmp_path, make_request, quiet, model):
    """Which words belong together the unlabelled texts tell, and the labels only what they are."""
    said: list[str] = []
    taught = ("pretrain=25", "teachers=none", "epochs=15")
    request = wanted(make_request, tmp_path / "pretrained", *taught, model=model)
    pretrained = train(request, CPU, quiet(say=said.append))
    plain = train(
        wanted(make_request, tmp_path / "plain", "epochs=15", model=model, unlabelled=None),
        CPU, quiet(),
    )  # fmt: skip
    assert pretrained["test"]["accuracy"] > 0.97
    assert pretrained["test"]["accuracy"] >= plain["test"]["accuracy"]
    assert pretrained["test"]["loss"] < plain["test"]["loss"] / 2
    told = [sentence for sentence in said if "perplexity" in sentence]
    assert len(told) == 25
    stored = read_json(request.out / METRICS)
    assert stored["pretraining"]["epochs"] == 25
    # Of thirty words of a topic one is as likely as the other, and full stops are certain.
    assert stored["pretraining"]["perplexity"] < 40
    assert stored["settings"]["pretrain"] == 25
    assert float(told[0].split("perplexity ")[1].split(" ")[0]) > 50


def same(first, second) -> bool:
    one, other = (load_file(folder / WEIGHTS) for folder in (first, second))
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("steps", [3, 30, 34])
def test_it_goes_on_where_it_stopped_bit_for_bit(tmp_path, make_request, quiet, steps):
    """Within pretraining's first epoch, its second, and in the first epoch behind it."""
    taught = ("pretrain=2", "teachers=none", "epochs=2", "average=0.9")
    whole = wanted(make_request, tmp_path / "whole", *taught, training=corpus(40, 1))
    train(whole, CPU, quiet())
    stopping = iter([False] * (steps - 1) + [True])
    parts = replace(whole, out=tmp_path / "parts")
    with pytest.raises(Stopped):
        train(parts, CPU, replace(quiet(), stop=lambda: next(stopping)))
    state = read_state(parts.out)
    assert ("pretraining" in state.counters) == (steps < 34)
    assert bool(state.part("pretraining")) == (steps < 34)
    said: list[str] = []
    train(replace(parts, resume=True), CPU, quiet(say=said.append))
    place = "step 1 of epoch 1" if steps == 34 else f"step {steps} of pretraining"
    assert any(sentence.startswith("Going on after") and place in sentence for sentence in said)
    assert same(whole.out, parts.out)
    metrics = [read_json(folder / METRICS)["pretraining"] for folder in (whole.out, parts.out)]
    assert metrics[0] == metrics[1]


def test_each_of_its_epochs_is_saved(tmp_path, make_request, quiet):
    """A process that dies in the second one begins that one anew."""
    taught = ("pretrain=3", "teachers=none", "epochs=1", "save_seconds=0")
    request = wanted(make_request, tmp_path / "out", *taught)

    def say(sentence: str) -> None:
        if "Pretraining, epoch 2" in sentence:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="goes on after step"):
        train(request, CPU, quiet(say=say))
    counters = read_state(request.out).counters["pretraining"]
    assert [line["epoch"] for line in counters["history"]] == [1]
    copied = tmp_path / "copied"
    shutil.copytree(request.out, copied)
    train(replace(request, resume=True), CPU, quiet())
    more = wanted(make_request, copied, *taught, "pretrain=4", resume=True)
    with pytest.raises(UserError, match="had other data"):
        train(more, CPU, quiet())


def test_vectors_that_are_frozen_stay(quiet):
    run = run_of(pretrain=2, freeze_vectors=True)
    network = run.learner.model
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    run.pretraining.run(quiet())
    run.end_pretraining()
    assert torch.equal(network.embedding.weight, before["embedding.weight"])
    assert not torch.equal(network.encoder.weight_hh_l0, before["encoder.weight_hh_l0"])


@pytest.mark.parametrize("model", ["transformer", "bert"])
def test_a_model_without_a_recurrent_encoder_refuses_it(model):
    with pytest.raises(UserError) as caught:
        check_suits(model, Settings(pretrain=1))
    assert str(caught.value) == (
        f'pretrain works with the models "han", "bilstm"; {model} was asked for.'
    )


def test_words_that_are_frozen_cannot_be_pretrained():
    with pytest.raises(UserError, match="pretrain has nothing to learn"):
        parse_settings(["pretrain=1", "freeze_words=true", "start_from=han-imdb"])


def test_several_processes_are_refused(tmp_path, make_request, quiet, monkeypatch):
    monkeypatch.setattr(train_module, "join", lambda device: Processes(2, 0, 0))
    monkeypatch.setattr(Processes, "sum", lambda self, values: values)
    with pytest.raises(UserError, match="Pretraining takes one process; 2 came"):
        train(wanted(make_request, tmp_path / "out", "pretrain=1", "teachers=none"), CPU, quiet())
