"""Weak slices: parts of the data with more errors than the rest, corrected for all that was tried.

Every candidate (``slice_candidates``), and every two conditions together, is tested by Fisher's
exact test against all other documents: how likely are so many errors or more, if errors fell on
documents by chance (hypergeometric distribution)? Holm's correction (1979) for the number tried
keeps the chance of any false finding at or below ``LEVEL``. What is tried follows SliceFinder
(Chung et al. 2019, https://arxiv.org/abs/1807.06068) and, for groups of similar documents, Domino
(Eyuboglu et al. 2022, https://arxiv.org/abs/2203.14960).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from han_core.analysis.dataset import Store
from han_core.analysis.filters import DocumentSet, Filter
from han_core.analysis.model_pairs import holm
from han_core.analysis.slice_candidates import Candidates, find_candidates
from han_core.runtime.messages import tr

LEVEL = 0.05
"""Chance that any slice is below it if errors are dealt by chance."""

SMALLEST = 20  # documents of a slice, unless asked otherwise
LISTED = 50


@dataclass(frozen=True)
class WeakSlice:
    """A slice, and how much worse it is than all other documents.

    Attributes:
        there, elsewhere: error rates, 0 to 1.
        p: of Fisher's exact test, one-sided, adjusted for all slices that were tried.
    """

    name: str
    filter: Filter
    documents: int
    there: float
    elsewhere: float
    p: float

    @property
    def stands(self) -> bool:
        """Whether it is weak after the correction."""
        return self.p <= LEVEL


@dataclass(frozen=True)
class WeakSlices:
    """What was found.

    Attributes:
        slices: at most ``LISTED``, by adjusted p, then by the difference of the error rates.
        tried: slices that were tested.
        standing: those that stand, listed or not.
        documents: that were looked at, of ``of``.
    """

    slices: tuple[WeakSlice, ...]
    tried: int
    standing: int
    documents: int
    of: int


@dataclass(frozen=True)
class Tested:
    """Slices that were tested, one row each.

    Attributes:
        parts: (slices, 2) positions among the conditions; from their number on, among the
            phrases. The second is -1 for one condition alone.
        documents, errors: (slices,) counts.
        p: (slices,) adjusted.
        rates: (slices, 2) error rates there and elsewhere.
    """

    parts: np.ndarray
    documents: np.ndarray
    errors: np.ndarray
    p: np.ndarray
    rates: np.ndarray

    def __post_init__(self) -> None:
        if not self.parts.shape == self.rates.shape == (len(self.p), 2):
            raise ValueError(f"{len(self.p)} slices expected, {self.parts.shape} parts came")


def find_weak_slices(
    store: Store, smallest: int = SMALLEST, groups: np.ndarray | None = None
) -> WeakSlices:
    """Find slices of ``smallest`` documents or more with more errors than all others.

    Args:
        groups: as for ``find_candidates``.
    """
    candidates = find_candidates(store, smallest, groups)
    tested = assess(candidates, ~store.outcomes.right[candidates.rows])
    order, data = ranking(tested), store.scores.manifest.data_sha256
    standing = int(np.count_nonzero(tested.p[order] <= LEVEL))
    slices = tuple(_slice(candidates, tested, at, data) for at in order[:LISTED])
    return WeakSlices(slices, len(tested.p), standing, len(candidates.rows), store.rows)


def assess(candidates: Candidates, wrong: np.ndarray) -> Tested:
    """Test all candidates, and every two conditions on different subjects together.

    Args:
        wrong: (documents,) bool.
    """
    conditions, table = candidates.conditions, candidates.phrases.table
    masks = np.array([one.mask for one in conditions], dtype=float).reshape(-1, len(wrong))
    together, errors = masks @ masks.T, (masks * wrong) @ masks.T
    first, second = _pairs(candidates, together)
    whole = np.arange(len(masks) + table.shape[1])
    parts = np.concatenate(
        [np.stack([whole, np.full(len(whole), -1)], axis=1), np.stack([first, second], axis=1)]
    )
    documents = np.concatenate([np.diag(together), table.sum(0).A1, together[first, second]])
    of_wrong = np.concatenate([np.diag(errors), table.T @ wrong, errors[first, second]])
    return _tested(parts, documents.astype(np.int64), of_wrong.astype(np.int64), wrong)


def _pairs(candidates: Candidates, together: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of two conditions whose common documents are a slice of its own."""
    subjects = np.array([one.subject for one in candidates.conditions], dtype=object)
    first, second = np.triu_indices(len(subjects), 1)
    both, alone = together[first, second], np.diag(together)
    fit = (subjects[first] != subjects[second]) & (both >= candidates.smallest)
    fit &= (both < alone[first]) & (both < alone[second])  # else it is one of the two
    return first[fit], second[fit]


