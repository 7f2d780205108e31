"""How quickly a million scored documents are filtered, sorted, paged and read.

    python -m benchmarks.million [--rows N] [--classes N] [--rounds N] [--make-only]

Makes two models' scores of a million generated documents (about 300 characters each) where
the app keeps its own, once: a minute or two, and a GB of disk below ``HANSCOPE_DATA``. The
Errors page offers them as "Generated". Then asks what the page asks, in a process that has
loaded what the app loads, and prints one JSON line: the median milliseconds of each question
when it is asked for the first time, and the peak memory of the process.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.generated import MODELS, make, manifest_of
from han_core.coding.marks import Marks
from han_core.errors.asked.filter import Filter, Range
from han_core.errors.kept.holdings import kept
from han_core.errors.kept.scores import Scores
from han_core.scoring.manifest import Manifest


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--make-only", action="store_true")
    given = parser.parse_args()
    manifests = [manifest_of(name, given.rows, given.classes) for name in MODELS]
    if any(kept(manifest.key) is None for manifest in manifests):
        if given.make_only:
            make(manifests)
        else:  # in a process of its own: its memory is none of the app's
            subprocess.run([sys.executable, "-m", __spec__.name, *sys.argv[1:], "--make-only"],
                           check=True)  # fmt: skip
    if not given.make_only:
        print(json.dumps(_measured(manifests, given.rounds)))


def _measured(manifests: list[Manifest], rounds: int) -> dict[str, object]:
    _as_the_app()
    from han_core.errors.kept.kept_documents import open_documents
    from han_core.errors.opened.store import open_store

    idle = _peak()
    scores = [_scores(manifest) for manifest in manifests]
    opened = [_timed(lambda: open_store(*scores)) for _ in range(rounds)]
    found: dict[str, object] = {"open": _median(opened)}
    whole = open_store(*scores)
    for name, ask in _questions().items():
        times = []
        for number in range(rounds):
            store = replace(whole, documents=open_documents(scores[0].documents))  # knows nothing
            store.search.values("split")  # DuckDB is there, as after the first filter
            times.append(_timed(lambda: ask(store, number)))  # noqa: B023
        found[name] = _median(times)
    return {**found, "peak_megabytes": _peak(), "peak_before": idle}


def _questions() -> dict[str, Callable]:
    """What is timed: ``ask(store, number of the round)``."""
    from han_core.errors.asked.select import select
    from han_core.errors.asked.table import By, page, reading

    def by(**conditions) -> Callable:
        return lambda store, number: select(store, Filter(**conditions), Marks())

    def shown(order, **conditions) -> Callable:
        def ask(store, number):
            page(store, select(store, Filter(**conditions), Marks()), order, 5_000, 50)

        return ask

    return {
        "filter_nothing": by(),
        "filter_cell": by(true=("class 000",), predicted=("class 001",)),
        "filter_numbers": by(
            outcome="wrong", confidence=Range(low=0.9), tokens=Range(low=50, high=300)
        ),
        "filter_change": by(change="broken"),
        "filter_split": by(split=("test",)),
        "filter_column": by(columns=(("source", "source 7"),)),
        "filter_contains": by(contains="Qa"),
        "filter_pattern": by(pattern=r"\bq\w+ (ab|ba)\b"),
        "filter_attended": by(attended=("ab",)),
        "filter_5000_tagged": _tagged,
        "sort_surest_wrong_and_page": shown("surest wrong first"),
        "sort_loss_and_page": shown("highest loss first", outcome="wrong"),
        "sort_number_and_page": shown(By("tokens", True)),
        "sort_id_and_page": shown(By("id")),
        "sort_column_and_page": shown(By("source")),
        "read_one": lambda store, number: reading(store, (number * 7919 + 104_729) % store.rows),
    }


def _tagged(store, number: int) -> float:
    """Seconds to find the documents that have a tag, which 5,000 have."""
    from han_core.errors.asked.select import select
    from han_core.errors.asked.table import contents

    rows = np.arange(number, store.rows, max(1, store.rows // 5_000))
    marks = Marks(tagged={"a": frozenset(contents(store, rows))})
    started = time.perf_counter()
    select(store, Filter(tags=("a",)), marks)
    return time.perf_counter() - started


def _as_the_app() -> None:
    """Loads what a server that shows explanations has loaded."""
    import captum.attr
    import plotly.graph_objects
    import sklearn.metrics
    import streamlit
    import torch

    from han_core.explanation.explain import explain
    from han_core.models.checkpoint import load_checkpoint

    del captum, plotly, sklearn, streamlit
    explain(load_checkpoint("han-imdb", torch.device("cpu")), "Dull, but the ending is superb.")


def _scores(manifest: Manifest) -> Scores:
    found = kept(manifest.key)
    assert found is not None
    return found.scores


def _timed(ask: Callable[[], object]) -> float:
    """Seconds; those that the question itself took, where it says so."""
    started = time.perf_counter()
    said = ask()
    return said if isinstance(said, float) else time.perf_counter() - started


def _median(seconds: list[float]) -> float:
    return round(1000 * statistics.median(seconds), 1)


def _peak() -> int:
    """Megabytes that this process held at most, mapped files included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
