"""Folders in which Hanscope keeps runs, checkpoints, prepared data, uploads, scores and notes.

All but the checkpoints lie in one folder below the project, or in that of ``HANSCOPE_DATA``.
"""

import os
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def data_root() -> Path:
    """``HANSCOPE_DATA``, else ``.hanscope`` below the project; it need not be there yet."""
    return Path(os.environ.get("HANSCOPE_DATA") or PROJECT / ".hanscope")


def checkpoints_root() -> Path:
    """Where checkpoints are looked for by name: ``HANSCOPE_CHECKPOINTS``, else the shipped ones."""
    return Path(os.environ.get("HANSCOPE_CHECKPOINTS") or PROJECT / "checkpoints")


def runs_root() -> Path:
    """A folder for each training run."""
    return data_root() / "runs"


def prepared_root() -> Path:
    """Texts that were split into words, by a hash of their content."""
    return data_root() / "prepared"


def uploads_root() -> Path:
    """Files that people sent to train on, by a hash of their content."""
    return data_root() / "uploads"


def scores_root() -> Path:
    """Predictions on data sets, a folder each, by a hash of checkpoint and data."""
    return data_root() / "scores"


def documents_root() -> Path:
    """The documents that were scored, a folder for each data set, by a hash of it."""
    return data_root() / "documents"


def segmenter_root() -> Path:
    """The dictionary of the Chinese word segmenter, as it stores it; for this user alone."""
    return data_root() / "segmenter"


def vectors_root() -> Path:
    """Document vectors of training documents, by a hash of checkpoint and data."""
    return data_root() / "vectors"


def classroom_path() -> Path:
    """The database of class rooms."""
    return data_root().absolute() / "classrooms.sqlite"


def notes_url() -> str:
    """``HANSCOPE_NOTES``, a database as SQLAlchemy names it, else a SQLite file of our own."""
    return (
        os.environ.get("HANSCOPE_NOTES") or f"sqlite:///{data_root().absolute() / 'notes.sqlite'}"
    )
