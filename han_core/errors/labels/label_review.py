"""Lists to review labels by: likely wrong ones and the surest errors, a page at a time.

It knows nothing about how suspects are found, nor how a list is drawn.
"""

import numpy as np
import pandas as pd

from han_core.errors.asked.ordering import ordered
from han_core.errors.asked.table import page
from han_core.errors.measured.suspects import Suspects
from han_core.errors.opened.store import Store


def ranked_suspects(found: Suspects, rows: np.ndarray) -> np.ndarray:
    """Those of ``rows`` that are suspect, the likeliest first."""
    return found.rows[found.among(rows)]


def surest_errors(store: Store, rows: np.ndarray) -> np.ndarray:
    """Those of ``rows`` that the model gets wrong, the surest first."""
    wrong = rows[~store.outcomes.right[rows]]
    return ordered(store, wrong, "surest wrong first")


def suspect_page(
    store: Store, found: Suspects, ranked: np.ndarray, offset: int, limit: int
) -> pd.DataFrame:
    """Some of ``ranked`` in their order, as ``table.page`` with three columns more.

    ``likely`` is the class that is likelier than the label, ``margin`` as in ``Suspects``;
    "true" is called ``label``, for whether it is true is the question.
    """
    shown = review_page(store, ranked, offset, limit).rename(columns={"true": "label"})
    place = pd.Series(np.arange(len(found)), index=found.rows)[shown["row"]].to_numpy()
    names = np.array(found.labels, dtype=object)
    shown.insert(shown.columns.get_loc("label") + 1, "likely", names[found.likely[place]])
    shown.insert(shown.columns.get_loc("likely") + 1, "margin", found.margin[place])
    return shown


def review_page(store: Store, ranked: np.ndarray, offset: int, limit: int) -> pd.DataFrame:
    """Some of ``ranked`` in their order, as ``table.page``."""
    rows = ranked[offset : offset + limit]
    shown = page(store, rows, "as in the data", 0, len(rows))
    return shown.set_index("row", drop=False).loc[rows].reset_index(drop=True)


def label_pairs(found: Suspects, rows: np.ndarray) -> pd.DataFrame:
    """Which labels stand where which are likely, among ``rows``: label, likely, documents.

    The most frequent pair first, then in the order of the classes.
    """
    places, names = found.among(rows), np.array(found.labels, dtype=object)
    pairs, counts = np.unique(
        np.stack([found.given[places], found.likely[places]], axis=1), axis=0, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    return pd.DataFrame(
        {
            "label": names[pairs[order, 0]],
            "likely": names[pairs[order, 1]],
            "documents": counts[order],
        }
    )
