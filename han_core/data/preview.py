"""Preview the data that a run would read, in a child process where they are large."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from han_core.data import sandbox
from han_core.data.corpus import Corpus
from han_core.data.inspection import Inspection, Repeat, inspect
from han_core.data.labels import align_labels
from han_core.data.splits import Parts, Source, read_parts
from han_core.data.table import Table
from han_core.runtime.errors import UserError, listed

SAMPLE = 200
"""Training documents that stand for all where reading every one would take too long."""

LONGEST = 100_000  # characters of a text in the sample

SECONDS = 15 * 60.0
"""In which a process of its own has to answer; a data set of the hub is fetched first."""


@dataclass(frozen=True)
class DataPreview:
    """What the parts of the data are like.

    Attributes:
        parts: training, validation and, where there is one, test.
        notes: sentences about what was left out, and about documents in two parts.
        texts: of at most ``SAMPLE`` training documents, spread evenly.
        labels: theirs.
        unlabelled: documents for teachers to label.

    Raises:
        ValueError: if there are not as many labels as texts.
    """

    parts: dict[str, Inspection]
    notes: tuple[str, ...]
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    unlabelled: int = 0

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.labels):
            raise ValueError(f"{len(self.texts)} labels expected, {len(self.labels)} came")

    @property
    def documents(self) -> int:
        """For training."""
        return self.parts["training"].documents

    @property
    def classes(self) -> tuple[str, ...]:
        """Of the training documents."""
        return tuple(self.parts["training"].classes)


def preview_data(source: Source, seed: int = 0) -> DataPreview:
    """Reads the data as a run would.

    Raises:
        UserError: as ``read_parts``, or if the labels cannot be learnt: fewer than two
            classes, or one that only the validation or test documents have.
    """
    parts = read_parts(source, seed)
    _check_classes(parts)
    there: dict[str, Corpus] = {"training": parts.training, "validation": parts.validation}
    if parts.test is not None:
        there["test"] = parts.test
    columns = source.text_column, source.label_column
    rows = _spread(len(parts.training))
    return DataPreview(
        {name: inspect(corpus, *columns) for name, corpus in there.items()},
        parts.notes,
        tuple(parts.training.texts[row][:LONGEST] for row in rows),
        tuple(parts.training.labels[row] for row in rows),
        len(parts.unlabelled) if parts.unlabelled else 0,
    )


def _check_classes(parts: Parts) -> None:
    classes = parts.training.classes
    if len(classes) < 2:
        raise UserError(
            f"Training needs documents of at least two classes; {listed(classes) or 'none'} came."
        )
    for other in (parts.validation, parts.test):
        if other is not None:
            align_labels(other.labels, classes)


def preview_in_child(source: Source, seed: int = 0, seconds: float = SECONDS) -> DataPreview:
    """As ``look``, in a process of its own.

    Raises:
        UserError: as ``look``, or if that process ends without an answer.
    """
    request = {"source": asdict(source), "seed": seed}
    try:
        table = sandbox.run_in_child(__name__, request, seconds=seconds, environment={})
    except sandbox.NoAnswer as error:
        late = f"was not read within {seconds:g} seconds"
        why = late if error.status is None else "made its reader stop"
        raise UserError(f"{source.data} {why}.") from error
    return _unpacked(table)


def _spread(documents: int) -> list[int]:
    """The places of at most ``SAMPLE`` documents, as evenly as they can be."""
    wanted = min(SAMPLE, documents)
    return [at * documents // wanted for at in range(wanted)]


def _packed(found: DataPreview) -> Table:
    """A look as the one kind of answer that a child gives: a table, here of one cell."""
    return Table("look", {"json": (json.dumps(asdict(found)),)})


def _unpacked(table: Table) -> DataPreview:
    values = json.loads(table.data["json"][0])
    parts = {name: _inspection(part) for name, part in values["parts"].items()}
    sample = {name: tuple(values[name]) for name in ("notes", "texts", "labels")}
    return DataPreview(parts, **sample, unlabelled=values["unlabelled"])


def _inspection(values: Mapping[str, Any]) -> Inspection:
    tuples = {name: tuple(values[name]) for name in ("characters", "words", "problems")}
    repeats = (
        Repeat(**{**one, "ids": tuple(one["ids"]), "labels": tuple(one["labels"])})
        for one in values["repeats"]
    )
    return Inspection(**{**values, **tuples, "repeats": tuple(repeats)})


def _work(request: dict[str, Any]) -> Table:
    return _packed(preview_data(Source(**request["source"]), request["seed"]))


if __name__ == "__main__":
    sandbox.answer_parent(_work)
