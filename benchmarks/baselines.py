"""Bags of words on a test set, and beside them checkpoints.

    python -m benchmarks.baselines --data TRAIN --test TEST [--checkpoint DIR …] [--out DIR]

Each bag of words learns from all of ``--data``. A JSON line for each tells its accuracy with
Wilson's interval, its macro F1 and what it took; then a line for each checkpoint, with
McNemar's test against every bag of words: ``fixed`` are the documents that the checkpoint gets
right and the bag of words does not, ``broken`` the reverse. With ``--out`` predictions are kept
there as Parquet (``row``, ``id``, ``label``, ``predicted``), and read again instead of learnt
again while both data sets and the bag of words are the same.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import bags
from han_core.corpora.corpus import Corpus, read_corpus
from han_core.corpora.labels import align_labels
from han_core.errors.measured.intervals import share
from han_core.errors.pairs.pair import Pair
from han_core.models.checkpoint import load_checkpoint
from han_core.training.evaluate import predict
from han_core.wrong_input import WrongInput

LONGEST = {"tf-idf-logistic-regression": 2, "tf-idf-linear-svm": 2, "nb-svm": 3}
"""Words of the longest n-gram that each counts, unless asked otherwise."""


class Guess(NamedTuple):
    """What a classifier said of the test documents.

    Attributes:
        predicted: (documents,) the index of each one's class.
        seconds: for learning and saying it.
    """

    name: str
    predicted: np.ndarray
    seconds: float


class Task(NamedTuple):
    """Documents to learn from and to test on, with their classes as indices."""

    training: Corpus
    test: Corpus
    classes: np.ndarray
    true: np.ndarray
    unit: str

    @property
    def names(self) -> tuple[str, ...]:
        return self.training.classes


def main(asked: Sequence[str] | None = None) -> None:
    given = parser().parse_args(asked)
    try:
        run(given)
    except WrongInput as error:
        sys.exit(f"{error}")


def parser() -> argparse.ArgumentParser:
    of = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    of.add_argument("--data", required=True, help="what to learn from")
    of.add_argument("--test", required=True)
    of.add_argument("--text-column", default="text")
    of.add_argument("--label-column", default="label")
    of.add_argument("--bags", nargs="+", choices=list(bags.BAGS), default=list(bags.BAGS))
    of.add_argument("--longest", type=int, help="words in the longest n-gram; 2, of NB-SVM 3")
    of.add_argument("--unit", choices=["words", "characters"], help="else by the texts' script")
    of.add_argument("--checkpoint", nargs="+", default=[], metavar="DIR")
    of.add_argument("--out", type=Path, metavar="DIR", help="keeps predictions there")
    return of


def run(given: argparse.Namespace) -> None:
    task = read_task(given)
    checkpoints = [load_checkpoint(name) for name in given.checkpoint]
    for checkpoint in checkpoints:  # refused before anything is learnt
        align_labels(task.names, checkpoint.labels)
    guesses = []
    for name in given.bags:
        reading = bags.Reading(given.longest or LONGEST[name], task.unit)
        guesses.append(kept(given.out, task, name, reading))
        tell({"baseline": name, "n_grams": list(range(1, reading.longest + 1)), "unit": task.unit,
              **measured(guesses[-1], task)})  # fmt: skip
    for checkpoint in checkpoints:
        guess = timed(checkpoint.name, lambda checkpoint=checkpoint: said_by(checkpoint, task))
        tests = {bag.name: against(guess, bag, task.true) for bag in guesses}
        tell({"checkpoint": guess.name, **measured(guess, task), "against": tests})


def read_task(given: argparse.Namespace) -> Task:
    """Both corpora; the test's labels are named as the training's are."""
    columns = {"text_column": given.text_column, "label_column": given.label_column}
    training = read_corpus(given.data, **columns)
    test = read_corpus(given.test, **columns, default_split="test")
    for note in (*training.notes, *test.notes):
        print(note, file=sys.stderr)
    names = training.classes
    if len(names) < 2:
        raise WrongInput(f"Documents of at least two classes are expected; {names} came.")
    classes, true = (np.array(align_labels(of.labels, names)) for of in (training, test))
    return Task(training, test, classes, true, given.unit or bags.unit_of(training.texts))


def kept(folder: Path | None, task: Task, name: str, reading: bags.Reading) -> Guess:
    """What a bag of words says of the test documents, from ``folder`` where it stands there."""

    def learn() -> np.ndarray:
        return bags.BAGS[name](list(task.training.texts), task.classes, reading)(task.test.texts)

    if folder is None:
        return timed(name, learn)
    path = folder / f"{name}-{digest(task, name, reading)}.parquet"
    if path.is_file():
        return read_guess(path, name, task)
    guess = timed(name, learn)
    folder.mkdir(parents=True, exist_ok=True)
    write_guess(path, guess, task)
    return guess


def digest(task: Task, name: str, reading: bags.Reading) -> str:
    """Tells apart what decides predictions: both data sets, the n-grams and the recipe."""
    found = sha256(Path(bags.__file__).read_bytes() + repr((name, reading)).encode())
    for corpus in (task.training, task.test):
        for text, label in zip(corpus.texts, corpus.labels, strict=True):
            found.update(json.dumps([text, label]).encode())
    return found.hexdigest()[:12]


def write_guess(path: Path, guess: Guess, task: Task) -> None:
    names = np.array(task.names)
    table = pa.table(
        {
            "row": np.arange(len(task.test)),
            "id": list(task.test.ids),
            "label": names[task.true],
            "predicted": names[guess.predicted],
        }
    ).replace_schema_metadata({"seconds": str(guess.seconds)})
    pq.write_table(table, path)


def read_guess(path: Path, name: str, task: Task) -> Guess:
    table = pq.read_table(path)
    predicted = align_labels(table["predicted"].to_pylist(), task.names)
    return Guess(name, np.array(predicted), float(table.schema.metadata[b"seconds"]))


def timed(name: str, ask: Callable[[], np.ndarray]) -> Guess:
    began = time.perf_counter()
    predicted = ask()
    return Guess(name, predicted, time.perf_counter() - began)


def said_by(checkpoint, task: Task) -> np.ndarray:
    """The classes that a checkpoint predicts, as indices of the training classes."""
    places = np.empty(len(checkpoint.labels), dtype=int)
    places[list(align_labels(task.names, checkpoint.labels))] = np.arange(len(task.names))
    return places[predict(checkpoint, task.test.texts).argmax(1)]


def measured(guess: Guess, task: Task) -> dict:
    """Accuracy and macro F1 on the test documents; shares, and seconds."""
    from sklearn.metrics import f1_score

    right = share(int((guess.predicted == task.true).sum()), len(task.true))
    return {
        "n": len(task.true),
        "accuracy": {"mean": right.mean, "low": right.low, "high": right.high},
        "macro_f1": float(f1_score(task.true, guess.predicted, average="macro")),
        "seconds": round(guess.seconds, 1),
    }


def against(guess: Guess, bag: Guess, true: np.ndarray) -> dict:
    """McNemar's test of a checkpoint against a bag of words."""
    before, after = bag.predicted == true, guess.predicted == true
    pair = Pair(
        fixed=int((~before & after).sum()),
        broken=int((before & ~after).sum()),
        both_right=int((before & after).sum()),
        both_wrong=int((~before & ~after).sum()),
    )
    change = pair.difference
    assert change is not None  # a corpus has a document
    return {
        "fixed": pair.fixed,
        "broken": pair.broken,
        "difference": {"mean": change.mean, "low": change.low, "high": change.high},
        "p": pair.test.p,
        "mid_p": pair.test.mid_p,
    }


def tell(line: dict) -> None:
    print(json.dumps(line, allow_nan=False), flush=True)


if __name__ == "__main__":
    main()
