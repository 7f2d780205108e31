"""Scored data sets: one through two trained models, others made by hand."""

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from han_core.analysis.dataset import Store, open_store
from han_core.analysis.documents import store_documents
from han_core.analysis.scoring import manifest as part_module
from han_core.analysis.scoring.manifest import Manifest, data_sha256, read_manifest, readable
from han_core.analysis.scoring.run import score_corpus
from han_core.analysis.scoring.table import (
    SCHEMA,
    part_path,
    sentence_codes,
    to_parquet,
    word_codes,
)
from han_core.analysis.scoring.workers import Scorer
from han_core.analysis.sources import Scores
from han_core.data.corpus import Corpus
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.paths import scores_root


def score(folder: Path, corpus: Corpus) -> Scores:
    """The corpus scored in this process by the checkpoint in ``folder``, in parts of 40 rows."""

    def engine(parts, job):
        scorer = Scorer(job, "cpu")
        for part in parts:
            yield part.number, scorer(part.to_bytes())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part_module, "FEWEST", 40)
        out = scores_root() / f"{folder.name}-{data_sha256(corpus)}"
        score_corpus(folder, load_checkpoint(folder), corpus, out, engine)
    documents = store_documents(corpus, data_sha256(corpus))
    return Scores(out, documents, read_manifest(out), tuple(corpus.extra))


@pytest.fixture
def own_data(tmp_path, monkeypatch):
    """A data folder of the test's own."""
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))


@pytest.fixture(scope="session")
def folder(random_checkpoint) -> Path:
    """The folder of an untrained HAN."""
    return random_checkpoint("han")


@pytest.fixture(scope="session")
def checkpoint(folder):
    return load_checkpoint(folder, torch.device("cpu"))


@pytest.fixture(scope="session")
def scored_corpus(planted_corpora) -> Corpus:
    """A hundred planted documents with the columns ``word`` and ``split``."""
    corpus = planted_corpora.test
    split = tuple(("dev", "test")[row % 2] for row in range(len(corpus)))
    return replace(corpus, extra={**corpus.extra, "split": split})


@pytest.fixture(scope="session")
def scores(data_of_the_tests, planted_checkpoint, scored_corpus) -> Scores:
    return score(planted_checkpoint, scored_corpus)


@pytest.fixture(scope="session")
def other_scores(data_of_the_tests, planted, scored_corpus) -> Scores:
    """The same documents by a flat model."""
    return score(planted("bilstm", "dot")[0], scored_corpus)


@pytest.fixture(scope="session")
def store(scores) -> Store:
    return open_store(scores)


@pytest.fixture(scope="session")
def pair_store(scores, other_scores) -> Store:
    return open_store(scores, other_scores)


@pytest.fixture
def make_store(data_of_the_tests, tmp_path):
    """``make_store(true=…, predicted=…, …)``: a store of columns made by hand.

    Every column is optional and a sequence with a cell a document: ``true`` and ``predicted``
    (labels), ``confidence``, ``probabilities`` (else ``confidence`` for the prediction and the
    rest for the others alike), ``loss`` (else of the probabilities), ``texts``, ``ids``,
    ``words`` (else the text's), ``tokens``, ``unknown``, ``entropy``, ``attended``,
    ``word_weights`` (of one sentence), ``other`` and ``other_confidence`` (a second model's);
    ``labels`` are the classes and ``columns`` the data's own. ``rows_a_part`` cuts parts.
    """
    made = 0

    def make(**fields) -> Store:
        nonlocal made
        made += 1
        return _store(tmp_path / f"store-{made}", **fields)

    return make


