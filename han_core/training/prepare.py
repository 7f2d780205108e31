"""Prepare labelled texts: a vocabulary, numbered documents, and stretches for teachers to label.

The vocabulary comes from the documents that a run learns from alone. A stretch is a run of
clauses of a training document: a model that has only whole documents to learn from cannot tell
which of their clauses decided.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from han_core.data.corpus import Corpus
from han_core.data.domains import TargetDomain
from han_core.data.labels import align_labels, check_names
from han_core.data.prepared import Follow, tokenised
from han_core.models.checkpoint import TextConfig
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.batch import NumberedDocument, document_lengths
from han_core.text.document import clause_ends, is_mark
from han_core.text.token_table import TableDocuments, TokenTable
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.text.word_pieces import WordPieces
from han_core.training.settings import LONGEST_STRETCH, Settings


@dataclass(frozen=True)
class Teaching:
    """Soft labels, for a student to learn from (Hinton, Vinyals and Dean 2015).

    Attributes:
        probabilities: (unlabelled documents, classes) float32 each row adding up to 1.
        description: who said it and how good they are, for the metrics of a run; JSON values.

    Raises:
        ValueError: if these cannot be probabilities.
    """

    probabilities: np.ndarray
    description: dict

    def __post_init__(self) -> None:
        rows = self.probabilities
        if rows.ndim != 2 or rows.dtype != np.float32:
            raise ValueError(
                f"float32 rows expected, {rows.dtype} of shape {rows.shape} came"  # not shown
            )
        if not ((rows >= 0).all() and np.allclose(rows.sum(1), 1, atol=1e-4)):
            raise ValueError("rows of probabilities expected, others came")  # not shown


SHORTEST = 3  # tokens of a stretch, marks included


def draw_stretches(
    table: TokenTable,
    groups: Sequence[np.ndarray],
    numbers: np.ndarray,
    times: int,
    seed: int,
) -> TableDocuments:
    """Up to ``times`` stretches of each text of the first group, each different one once.

    Each is as long and begins where chance has it; one that is a whole text of any group is
    left out.

    Args:
        groups: for each group (texts,) the rows of its texts in the table.
        numbers: (lexicon,) a vocabulary's number of each token of the table.

    Raises:
        UserError: if no text has several clauses.
    """
    marks = np.fromiter(map(is_mark, table.words()), dtype=bool)
    chance = random.Random(seed)
    known = {table.document(row)[0].tobytes() for row in np.concatenate(groups).tolist()}
    taken: list[int] = []
    spans: list[tuple[int, int]] = []
    for row in groups[0].tolist():
        words, sentences = table.document(row)
        for start, end in _spans(clause_ends(marks[words], sentences), times, chance):
            content = words[start:end].tobytes()
            if end - start >= SHORTEST and content not in known:
                known.add(content)
                taken.append(row)
                spans.append((start, end))
    if not taken:
        raise UserError(
            tr("Stretches are runs of clauses of a training document; none of these has several.")
        )
    return TableDocuments(table, np.array(taken), numbers, np.array(spans))


def _spans(ends: np.ndarray, times: int, chance: random.Random) -> Iterator[tuple[int, int]]:
    """Tokens from and to, of runs of some clauses and never of all."""
    most = min(len(ends) - 1, LONGEST_STRETCH)
    for _ in range(times if most else 0):
        clauses = chance.randint(1, most)
        first = chance.randint(0, len(ends) - clauses)
        yield int(ends[first - 1]) if first else 0, int(ends[first + clauses - 1])


@dataclass(frozen=True)
class Examples:
    """Numbered documents and their classes.

    Attributes:
        documents: in the order of the corpus; those of a table are made when asked for.
        classes: (documents,) index of each document's class.
        cut: documents that a limit cut.
        targets: (documents, classes) float32 how likely each class is to be learnt as; None
            where the class alone is.

    Raises:
        ValueError: if there are not as many classes or targets as documents.
    """

    documents: Sequence[NumberedDocument]
    classes: np.ndarray
    cut: int = 0
    targets: np.ndarray | None = None

    def __post_init__(self) -> None:
        if len(self.documents) != len(self.classes):
            raise ValueError(
                f"{len(self.documents)} classes expected, {len(self.classes)} came"  # not shown
            )
        if self.targets is not None and len(self.targets) != len(self.classes):
            raise ValueError(
                f"{len(self.classes)} targets expected, {len(self.targets)} came"  # not shown
            )

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def lengths(self) -> np.ndarray:
        """(documents,) int64 tokens in each document."""
        return document_lengths(self.documents)


@dataclass(frozen=True)
class TargetExamples:
    """Numbered documents of a target domain.

    Attributes:
        learning: without classes; the domain classifier learns from them.
        held_out: no step reads them.
        labelled: those of them with a class; None where none has one.
    """

    learning: Sequence[NumberedDocument]
    held_out: Sequence[NumberedDocument]
    labelled: Examples | None


@dataclass(frozen=True)
class Prepared:
    """All that a run reads: vocabulary, class names, training and validation examples.

    Attributes:
        notes: sentences to tell about how it was made.
        unlabelled: documents without classes, for teachers to say how likely each is; the
            stretches of training documents come last.
        stretches: how many of them there are.
        teaching: what they said; those documents are then among the training ones, too.
        target: documents of the domain to adapt to.
    """

    vocabulary: Vocabulary
    labels: tuple[str, ...]
    training: Examples
    validation: Examples
    notes: tuple[str, ...] = ()
    unlabelled: TableDocuments | None = None
    stretches: int = 0
    teaching: Teaching | None = None
    target: TargetExamples | None = None

    @property
    def untaught(self) -> Sequence[NumberedDocument]:
        """Unlabelled documents that nobody labelled; none where teachers did."""
        return () if self.teaching or self.unlabelled is None else self.unlabelled

    def taught(self, teaching: Teaching) -> "Prepared":  # not shown
        """With the unlabelled documents behind the training ones, to be learnt as was said.

        The class of such a document is the one that the teachers take for the likeliest.

        Raises:
            ValueError: if it is not about these documents and classes.
        """
        training, probabilities = self.training, teaching.probabilities
        documents = self.unlabelled
        if documents is None or probabilities.shape != (len(documents), len(self.labels)):
            raise ValueError(
                "probabilities of the unlabelled documents expected, "  # not shown
                f"{probabilities.shape} came"
            )
        assert isinstance(training.documents, TableDocuments)
        sure = np.eye(len(self.labels), dtype=np.float32)[training.classes]
        together = Examples(
            training.documents + documents,
            np.concatenate([training.classes, probabilities.argmax(1)]),
            training.cut,
            np.concatenate([sure, probabilities]),
        )
        return replace(self, training=together, teaching=teaching)


def prepare(
    training: Corpus,
    validation: Corpus,
    text: TextConfig,
    settings: Settings,
    follow: Follow,
    known: Vocabulary | None = None,
    also: Sequence[str] = (),
    unlabelled: Sequence[str] = (),
    pieces: WordPieces | None = None,
    target: TargetDomain | None = None,
) -> Prepared:
    """Tokenise both corpora and number them by the words that a run learns from.

    Texts that were read before, however they were divided then, are not read again.

    Args:
        follow: called where texts must be read.
        known: words that keep their numbers; new ones come after them, unless the
            settings freeze words.
        also: texts that ``examples`` will be asked for later, to read them now.
        unlabelled: texts without classes; their words count as those of the training texts do.
        pieces: of words, which the model reads in place of them; the vocabulary is theirs.
        target: the domain to adapt to; the words of its texts to learn from count, too.

    Raises:
        UserError: if there are fewer than two classes, the label names do not
            fit them, a validation label is none of them, there are no stretches to draw,
            or as ``tokenised``.
    """
    labels = class_names(training.classes, settings.label_names)
    classes = align_labels(training.labels, training.classes)
    held_out_classes = align_labels(validation.labels, training.classes)
    groups = (training.texts, validation.texts, also, unlabelled, *_target_texts(target))
    table, rows, note = tokenised(
        groups,
        text.language,
        text.maximum_tokens,
        follow,
        segmentation=text.segmentation,
        version=text.tokenizer_version,
        pieces=pieces,
    )
    vocabulary = known or Vocabulary(RESERVED, text.lowercase)
    if pieces is not None:
        vocabulary = pieces.vocabulary
    elif not (known and settings.freeze_words):
        learning = np.concatenate([rows[0], *rows[3:5]])
        counts = table.counts(learning, vocabulary.lowercase)
        vocabulary = vocabulary.extended(counts, settings.minimum_count, settings.maximum_size)
    numbers = table.numbers(vocabulary)
    without, stretches = TableDocuments(table, rows[3], numbers), 0
    if settings.stretches:
        parts = draw_stretches(table, rows, numbers, settings.stretches, settings.seed)
        without, stretches = without + parts, len(parts)
    return Prepared(
        vocabulary,
        labels,
        _examples(table, rows[0], numbers, classes),
        _examples(table, rows[1], numbers, held_out_classes),
        (note,) if note else (),
        without if len(without) else None,
        stretches,
        target=_target(target, table, rows[4:], numbers, training.classes),
    )


def _target_texts(target: TargetDomain | None) -> list[Sequence[str]]:
    if target is None:
        return []
    return [target.learning.texts, target.held_out.texts, _labelled(target).texts]


def _labelled(target: TargetDomain) -> Corpus:
    return target.labelled or target.held_out.first(0)


def _target(
    target: TargetDomain | None,
    table: TokenTable,
    rows: Sequence[np.ndarray],
    numbers: np.ndarray,
    classes: tuple[str, ...],
) -> TargetExamples | None:
    """The documents of ``_target_texts``, whose rows of the table these are."""
    if target is None:
        return None
    learning, held_out = (TableDocuments(table, part, numbers) for part in rows[:2])
    labelled = _labelled(target)
    known = align_labels(labelled.labels, classes)
    return TargetExamples(
        learning, held_out, _examples(table, rows[2], numbers, known) if len(labelled) else None
    )


def examples(
    corpus: Corpus,
    classes: Sequence[int],
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    follow: Follow,
    pieces: WordPieces | None = None,
) -> Examples:
    """``corpus``, whose classes are known, as examples of an existing vocabulary.

    Raises:
        UserError: as ``tokenised``.
    """
    table, (rows,), _ = tokenised(
        [corpus.texts],
        tokenizer.language,
        tokenizer.maximum_tokens,
        follow,
        tr("Reading test"),
        tokenizer.segmentation,
        tokenizer.version,
        pieces,
    )
    return _examples(table, rows, table.numbers(vocabulary), classes)


def class_names(classes: tuple[str, ...], names: tuple[str, ...] | None) -> tuple[str, ...]:
    """``names`` for ``classes``, or the classes' own.

    Raises:
        UserError: if there are fewer than two classes, not as many names as
            classes, or a name that ``check_names`` refuses.
    """
    if len(classes) < 2:
        raise UserError(
            tr("Training needs documents of at least two classes; only {label!r} came.",
               label=classes[0])
            if classes
            else tr("Training needs documents of at least two classes; no label came.")
        )  # fmt: skip
    if names is not None and len(names) != len(classes):
        raise UserError(
            tr(
                "label_names gives a name for each of the {count} classes {classes}; {names!r} "
                "came.",
                count=len(classes),
                classes=", ".join(classes[:10]),
                names=", ".join(names)[:80],
            )
        )
    named = classes if names is None else names
    check_names(named)
    return named


def _examples(
    table: TokenTable, rows: np.ndarray, numbers: np.ndarray, classes: Sequence[int]
) -> Examples:
    documents = TableDocuments(table, rows, numbers)
    return Examples(documents, np.array(classes), int(table.cut[rows].sum()))
