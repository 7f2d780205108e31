"""Candidates for weak slices: conditions on documents, found without a look at the errors.

Classes and the data's own columns, quarters of length, of unknown words and of confidence,
scripts, groups of similar documents, and words and phrases. None is made from what is right or
wrong, so a test of each, corrected for their number, keeps its level.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from han_core.analysis.dataset import Store
from han_core.analysis.document_map import sample_rows
from han_core.analysis.error_groups import log_odds
from han_core.analysis.filters import Filter, Range, chips
from han_core.analysis.query import SPLIT, unknown_share
from han_core.analysis.scoring.table import WORDS, read_rows
from han_core.runtime.messages import tr
from han_core.text.languages import script_of

QUARTERS = (0.25, 0.5, 0.75)
MOST_VALUES = 50
"""Values of one column, the most frequent."""

MOST_CONDITIONS = 150
"""Conditions, the largest; each is tried alone and with each other."""

CLASS = "class"
LONGEST_VALUE = 200  # characters that a filter's value has
LOOKED_AT = 500  # characters by which the script is told
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


@dataclass(frozen=True)
class Condition:
    """A condition on documents.

    Attributes:
        subject: what it is about; two on one subject are not combined.
        mask: (documents,) bool, where it holds.
        filter: None where only the set of its documents can express it.
    """

    name: str
    subject: str
    mask: np.ndarray = field(repr=False)
    filter: Filter | None = None


@dataclass(frozen=True)
class Candidates:
    """All candidates among the documents ``rows`` (documents,) of a store, ascending."""

    rows: np.ndarray
    smallest: int
    conditions: tuple[Condition, ...]
    phrases: Phrases


def find_candidates(store: Store, smallest: int, groups: np.ndarray | None = None) -> Candidates:
    """Return what holds for ``smallest`` documents or more, and as many do not have.

    Of a large data set a sample is taken, always the same one (``sample_rows``).

    Args:
        groups: (documents,) number of each document's group of similar ones; -1 for none.

    Raises:
        UserError: if the stored words or columns are damaged.
    """
    rows = sample_rows(store.rows)
    phrases = frequent_phrases(words_of(store, rows), smallest)
    found = chain(
        _classes(store, rows),
        _own_columns(store, rows),
        _measures(store, rows),
        _scripts(store, rows),
        () if groups is None else _groups(groups, phrases),
    )
    return Candidates(rows, smallest, _eligible(found, smallest, len(rows)), phrases)


def _eligible(found: Iterator[Condition], smallest: int, of: int) -> tuple[Condition, ...]:
    """The largest, each set of documents once, under the name that came first."""
    by_documents: dict[bytes, Condition] = {}
    for one in found:
        if smallest <= np.count_nonzero(one.mask) <= of - smallest:
            by_documents.setdefault(one.mask.tobytes(), one)
    ordered = sorted(by_documents.values(), key=lambda one: -np.count_nonzero(one.mask))
    return tuple(ordered[:MOST_CONDITIONS])


def _native(subject: str, mask: np.ndarray, filter: Filter) -> Condition:
    """A condition that a filter expresses, under the filter's own words."""
    return Condition(", ".join(chip.words for chip in chips(filter)), subject, mask, filter)


def _classes(store: Store, rows: np.ndarray) -> Iterator[Condition]:
    true = store.outcomes.true[rows]
    for code, label in enumerate(store.labels):
        yield _native(CLASS, true == code, Filter(true=(label,)))


def _measures(store: Store, rows: np.ndarray) -> Iterator[Condition]:
    """Quarters of length, share of unknown words, and confidence."""
    outcomes = store.outcomes.take(rows)
    for name, cells in (
        ("tokens", outcomes.tokens),
        ("unknown", unknown_share(outcomes)),
        ("confidence", outcomes.confidence),
    ):
        for low, high, mask in quarters(cells):
            yield _native(name, mask, Filter.model_validate({name: Range(low=low, high=high)}))


def quarters(cells: np.ndarray) -> Iterator[tuple[float | None, float | None, np.ndarray]]:
    """Yield low, high (both included, None: open) and the mask of each quarter of ``cells``.

    Equal cells stay together, so that fewer and uneven parts may come; NaN is in none.
    """
    finite = cells[np.isfinite(cells)]
    if not len(finite):
        return
    edges = np.unique(np.quantile(finite, QUARTERS, method="lower"))
    part = np.searchsorted(edges, cells)
    for number in range(len(edges) + 1):
        mask = (part == number) & np.isfinite(cells)
        if mask.any():
            low = None if number == 0 else float(cells[mask].min())
            high = None if number == len(edges) else float(cells[mask].max())
            yield low, high, mask


def _own_columns(store: Store, rows: np.ndarray) -> Iterator[Condition]:
    """Values of the data's own columns; quarters of numbers with many values."""
    for name in store.scores.columns:
        column = store.documents.field(name)
        cells = pd.Series(store.documents.take(rows, [column])[column].to_pylist(), dtype=object)
        values = cells.value_counts().index[:MOST_VALUES].tolist()
        numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float)
        if len(values) == MOST_VALUES and np.isfinite(numbers).mean() > 0.9:
            yield from _number_quarters(name, numbers)
            continue
        for value in values:
            if len(value) <= LONGEST_VALUE:
                is_split = name == SPLIT
                filter = Filter(split=(value,)) if is_split else Filter(columns=((name, value),))
                yield _native(f"column {name}", (cells == value).to_numpy(), filter)


def _number_quarters(name: str, numbers: np.ndarray) -> Iterator[Condition]:
    for low, high, mask in quarters(numbers):
        if low is not None and high is not None:
            words = tr("{low} to {high}", low=f"{low:g}", high=f"{high:g}")
        elif low is None:
            words = tr("at most {number}", number=f"{high:g}")
        else:
            words = tr("at least {number}", number=f"{low:g}")
        yield Condition(tr("{name} {range}", name=name, range=words), f"column {name}", mask)


def _scripts(store: Store, rows: np.ndarray) -> Iterator[Condition]:
    texts = store.documents.texts(rows)
    scripts = np.array([script_of(text[:LOOKED_AT]) or "" for text in texts], dtype=object)
    for script in sorted(set(scripts) - {""}):
        yield Condition(tr("written in {script}", script=tr(script)), "script", scripts == script)


def _groups(groups: np.ndarray, phrases: Phrases) -> Iterator[Condition]:
    """Groups of similar documents, named by the words that are clearest for each.

    Their subject is that of the classes: the model's vectors nearly tell its prediction, so a group
    and a true class together would be its errors by definition.
    """
    table = phrases.table[:, : phrases.words]
    every = np.asarray(table.sum(0)).ravel()
    for number in range(int(groups.max(initial=-1)) + 1):
        mask = groups == number
        inside = np.asarray(table[mask].sum(0)).ravel()
        order = np.argsort(-log_odds(inside, every - inside), kind="stable")[:3]
        words = ", ".join(phrases.names[at] for at in order if inside[at])
        yield Condition(tr("similar documents ({words})", words=words or number + 1), CLASS, mask)


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