def _store(
    folder: Path,
    *,
    labels: Iterable[str] | None = None,
    columns: dict[str, Iterable[str]] | None = None,
    rows_a_part: int = 256,
    other: Iterable[str] | None = None,
    other_confidence: Iterable[float] | None = None,
    **fields,
) -> Store:
    rows = next(len(cells) for cells in (*fields.values(), *(columns or {}).values()))
    labels = tuple(labels or sorted({"neg", "pos", *fields.get("true", ()), *(other or ()),
                                     *fields.get("predicted", ())}))  # fmt: skip
    true = list(fields.get("true", [labels[0]] * rows))
    texts = list(fields.get("texts", [f"Text number {row}." for row in range(rows)]))
    ids = list(fields.get("ids", map(str, range(rows))))
    own = {name: list(cells) for name, cells in (columns or {}).items()}
    corpus = Corpus("by hand", texts, tuple(true), ids, own)
    documents = store_documents(corpus, data_sha256(corpus))

    def scored(name: str, **cells) -> Scores:
        table = _table(labels, {"true": true, "texts": texts, "ids": ids, **cells})
        manifest = Manifest(
            checkpoint=name, checkpoint_sha256=sha256(name.encode()).hexdigest(),
            data="by hand", data_sha256=data_sha256(corpus), classes=labels, labelled=True,
            rows=rows, rows_a_part=rows_a_part,
        )  # fmt: skip
        out = folder / name
        out.mkdir(parents=True)
        (out / "manifest.json").write_text(manifest.model_dump_json())
        for number in range(manifest.parts):
            part = table.slice(number * rows_a_part, rows_a_part)
            part_path(out, number).write_bytes(to_parquet(part, manifest.key, number))
        return Scores(out, documents, manifest, tuple(own))

    first = scored("first", **fields)
    if other is None:
        return open_store(first)
    sure = {} if other_confidence is None else {"confidence": other_confidence}
    return open_store(first, scored("second", predicted=other, **sure))


def _table(labels: tuple[str, ...], fields: dict) -> pa.Table:
    rows = len(fields["true"])
    predicted = list(fields.get("predicted", fields["true"]))
    confidence = np.array(fields.get("confidence", [0.9] * rows), dtype=float)
    if "probabilities" in fields:
        probabilities = np.array(fields["probabilities"], dtype=float)
        predicted = [labels[at] for at in probabilities.argmax(1)]
        confidence = probabilities.max(1)
    else:
        rest = (1 - confidence) / max(1, len(labels) - 1)
        probabilities = np.repeat(rest[:, None], len(labels), axis=1)
        probabilities[range(rows), [labels.index(name) for name in predicted]] = confidence
    p_true = probabilities[range(rows), [labels.index(name) for name in fields["true"]]]
    split = [readable(text).split() or ["."] for text in fields["texts"]]
    words = [list(cells) for cells in fields.get("words", split)]
    lengths = [len(cells) for cells in words]
    weights = fields.get("word_weights", [np.full(n, 1 / n) for n in lengths])
    cells = {
        "row": range(rows),
        "id": [readable(id) for id in fields["ids"]],
        "label": fields["true"],
        "predicted": predicted,
        "confidence": confidence,
        "probabilities": probabilities.tolist(),
        "loss": fields.get("loss", -np.log(np.maximum(p_true, 1e-12))),
        "tokens": fields.get("tokens", lengths),
        "sentences": [1] * rows,
        "unknown": fields.get("unknown", [0] * rows),
        "entropy": fields.get("entropy", [0.5] * rows),
        "attended": fields.get("attended", [list(dict.fromkeys(each))[:5] for each in words]),
        "words": words,
        "sentence_weights": [sentence_codes(np.ones(1)) for _ in range(rows)],
        "sentence_lengths": [[n] for n in lengths],
        "word_weights": [
            word_codes(np.array(each, dtype=float), np.array([n]))
            for each, n in zip(weights, lengths, strict=True)
        ],
    }
    arrays = [pa.array(list(cells[field.name]), _plain(field.type)).cast(field.type)
              for field in SCHEMA]  # fmt: skip
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _plain(kind: pa.DataType) -> pa.DataType:
    """What Python's cells become first: ``pa.array`` makes no dictionaries."""
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_list(kind) and pa.types.is_dictionary(kind.value_type):
        return pa.list_(kind.value_type.value_type)
    return kind
