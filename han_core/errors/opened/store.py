"""A scored data set open for questions: narrow columns in memory, the rest on the disk.

Opening reads about 30 bytes a document from the parts; texts, attention and probabilities
stay where they are until they are asked for. It knows nothing about filters or tables.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from han_core.errors.kept.kept_documents import Documents, open_documents
from han_core.errors.kept.scores import Scores
from han_core.errors.opened.outcomes import Outcomes
from han_core.errors.opened.search import Search
from han_core.scoring.manifest import Manifest
from han_core.scoring.stored import part_path
from han_core.scoring.table import is_whole
from han_core.wrong_input import WrongInput

NARROW = ("label", "predicted", "confidence", "loss", "tokens", "unknown", "entropy")


@dataclass(frozen=True, eq=False)
class Store:
    """A data set as one model scored it, or two; several threads may ask at once.

    Attributes:
        outcomes: of all documents.
        documents: texts, ids and further columns.
    """

    scores: Scores
    other: Scores | None
    outcomes: Outcomes
    documents: Documents

    @property
    def labels(self) -> tuple[str, ...]:
        return self.outcomes.labels

    @property
    def rows(self) -> int:
        return len(self.outcomes)

    @cached_property
    def search(self) -> Search:
        """What DuckDB answers."""
        return Search(self.scores, self.documents)


def open_store(scores: Scores, other: Scores | None = None) -> Store:
    """Opens scores, and beside them a second model's scores of the same data.

    Raises:
        WrongInput: if the data have no labels, if ``other`` is of other data or classes, or
            if a part or the documents are missing or damaged.
    """
    if not scores.manifest.labelled:
        raise WrongInput(f"Labelled documents are expected; {scores.manifest.data} has no labels.")
    documents = open_documents(scores.documents)
    if len(documents) != scores.manifest.rows:
        raise WrongInput(
            f"{scores.manifest.rows:,} documents were scored, and {len(documents):,} are kept; "
            "score them anew."
        )
    outcomes = _outcomes(scores)
    if other is not None:
        _refuse_strange(scores.manifest, other.manifest)
        second = _outcomes(other)
        place = np.array([scores.manifest.classes.index(name) for name in other.manifest.classes])
        outcomes = replace(
            outcomes,
            other=place[second.predicted].astype(outcomes.predicted.dtype),
            other_confidence=second.confidence,
        )
    return Store(scores, other, outcomes, documents)


def _refuse_strange(one: Manifest, two: Manifest) -> None:
    if one.data_sha256 != two.data_sha256:
        raise WrongInput(
            f"{two.checkpoint} scored other documents ({two.data}) than {one.checkpoint} "
            f"({one.data}); the same were expected."
        )
    if sorted(one.classes) != sorted(two.classes):
        raise WrongInput(
            f"Two models of the same classes were expected; {one.checkpoint} knows "
            f"{', '.join(one.classes)}, and {two.checkpoint} {', '.join(two.classes)}."
        )


def _outcomes(scores: Scores) -> Outcomes:
    import pyarrow.dataset as ds

    manifest = scores.manifest
    paths = [part_path(scores.folder, number) for number in range(manifest.parts)]
    for number, path in enumerate(paths):
        if not is_whole(path, manifest.key, number, manifest.rows_of(number)):
            raise WrongInput(
                f"Part {number} of the scores of {manifest.checkpoint} on {manifest.data} is "
                "missing or damaged; score the data anew."
            )
    try:
        parts = ds.dataset([str(path) for path in paths], format="parquet")
        table = parts.to_table(columns=list(NARROW))
        true, predicted = (_codes(table[name], manifest.classes) for name in NARROW[:2])
        rest = [table[name].to_numpy() for name in NARROW[2:]]
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise WrongInput(f"The scores of {manifest.checkpoint} are damaged.") from error
    return Outcomes(manifest.classes, true, predicted, *rest)


def _codes(names: pa.ChunkedArray, classes: tuple[str, ...]) -> np.ndarray:
    """(documents,) the place of each name among the classes."""
    kind, known = np.int16 if len(classes) < 2**15 else np.int32, pa.array(classes)
    found = []
    for chunk in names.chunks:  # each a dictionary of its own
        places = pc.index_in(chunk.dictionary, value_set=known)
        if places.null_count or chunk.null_count:
            raise ValueError("a class that is none of the manifest's")
        found.append(places.to_numpy().astype(kind)[chunk.indices.to_numpy()])
    return np.concatenate(found)
