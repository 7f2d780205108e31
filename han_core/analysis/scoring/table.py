"""The columns of scored documents: made from explanations, stored as Parquet, read back.

A folder of scores holds ``manifest.json`` and ``part-00000.parquet``, ``part-00001.parquet`` …
in the order of the corpus; ``read_parquet('FOLDER/part-*.parquet')`` of DuckDB, and pandas,
Polars or Spark, read them as one table. Beside each part stands its checksum
(``part-00000.parquet.sha256``), which is verified before the part is read. The columns:

    row               position in the corpus, from 0
    id                as in the corpus
    label             true class, by the checkpoint's name for it; null without labels
    predicted         the most probable class
    confidence        its probability
    probabilities     one for each class, in the order of the manifest's ``classes``
    loss              −ln of the label's probability (nats); null without labels
    tokens, sentences, unknown    counts; ``unknown`` are tokens not in the vocabulary
    entropy           of attention to words: 0 all on one word, 1 on all alike
    attended          up to five different words with the most attention, the first leads
    sentence_weights  float16, one for each sentence
    sentence_lengths  tokens in each sentence
    word_weights      uint8, one for each token (``word_codes``)
    words             each token as the model reads it

A word's weight w within its sentence is stored as q = round(255 · √(w / the sentence's largest
w)) and read as q² over the sum of q² in its sentence: the root keeps the tail of long
sentences. With m the largest weight of a sentence of n words, the result differs from w by at
most (√(w·m) + w·√(m·n)) / 255 (1 + about 1%).
"""

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from han_core.analysis.scoring.manifest import Manifest, Part, read_manifest, readable
from han_core.explanation.explain import explain_many
from han_core.explanation.explanation import Explanation, entropy
from han_core.models.checkpoint import Checkpoint
from han_core.runtime.checksums import (
    DamagedFileError,
    verify_checksum,
    verify_sections,
    write_with_checksum,
)
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

STEPS = 255


