"""Words and phrases of scored documents: which documents have them, as one sparse table."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from han_core.analysis.dataset import Store
from han_core.analysis.scoring.table import WORDS, read_rows

MOST_WORDS, MOST_PHRASES = 400, 300


@dataclass(frozen=True)
class Phrases:
    """Words and pairs of neighbouring words, and the documents that have them.

    Attributes:
        names: of the columns of ``table``; the first ``words`` of them are single words.
        table: (documents, phrases) 1 where the document has it.
    """

    names: tuple[str, ...]
    words: int
    table: sparse.csr_matrix

    def __post_init__(self) -> None:
        if self.table.shape[1] != len(self.names) or self.words > len(self.names):
            raise ValueError(f"{len(self.names)} columns expected, {self.table.shape[1]} came")


def words_of(store: Store, rows: np.ndarray) -> pa.ListArray:
    """Return the words of ``rows`` (documents,), which ascend, as the model reads them."""
    scores = store.scores
    tables = list(read_rows(scores.folder, scores.manifest, rows, [WORDS]))
    return pa.concat_tables(tables).column(WORDS).combine_chunks()


def frequent_phrases(words: pa.ListArray, smallest: int) -> Phrases:
    """Return the most frequent words and pairs of neighbouring words, whatever the case.

    Each is in ``smallest`` documents or more and in at most half of them, a pair also in fewer
    than either of its words. Only words with a letter count.

    Args:
        words: (documents,) lists of words.
    """
    rows = len(words)
    document = np.repeat(np.arange(rows), pc.list_value_length(words).to_numpy())
    flat = pc.utf8_lower(words.flatten()).dictionary_encode()
    code, names = flat.indices.to_numpy().astype(np.int64), flat.dictionary.to_pylist()
    is_word = pc.match_substring_regex(flat.dictionary, r"\pL").to_numpy(zero_copy_only=False)
    lettered = is_word[code]
    single = _presence(document[lettered], code[lettered], (rows, len(names)))
    sizes = np.asarray(single.sum(0)).ravel()
    chosen = _most_frequent(sizes, smallest, np.full(len(sizes), rows // 2), MOST_WORDS)

    follows = lettered[:-1] & lettered[1:] & (document[:-1] == document[1:])
    keys = code[:-1][follows] * len(names) + code[1:][follows]
    pairs, which = np.unique(keys, return_inverse=True)
    double = _presence(document[:-1][follows], which, (rows, len(pairs)))
    first, second = np.divmod(pairs, max(1, len(names)))
    most = np.minimum(np.minimum(sizes[first], sizes[second]) - 1, rows // 2)
    joined = _most_frequent(np.asarray(double.sum(0)).ravel(), smallest, most, MOST_PHRASES)

    texts = [names[at] for at in chosen]
    texts += [f"{names[first[at]]} {names[second[at]]}" for at in joined]
    table = sparse.hstack([single[:, chosen], double[:, joined]], format="csr")
    return Phrases(tuple(texts), len(chosen), table)


def _presence(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sparse.csc_matrix:
    """Return a table with 1 where a pair of row and column occurs, however often."""
    table = sparse.csc_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    table.sum_duplicates()
    table.data[:] = 1
    return table


def _most_frequent(counts: np.ndarray, least: int, most: np.ndarray, number: int) -> np.ndarray:
    """Positions of the largest ``counts`` from ``least`` to ``most`` (of each), largest first."""
    order = np.argsort(-counts, kind="stable")
    return order[((counts >= least) & (counts <= most))[order]][:number]
