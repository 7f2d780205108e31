"""The data map of a training run: easy, ambiguous and hard documents (Swayamdipta et al. 2020)."""

import warnings

import numpy as np
import pandas as pd

from han_core.training.dynamics import Dynamics

REGIONS = ("easy", "ambiguous", "hard")
FEWEST = 2
"""Epochs from which there is a variability."""

AMBIGUOUS = 2 / 3
"""Quantile of the variability above which a document is ambiguous."""


def data_map(dynamics: Dynamics) -> pd.DataFrame:
    """Return a row for each watched document, the least confident first.

    Columns: id, label, confidence and variability (mean and standard deviation over the epochs
    of the probability of the true class), region, text, epochs. Ambiguous are the third of the
    documents that vary most, easy the others of confidence above one half, hard the rest. A
    document with fewer than ``FEWEST`` epochs is left out.
    """
    probabilities = dynamics.probabilities
    epochs = np.isfinite(probabilities).sum(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no epoch is known of some
        confidence, variability = np.nanmean(probabilities, 0), np.nanstd(probabilities, 0)
    table = pd.DataFrame(
        {
            "id": pd.Series(dynamics.ids, dtype=str),
            "label": pd.Series(dynamics.labels, dtype=str),
            "confidence": confidence.astype(float),
            "variability": variability.astype(float),
            "text": pd.Series(dynamics.texts, dtype=str),
            "epochs": epochs,
        }
    )
    table = table[table["epochs"] >= FEWEST]
    table.insert(4, "region", regions(table["confidence"], table["variability"]))
    return table.sort_values(["confidence", "variability"], kind="stable", ignore_index=True)


def regions(confidence: pd.Series, variability: pd.Series) -> np.ndarray:
    """(documents,) the name of each one's region."""
    edge = variability.quantile(AMBIGUOUS) if len(variability) else 0.0
    settled = np.where(confidence > 0.5, REGIONS[0], REGIONS[2])
    return np.where(variability > edge, REGIONS[1], settled)
