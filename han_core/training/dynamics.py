"""Training dynamics: how sure a model was of each training document's class, epoch by epoch.

Data maps of Swayamdipta et al. 2020 ("Dataset Cartography", section 2): the mean probability of
the true class over the epochs (confidence) and its standard deviation (variability). The
probabilities are those of the training passes themselves, under dropout, as in the paper, so they
cost no further pass. Of large data a random sample is watched.
"""

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from han_core.data.corpus import Corpus
from han_core.runtime.checksums import (
    read_verified_json,
    verify_checksum,
    write_json_with_checksum,
    write_with_checksum,
)
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.training.callbacks import Callbacks

WATCHED, PROBABILITIES = "dynamics.json", "dynamics.npy"
MOST = 5_000
"""Documents that are watched."""

TEXT = 500
"""Characters of each that are kept."""

LARGEST = 50_000_000  # bytes that are read of either file

REGIONS = ("easy", "ambiguous", "hard")
FEWEST = 2
"""Epochs from which there is a variability."""

AMBIGUOUS = 2 / 3
"""Quantile of the variability above which a document is ambiguous."""


@dataclass(frozen=True)
class Dynamics:
    """The watched documents of a run.

    Attributes:
        ids, texts, labels: (documents,) of each; the text's beginning.
        of: training documents in all.
        probabilities: (epochs, documents) float32 of the true class; NaN where it is not known.
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    of: int
    probabilities: np.ndarray


class DynamicsRecorder:
    """Record the watched documents of a run, and store them whenever the run is saved.

    A run that goes on takes the steps since it was saved again and comes to the same
    probabilities. What cannot be stored, as on a full disk, is left out: recording never ends a
    run.

    Args:
        folder: of the run.
        training: the labelled documents; what stands behind them is not watched.
        resume: whether the run goes on, and so does what was recorded.
    """

    def __init__(self, folder: Path, training: Corpus, resume: bool):
        self._folder = folder
        number, watched = len(training), watched_rows(len(training))
        self._place = np.full(number, -1)
        self._place[watched] = np.arange(len(watched))
        self._pending: list[tuple[int, np.ndarray, Tensor, np.ndarray]] = []
        self._epochs = _probabilities(folder, len(watched)) if resume else None
        if self._epochs is None:
            self._epochs = np.zeros((0, len(watched)), dtype=np.float32)
            self._describe(training, watched)

    def seen(self, epoch: int, documents: Sequence[int], probabilities: Tensor) -> None:
        """Take (documents,) probabilities of the true class from one batch.

        Args:
            epoch: epochs that were over then.
            documents: numbers among the training documents.
        """
        numbers = np.asarray(documents)
        known = np.flatnonzero(numbers < len(self._place))
        places = self._place[numbers[known]]
        if (places >= 0).any():
            # They stay on their device until they are stored: to fetch them would wait for it.
            self._pending.append((epoch, places, probabilities, known))

    def save(self) -> None:
        """Store what was taken so far."""
        for epoch, places, probabilities, known in self._pending:
            self._set(epoch, places, probabilities.float().cpu().numpy()[known])
        self._pending.clear()
        content = io.BytesIO()
        np.save(content, self._table)
        _write(lambda: write_with_checksum(self._folder / PROBABILITIES, content.getvalue()))

    @property
    def _table(self) -> np.ndarray:
        assert self._epochs is not None
        return self._epochs

    def _set(self, epoch: int, places: np.ndarray, values: np.ndarray) -> None:
        table = self._table
        if epoch >= len(table):
            more = np.full((epoch + 1 - len(table), table.shape[1]), np.nan, dtype=np.float32)
            self._epochs = table = np.concatenate([table, more])
        table[epoch, places[places >= 0]] = values[places >= 0]

    def _describe(self, training: Corpus, watched: np.ndarray) -> None:
        rows = watched.tolist()
        described = {
            "of": len(training),
            "ids": [_readable(training.ids[row]) for row in rows],
            "texts": [_readable(training.texts[row][:TEXT]) for row in rows],
            "labels": [_readable((training.labels or ())[row]) for row in rows],
        }
        (self._folder / PROBABILITIES).unlink(missing_ok=True)
        _write(lambda: write_json_with_checksum(self._folder / WATCHED, described))


def recording(watch: Callbacks, recorder: DynamicsRecorder) -> Callbacks:
    """Return ``watch`` that also records; what was recorded is stored before a save is told."""

    def saved(steps: int) -> None:
        recorder.save()
        watch.saved(steps)

    return replace(watch, seen=recorder.seen, saved=saved)


def watched_rows(documents: int) -> np.ndarray:
    """Return the numbers of the documents that are watched, ascending, the same every time."""
    if documents <= MOST:
        return np.arange(documents)
    return np.sort(np.random.default_rng(0).choice(documents, MOST, replace=False))


def read_dynamics(folder: Path) -> Dynamics | None:
    """Return what was recorded of the run in ``folder``; None where there is nothing yet.

    Raises:
        UserError: if it is damaged.
    """
    if not (folder / WATCHED).exists():
        return None
    described = read_verified_json(folder / WATCHED, LARGEST)
    try:
        columns = (tuple(map(str, described[name])) for name in ("ids", "texts", "labels"))
        ids, texts, labels = columns
        of = int(described["of"])
    except (LookupError, TypeError, ValueError) as error:
        raise UserError(
            tr("{file} in {folder} is damaged.", file=WATCHED, folder=folder.name)
        ) from error
    if not len(ids) == len(texts) == len(labels):
        raise UserError(tr("{file} in {folder} is damaged.", file=WATCHED, folder=folder.name))
    probabilities = _probabilities(folder, len(ids))
    if probabilities is None or not len(probabilities):
        return None
    return Dynamics(ids, texts, labels, of, probabilities)


def _probabilities(folder: Path, documents: int) -> np.ndarray | None:
    """(epochs, documents) as stored; None where there are none that are whole."""
    path = folder / PROBABILITIES
    try:
        verify_checksum(path)
        table = np.load(io.BytesIO(path.read_bytes()[:LARGEST]))
    except (OSError, UserError, ValueError, EOFError):
        return None
    fits = table.ndim == 2 and table.shape[1] == documents and table.dtype == np.float32
    return table if fits else None


def version_stamp(folder: Path) -> tuple[int, int] | None:
    """Return a value that changes with every save; None where nothing was recorded."""
    try:
        status = (folder / PROBABILITIES).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _write(write: Callable[[], None]) -> None:
    try:
        write()
    except OSError:  # no space left: the checkpoint, which is larger, says so
        return


def _readable(text: str) -> str:
    """Replace lone surrogates, which no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


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
