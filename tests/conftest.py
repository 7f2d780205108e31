"""Checkpoints and planted data that the tests of several rooms share.

Everything is made once per session, in a temporary folder, within seconds.
"""

import os

# Before torch is imported: sums come out the same bit for bit, and a busy machine stays usable.
os.environ["OMP_NUM_THREADS"] = "1"

import json
import random
import signal
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from hypothesis import settings

from tests import processes
from tests.missing import missing

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in a shell's background
    signal.signal(signal.SIGINT, signal.default_int_handler)
pytest.register_assert_rewrite("tests.reference")
settings.register_profile("hanscope", max_examples=30, deadline=None)
settings.load_profile("hanscope")

WORDS = [
    "the", "a", "of", "and", "to", "with", "under", "table", "green", "walk", "river", "stone",
    "night", "paper", "cloud", "seven", "train", "window", "garden", "quiet", "morning", "bread",
    "letter", "chair", "music", "road",
]  # fmt: skip
PLANTED = {"bad": "dreadful", "good": "splendid", "neither": ""}
SMALL = ("embedding=32", "hidden=16", "attention_size=16", "learning_rate=0.02", "batch_tokens=500")
NO_DROPOUT = ("dropout_words=0", "dropout_sentences=0", "dropout_document=0")
TESTS = Path(__file__).parent
MARK_OF_FOLDER = {"pages": "page", "journey": "browser", "recorded": "long", "benchmarks": "long"}


@pytest.hookimpl(tryfirst=True)  # before -m chooses among them
def pytest_collection_modifyitems(items):
    """Mark the tests of pages and of the browser by their folder."""
    for item in items:
        if mark := MARK_OF_FOLDER.get(item.path.relative_to(TESTS).parts[0]):
            item.add_marker(mark)


@pytest.fixture(scope="session", name="missing")
def missing_fixture():
    """``missing(reason)``: skip the test; in CI, where everything is installed, fail it."""
    return missing


@pytest.fixture(scope="session", autouse=True)
def data_of_the_tests(tmp_path_factory):
    """Keep the data of the tests in a folder of their own; no process outlives the session."""
    processes.watch(tmp_path_factory.getbasetemp())  # it is not one of their processes itself
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HANSCOPE_DATA", str(tmp_path_factory.mktemp("hanscope")))
        yield


@pytest.fixture(autouse=True)
def no_process_left(request, tmp_path_factory):
    """End the background work that a test leaves behind, and warn of it."""
    before, folder = psutil.pids(), tmp_path_factory.getbasetemp()
    yield
    new = processes.new_processes(before)
    left = processes.end(each for each in new if processes.works_on(each, folder))
    if left:
        warnings.warn(f"{request.node.nodeid} left at work: {'; '.join(left)}", stacklevel=1)


@pytest.fixture(autouse=True)
def fresh_accelerate():
    """Accelerate keeps a run's precision for the life of the process; the call forgets it."""

    def forget() -> None:
        if "accelerate" in sys.modules:
            from accelerate.state import AcceleratorState, GradientState

            AcceleratorState._reset_state(reset_partial_state=True)
            GradientState._reset_state()

    yield forget
    forget()


@pytest.fixture(autouse=True)
def own_main_module():
    """A page under test takes the place of ``__main__``, which a spawned process would run."""
    ours = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = ours


@pytest.fixture(scope="session")
def checkpoint_root(tmp_path_factory) -> Path:
    """The folder that holds the random checkpoints made so far."""
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="session")
def random_checkpoint(checkpoint_root):
    """``random_checkpoint(model, attention)``: the folder of an untrained checkpoint.

    It knows ``WORDS`` and ".", its classes are "negative" and "positive", and its
    attention is far from even. "deep" in the third place gives it two normalised layers.
    """
    import torch

    from han_core.models.architecture import Architecture
    from han_core.models.checkpoint import Config, save_checkpoint
    from han_core.models.registry import build_model
    from han_core.text.vocabulary import RESERVED, Vocabulary

    def make(model: str = "han", attention: str = "additive", depth: str = "") -> Path:
        folder = checkpoint_root / "-".join(filter(None, (model, attention, depth)))
        if folder.exists():
            return folder
        vocabulary = Vocabulary((*RESERVED, ".", *WORDS))
        architecture = Architecture(
            model=model, attention=attention, vocabulary_size=len(vocabulary), classes=2,
            embedding=6, hidden=4, attention_size=5,
            layers=2 if depth else 1, layer_norm=bool(depth),
        )  # fmt: skip
        torch.manual_seed(7)
        weights = build_model(architecture).state_dict()
        for name in weights:
            if "attention" in name.partition(".")[0]:  # the one that pools
                weights[name] *= 8
        save_checkpoint(
            folder,
            Config(architecture=architecture, labels=("negative", "positive")),
            vocabulary,
            weights,
            {"dataset": "nothing", "validation": {"accuracy": 0.5}, "test": {"accuracy": 0.25}},
            [{"epoch": 1}],
        )
        return folder

    return make


