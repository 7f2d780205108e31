"""Domain adaptation on reviews: gradient reversal and fine-tuning beside bags of words.

    python -m benchmarks.domains DATA FOLDER [--pairs A/B …] [--seeds N …] [--start-from NAME]

DATA has columns ``domain``, ``text``, ``label`` and ``split`` (pool or test), as the four domains
of Blitzer, Dredze and Pereira 2007. For each pair source/target and seed a HAN is trained

* on the source alone (``domain_weight=0``: the probe measures, nothing is reversed),
* on the source with gradient reversal against the target's pool, whose labels it never reads,
* from the first one on the labelled pool of the target, with the word level frozen and whole,

and tested on the target's test documents. FOLDER keeps the models and a JSON line a run; what
stands there is not repeated. ``--start-from`` also measures a checkpoint untouched and fine-tuned.
Prints a table of means and standard deviations beside TF-IDF with logistic regression.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, pstdev

import torch

from benchmarks.baselines import NGrams, logistic_regression
from benchmarks.figures import markdown_table
from han_core.cli.common import say
from han_core.data.corpus import Corpus, read_corpus, stratified_split
from han_core.data.domains import TargetDomain, target_domain
from han_core.data.labels import align_labels
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import metrics, predict
from han_core.training.callbacks import UNWATCHED
from han_core.training.settings import parse_settings
from han_core.training.train import Request, train

PAIRS = ("books/kitchen", "books/electronics", "kitchen/books", "kitchen/dvd")
SETTINGS = ("epochs=5", "learning_rate=0.004", "batch_tokens=2500", "maximum_tokens=250")
SIZES = ("embedding=50", "hidden=25", "attention_size=50")
TUNING = ("epochs=4", "learning_rate=0.002", "batch_tokens=2500")
VALIDATION = 0.1
METHODS = {
    "source only": ("domain_weight=0",),
    "gradient reversal": (),
    "words frozen": ("freeze_words=true",),
    "whole": (),
}
"""Settings of each method; the last two start from the first one."""

PUBLISHED = {
    "books/kitchen": (77.9, 84.3),
    "books/electronics": (73.3, 80.4),
    "kitchen/books": (70.9, 71.8),
    "kitchen/dvd": (74.0, 78.9),
}
"""Gradient reversal on bags of words, and on mSDA, by Ganin et al. 2016, table 1."""


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    options.folder.mkdir(parents=True, exist_ok=True)
    corpus, kept = read_corpus(options.data), options.folder / "runs.jsonl"
    results = _lines(kept)
    for seed in options.seeds:  # a table of fewer seeds is whole
        for pair in options.pairs:
            for method in METHODS:
                if (pair, seed, method) not in {
                    (r["pair"], r["seed"], r["method"]) for r in results
                }:
                    results.append(_run(corpus, pair, seed, method, options.folder))
                    _keep(kept, results[-1])
    print(table(results, {pair: bag_of_words(corpus, pair) for pair in options.pairs}))
    if options.start_from:
        print(start_from(corpus, options.start_from, options.folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--pairs", nargs="+", default=PAIRS, metavar="SOURCE/TARGET")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="N")
    parser.add_argument("--start-from", metavar="NAME", help="a checkpoint, for kitchen reviews")
    return parser


def rows_of(corpus: Corpus, domain: str, split: str = "") -> Corpus:
    """Return the documents of a domain, of one split or of both."""
    cells = zip(corpus.extra["domain"], corpus.extra["split"], strict=True)
    return corpus.take([row for row, (of, part) in enumerate(cells)
                        if of == domain and split in ("", part)])  # fmt: skip


def _run(corpus: Corpus, pair: str, seed: int, method: str, folder: Path) -> dict:
    """Train one model and test it on the target; the models stay in ``folder``."""
    source, target = pair.split("/")
    out = folder / f"{source}-{target}-{seed}-{method.replace(' ', '-')}"
    first = folder / f"{source}-{target}-{seed}-source-only"
    pool, test = rows_of(corpus, target, "pool"), rows_of(corpus, target, "test")
    if method in ("source only", "gradient reversal"):
        learning, pairs = rows_of(corpus, source), (*SETTINGS, *SIZES, *METHODS[method])
        aim = target_domain(target, pool, [learning, test], learning.classes, seed)
    else:
        learning, aim = pool, None
        pairs = (*TUNING, f"start_from={first}", *METHODS[method])
    summary = _trained(learning, test, aim, out, (*pairs, f"seed={seed}"))
    say(f"{pair} {seed} {method}: {summary['test']['accuracy']:.3f}")
    return {"pair": pair, "seed": seed, "method": method, "accuracy": summary["test"]["accuracy"],
            "adaptation": summary.get("adaptation"), "seconds": summary["seconds"]}  # fmt: skip


def _trained(
    learning: Corpus, test: Corpus, aim: TargetDomain | None, out: Path, pairs: Sequence[str]
) -> dict:
    settings, sizes, text = parse_settings(pairs)
    training, validation = stratified_split(learning, VALIDATION, settings.seed)
    request = Request(
        model="han",
        attention=None,
        training=training,
        validation=validation,
        test=test,
        out=out,
        settings=settings,
        sizes=sizes,
        text=text,
        reproduce="python -m benchmarks.domains",
        resume=True,
        target=aim,
    )
    return train(request, torch.device("cpu"), UNWATCHED)


def bag_of_words(corpus: Corpus, pair: str) -> tuple[float, float]:
    """Return the accuracy of TF-IDF on the target that learnt on the source, and on its pool."""
    source, target = pair.split("/")
    test = rows_of(corpus, target, "test")
    accuracies = []
    for learning in (rows_of(corpus, source), rows_of(corpus, target, "pool")):
        model = logistic_regression(NGrams(2, "words")).fit(learning.texts, learning.labels)
        accuracies.append(float((model.predict(test.texts) == test.labels).mean()))
    return accuracies[0], accuracies[1]


def table(results: Sequence[dict], bags: dict[str, tuple[float, float]]) -> str:
    """Return accuracies by pair and the proxy A-distances, a row a method."""
    rows = [
        (f"HAN, {method}", *(_spread(results, pair, method) for pair in bags)) for method in METHODS
    ]
    rows += [
        (f"proxy A-distance, {method}", *(_distance(results, pair, method) for pair in bags))
        for method in ("source only", "gradient reversal")
    ]
    for place, name in enumerate(("source", "target's pool")):
        rows.append((f"TF-IDF on the {name}", *(f"{100 * bags[p][place]:.1f}" for p in bags)))
    for place, name in enumerate(("bags of words", "mSDA")):
        cells = (f"{PUBLISHED[p][place]}" if p in PUBLISHED else "" for p in bags)
        rows.append((f"published, gradient reversal on {name}", *cells))
    return markdown_table(("accuracy on the target, %", *bags), rows)


def _of(results: Sequence[dict], pair: str, method: str) -> list[dict]:
    return [one for one in results if (one["pair"], one["method"]) == (pair, method)]


def _spread(results: Sequence[dict], pair: str, method: str) -> str:
    values = [100 * one["accuracy"] for one in _of(results, pair, method)]
    return f"{fmean(values):.1f} ± {pstdev(values):.1f}" if values else ""


def _distance(results: Sequence[dict], pair: str, method: str) -> str:
    found = [one["adaptation"]["proxy_a_distance"]["after"] for one in _of(results, pair, method)]
    return f"{fmean(found):.2f}" if found else ""


def start_from(corpus: Corpus, name: str, folder: Path) -> str:
    """Return the accuracy of a checkpoint on kitchen reviews, untouched, frozen and whole."""
    pool, test = rows_of(corpus, "kitchen", "pool"), rows_of(corpus, "kitchen", "test")
    checkpoint = load_checkpoint(name)
    classes = align_labels(test.labels, checkpoint.labels)
    reached = {"untouched": metrics(predict(checkpoint, test.texts), classes)["accuracy"]}
    for method in ("words frozen", "whole"):
        pairs = (*TUNING, f"start_from={name}", *METHODS[method])
        out = folder / f"{checkpoint.name}-{method.replace(' ', '-')}"
        reached[method] = _trained(pool, test, None, out, pairs)["test"]["accuracy"]
    rows = [(method, f"{100 * accuracy:.1f}") for method, accuracy in reached.items()]
    return markdown_table((f"{checkpoint.name} on kitchen reviews", "accuracy, %"), rows)


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _keep(path: Path, result: dict) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
