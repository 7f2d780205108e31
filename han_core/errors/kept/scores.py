"""Scores that are kept: the folder of a data set's predictions, and that of its documents.

Both are named by hashes of their content, so two models share the documents, and nothing
is scored twice. It knows nothing about what is asked of them.
"""

from dataclasses import dataclass
from pathlib import Path

from han_core.scoring.manifest import Manifest


@dataclass(frozen=True)
class Scores:
    """A data set as a checkpoint scored it.

    Attributes:
        folder: ``part-*.parquet`` and ``manifest.json``, as ``scoring`` writes them.
        documents: the folder of the texts, ids and further columns, by ``row`` as well.
        manifest: of ``folder``; labelled.
        columns: names of the data's own further columns.
    """

    folder: Path
    documents: Path
    manifest: Manifest
    columns: tuple[str, ...]
