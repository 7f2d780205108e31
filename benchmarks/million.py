"""A million scored documents: how quickly they are filtered, sorted, paged and read.

    python -m benchmarks.million [--rows N] [--classes N] [--rounds N] [--make-only]

Makes two models' scores of a million generated documents of 48 words (about 300 characters)
where the app stores scores, once: a minute or two, and a GB of disk below ``HANSCOPE_DATA``. About
four of five are right, and the same seed makes the same documents everywhere. The Errors page
offers them as "Generated". Then runs the queries of the page, in a process that has loaded what
the app loads, and prints one JSON line: the median milliseconds of each query when it is run for
the first time, and the peak memory of the process.
"""

import argparse
import hashlib
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from han_core.analysis.dataset import open_store
from han_core.analysis.document_table import read_document, table_page
from han_core.analysis.documents import open_documents, store_documents
from han_core.analysis.filters import Filter, Marks, Range
from han_core.analysis.query import ByColumn, select
from han_core.analysis.score_cache import SOURCE, Origin, open_scores
from han_core.analysis.scoring.manifest import MANIFEST, Manifest, rows_a_part
from han_core.analysis.scoring.table import SCHEMA, to_parquet, write_part
from han_core.analysis.sources import Scores, Source
from han_core.data.corpus import Corpus
from han_core.runtime.atomic_io import write_json
from han_core.runtime.paths import scores_root

MODELS = ("generated-one", "generated-two")
VOCABULARY, WORDS, SENTENCES = 30_000, 48, 4


def manifest_of(name: str, rows: int, classes: int) -> Manifest:
    def digest(*parts: object) -> str:
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    return Manifest(
        checkpoint=name,
        checkpoint_sha256=digest(name, classes),
        data=f"Generated, {rows:,} documents",
        data_sha256=digest("generated", rows, classes),
        classes=tuple(f"class {number:03d}" for number in range(classes)),
        labelled=True,
        rows=rows,
        rows_a_part=rows_a_part(rows),
    )


def make(manifests: list[Manifest]) -> None:
    """Write the documents, and the scores of each manifest."""
    first, draw = manifests[0], np.random.default_rng(5)
    spelled = draw.integers(97, 123, (VOCABULARY, 10), dtype=np.uint8)
    words = [bytes(row[: draw.integers(2, 10)]).decode() for row in spelled]
    true = draw.integers(0, len(first.classes), first.rows)
    chosen = (draw.zipf(1.2, (first.rows, WORDS)) - 1) % VOCABULARY
    texts = [" ".join(row) for row in np.array(words, dtype=object)[chosen]]
    labels = tuple(first.classes[code] for code in true)
    split = [("train", "validation", "test")[code] for code in draw.integers(0, 3, first.rows)]
    source = [f"source {code}" for code in draw.integers(0, 40, first.rows)]
    corpus = Corpus(first.data, texts, labels, [f"d{row}" for row in range(first.rows)],
                    {"split": split, "source": source})  # fmt: skip
    documents = store_documents(corpus, first.data_sha256)
    for seed, manifest in enumerate(manifests):
        print(f"Writing the scores of {manifest.checkpoint}", file=sys.stderr)
        folder = scores_root() / manifest.key
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / MANIFEST, manifest.model_dump(mode="json"))
        for number, table in enumerate(_parts(manifest, true, chosen, words, seed)):
            write_part(folder, number, to_parquet(table, manifest.key, number))
        origin = Origin(source=Source(data=manifest.data), documents=documents.name,
                        columns=tuple(corpus.extra), at=time.time())  # fmt: skip
        write_json(folder / SOURCE, origin.model_dump(mode="json"))


