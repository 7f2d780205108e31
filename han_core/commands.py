"""What each command of the command line does, from parsed arguments to output.

Heavy imports wait until a command needs them, so that ``--help`` is quick.
"""

import json
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

from han_core.wrong_input import WrongInput

T = TypeVar("T")

SOON = 1.0
"""Seconds that ``explain`` may take without a progress bar."""


def train(given: Namespace) -> None:
    """Trains and prints one JSON line."""
    from han_core.corpora.corpus import read_corpus
    from han_core.device import choose_device
    from han_core.training.data import training_and_validation
    from han_core.training.settings import parse_settings
    from han_core.training.train import Request, Watch
    from han_core.training.train import train as run

    device = choose_device(given.device)
    flags = {
        key: getattr(given, key) for key in ("epochs", "seed") if getattr(given, key) is not None
    }
    settings, sizes, text = parse_settings(given.set, **flags)
    columns = {"text_column": given.text_column, "label_column": given.label_column}
    corpus = read_corpus(given.data, **columns)
    training, validation = training_and_validation(
        corpus, given.validation, settings.seed, given.limit, columns
    )
    test = read_corpus(given.test, **columns, default_split="test") if given.test else None
    for note in dict.fromkeys((*corpus.notes, *validation.notes, *(test.notes if test else ()))):
        _say(note)
    request = Request(
        model=given.model,
        attention=given.attention,
        training=training,
        validation=validation,
        test=test,
        out=Path(given.out),
        settings=settings,
        sizes=sizes,
        text=text,
        reproduce=shlex.join(word for word in given.said if word != "--resume"),
        resume=given.resume,
    )
    _print(run(request, device, Watch(_follow, _epoch_bar, _say)))


def evaluate(given: Namespace) -> None:
    """Prints the metrics of a checkpoint on labelled data."""
    import time

    from han_core.corpora.corpus import read_corpus
    from han_core.corpora.labels import align_labels
    from han_core.device import choose_device
    from han_core.models.checkpoint import load_checkpoint
    from han_core.training.evaluate import metrics, predict

    checkpoint = load_checkpoint(given.checkpoint, choose_device(given.device))
    corpus = read_corpus(
        given.data,
        text_column=given.text_column,
        label_column=given.label_column,
        default_split="test",
    )
    for note in corpus.notes:
        _say(note)
    classes = align_labels(corpus.labels, checkpoint.labels)
    started = time.perf_counter()
    probabilities = predict(checkpoint, corpus.texts, _bar("Evaluating", len(corpus)))
    seconds = time.perf_counter() - started
    _print(
        {
            "n": len(corpus),
            **metrics(probabilities, classes),
            "documents_per_second": round(len(corpus) / seconds, 2),
        }
    )


def explain(given: Namespace) -> None:
    """Reads JSONL, writes an explanation a line in the same order."""
    from han_core.corpora.asked import read_asked
    from han_core.device import choose_device
    from han_core.explanation.explain import explain_many
    from han_core.models.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(given.checkpoint, choose_device(given.device))
    texts, ids = read_asked(_input(given.input))
    with _writing(given.output) as out:
        explanations = explain_many(checkpoint, texts, ids)
        for explanation in _follow(explanations, "Explaining", len(texts), delay=SOON):
            out.write(json.dumps(explanation.to_json(), allow_nan=False) + "\n")


def faithfulness(given: Namespace) -> None:
    """Prints how far a checkpoint's attention explains its decisions over a data set."""
    from han_core.corpora.corpus import read_corpus
    from han_core.device import choose_device
    from han_core.evidence.corpus import measure
    from han_core.evidence.sampling import sample
    from han_core.models.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(given.checkpoint, choose_device(given.device))
    corpus = read_corpus(
        given.data, text_column=given.text_column, label_column=None, default_split="test"
    )
    for note in corpus.notes:
        _say(note)
    choosing = _bar("Choosing", len(corpus))
    rows = sample(checkpoint, corpus.texts, given.limit, given.seed, choosing, _say)
    texts = corpus.take(rows).texts
    _print(measure(checkpoint, texts, given.seed, progress=_bar("Measuring", len(rows))).to_json())


