"""Knowledge distillation: teachers label documents that have no labels, for a student to learn.

A student that learns what several models predict together for many unlabelled documents does
better than one that learns from the labels alone (Hinton, Vinyals and Dean 2015).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from han_core.data.labels import same_classes
from han_core.data.prepared import Follow
from han_core.models.checkpoint import WEIGHTS, Checkpoint, TextConfig, load_checkpoint
from han_core.models.predict import Progress, metrics
from han_core.runtime.errors import UserError, counted, joined, listed
from han_core.runtime.messages import mark, tr
from han_core.text.batch import NumberedDocument
from han_core.text.token_table import TableDocuments
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.text.word_pieces import WordPieces
from han_core.training.distributed import Processes, predict_shared
from han_core.training.prepare import Prepared, Teaching
from han_core.training.settings import BAGS


@dataclass(frozen=True)
class Teacher:
    """One of those who are asked.

    Attributes:
        name: the checkpoint's, or one of ``BAGS``.
        checkpoint: None for a bag of words.
        classes: for each class of the run, which of the checkpoint's that is.
    """

    name: str
    checkpoint: Checkpoint | None = None
    classes: tuple[int, ...] = ()

    @property
    def description(self) -> dict[str, str]:
        """For the metrics of a run."""
        if self.checkpoint is None:
            return {"name": self.name}
        return {"name": self.name, "sha256": self.checkpoint.config.sha256.get(WEIGHTS, "")}

    def cautions(self, parts: Mapping[str, str]) -> list[str]:
        """A sentence for each part held out of a run that it may have learnt from.

        Args:
            parts: fingerprints of the run's ``train`` and ``validation``, and ``test`` if any.
        """
        sha256 = self.checkpoint.metrics.get("sha256") if self.checkpoint else None
        if not isinstance(sha256, dict) or sha256.get("train") == parts["train"]:
            return []
        return [
            tr(caution, name=self.name)
            for part, caution in CAUTIONS.items()
            if part in parts and sha256.get(part, parts[part]) != parts[part]
        ]


CAUTIONS = {
    "validation": mark(
        "The teacher {name} was validated on other documents. It may have learnt from some of this "
        "run's, and validation would read too high then; the same --split-seed and shares give "
        "both the same division."
    ),
    "test": mark(
        "The teacher {name} was tested on other documents. It may have learnt from some of this "
        "run's, and test would read too high then; the same --split-seed and shares give both the "
        "same division."
    ),
}


@dataclass(frozen=True)
class LabellingContext:
    """Where and how teachers are asked.

    Attributes:
        follow: shows how far each of them is.
    """

    device: torch.device
    processes: Processes
    follow: Follow
    seed: int


def find_teachers(
    names: Sequence[str],
    classes: Sequence[str],
    labels: Sequence[str],
    text: TextConfig,
    pieces: WordPieces | None = None,
) -> tuple[Teacher, ...]:
    """The teachers of these names: of ``BAGS``, or checkpoints.

    Args:
        classes: as the data call them.
        labels: as the run will call them, in the same order.
        text: how the run splits texts.
        pieces: what the student reads in place of words, if it does.

    Raises:
        UserError: if a checkpoint is missing or damaged, tells other classes apart, reads texts
            of another language, or cannot read what the student does.
    """
    teachers = tuple(
        Teacher(name) if name in BAGS else _teacher(name, classes, labels, text) for name in names
    )
    for teacher in teachers:
        if teacher.checkpoint is not None:
            _check_pieces(teacher.checkpoint, pieces)
    return teachers


def _teacher(name: str, classes: Sequence[str], labels: Sequence[str], text: TextConfig) -> Teacher:
    checkpoint = load_checkpoint(name)
    # What a model does with the tokens, case and limit, is its own affair.
    own, ours = (c.model_dump(exclude={"lowercase", "maximum_tokens"})
                 for c in (checkpoint.config.text, text))  # fmt: skip
    for field, value in own.items():
        if value != ours[field]:
            raise UserError(
                tr(
                    "The teacher {name} reads texts of {field} {value}; {expected} was expected, "
                    "as for the run.",
                    name=checkpoint.name,
                    field=field,
                    value=value,
                    expected=ours[field],
                )
            )
    for wanted in (classes, labels):
        if (meanings := same_classes(wanted, checkpoint.labels)) is not None:
            return Teacher(checkpoint.name, checkpoint, meanings)
    raise UserError(
        tr(
            "The teacher {name} tells {own} apart; the classes of the data, {classes}, "
            "were expected.",
            name=checkpoint.name,
            own=listed(checkpoint.labels, 10),
            classes=listed(classes, 10),
        )
    )


def _check_pieces(checkpoint: Checkpoint, own: WordPieces | None) -> None:
    """Whether a teacher can read what was split for a student who reads the pieces ``own``."""
    theirs = checkpoint.pieces
    if own is not None and (theirs is None or theirs.sha256 != own.sha256):
        raise UserError(
            tr(
                "The model to train reads pieces of words; a teacher of the same base was "
                "expected, or a bag of words, but {name} came.",
                name=checkpoint.name,
            )
        )
    if own is None and theirs is not None and not theirs.free_of_context:
        raise UserError(
            tr(
                "The pieces of words that {name} reads hold the spaces between words; a teacher "
                "was expected whose pieces do not, as those of BERT.",
                name=checkpoint.name,
            )
        )


def label_documents(
    teachers: Sequence[Teacher],
    prepared: Prepared,
    unlabelled: str | None,
    context: LabellingContext,
) -> Teaching:
    """What the ``teachers`` say together of the unlabelled documents of ``prepared``.

    That is the mean of their log-probabilities. They are asked of the validation documents,
    too, so that one knows how good they are. With several processes each of them calls this.

    Args:
        unlabelled: what the unlabelled documents are called; None where all are stretches.

    Raises:
        UserError: if a teacher's weights are too large to give numbers.
    """
    validation, without = prepared.validation, prepared.unlabelled
    assert isinstance(validation.documents, TableDocuments)
    assert without is not None
    documents = validation.documents + without
    answers = [_probabilities(teacher, documents, prepared, context) for teacher in teachers]
    together, first = geometric_mean(answers), len(validation)
    description = {
        "teachers": [teacher.description for teacher in teachers],
        "unlabelled": unlabelled,
        "documents": len(without) - prepared.stretches,
        "stretches": prepared.stretches,
        "validation": metrics(together[:first], validation.classes),
    }
    return Teaching(together[first:].astype(np.float32), description)


def summary(teaching: Teaching, labels: Sequence[str]) -> str:
    """What was said, for the user."""
    names = joined([teacher["name"] for teacher in teaching.description["teachers"]])
    times = np.bincount(teaching.probabilities.argmax(1), minlength=len(labels))
    likeliest = int(times.argmax())
    share = times[likeliest] / len(teaching.probabilities)
    accuracy = teaching.description["validation"]["accuracy"]
    return tr(
        "{names} labelled {documents}, {share:.0%} of them {label}; on the validation documents "
        "the accuracy of what they say is {accuracy:.4f}.",
        names=names,
        documents=_what(teaching.description),
        share=share,
        label=labels[likeliest],
        accuracy=accuracy,
    )


def _what(description: dict) -> str:
    documents, stretches = description["documents"], description.get("stretches", 0)
    kinds = [counted(documents, "unlabelled document")] if documents else []
    if stretches:
        parts = counted(stretches, "part")
        kinds.append(tr("{parts} of the training documents", parts=parts))
    return joined(kinds)


def geometric_mean(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of log-probabilities, as probabilities again; (documents, classes) each."""
    logs = np.mean([np.log(each.clip(1e-12)) for each in probabilities], axis=0)
    shares = np.exp(logs - logs.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


def _probabilities(
    teacher: Teacher, documents: TableDocuments, prepared: Prepared, context: LabellingContext
) -> np.ndarray:
    """(documents, classes) float64, the same in all processes."""
    if teacher.checkpoint is None:
        probabilities = np.zeros((len(documents), len(prepared.labels)))
        if context.processes.main:
            probabilities = _bag_of_words(teacher.name, documents, prepared, context)
        return context.processes.sum(torch.from_numpy(probabilities)).numpy()
    checkpoint, name = teacher.checkpoint, teacher.name
    model = checkpoint.model.to(context.device)
    numbered = _numbered(checkpoint, documents, prepared.vocabulary)
    progress = shown_progress(context.follow, tr("Asking {name}", name=name))
    probabilities = predict_shared(model, numbered, context.processes, progress, name)
    model.to("cpu")
    return probabilities[:, list(teacher.classes)]


def _numbered(
    checkpoint: Checkpoint, documents: TableDocuments, own: Vocabulary
) -> Sequence[NumberedDocument]:
    """The documents as a teacher reads them; ``own`` is the student's vocabulary."""
    pieces = checkpoint.pieces
    if pieces is not None and pieces.vocabulary.words != own.words:  # the student reads words
        return documents.spelled(pieces)
    return documents.renumbered(checkpoint.vocabulary)


def _bag_of_words(
    name: str, documents: TableDocuments, prepared: Prepared, context: LabellingContext
) -> np.ndarray:
    from han_core.training.bag_of_words import FEWEST, LEARN, MOST_WORDS  # scikit-learn is heavy

    training = prepared.training.documents
    assert isinstance(training, TableDocuments)
    lowercase = prepared.vocabulary.lowercase
    vocabulary = Vocabulary(RESERVED, lowercase).extended(
        training.counts(lowercase), FEWEST, MOST_WORDS
    )
    learning = list(
        context.follow(training.renumbered(vocabulary), tr("Teaching {name}", name=name))
    )
    classes = prepared.training.classes
    model = LEARN[name](learning, classes, len(vocabulary), context.seed)
    asked = documents.renumbered(vocabulary)
    return model.probabilities(context.follow(asked, tr("Asking {name}", name=name)))


def shown_progress(follow: Follow, name: str) -> Progress:
    """Show by ``follow`` what is told of documents done."""
    shown: list = []
    done_before = 0

    def progress(done: int, of: int) -> None:
        nonlocal done_before
        if not shown:
            shown.append(iter(follow(range(of), name)))
        steps = done - done_before + (done == of)  # one more step ends a bar
        for _ in islice(shown[0], steps):
            pass
        done_before = done

    return progress