class PlantedCorpora(NamedTuple):
    """Documents of random words. A class is told by one word, "neither" by none.

    ``corpus.extra["word"]`` names the word in each document. With two classes one
    of the words alone would tell both, and attention could leave the other.
    """

    training: object
    validation: object
    test: object


@pytest.fixture(scope="session")
def planted_corpora() -> PlantedCorpora:
    return PlantedCorpora(_planted(300, 1), _planted(60, 2), _planted(100, 3))


def _planted(documents: int, seed: int):
    from han_core.data.corpus import Corpus

    draw = random.Random(seed)
    texts, labels = [], []
    for _ in range(documents):
        labels.append(draw.choice(sorted(PLANTED)))
        sentences = [draw.choices(WORDS, k=draw.randint(5, 15)) for _ in range(draw.randint(3, 7))]
        if word := PLANTED[labels[-1]]:
            chosen = draw.choice(sentences)
            chosen[draw.randrange(len(chosen))] = word
        texts.append(" ".join(" ".join(words).capitalize() + "." for words in sentences))
    ids = tuple(f"{seed}-{number}" for number in range(documents))
    words = tuple(PLANTED[label] for label in labels)
    return Corpus("planted", tuple(texts), tuple(labels), ids, {"word": words})


@pytest.fixture(scope="session")
def quiet():
    """``quiet(say=…, epoch=…)``: a ``Callbacks`` that shows nothing except what is given."""
    from han_core.training.train import Callbacks

    def make(say=lambda sentence: None, epoch=lambda number, of: lambda count, loss: None):
        return Callbacks(lambda texts, name: texts, epoch, say)

    return make


@pytest.fixture(scope="session")
def make_request(planted_corpora):
    """``make_request(out, *pairs, model=…, …)``: a small run on the planted documents."""
    from han_core.training.settings import parse_settings
    from han_core.training.train import Request

    def make(out: Path, *pairs: str, model="bilstm", attention="additive", **changed) -> Request:
        settings, sizes, text = parse_settings([*SMALL, *pairs])
        training, validation, test = planted_corpora
        values = {
            "training": training, "validation": validation, "test": test, "reproduce": "", **changed
        }  # fmt: skip
        return Request(
            model=model, attention=attention, out=out, settings=settings, sizes=sizes, text=text,
            **values,
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def planted(tmp_path_factory, make_request, quiet):
    """``planted(model, attention)``: a folder trained on the planted rule, and its summary."""
    import torch

    from han_core.training.train import train

    root = tmp_path_factory.mktemp("planted")
    made: dict[tuple[str, str], tuple[Path, dict]] = {}

    def make(model: str = "han", attention: str = "additive") -> tuple[Path, dict]:
        if (model, attention) not in made:
            out = root / f"{model}-{attention}"
            epochs = 12 if attention == "dot" else 6  # its query has to be learnt first
            pairs = (*NO_DROPOUT, f"epochs={epochs}", "keep=loss", "patience=99")
            request = make_request(out, *pairs, model=model, attention=attention)
            made[model, attention] = out, train(request, torch.device("cpu"), quiet())
        return made[model, attention]

    return make


@pytest.fixture(scope="session")
def planted_checkpoint(planted) -> Path:
    """The folder of a HAN that has learnt the planted rule."""
    return planted("han", "additive")[0]


@pytest.fixture
def run_command(capsys):
    """``run_command(*arguments)``: exit status, JSON lines of output, lines of standard error."""
    from han_core.__main__ import main

    def call(*arguments: object):
        status = main(list(map(str, arguments)))
        output, errors = capsys.readouterr()
        return status, [json.loads(line) for line in output.splitlines()], errors.splitlines()

    return call


@pytest.fixture
def reviews(tmp_path, planted_corpora) -> Path:
    """Sixty labelled documents in a JSONL file."""
    corpus, path = planted_corpora.training.first(60), tmp_path / "reviews.jsonl"
    pairs = zip(corpus.texts, corpus.labels, strict=True)
    lines = [json.dumps({"text": text, "label": label}) for text, label in pairs]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
