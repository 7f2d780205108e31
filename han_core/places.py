"""Where Hanscope keeps what it makes: runs, prepared data, uploads, documents of links.

One folder below the project, or the one that ``HANSCOPE_DATA`` names. It knows nothing
about what lies in there.
"""

import os
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def data_root() -> Path:
    """``HANSCOPE_DATA``, else ``.hanscope`` below the project; it need not be there yet."""
    return Path(os.environ.get("HANSCOPE_DATA") or PROJECT / ".hanscope")


def runs_root() -> Path:
    """A folder for each training run."""
    return data_root() / "runs"


def prepared_root() -> Path:
    """Texts that were split into words, by a hash of their content."""
    return data_root() / "prepared"


def uploads_root() -> Path:
    """Files that people sent to train on, by a hash of their content."""
    return data_root() / "uploads"
