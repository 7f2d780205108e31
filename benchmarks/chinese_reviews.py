"""Chinese reviews of twelve subjects: joined for training, and a model's accuracy on each.

    python -m benchmarks.chinese_reviews join DOMAINS HOTEL OUT
    python -m benchmarks.chinese_reviews measure CHECKPOINT OUT [--write]

DOMAINS has columns ``domain``, ``text``, ``label`` and ``split`` (pool or test); HOTEL is the
folder of ChnSentiCorp's hotel reviews, ``train.parquet`` and ``test.parquet``. ``join`` writes
``train.parquet`` and ``test.parquet`` into OUT. The first has the hotel reviews of training and the
pools, each review once, a tenth of them to validate, and the reviews that we wrote
(``bundled:everyday/zh``) four times; the second the test reviews of each domain, and ours.

No review stands on both sides, however it is punctuated. A pool's review that is a test review of
the hotels or of a domain is not learnt. Two domains are hotels and share reviews with ChnSentiCorp:
their test reviews that are hotel reviews of training are not tested. ``measure`` prints accuracy on
each domain; ``--write`` keeps it in the checkpoint's ``metrics.json``.
"""

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.figures import markdown_table
from han_core.cli.common import say
from han_core.data.corpus import read_corpus
from han_core.data.labels import align_labels
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.models.predict import metrics, predict

OFTEN = 4
"""Times that each of our own reviews stands in what is learnt."""

HELD_OUT = 0.1


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    joining = commands.add_parser("join")
    joining.set_defaults(run=_join)
    joining.add_argument("domains", type=Path, metavar="DOMAINS")
    joining.add_argument("hotel", type=Path, metavar="HOTEL")
    joining.add_argument("out", type=Path, metavar="OUT")
    add_measure(commands)
    options = parser.parse_args(arguments)
    options.run(options)


def add_measure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``measure``, for any ``test.parquet`` with a column ``domain``."""
    measuring = commands.add_parser("measure")
    measuring.set_defaults(run=_measure)
    measuring.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    measuring.add_argument("--write", action="store_true", help="into metrics.json")
    measuring.add_argument("out", type=Path, metavar="OUT")


def _join(options: argparse.Namespace) -> None:
    hotel = [pd.read_parquet(options.hotel / f"{part}.parquet") for part in ("train", "test")]
    training, test = with_own(*joined(pd.read_parquet(options.domains), *hotel))
    options.out.mkdir(parents=True, exist_ok=True)
    for name, reviews in (("train", training), ("test", test)):
        reviews.to_parquet(options.out / f"{name}.parquet", index=False)
        say(f"{name}: {len(reviews):,} reviews")


def joined(
    domains: pd.DataFrame, hotel_train: pd.DataFrame, hotel_test: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the reviews of training and the test reviews, with ``text``, ``label``, ``domain``."""
    pool, test = (domains[domains["split"] == split] for split in ("pool", "test"))
    test = test[~letters(test).isin(letters(hotel_train))]
    training = pd.concat([hotel_train.assign(domain="zh_hotel"), pool])
    keys = letters(training)
    tested = keys.isin(letters(test)) | keys.isin(letters(hotel_test))
    return tuple(_columns(part) for part in (training[~tested & ~keys.duplicated()], test))


def with_own(training: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both with the reviews that we wrote; a column ``split`` says what validates."""
    held = np.random.default_rng(0).random(len(training)) < HELD_OUT
    training = training.assign(split=np.where(held, "validation", "train"))
    own = own_reviews("zh")
    parts = [own[own["split"] == name] for name in ("train", "validation", "test")]
    training = pd.concat([training, *OFTEN * parts[:1], parts[1]], ignore_index=True)
    return training, pd.concat([test, parts[2].drop(columns="split")], ignore_index=True)


def own_reviews(language: str) -> pd.DataFrame:
    """Return the reviews of a language that come along, with the split that each has."""
    own = read_corpus(f"bundled:everyday/{language}@all")
    reviews = pd.DataFrame({"text": own.texts, "label": own.labels, "split": own.extra["split"]})
    reviews["label"] = (reviews["label"] == "positive").astype(int)
    return reviews.assign(domain="everyday")


def letters(reviews: pd.DataFrame) -> pd.Series:
    """Return what tells reviews apart: their letters and figures."""
    return reviews["text"].map(lambda text: re.sub(r"[\W_]+", "", text).lower())


def _columns(reviews: pd.DataFrame) -> pd.DataFrame:
    return reviews[["text", "label", "domain"]].reset_index(drop=True)


def _measure(options: argparse.Namespace) -> None:
    figures = by_domain(load_checkpoint(options.checkpoint), options.out / "test.parquet")
    rows = [(name, f"{100 * one['accuracy']:.1f}%", one["n"]) for name, one in figures.items()]
    print(markdown_table(("domain", "accuracy", "test reviews"), rows))
    if options.write:
        path = options.checkpoint / "metrics.json"
        written = {**json.loads(path.read_text(encoding="utf-8")), "domains": figures}
        path.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def by_domain(checkpoint: Checkpoint, path: Path) -> dict[str, dict[str, float]]:
    """Return the accuracy on each domain's test reviews, how many they are, and on all of them."""
    corpus = read_corpus(str(path))
    domains = np.array(corpus.extra["domain"])
    probabilities = predict(checkpoint, corpus.texts)
    classes = np.asarray(align_labels(corpus.labels, checkpoint.labels))
    chosen = {name: domains == name for name in sorted(set(domains))}
    chosen["all"] = np.ones(len(domains), dtype=bool)
    return {
        name: {
            "accuracy": metrics(probabilities[rows], classes[rows])["accuracy"],
            "n": int(rows.sum()),
        }
        for name, rows in chosen.items()
    }


if __name__ == "__main__":
    main()
