"""Scored documents by chance, a million if need be, kept where the app keeps its own.

Right for about four documents of five; every text is of 48 words. Two models share the
documents. Seeded, so that they are the same wherever they are made.
"""

import hashlib
import sys
import time
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from han_core.corpora.corpus import Corpus
from han_core.errors.kept.documents import keep_documents
from han_core.errors.kept.holdings import SOURCE, Origin
from han_core.errors.kept.source import Source
from han_core.models.folder import write_json, write_whole
from han_core.places import scores_root
from han_core.scoring.manifest import MANIFEST, Manifest
from han_core.scoring.part import rows_a_part
from han_core.scoring.stored import part_path
from han_core.scoring.table import SCHEMA, to_parquet

MODELS = ("generated-one", "generated-two")
VOCABULARY, WORDS, SENTENCES = 30_000, 48, 4


def manifest_of(name: str, rows: int, classes: int) -> Manifest:
    def named(*words: object) -> str:
        return hashlib.sha256(repr(words).encode()).hexdigest()

    return Manifest(
        checkpoint=name,
        checkpoint_sha256=named(name, classes),
        data=f"Generated, {rows:,} documents",
        data_sha256=named("generated", rows, classes),
        classes=tuple(f"class {number:03d}" for number in range(classes)),
        labelled=True,
        rows=rows,
        rows_a_part=rows_a_part(rows),
    )


def make(manifests: list[Manifest]) -> None:
    first, draw = manifests[0], np.random.default_rng(5)
    spelled = draw.integers(97, 123, (VOCABULARY, 10), dtype=np.uint8)
    words = [bytes(row[: draw.integers(2, 10)]).decode() for row in spelled]
    true = draw.integers(0, len(first.classes), first.rows)
    chosen = (draw.zipf(1.2, (first.rows, WORDS)) - 1) % VOCABULARY
    named = np.array(words, dtype=object)
    texts = [" ".join(named[row]) for row in chosen]
    labels = tuple(first.classes[code] for code in true)
    split = [("train", "validation", "test")[code] for code in draw.integers(0, 3, first.rows)]
    source = [f"source {code}" for code in draw.integers(0, 40, first.rows)]
    corpus = Corpus(first.data, texts, labels, [f"d{row}" for row in range(first.rows)],
                    {"split": split, "source": source})  # fmt: skip
    documents = keep_documents(corpus, first.data_sha256)
    for seed, manifest in enumerate(manifests):
        print(f"Writing the scores of {manifest.checkpoint}", file=sys.stderr)
        folder = scores_root() / manifest.key
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / MANIFEST, manifest.model_dump(mode="json"))
        for number, table in enumerate(_parts(manifest, true, chosen, words, seed)):
            write_whole(part_path(folder, number), to_parquet(table, manifest.key, number))
        origin = Origin(source=Source(data=manifest.data), documents=documents.name,
                        columns=tuple(corpus.extra), at=time.time())  # fmt: skip
        write_json(folder / SOURCE, origin.model_dump(mode="json"))


def _parts(
    manifest: Manifest, true: np.ndarray, chosen: np.ndarray, words: list[str], seed: int
) -> Iterator[pa.Table]:
    """A part after the other; right for about four documents of five."""
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
    """``cells`` in ``rows`` lists of one length."""
    ends = np.arange(rows + 1, dtype=np.int32) * (len(cells) // rows)
    return pa.ListArray.from_arrays(pa.array(ends), cells)


def _spelled(numbers: np.ndarray, words: list[str]) -> pa.Array:
    return pa.array(words).take(pa.array(numbers.ravel()))
