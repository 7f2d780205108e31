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

from han_core.analysis.dataset import Store
from han_core.analysis.document_map import sample_rows
from han_core.analysis.error_groups import log_odds
from han_core.analysis.filters import Filter, Range, chips
from han_core.analysis.phrases import Phrases, frequent_phrases, words_of
from han_core.analysis.query import SPLIT, unknown_share
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