def word_codes(weights: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """(tokens,) uint8 for ``weights`` (tokens,) that sum to 1 in sentences of ``lengths`` words."""
    starts = lengths.cumsum() - lengths
    largest = np.maximum.reduceat(weights, starts).repeat(lengths)
    return np.rint(STEPS * np.sqrt(weights / largest)).astype(np.uint8)


def word_weights(codes: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """(tokens,) float64 that sum to 1 in each sentence, from ``word_codes``."""
    squares = codes.astype(float) ** 2
    return squares / np.add.reduceat(squares, lengths.cumsum() - lengths).repeat(lengths)


def sentence_codes(weights: np.ndarray) -> np.ndarray:
    """(sentences,) float16 for ``weights`` that sum to 1."""
    return weights.astype(np.float16)


def sentence_weights(codes: np.ndarray) -> np.ndarray:
    """(sentences,) float64 that sum to 1, from ``sentence_codes``."""
    exact = codes.astype(float)
    return exact / exact.sum()


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
    """The part's documents with ``SCHEMA``, in the part's order."""
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
    result: dict[str, None] = {}
    for at in np.argsort(-weights, kind="stable"):
        result[words[at]] = None
        if len(result) == ATTENDED:
            break
    return list(result)


def to_parquet(table: pa.Table, key: str, number: int) -> bytes:
    """A file's content: the table, and which part of which scores it is."""
    marked = table.replace_schema_metadata({"scores": key, "part": str(number)})
    file = io.BytesIO()
    pq.write_table(marked, file, compression="zstd", row_group_size=GROUP)
    return file.getvalue()


def write_part(folder: Path, number: int, content: bytes) -> None:
    """Write the file of a part and its checksum, in which each column is a section.

    Raises:
        OSError: if the disk takes no more.
    """
    write_with_checksum(part_path(folder, number), content, _sections(content))


def _sections(content: bytes) -> dict[str, list[tuple[int, int]]]:
    """The byte ranges of each column: a chunk in each row group."""
    metadata = pq.read_metadata(io.BytesIO(content))
    sections: dict[str, list[tuple[int, int]]] = {}
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            start = chunk.dictionary_page_offset or chunk.data_page_offset
            name = chunk.path_in_schema.partition(".")[0]
            end = start + chunk.total_compressed_size
            sections.setdefault(name, []).append((start, end))
    return sections


def is_whole(
    path: Path, key: str, number: int, rows: int, columns: Iterable[str] | None = None
) -> bool:
    """Return whether ``path`` holds this part of these scores as it was written.

    Args:
        columns: those that are verified; None: all.
    """
    try:
        verify_checksum(path) if columns is None else verify_sections(path, columns)
        result = pq.read_metadata(path)
    except (DamagedFileError, OSError, pa.ArrowException):
        return False
    marks = result.metadata or {}
    expected = {b"scores": key.encode(), b"part": str(number).encode()}
    return result.num_rows == rows and expected.items() <= marks.items()


NARROW = ("label", "predicted", "confidence", "loss", "tokens", "unknown", "entropy")
"""Columns of one number or class a document, which are read when scores are opened."""
BULK = ["sentence_weights", "sentence_lengths", "word_weights"]
WORDS = "words"


@dataclass(frozen=True)
class StoredAttention:
    """The attention of one document, read from a part.

    Attributes:
        sentence_weights: (sentences,) float64, sum to 1.
        word_weights: (tokens,) float64, sum to 1 in each sentence.
        sentence_lengths: (sentences,) tokens in each sentence.
        words: (tokens,) as the model reads them; () where they were not fetched.
    """

    sentence_weights: np.ndarray
    word_weights: np.ndarray
    sentence_lengths: np.ndarray
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        actual = len(self.sentence_weights), len(self.word_weights)
        if actual != (expected := (len(self.sentence_lengths), self.sentence_lengths.sum())):
            raise ValueError(f"{expected} sentences and tokens expected, {actual} came")
        if self.words and len(self.words) != len(self.word_weights):
            raise ValueError(f"{len(self.word_weights)} words expected, {len(self.words)} came")

    @property
    def document_weights(self) -> np.ndarray:
        """(tokens,) weights within the document, α_s · α_w; sum to 1."""
        return self.sentence_weights.repeat(self.sentence_lengths) * self.word_weights

    @classmethod
    def of_cells(cls, cells: dict) -> "StoredAttention":
        """Build from a row's cells of ``BULK``, with or without ``WORDS``."""
        lengths = np.array(cells["sentence_lengths"], dtype=np.int64)
        return cls(
            sentence_weights(np.array(cells["sentence_weights"])),
            word_weights(np.array(cells["word_weights"]), lengths),
            lengths,
            tuple(cells.get(WORDS, ())),
        )


def part_path(folder: Path, number: int) -> Path:
    """The file of a part."""
    return folder / f"part-{number:05d}.parquet"


@contextmanager
def open_part(
    folder: Path, number: int, columns: Sequence[str], **options
) -> Iterator[pq.ParquetFile]:
    """Open a part to read ``columns``; a part that is missing or damaged is a ``UserError``."""
    path = verified_part(folder, number, columns)
    with _one_sentence(folder, number), pq.ParquetFile(path, **options) as file:
        yield file


def verified_part(folder: Path, number: int, columns: Sequence[str]) -> Path:
    """Return the file of a part, of which the rest and ``columns`` are what was written."""
    path = part_path(folder, number)
    with _one_sentence(folder, number):
        verify_sections(path, columns)
    return path


@contextmanager
def _one_sentence(folder: Path, number: int) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UserError(
            tr(
                "Part {number} in {name} is missing; score the data again.",
                number=number,
                name=folder.name,
            )
        ) from error
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:  # UserError is a ValueError
        raise UserError(
            tr(
                "Part {number} in {name} is damaged; score the data again.",
                number=number,
                name=folder.name,
            )
        ) from error


def read_rows(
    folder: Path, manifest: Manifest, rows: np.ndarray, columns: list[str], **options
) -> Iterator[pa.Table]:
    """Yield columns of ``rows`` (documents,), which ascend, one row group at a time."""
    parts, within = np.divmod(np.asarray(rows, np.int64), manifest.rows_a_part)
    for number in np.unique(parts).tolist():
        groups, places = np.divmod(within[parts == number], GROUP)
        with open_part(folder, number, columns, **options) as file:
            for group in np.unique(groups).tolist():
                table = file.read_row_group(group, columns=columns)
                yield table.select(columns).take(places[groups == group])


def read_probabilities(folder: Path, manifest: Manifest, number: int) -> np.ndarray:
    """Return the probabilities of a part, (documents, classes) float32."""
    with open_part(folder, number, ["probabilities"]) as file:
        cells = file.read(columns=["probabilities"])["probabilities"].combine_chunks()
        return cells.flatten().to_numpy().reshape(-1, len(manifest.classes))


def stored_attention(folder: Path, row: int) -> StoredAttention:
    """Return the attention of a row of the corpus, from 0, with its words."""
    manifest = read_manifest(folder)
    if not 0 <= row < manifest.rows:
        raise UserError(
            tr(
                "A row from 0 to {rows:,} was expected; {row:,} came.",
                rows=manifest.rows - 1,
                row=row,
            )
        )
    (table,) = read_rows(folder, manifest, np.array([row]), [*BULK, WORDS])
    (cells,) = table.to_pylist()
    return StoredAttention.of_cells(cells)


def stored_metrics(folder: Path, manifest: Manifest) -> dict[str, float]:
    """Accuracy, macro F1 and mean loss of all parts, as ``training.evaluate.metrics``.

    Every part must be there, and the data labelled.
    """
    from sklearn.metrics import accuracy_score, f1_score

    names = pa.array(manifest.classes)
    result: dict[str, list[np.ndarray]] = {"label": [], "predicted": [], "loss": []}
    for number in range(manifest.parts):
        table = pq.read_table(part_path(folder, number), columns=list(result))
        for column in ("label", "predicted"):
            words = table[column].cast(pa.string())
            result[column].append(pc.index_in(words, value_set=names).to_numpy())
        result["loss"].append(table["loss"].to_numpy())
    true, predicted, loss = (np.concatenate(parts) for parts in result.values())
    return {
        "accuracy": float(accuracy_score(true, predicted)),
        "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0)),
        "loss": float(loss.mean(dtype=np.float64)),
    }