def checkpoints(given: Namespace) -> None:
    """Prints a JSON line for each checkpoint, and says on standard error which are broken."""
    from han_core.models.checkpoint import checkpoints_root
    from han_core.models.listing import broken_checkpoints, list_checkpoints

    root = checkpoints_root() if given.root is None else Path(given.root)
    if given.root == "" or not root.is_dir():
        raise WrongInput(
            f"A folder of checkpoints is expected; {given.root or str(root)!r} is none."
        )
    for listing in list_checkpoints(root):
        _print(listing.to_json())
    for sentence in broken_checkpoints(root):
        _say(sentence)


def vectors(given: Namespace) -> None:
    """Learns word vectors and prints how many."""
    from han_core.corpora.corpus import read_corpus
    from han_core.text.tokenizer import Tokenizer
    from han_core.text.vectors import check_learning, learn_vectors, write_vectors

    check_learning(given.size, given.epochs, given.seed, given.workers)
    _check_writable(given.out)
    tokenizer = Tokenizer(given.language)
    sentences: list[list[str]] = []
    for spec in given.data:
        corpus = read_corpus(spec, text_column=given.text_column, label_column=None)
        for text in _follow(corpus.texts, f"Reading {corpus.name}"):
            sentences.append([word.lower() for word in tokenizer(text).token_texts()])
    _say(f"Learning vectors of {given.size} numbers from {sum(map(len, sentences)):,} tokens.")
    learnt = learn_vectors(sentences, given.size, given.epochs, given.seed, given.workers)
    _print({"vectors": given.out, "words": write_vectors(given.out, learnt), "size": given.size})


def settings_help() -> str:
    """What ``--set`` takes, for ``--help``."""
    return "any setting of training, model or text, e.g. hidden=64, dropout_words=0.5 (README)"


def _input(source: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise WrongInput(f"The input {source} can't be read: {_reason(error)}.") from error


def _check_writable(target: str) -> None:
    """Before long work; what stands there stays, and nothing new is left."""
    path = Path(target)
    try:
        new = not path.exists()
        path.open("a").close()
    except (OSError, ValueError) as error:
        raise WrongInput(f"The output {target} can't be written: {_reason(error)}.") from error
    if new:
        path.unlink()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


@contextmanager
def _writing(target: str) -> Iterator[TextIO]:
    if target == "-":
        yield sys.stdout
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(target).open("w", encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WrongInput(f"The output {target} can't be written: {_reason(error)}.") from error
        yield file


def _print(value: dict) -> None:
    print(json.dumps(value, allow_nan=False), flush=True)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _follow(
    documents: Iterable[T], name: str, total: int | None = None, delay: float = 0
) -> Iterable[T]:
    """A progress bar over a loop; none for what takes less than ``delay`` seconds."""
    from tqdm import tqdm

    return tqdm(documents, name, total, unit="doc", file=sys.stderr, mininterval=0.5, delay=delay)


def _epoch_bar(epoch: int, documents: int):
    """A bar with loss, documents a second and time left."""
    from tqdm import tqdm

    bar = tqdm(total=documents, desc=f"Epoch {epoch}", unit="doc", file=sys.stderr, mininterval=0.5)
    mean: list[float] = []

    def step(count: int, loss: float) -> None:
        mean.append(loss)
        bar.set_postfix(loss=f"{sum(mean[-50:]) / len(mean[-50:]):.3f}", refresh=False)
        bar.update(count)
        if bar.n >= documents:
            bar.close()

    return step


def _bar(name: str, documents: int) -> Callable[[int, int], None]:
    """A progress bar as ``predict`` wants it."""
    from tqdm import tqdm

    bar = tqdm(total=documents, desc=name, unit="doc", file=sys.stderr, mininterval=0.5)

    def progress(done: int, of: int) -> None:
        bar.update(done - bar.n)
        if done == of:
            bar.close()

    return progress
