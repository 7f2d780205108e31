"""Reading scores back: the attention of one document, and the figures of all.

Works on parts that are there; a folder that is not finished can be read as well.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from han_core.scoring.compact import sentence_weights, word_weights
from han_core.scoring.manifest import Manifest, read_manifest
from han_core.scoring.table import GROUP
from han_core.wrong_input import WrongInput

BULK = ["sentence_weights", "sentence_lengths", "word_weights"]
WORDS = "words"


@dataclass(frozen=True)
class StoredAttention:
    """Where a model's attention stood, from a part.

    Attributes:
        sentence_weights: (sentences,) float64, sum to 1.
        word_weights: (tokens,) float64, sum to 1 in each sentence.
        sentence_lengths: (sentences,) tokens in each sentence.
        words: (tokens,) as the model reads them; () where they were not fetched.

    Raises:
        ValueError: if the lengths do not fit.
    """

    sentence_weights: np.ndarray
    word_weights: np.ndarray
    sentence_lengths: np.ndarray
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        came = len(self.sentence_weights), len(self.word_weights)
        if came != (expected := (len(self.sentence_lengths), self.sentence_lengths.sum())):
            raise ValueError(f"{expected} sentences and tokens expected, {came} came")
        if self.words and len(self.words) != len(self.word_weights):
            raise ValueError(f"{len(self.word_weights)} words expected, {len(self.words)} came")

    @property
    def document_weights(self) -> np.ndarray:
        """(tokens,) weights within the document, α_s · α_w; sum to 1."""
        return self.sentence_weights.repeat(self.sentence_lengths) * self.word_weights

    @classmethod
    def of_cells(cls, cells: dict) -> "StoredAttention":
        """From a row's cells of ``BULK``, with or without ``WORDS``, however they were fetched."""
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


def stored_attention(folder: Path, row: int) -> StoredAttention:
    """The attention of a row of the corpus, from 0, with its words; a few milliseconds.

    Raises:
        WrongInput: if the folder has no such row, or the part is missing or damaged.
    """
    manifest = read_manifest(folder)
    if not 0 <= row < manifest.rows:
        raise WrongInput(f"{folder.name} has rows 0 to {manifest.rows - 1:,}; {row:,} came.")
    number, within = divmod(row, manifest.rows_a_part)
    try:
        with pq.ParquetFile(part_path(folder, number)) as file:
            group = file.read_row_group(within // GROUP, columns=[*BULK, WORDS])
        (cells,) = group.slice(within % GROUP, 1).to_pylist()
        return StoredAttention.of_cells(cells)
    except FileNotFoundError as error:
        raise WrongInput(f"{folder.name} has no part {number} yet.") from error
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise WrongInput(f"Part {number} in {folder.name} is damaged.") from error


def stored_metrics(folder: Path, manifest: Manifest) -> dict[str, float]:
    """Accuracy, macro F1 and mean loss of all parts, as ``training.evaluate.metrics``.

    Every part must be there, and the data labelled.
    """
    from sklearn.metrics import accuracy_score, f1_score

    names = pa.array(manifest.classes)
    found: dict[str, list[np.ndarray]] = {"label": [], "predicted": [], "loss": []}
    for number in range(manifest.parts):
        table = pq.read_table(part_path(folder, number), columns=list(found))
        for column in ("label", "predicted"):
            words = table[column].cast(pa.string())
            found[column].append(pc.index_in(words, value_set=names).to_numpy())
        found["loss"].append(table["loss"].to_numpy())
    true, predicted, loss = (np.concatenate(parts) for parts in found.values())
    return {
        "accuracy": float(accuracy_score(true, predicted)),
        "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0)),
        "loss": float(loss.mean(dtype=np.float64)),
    }