def _tested(
    parts: np.ndarray, documents: np.ndarray, errors: np.ndarray, wrong: np.ndarray
) -> Tested:
    of, of_errors = len(wrong), int(np.count_nonzero(wrong))
    p = holm(exact_p(documents, errors, of, of_errors).tolist())
    rates = np.stack([errors / documents, (of_errors - errors) / (of - documents)], axis=1)
    return Tested(parts, documents, errors, p, rates)


def exact_p(documents: np.ndarray, errors: np.ndarray, of: int, of_errors: int) -> np.ndarray:
    """Return the chance of so many errors or more in each slice (Fisher's exact, one-sided).

    Args:
        documents, errors: (slices,) counts.
        of, of_errors: the same of all documents together.
    """
    return hypergeom.sf(errors - 1, of, of_errors, documents)


def ranking(tested: Tested) -> np.ndarray:
    """Return positions by adjusted p, then by difference of the error rates, largest first.

    Two conditions together are left out where one of them alone has as high an error rate.
    """
    order = np.lexsort((tested.rates[:, 1] - tested.rates[:, 0], tested.p))
    weaker = tested.rates[:, 0] > tested.rates[:, 1]
    return order[(weaker & _adds(tested))[order]]


def _adds(tested: Tested) -> np.ndarray:
    """(slices,) whether a combination is weaker than each of its conditions alone."""
    paired = tested.parts[:, 1] >= 0
    # Single ones come first, each at the position that ``parts`` names.
    rate = tested.rates[:, 0]
    result = np.ones(len(rate), dtype=bool)
    result[paired] = rate[paired] > rate[tested.parts[paired]].max(1)
    return result


def _slice(candidates: Candidates, tested: Tested, at: int, data: str) -> WeakSlice:
    """The slice at this position of ``tested``, with the filter that selects it."""
    name, filter, mask = _expressed(candidates, *tested.parts[at].tolist())
    if filter is None:
        filter = Filter(chosen=DocumentSet.of(name, data, candidates.rows[mask]))
    there, elsewhere = tested.rates[at].tolist()
    p = float(tested.p[at])
    return WeakSlice(name, filter, int(tested.documents[at]), there, elsewhere, p)


def _expressed(
    candidates: Candidates, first: int, second: int
) -> tuple[str, Filter | None, np.ndarray]:
    """Name, filter if one expresses it, and (documents,) mask."""
    conditions, phrases = candidates.conditions, candidates.phrases
    if first >= len(conditions):
        at = first - len(conditions)
        mask = phrases.table[:, [at]].toarray().ravel() > 0
        return tr("with “{phrase}”", phrase=phrases.names[at]), None, mask
    parts = [conditions[at] for at in (first, second) if at >= 0]
    filters = [one.filter for one in parts if one.filter is not None]
    filter = combined(filters) if len(filters) == len(parts) else None
    return (
        tr(" and ").join(one.name for one in parts),
        filter,
        np.all([one.mask for one in parts], 0),
    )


def combined(filters: list[Filter]) -> Filter:
    """Return one filter with the conditions of all; each field but columns is set by one."""
    fields: dict = {}
    for one in filters:
        for name in one.model_fields_set:
            value = getattr(one, name)
            fields[name] = (*fields.get(name, ()), *value) if name == "columns" else value
    return Filter(**fields)


def weak_slice_table(found: WeakSlices) -> pd.DataFrame:
    """A row for each slice: slice, documents, error rates in per cent, adjusted p, tried."""
    rows = [
        (one.name, one.documents, 100 * one.there, 100 * one.elsewhere, one.p, found.tried)
        for one in found.slices
    ]
    return pd.DataFrame(rows, columns=["slice", "documents", "there", "elsewhere", "p", "tried"])
