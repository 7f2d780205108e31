"""What each command of the command line does, from parsed arguments to output.

Heavy imports wait until a command needs them, so that ``--help`` is quick.
"""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from han_core.wrong_input import WrongInput


def train(given: Namespace) -> None:
    """Trains and prints one JSON line."""
    from han_core.corpora.corpus import read_corpus
    from han_core.device import choose_device
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
    training, validation = _split(corpus, given, settings.seed, columns)
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
        reproduce=given.said,
        resume=given.resume,
    )
    _print(run(request, device, Watch(_follow, _epoch_bar, _say)))


def _split(corpus, given: Namespace, seed: int, columns: dict):
    """Training and validation corpora; ``--limit`` counts training documents."""
    from han_core.corpora.corpus import read_corpus, stratified_split

    try:
        fraction = float(given.validation)
    except ValueError:
        training = corpus
        validation = read_corpus(given.validation, **columns, default_split="validation")
    else:
        if not 0 < fraction < 1:
            raise WrongInput(
                f"--validation takes data or a share between 0 and 1; {fraction} came."
            )
        training, validation = stratified_split(corpus, fraction, seed)
    if given.limit is not None:
        if given.limit < 1:
            raise WrongInput(f"--limit is at least 1; {given.limit} came.")
        training = training.first(given.limit)
    return training, validation


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
    from han_core.device import choose_device
    from han_core.explanation.explain import explain_many
    from han_core.models.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(given.checkpoint, choose_device(given.device))
    texts, ids = _documents(given.input)
    with _writing(given.output) as out:
        for explanation in explain_many(checkpoint, texts, ids):
            out.write(json.dumps(explanation.to_json()) + "\n")


def checkpoints(given: Namespace) -> None:
    """Prints a JSON line for each checkpoint, and says on standard error which are broken."""
    from han_core.models.checkpoint import SHIPPED
    from han_core.models.listing import broken_checkpoints, list_checkpoints

    root = Path(given.root) if given.root else SHIPPED
    for listing in list_checkpoints(root):
        _print(listing.to_json())
    for sentence in broken_checkpoints(root):
        print(sentence, file=sys.stderr)


def vectors(given: Namespace) -> None:
    """Learns word vectors and prints how many."""
    from han_core.corpora.corpus import read_corpus
    from han_core.text.tokenizer import Tokenizer
    from han_core.text.vectors import learn_vectors, write_vectors

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


def _documents(source: str) -> tuple[list[str], list[str]]:
    """Texts and ids of JSONL; the line's number where a line has no id."""
    texts, ids = [], []
    for number, line in enumerate(_lines(source), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise WrongInput(f"Line {number} of the input is not JSON.") from error
        if not isinstance(value, dict) or not isinstance(value.get("text"), str):
            raise WrongInput(f'Line {number} of the input has no "text" that is a string.')
        if not value["text"].strip():
            raise WrongInput(f"Line {number} of the input has a text without a word.")
        texts.append(value["text"])
        ids.append(value.get("id", number))
    return texts, ids


def _lines(source: str) -> Iterator[str]:
    try:
        if source == "-":
            yield from sys.stdin.buffer.read().decode("utf-8").split("\n")
        else:
            yield from Path(source).read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise WrongInput(f"The input is not UTF-8 (byte {error.start}).") from error
    except OSError as error:
        raise WrongInput(f"The input {source} can't be read: {error.strerror}.") from error


@contextmanager
def _writing(target: str) -> Iterator[TextIO]:
    if target == "-":
        yield sys.stdout
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(target).open("w", encoding="utf-8"))
        except OSError as error:
            raise WrongInput(f"The output {target} can't be written: {error.strerror}.") from error
        yield file


def _print(value: dict) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _follow(texts: Sequence[str], name: str) -> Iterable[str]:
    from tqdm import tqdm

    return tqdm(texts, desc=name, unit="doc", file=sys.stderr, mininterval=0.5)


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
