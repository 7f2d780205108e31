"""Preview labelled documents before training: counts, lengths, repeats, problems with labels.

Where the data are large, a child process reads them.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from han_core.data import sandbox
from han_core.data.corpus import Corpus
from han_core.data.document_groups import Repeat, Repeats, digest
from han_core.data.labels import align_labels, class_counts, is_number, label_problems
from han_core.data.splits import Parts, Source, read_parts
from han_core.data.table import Table
from han_core.runtime.errors import UserError, counted, listed, shown
from han_core.runtime.fair_places import FairPlaces
from han_core.runtime.messages import tr

QUANTILES = (0, 25, 50, 75, 95, 100)
"""Per cent of the documents that are no longer than what stands at the same place."""

SAMPLE = 200
"""Training documents that stand for all where reading every one would take too long."""

LONGEST = 100_000  # characters of a text in the sample

SECONDS = 15 * 60.0
"""In which the child has to answer; a data set of the hub is fetched first."""


_PLACES = FairPlaces(2)
"""For children that preview: each may take much memory, and for long."""


@dataclass(frozen=True)
class Inspection:
    """Counts and lengths of labelled documents, and their problems.

    Attributes:
        rows: of the source; each is a document, or without a text, or without a label.
        documents: rows with a text and, where labels were asked for, a label.
        without_text: rows whose text is empty.
        without_label: rows with a text whose label is empty.
        classes: documents of each class, in the order of the classes.
        characters: the length of documents at each of ``QUANTILES``.
        words: the same in pieces that white space parts.
        repeated: documents that stand further up already.
        contradicting: different documents that stand several times with different labels.
        repeats: examples, contradicting ones first, then by how often they stand there.
        problems: a sentence for each thing that training would suffer from.

    Raises:
        ValueError: if the numbers do not add up.
    """

    rows: int
    documents: int
    without_text: int
    without_label: int
    classes: dict[str, int]
    characters: tuple[int, ...]
    words: tuple[int, ...]
    repeated: int
    contradicting: int
    repeats: tuple[Repeat, ...]
    problems: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.rows != self.documents + self.without_text + self.without_label:
            raise ValueError("every row is a document, or lacks a text, or lacks a label")
        if self.classes and sum(self.classes.values()) != self.documents:
            raise ValueError("every document has one class")
        if {len(self.characters), len(self.words)} != {len(QUANTILES)}:
            raise ValueError(f"{len(QUANTILES)} quantiles of each length are expected")


def inspect(corpus: Corpus, text_column: str = "text", label_column: str = "label") -> Inspection:
    """Read every document once; the columns are named in the problems."""
    measures = _measure(corpus.texts)
    repeats = Repeats.among(corpus, measures["digest"])
    classes = class_counts(corpus.labels)
    return Inspection(
        rows=len(corpus) + corpus.without_text + corpus.without_label,
        documents=len(corpus),
        without_text=corpus.without_text,
        without_label=corpus.without_label,
        classes=classes,
        characters=_quantiles(measures["characters"]),
        words=_quantiles(measures["words"]),
        repeated=repeats.repeated,
        contradicting=repeats.contradicting,
        repeats=repeats.examples,
        problems=(
            *_text_problems(int(measures["number"].sum()), len(corpus), text_column),
            *label_problems(classes, label_column),
        ),
    )


_MEASURES = np.dtype(
    [("characters", np.int64), ("words", np.int64), ("digest", np.uint64), ("number", np.bool_)]
)


def _measure(texts: Iterable[str]) -> np.ndarray:
    """(documents,) of ``_MEASURES``, in one pass."""

    def measure(text: str) -> tuple[int, int, int, bool]:
        words = text.split()
        return len(text), len(words), digest(words), all(map(is_number, words))

    return np.fromiter(map(measure, texts), dtype=_MEASURES)


def _quantiles(lengths: np.ndarray) -> tuple[int, ...]:
    """Lengths that occur, so that each can be found again."""
    shares = np.array(QUANTILES) / 100
    return tuple(int(n) for n in np.quantile(lengths, shares, method="inverted_cdf"))


def _text_problems(numbers: int, documents: int, text_column: str) -> tuple[str, ...]:
    if 2 * numbers < documents or not numbers:
        return ()
    return (
        tr('The column "{column}" holds nothing but numbers in {numbers:,} of {rows}; a column of '
           "texts is expected.",
           column=shown(text_column), numbers=numbers, rows=counted(documents, "row")),
    )  # fmt: skip


@dataclass(frozen=True)
class DataPreview:
    """Counts, lengths and examples of the parts of the data.

    Attributes:
        parts: training, validation and, where there is one, test.
        notes: sentences about what was left out, and about documents in two parts.
        texts: of at most ``SAMPLE`` training documents, spread evenly.
        labels: theirs.
        unlabelled: documents for teachers to label.
        target: documents of the domain to adapt to.

    Raises:
        ValueError: if there are not as many labels as texts.
    """

    parts: dict[str, Inspection]
    notes: tuple[str, ...]
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    unlabelled: int = 0
    target: int = 0

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
    """Read the data as a run would.

    Raises:
        UserError: as ``read_parts``, or if the labels cannot be learnt: fewer than two
            classes, or one that only the validation or test documents have.
    """
    parts = read_parts(source, seed)
    _check_classes(parts)
    named = {"training": parts.training, "validation": parts.validation, "test": parts.test}
    columns = source.text_column, source.label_column
    rows = _spread(len(parts.training))
    return DataPreview(
        {name: inspect(corpus, *columns) for name, corpus in named.items() if corpus is not None},
        parts.notes,
        tuple(parts.training.texts[row][:LONGEST] for row in rows),
        tuple(parts.training.labels[row] for row in rows),
        len(parts.unlabelled) if parts.unlabelled else 0,
        len(parts.target) if parts.target else 0,
    )


def _check_classes(parts: Parts) -> None:
    classes = parts.training.classes
    if len(classes) < 2:
        raise UserError(
            tr(
                "Training needs documents of at least two classes; {classes} came.",
                classes=listed(classes) or tr("none"),
            )
        )
    for other in (parts.validation, parts.test):
        if other is not None:
            align_labels(other.labels, classes)


def preview_in_child(source: Source, seed: int = 0, seconds: float = SECONDS) -> DataPreview:
    """Preview the data as ``preview_data`` does, in a child process.

    Raises:
        UserError: as ``preview_data``, or if that process ends without an answer.
    """
    request = {"source": asdict(source), "seed": seed}
    try:
        with _PLACES.place():
            table = sandbox.run_in_child(__name__, request, seconds=seconds, environment={})
    except sandbox.NoAnswer as error:
        if error.status is None:
            late = tr("{name} was not read within {seconds:g} seconds.",
                      name=source.data, seconds=seconds)  # fmt: skip
            raise UserError(late) from error
        raise UserError(tr("{name} made its reader stop.", name=source.data)) from error
    return _PREVIEW.validate_json(table.data["json"][0])


def _spread(documents: int) -> list[int]:
    """Row numbers of at most ``SAMPLE`` documents, as evenly as they can be."""
    wanted = min(SAMPLE, documents)
    return [at * documents // wanted for at in range(wanted)]


_PREVIEW = TypeAdapter(DataPreview)


def _read_in_child(request: dict[str, Any]) -> Table:
    """One cell of JSON: a table is the only form of answer that a child has."""
    preview = preview_data(Source(**request["source"]), request["seed"])
    return Table("preview", {"json": (_PREVIEW.dump_json(preview).decode(),)})


if __name__ == "__main__":
    sandbox.answer_parent(_read_in_child)
