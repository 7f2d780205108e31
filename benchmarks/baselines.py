"""Bags of words as classifiers: what a model with attention has to beat.

Each is a function of training texts, their classes and the kind of text; it answers with a
function of other texts. It knows nothing about files, measures or our models.

Bags of words on a test set, and beside them checkpoints.

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
import re
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import sparse

from han_core.analysis.model_pairs import Pair
from han_core.data.corpus import Corpus, read_corpus
from han_core.data.labels import align_labels
from han_core.explanation.statistics import share
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import predict
from han_core.runtime.errors import UserError

Texts = Sequence[str]
Predict = Callable[[Texts], np.ndarray]

WORDS = re.compile(r"\w+|[^\w\s]")
"""Words as the NB-SVM of Wang and Manning counts them: marks are words as well."""

WITHOUT_SPACES = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
"""Kana and Chinese characters, which are written without spaces between words."""

SAMPLE = 1_000  # texts whose script is looked at


class Reading(NamedTuple):
    """How long n-grams may be, and whether of words or of characters."""

    longest: int
    unit: str  # "words" or "characters"

    def vectorizer(self, kind: type, **more: object):
        """A vectorizer of scikit-learn for these n-grams."""
        if self.unit == "characters":
            return kind(analyzer="char", ngram_range=(1, self.longest), **more)
        return kind(ngram_range=(1, self.longest), **more)


def unit_of(texts: Texts) -> str:
    """ "characters" where most texts are in a script without spaces, else "words"."""
    sample = texts[:SAMPLE]
    without = sum(bool(WITHOUT_SPACES.search(text)) for text in sample)
    return "characters" if 2 * without > len(sample) else "words"


def logistic_regression(texts: Texts, classes: np.ndarray, reading: Reading) -> Predict:
    """TF-IDF, sublinear, and L2 logistic regression."""
    from sklearn.linear_model import LogisticRegression

    return _on_tf_idf(LogisticRegression(C=10, max_iter=300), texts, classes, reading)


def linear_svm(texts: Texts, classes: np.ndarray, reading: Reading) -> Predict:
    """TF-IDF, sublinear, and a linear support vector machine, one class against the rest."""
    from sklearn.svm import LinearSVC

    return _on_tf_idf(LinearSVC(), texts, classes, reading)


def _on_tf_idf(model, texts: Texts, classes: np.ndarray, reading: Reading) -> Predict:
    from sklearn.feature_extraction.text import TfidfVectorizer

    counted = reading.vectorizer(TfidfVectorizer, sublinear_tf=True, min_df=2, dtype=np.float32)
    model.fit(counted.fit_transform(texts), classes)
    return lambda others: model.predict(counted.transform(others))


def nb_svm(texts: Texts, classes: np.ndarray, reading: Reading) -> Predict:
    """Presence of n-grams times their log-count ratio, and a linear model on that.

    Wang and Manning, "Baselines and bigrams" (ACL 2012), section 2.3, with L2 logistic
    regression in place of the support vector machine, as its later users have it. Of several
    classes each is told from the rest, and the surest wins.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    pattern = {} if reading.unit == "characters" else {"token_pattern": WORDS.pattern}
    counted = reading.vectorizer(
        CountVectorizer, binary=True, min_df=2, dtype=np.float32, **pattern
    )
    present = counted.fit_transform(texts)
    kinds = np.unique(classes)
    # Two classes need one ratio: that of the other is its negative.
    asked = kinds[1:] if len(kinds) == 2 else kinds
    sides = [_one_against_rest(present, classes == kind) for kind in asked]

    def predict(others: Texts) -> np.ndarray:
        there = counted.transform(others)
        surest = np.stack([decide(there) for decide in sides], axis=1)
        if len(kinds) == 2:
            return kinds[(surest[:, 0] > 0).astype(int)]
        return kinds[surest.argmax(1)]

    return predict


def _one_against_rest(present: sparse.csr_matrix, is_one: np.ndarray) -> Callable:
    """The decision value, (documents,), of a class beside the others."""
    from sklearn.linear_model import LogisticRegression

    ratio = sparse.diags(log_count_ratio(present, is_one))
    # Newton's method settles in few rounds where the dual form of so uneven numbers does not.
    model = LogisticRegression(solver="liblinear")
    model.fit(present @ ratio, is_one)
    return lambda there: model.decision_function(there @ ratio)


def log_count_ratio(present: sparse.csr_matrix, is_one: np.ndarray) -> np.ndarray:
    """(n-grams,) ln of how much likelier each is in the one class than in the rest.

    r = ln((p / ‖p‖₁) / (q / ‖q‖₁)) with p, q the counts in both and one added to each: equation
    of section 2.1 of Wang and Manning (2012).

    Args:
        present: (documents, n-grams) 1 where the n-gram stands in the document.
        is_one: (documents,) bool.
    """
    one = 1 + np.asarray(present[is_one].sum(0)).ravel()
    rest = 1 + np.asarray(present[~is_one].sum(0)).ravel()
    return np.log((one / one.sum()) / (rest / rest.sum())).astype(np.float32)


BAGS: dict[str, Callable[[Texts, np.ndarray, Reading], Predict]] = {
    "tf-idf-logistic-regression": logistic_regression,
    "tf-idf-linear-svm": linear_svm,
    "nb-svm": nb_svm,
}


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
    except UserError as error:
        sys.exit(f"{error}")


def parser() -> argparse.ArgumentParser:
    of = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    of.add_argument("--data", required=True, help="what to learn from")
    of.add_argument("--test", required=True)
    of.add_argument("--text-column", default="text")
    of.add_argument("--label-column", default="label")
    of.add_argument("--bags", nargs="+", choices=list(BAGS), default=list(BAGS))
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
        reading = Reading(given.longest or LONGEST[name], task.unit)
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
        raise UserError(f"Documents of at least two classes are expected; {names} came.")
    classes, true = (np.array(align_labels(of.labels, names)) for of in (training, test))
    return Task(training, test, classes, true, given.unit or unit_of(training.texts))


def kept(folder: Path | None, task: Task, name: str, reading: Reading) -> Guess:
    """What a bag of words says of the test documents, from ``folder`` where it stands there."""

    def learn() -> np.ndarray:
        return BAGS[name](list(task.training.texts), task.classes, reading)(task.test.texts)

    if folder is None:
        return timed(name, learn)
    path = folder / f"{name}-{digest(task, name, reading)}.parquet"
    if path.is_file():
        return read_guess(path, name, task)
    guess = timed(name, learn)
    folder.mkdir(parents=True, exist_ok=True)
    write_guess(path, guess, task)
    return guess


def digest(task: Task, name: str, reading: Reading) -> str:
    """Tells apart what decides predictions: both data sets, the n-grams and the recipe."""
    found = sha256(Path(__file__).read_bytes() + repr((name, reading)).encode())
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