def _parts(
    manifest: Manifest, true: np.ndarray, chosen: np.ndarray, words: list[str], seed: int
) -> Iterator[pa.Table]:
    """Yield one part after another; about four of five documents are right."""
    draw, classes = np.random.default_rng(seed), len(manifest.classes)
    for start in range(0, manifest.rows, manifest.rows_a_part):
        codes, numbers = (cells[start : start + manifest.rows_a_part] for cells in (true, chosen))
        n = len(codes)
        logits = draw.normal(0, 1.5, (n, classes))
        logits[np.arange(n), codes] += draw.normal(3.5, 1.5, n)
        p = np.exp(logits)
        p = (p / p.sum(1, keepdims=True)).astype(np.float32)
        attention = draw.integers(0, 256, (n, WORDS), dtype=np.uint8)
        top = np.argsort(-attention.astype(int), axis=1)[:, :5]
        lengths = np.full(n * SENTENCES, WORDS // SENTENCES, dtype=np.int32)
        evenly = np.full(n * SENTENCES, 1 / SENTENCES, dtype=np.float16)
        labels = pa.array(manifest.classes)
        columns = {
            "row": pa.array(np.arange(start, start + n)),
            "id": pa.array([f"d{row}" for row in range(start, start + n)]),
            "label": labels.take(pa.array(codes)),
            "predicted": labels.take(pa.array(p.argmax(1))),
            "confidence": pa.array(p.max(1)),
            "probabilities": _lists(pa.array(p.ravel()), n),
            "loss": pa.array(-np.log(np.maximum(p[np.arange(n), codes], 1e-12))),
            "tokens": pa.array(draw.integers(20, 400, n, dtype=np.int32)),
            "sentences": pa.array(np.full(n, SENTENCES, dtype=np.int32)),
            "unknown": pa.array(draw.integers(0, 9, n, dtype=np.int32)),
            "entropy": pa.array(draw.random(n, dtype=np.float32)),
            "attended": _lists(_spelled(np.take_along_axis(numbers, top, 1), words), n),
            "sentence_weights": _lists(pa.array(evenly), n),
            "sentence_lengths": _lists(pa.array(lengths), n),
            "word_weights": _lists(pa.array(np.maximum(attention, 1).ravel()), n),
            "words": _lists(_spelled(numbers, words), n),
        }  # fmt: skip
        yield pa.table({field.name: columns[field.name].cast(field.type) for field in SCHEMA})


def _lists(cells: pa.Array, rows: int) -> pa.Array:
    """Return ``cells`` in ``rows`` lists of one length."""
    ends = np.arange(rows + 1, dtype=np.int32) * (len(cells) // rows)
    return pa.ListArray.from_arrays(pa.array(ends), cells)


def _spelled(numbers: np.ndarray, words: list[str]) -> pa.Array:
    return pa.array(words).take(pa.array(numbers.ravel()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--make-only", action="store_true")
    options = parser.parse_args()
    manifests = [manifest_of(name, options.rows, options.classes) for name in MODELS]
    if any(open_scores(manifest.key) is None for manifest in manifests):
        if options.make_only:
            make(manifests)
        else:  # in a process of its own: its memory is none of the app's
            subprocess.run([sys.executable, "-m", __spec__.name, *sys.argv[1:], "--make-only"],
                           check=True)  # fmt: skip
    if not options.make_only:
        print(json.dumps(_measure(manifests, options.rounds)))


def _measure(manifests: list[Manifest], rounds: int) -> dict[str, object]:
    _load_the_app()
    idle = _peak_memory()
    scores = [_scores(manifest) for manifest in manifests]
    opened = [_timed(lambda: open_store(*scores)) for _ in range(rounds)]
    found: dict[str, object] = {"open": _median(opened)}
    whole = open_store(*scores)
    for name, query in _queries().items():
        times = []
        for number in range(rounds):
            documents = open_documents(scores[0].documents)  # nothing is cached
            store = replace(whole, documents=documents)
            store.search.values("split")  # DuckDB is there, as after the first filter
            times.append(_timed(lambda: query(store, number)))  # noqa: B023
        found[name] = _median(times)
    return {**found, "peak_megabytes": _peak_memory(), "peak_before": idle}


def _queries() -> dict[str, Callable]:
    """Return the timed queries: ``query(store, number of the round)``."""

    def filtered(**conditions) -> Callable:
        return lambda store, number: select(store, Filter(**conditions), Marks())

    def page(order, **conditions) -> Callable:
        def query(store, number):
            table_page(store, select(store, Filter(**conditions), Marks()), order, 5_000, 50)

        return query

    return {
        "filter_nothing": filtered(),
        "filter_cell": filtered(true=("class 000",), predicted=("class 001",)),
        "filter_numbers": filtered(
            outcome="wrong", confidence=Range(low=0.9), tokens=Range(low=50, high=300)
        ),
        "filter_change": filtered(change="broken"),
        "filter_split": filtered(split=("test",)),
        "filter_column": filtered(columns=(("source", "source 7"),)),
        "filter_contains": filtered(contains="Qa"),
        "filter_pattern": filtered(pattern=r"\bq\w+ (ab|ba)\b"),
        "filter_attended": filtered(attended=("ab",)),
        "filter_5000_tagged": _tagged,
        "sort_surest_wrong_and_page": page("surest wrong first"),
        "sort_loss_and_page": page("highest loss first", outcome="wrong"),
        "sort_number_and_page": page(ByColumn("tokens", True)),
        "sort_id_and_page": page(ByColumn("id")),
        "sort_column_and_page": page(ByColumn("source")),
        "read_one": lambda store, number: read_document(
            store, (number * 7919 + 104_729) % store.rows
        ),
    }


def _tagged(store, number: int) -> float:
    """Return the seconds to find the 5,000 documents that have a tag."""
    rows = np.arange(number, store.rows, max(1, store.rows // 5_000))
    marks = Marks(tagged={"a": frozenset(store.documents.contents(rows))})
    started = time.perf_counter()
    select(store, Filter(tags=("a",)), marks)
    return time.perf_counter() - started


def _load_the_app() -> None:
    """Load what a server that shows explanations has loaded."""
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
    found = open_scores(manifest.key)
    assert found is not None
    return found.scores


def _timed(query: Callable[[], object]) -> float:
    """Return the seconds of a query; those that it returns itself, if any."""
    started = time.perf_counter()
    result = query()
    return result if isinstance(result, float) else time.perf_counter() - started


def _median(seconds: list[float]) -> float:
    return round(1000 * statistics.median(seconds), 1)


def _peak_memory() -> int:
    """Return the most megabytes that this process had, mapped files included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
