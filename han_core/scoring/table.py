"""What is kept of a scored document: the columns of a part.

A folder of scores holds ``manifest.json`` and ``part-00000.parquet``, ``part-00001.parquet``
and so on, in the order of the corpus, which ``read_parquet('FOLDER/part-*.parquet')`` of
DuckDB, and pandas, Polars or Spark, read as one table:

    row               the document's place in the corpus, from 0
    id                as the corpus names it
    label             the class it belongs to, by the checkpoint's name for it; null without labels
    predicted         the most probable class
    confidence        its probability
    probabilities     a number for each class, in the order of the manifest's ``classes``
    loss              −ln of the label's probability (nats); null without labels
    tokens, sentences, unknown    how many there are; ``unknown`` are tokens not in the vocabulary
    entropy           of the attention to words: 0 all on one word, 1 on all alike
    attended          up to five different words with the most attention, the first leads
    sentence_weights  float16, a number for each sentence
    sentence_lengths  tokens in each sentence
    word_weights      uint8, a number for each token; ``compact`` says how it becomes a weight
    words             each token as the model reads it: in lower case where it does so

Sums and filters read the narrow columns only. The last four are the bulk: fetch them for one
document at a time (``stored.stored_attention``), which reads a group of ``GROUP`` rows. Parquet
keeps each different word of a group once, and numbers elsewhere. The texts stay where they are.
It knows nothing about processes or other parts.
"""

import io
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from han_core.explanation.explain import explain_many
from han_core.explanation.explanation import Explanation, entropy
from han_core.models.checkpoint import Checkpoint
from han_core.scoring.compact import sentence_codes, word_codes
from han_core.scoring.part import Part, readable

GROUP = 2_048
"""Rows of a Parquet row group: 4 ms to fetch the attention of one of them."""

ATTENDED = 5
LEAST = 1e-12
"""A probability counts as at least this in a loss, as in ``training.evaluate``."""

_CLASS = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    {
        "row": pa.int64(),
        "id": pa.string(),
        "label": _CLASS,
        "predicted": _CLASS,
        "confidence": pa.float32(),
        "probabilities": pa.list_(pa.float32()),
        "loss": pa.float32(),
        "tokens": pa.int32(),
        "sentences": pa.int32(),
        "unknown": pa.int32(),
        "entropy": pa.float32(),
        "attended": pa.list_(pa.string()),
        "sentence_weights": pa.list_(pa.float16()),
        "sentence_lengths": pa.list_(pa.int32()),
        "word_weights": pa.list_(pa.uint8()),
        "words": pa.list_(pa.string()),
    }
)


def score_part(checkpoint: Checkpoint, part: Part) -> pa.Table:
    """The part's documents with ``SCHEMA``, in the part's order.

    Raises:
        WrongInput: as ``explain``; the sentence names the document by its row, from 1.
    """
    # Documents of like length go through the model together, so that none waits for a longer one.
    order = sorted(range(len(part)), key=lambda at: len(part.texts[at]))
    texts = [part.texts[at] for at in order]
    names = [str(part.start + at + 1) for at in order]
    rows: list[dict] = [{}] * len(part)
    for at, explanation in zip(order, explain_many(checkpoint, texts, names), strict=True):
        place = None if part.classes is None else part.classes[at]
        rows[at] = {
            "row": part.start + at,
            "id": part.ids[at],
            "label": None if place is None else checkpoint.labels[place],
            "loss": None if place is None else _loss(explanation.probabilities[place]),
            **_decision(explanation),
            **_attention(explanation, checkpoint.vocabulary.lowercase),
        }
    return pa.table({name: [row[name] for row in rows] for name in SCHEMA.names}, schema=SCHEMA)


def _loss(probability: float) -> float:
    return -math.log(max(probability, LEAST))


def _decision(explanation: Explanation) -> dict:
    return {
        "predicted": explanation.label,
        "confidence": explanation.probability,
        "probabilities": explanation.probabilities.astype(np.float32),
        "tokens": len(explanation.known),
        "sentences": len(explanation.sentence_weights),
        "unknown": explanation.unknown,
    }


def _attention(explanation: Explanation, lowercase: bool) -> dict:
    lengths = np.array(explanation.document.sentence_lengths)
    words = _words(explanation, lowercase)
    return {
        "entropy": entropy(explanation.document_weights),
        "attended": _attended(words, explanation.document_weights),
        "sentence_weights": sentence_codes(explanation.sentence_weights),
        "sentence_lengths": lengths,
        "word_weights": word_codes(explanation.word_weights, lengths),
        "words": words,
    }


def _words(explanation: Explanation, lowercase: bool) -> list[str]:
    """Every token, in lower case where the model reads it so."""
    words = explanation.document.token_texts()
    return [readable(word.lower() if lowercase else word) for word in words]


def _attended(words: list[str], weights: np.ndarray) -> list[str]:
    """Up to ``ATTENDED`` different ones of ``words`` (tokens,), by their ``weights`` (tokens,)."""
    found: dict[str, None] = {}
    for at in np.argsort(-weights, kind="stable"):
        found[words[at]] = None
        if len(found) == ATTENDED:
            break
    return list(found)


def to_parquet(table: pa.Table, key: str, number: int) -> bytes:
    """A file's content: the table, and which part of which scores it is."""
    marked = table.replace_schema_metadata({"scores": key, "part": str(number)})
    file = io.BytesIO()
    pq.write_table(marked, file, compression="zstd", row_group_size=GROUP)
    return file.getvalue()


def is_whole(path: Path, key: str, number: int, rows: int) -> bool:
    """Whether ``path`` is this part of these scores, by the end of the file."""
    try:
        found = pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return False
    marks = found.metadata or {}
    expected = {b"scores": key.encode(), b"part": str(number).encode()}
    return found.num_rows == rows and expected.items() <= marks.items()
