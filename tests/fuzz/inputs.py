"""Whole inputs of every kind: a checkpoint, its scores, tables, links and annotations."""

import gzip
import json
from functools import partial
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from han_core.analysis.documents import store_documents
from han_core.analysis.scoring.manifest import data_sha256, read_manifest
from han_core.analysis.scoring.run import score_corpus
from han_core.analysis.scoring.workers import score_here
from han_core.analysis.sources import Scores
from han_core.data.corpus import Corpus
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import Config, load_checkpoint, save_checkpoint
from han_core.models.registry import build_model
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.viz.model_card.content import Card, weights_of
from tests.fuzz.mutations import Files

WORDS = ("the", "road", "film", "was", "dreadful", "splendid", "quiet", "我", "とても", "كان")
TEXTS = (
    "The road was dreadful. “Quiet!” we said.", "A splendid film, by Dr. No: 3.5 of 5.",
    "我喜欢这部电影。非常好!", "とても良い映画でした。", "كان الفيلم جيدا جدا.",
    "Der Film: gut\n\nx",
)  # fmt: skip
VIEW = {
    "version": 1, "checkpoint": "made", "text": "A quiet road.", "reading": "document",
    "method": "attention", "target": "positive",
    "edits": [{"start": 2, "end": 7, "replacement": "x"}], "tampering": None, "placebo": "none",
}  # fmt: skip
FILTER = {
    "true": ["positive"], "confidence": {"low": 0.1, "high": 0.9}, "contains": "road",
    "pattern": "(a+)+$", "attended": ["quiet"], "columns": [["split", "test"]], "flags": [],
    "tags": ["odd"], "suspect": False, "annotated": False,
}  # fmt: skip
AT = "2026-01-02T03:04:05Z"
CODING = [
    {"annotator": "Ada", "tags": [{"name": "odd", "at": AT}], "note": {"text": "n", "at": AT},
     "flags": [{"kind": "ambiguous", "label": "", "meant": "", "at": AT}], "read": AT},
]  # fmt: skip
EXPORTED = [
    {"text": text, "true": "negative", "predicted": "positive", "coding": json.dumps(CODING),
     "tags": "odd; new", "flags": "", "notes": "n"} for text in TEXTS
]  # fmt: skip
TAG = ("odd", "Ada", "What is odd.", "#1f77b4", "o")
BASELINE = {"name": "bag", "accuracy": 0.5, "n": 4, "macro_f1": 0.5, "p": 0.1}


def to_json(value: object) -> bytes:
    """The value as JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False).encode()


def make_checkpoint(folder: Path) -> Path:
    """Save an untrained checkpoint."""
    vocabulary = Vocabulary((*RESERVED, ".", *WORDS))
    architecture = Architecture(
        model="han", vocabulary_size=len(vocabulary), classes=2, embedding=4, hidden=3,
        attention_size=3,
    )  # fmt: skip
    torch.manual_seed(3)
    epoch = {"epoch": 1, "seconds": 1.0, "train_loss": 0.5}
    metrics = {"dataset": "made", "test": {"accuracy": 0.5, "n": 4}, "settings": {"epochs": 1}}
    config = Config(architecture=architecture, labels=("negative", "positive"))
    weights = build_model(architecture).state_dict()
    save_checkpoint(folder, config, vocabulary, weights, metrics, [epoch])
    card = Card(weights=weights_of(folder, config))
    (folder / "card.json").write_text(card.model_dump_json(), encoding="utf-8")
    return folder


def contents(folder: Path) -> Files:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def make_scores(root: Path, checkpoint: Path) -> Scores:
    """The texts, scored."""
    labels = tuple(("negative", "positive")[row % 2] for row in range(len(TEXTS)))
    ids = tuple(map(str, range(len(TEXTS))))
    corpus = Corpus("made", TEXTS, labels, ids, {"split": ("test",) * len(TEXTS)})
    model, out = load_checkpoint(checkpoint), root / "scores"
    score_corpus(checkpoint, model, corpus, out, partial(score_here, checkpoint=model))
    documents = store_documents(corpus, data_sha256(corpus))
    return Scores(out, documents, read_manifest(out), ("split",))


def whole_tables() -> list[Files]:
    """A table in every form that is read, and two that unpack to far more than they take."""
    rows = [
        {"id": str(row), "text": text, "label": "good"[row % 3 :], "spans": "[[0, 3]]"}
        for row, text in enumerate(TEXTS)
    ]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    cells = [list(rows[0]), *(list(row.values()) for row in rows)]
    csv = "\n".join(",".join(f'"{cell}"' for cell in row) for row in cells).encode()
    tsv = "\n".join("\t".join(map(repr, row)) for row in cells).encode()
    nested = [{**row, "text": [row["text"], "x"], "label": [row["label"]]} for row in rows]
    parquet = [BytesIO(), BytesIO()]
    for file, table in zip(parquet, (rows, nested), strict=True):
        pq.write_table(pa.Table.from_pylist(table), file)
    one_json = json.dumps(nested).encode()
    tables = {
        "t.csv": csv, "t.tsv": tsv, "t.jsonl": lines, "t.json": one_json, "u.csv": b"sep=;\n" + csv,
        "t.parquet": parquet[0].getvalue(), "u.parquet": parquet[1].getvalue(),
        "t.csv.gz": gzip.compress(csv, mtime=0), "t.jsonl.gz": gzip.compress(lines, mtime=0),
        "u.csv.gz": gzip.compress(b"text\n" + b"a" * 5_000_000, mtime=0),
        "u.jsonl": b"\n".join(json.dumps(row).encode() for row in nested),
        "v.csv": csv.decode().encode("utf-16"), "v.jsonl": b'{"text": "' + b"a" * 300_000 + b'"}',
    }  # fmt: skip
    return [{name: content} for name, content in tables.items()]
