"""Bags of words on a test set: what a model with attention has to beat.

    python -m benchmarks.baselines --data TRAIN --test TEST [--checkpoint DIR …] [--out DIR]

Each bag of words learns from all of ``--data``. A JSON line for each holds its accuracy with
Wilson's interval, its macro F1 and its seconds; then follows a line for each checkpoint, with
McNemar's test against every bag of words: ``fixed`` are the documents that the checkpoint gets
right and the bag of words does not, ``broken`` the reverse. With ``--out`` predictions are stored
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
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from han_core.analysis.model_pairs import Pair
from han_core.data.corpus import Corpus, read_corpus
from han_core.data.labels import align_labels
from han_core.explanation.statistics import share
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.models.predict import predict
from han_core.runtime.errors import UserError
from han_core.training.bag_of_words import LogCountRatio

WORDS = r"\w+|[^\w\s]"
"""Words as the NB-SVM of Wang and Manning counts them: punctuation marks are words as well."""

WITHOUT_SPACES = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
"""Kana and Chinese characters, which are written without spaces between words."""

SAMPLE = 1_000  # texts whose script is looked at


class NGrams(NamedTuple):
    """N-grams of 1 to ``longest`` words or characters."""

    longest: int
    unit: str  # "words" or "characters"

    def options(self, **of_words: object) -> dict[str, object]:
        """Return the options of a scikit-learn vectorizer; ``of_words`` for words alone."""
        unit = {"analyzer": "char"} if self.unit == "characters" else of_words
        return {"ngram_range": (1, self.longest), "min_df": 2, "dtype": np.float32, **unit}


def unit_of(texts: Sequence[str]) -> str:
    """Return "characters" where most texts are in a script without spaces, else "words"."""
    sample = texts[:SAMPLE]
    without = sum(bool(WITHOUT_SPACES.search(text)) for text in sample)
    return "characters" if 2 * without > len(sample) else "words"


def logistic_regression(n_grams: NGrams) -> Pipeline:
    """TF-IDF with sublinear counts, and L2 logistic regression."""
    vectorizer = TfidfVectorizer(sublinear_tf=True, **n_grams.options())
    return make_pipeline(vectorizer, LogisticRegression(C=10, max_iter=300))


def linear_svm(n_grams: NGrams) -> Pipeline:
    """TF-IDF with sublinear counts, and a linear support vector machine, one against the rest."""
    return make_pipeline(TfidfVectorizer(sublinear_tf=True, **n_grams.options()), LinearSVC())


def nb_svm(n_grams: NGrams) -> Pipeline:
    """Presence of n-grams times their log-count ratio, and a linear model, one against the rest.

    Wang and Manning, "Baselines and bigrams" (ACL 2012), section 2.3, with L2 logistic
    regression in place of the support vector machine, as its later users have it.
    """
    vectorizer = CountVectorizer(binary=True, **n_grams.options(token_pattern=WORDS))
    # Newton's method settles in few rounds where the dual form of so uneven numbers does not.
    linear = make_pipeline(LogCountRatio(), LogisticRegression(solver="liblinear"))
    return make_pipeline(vectorizer, OneVsRestClassifier(linear))


BAGS: dict[str, Callable[[NGrams], Pipeline]] = {
    "tf-idf-logistic-regression": logistic_regression,
    "tf-idf-linear-svm": linear_svm,
    "nb-svm": nb_svm,
}
LONGEST = {"tf-idf-logistic-regression": 2, "tf-idf-linear-svm": 2, "nb-svm": 3}
"""Words of the longest n-gram that each counts by default."""


class Predictions(NamedTuple):
    """What a classifier predicts for the test documents.

    Attributes:
        classes: (documents,) the index of each one's class.
        seconds: for learning and predicting.
    """

    name: str
    classes: np.ndarray
    seconds: float


class Task(NamedTuple):
    """Documents to learn from and to test on, with their classes as indices."""

    training: Corpus
    test: Corpus
    classes: np.ndarray
    true: np.ndarray
    unit: str

    @property
    def labels(self) -> tuple[str, ...]:
        return self.training.classes


def main(arguments: Sequence[str] | None = None) -> None:
    try:
        run(_parser().parse_args(arguments))
    except UserError as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="what to learn from")
    parser.add_argument("--test", required=True)
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--bags", nargs="+", choices=list(BAGS), default=list(BAGS))
    parser.add_argument("--longest", type=int, help="words in the longest n-gram; 2, of NB-SVM 3")
    parser.add_argument("--unit", choices=["words", "characters"], help="else by the texts' script")
    parser.add_argument("--checkpoint", nargs="+", default=[], metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="DIR", help="stores predictions there")
    return parser


def run(options: argparse.Namespace) -> None:
    """Print a JSON line for each bag of words and each checkpoint."""
    task = _read_task(options)
    checkpoints = [load_checkpoint(name) for name in options.checkpoint]
    for checkpoint in checkpoints:  # refused before anything is learnt
        align_labels(task.labels, checkpoint.labels)
    bags = []
    for name in options.bags:
        n_grams = NGrams(options.longest or LONGEST[name], task.unit)
        bags.append(_bag_predictions(options.out, task, name, n_grams))
        _print_line({"baseline": name, "n_grams": list(range(1, n_grams.longest + 1)),
                     "unit": task.unit, **measure(bags[-1], task)})  # fmt: skip
    for checkpoint in checkpoints:
        ours = _timed(checkpoint.name, lambda of=checkpoint: _checkpoint_classes(of, task))
        tests = {bag.name: mcnemar_test(ours, bag, task.true) for bag in bags}
        _print_line({"checkpoint": ours.name, **measure(ours, task), "against": tests})


def _read_task(options: argparse.Namespace) -> Task:
    """Read both corpora; the test's labels are named as the training's are."""
    columns = {"text_column": options.text_column, "label_column": options.label_column}
    training = read_corpus(options.data, **columns)
    test = read_corpus(options.test, **columns, default_split="test")
    for note in (*training.notes, *test.notes):
        print(note, file=sys.stderr)
    labels = training.classes
    if len(labels) < 2:
        raise UserError(f"Documents of at least two classes are expected; {labels} came.")
    classes, true = (np.array(align_labels(of.labels, labels)) for of in (training, test))
    return Task(training, test, classes, true, options.unit or unit_of(training.texts))


def _bag_predictions(folder: Path | None, task: Task, name: str, n_grams: NGrams) -> Predictions:
    """Learn a bag of words and predict, or read the predictions that ``folder`` has."""

    def learn() -> np.ndarray:
        model = BAGS[name](n_grams).fit(task.training.texts, task.classes)
        return model.predict(task.test.texts)

    if folder is None:
        return _timed(name, learn)
    path = folder / f"{name}-{_digest(task, name, n_grams)}.parquet"
    if path.is_file():
        table = pq.read_table(path)
        classes = np.array(align_labels(table["predicted"].to_pylist(), task.labels))
        return Predictions(name, classes, float(table.schema.metadata[b"seconds"]))
    predictions = _timed(name, learn)
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(_as_table(predictions, task), path)
    return predictions


def _digest(task: Task, name: str, n_grams: NGrams) -> str:
    """Return a digest of what decides predictions: both data sets, the n-grams and the recipe."""
    digest = sha256(Path(__file__).read_bytes() + repr((name, n_grams)).encode())
    for corpus in (task.training, task.test):
        for text, label in zip(corpus.texts, corpus.labels, strict=True):
            digest.update(json.dumps([text, label]).encode())
    return digest.hexdigest()[:12]


def _as_table(predictions: Predictions, task: Task) -> pa.Table:
    labels = np.array(task.labels)
    columns = {
        "row": np.arange(len(task.test)),
        "id": list(task.test.ids),
        "label": labels[task.true],
        "predicted": labels[predictions.classes],
    }
    return pa.table(columns).replace_schema_metadata({"seconds": str(predictions.seconds)})


def _timed(name: str, classify: Callable[[], np.ndarray]) -> Predictions:
    began = time.perf_counter()
    classes = classify()
    return Predictions(name, classes, time.perf_counter() - began)


def _checkpoint_classes(checkpoint: Checkpoint, task: Task) -> np.ndarray:
    """Return the classes that a checkpoint predicts, as indices of the training classes."""
    places = np.empty(len(checkpoint.labels), dtype=int)
    places[list(align_labels(task.labels, checkpoint.labels))] = np.arange(len(task.labels))
    return places[predict(checkpoint, task.test.texts).argmax(1)]


def measure(predictions: Predictions, task: Task) -> dict:
    """Return accuracy and macro F1 on the test documents as shares, and seconds."""
    right = share(int((predictions.classes == task.true).sum()), len(task.true))
    return {
        "n": len(task.true),
        "accuracy": {"mean": right.mean, "low": right.low, "high": right.high},
        "macro_f1": float(f1_score(task.true, predictions.classes, average="macro")),
        "seconds": round(predictions.seconds, 1),
    }


def mcnemar_test(ours: Predictions, bag: Predictions, true: np.ndarray) -> dict:
    """Return McNemar's test of a checkpoint against a bag of words."""
    before, after = bag.classes == true, ours.classes == true
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


def _print_line(line: dict) -> None:
    print(json.dumps(line, allow_nan=False), flush=True)


if __name__ == "__main__":
    main()
