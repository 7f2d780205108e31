"""The words and the attention of many documents, read from the parts of kept scores.

For one document ``scoring.stored.stored_attention`` is quicker to write; for hundreds this
opens each part once. It knows nothing about what is made of them.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from han_core.errors.kept.scores import Scores
from han_core.scoring.stored import BULK, StoredAttention, part_path
from han_core.scoring.table import GROUP
from han_core.wrong_input import WrongInput


class StoredWords(NamedTuple):
    """One document.

    Attributes:
        words: (tokens,) as the model read them.
        weights: (tokens,) of the document's attention (α_s·α_w), sum to 1.
    """

    words: tuple[str, ...]
    weights: np.ndarray


def stored_words(scores: Scores, rows: np.ndarray) -> Iterator[StoredWords]:
    """The documents of ``rows`` (documents,), which ascend, one after another.

    Raises:
        WrongInput: if a part is missing or damaged.
    """
    parts, within = np.divmod(rows, scores.manifest.rows_a_part)
    for number in np.unique(parts).tolist():
        try:
            with pq.ParquetFile(part_path(scores.folder, number)) as file:
                yield from _of_part(file, within[parts == number])
        except FileNotFoundError as error:
            raise WrongInput(f"{scores.folder.name} has no part {number}.") from error
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            raise WrongInput(f"Part {number} in {scores.folder.name} is damaged.") from error


def _of_part(file: pq.ParquetFile, within: np.ndarray) -> Iterator[StoredWords]:
    groups, places = np.divmod(within, GROUP)
    for group in np.unique(groups).tolist():
        table = file.read_row_group(group, columns=[*BULK, "words"])
        for cells in table.take(places[groups == group]).to_pylist():
            attention = StoredAttention.of_cells(cells)
            sentences = attention.sentence_weights.repeat(attention.sentence_lengths)
            words = tuple(cells["words"])
            if len(words) != len(sentences):
                raise ValueError("as many words as weights are expected")
            yield StoredWords(words, sentences * attention.word_weights)
