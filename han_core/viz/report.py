"""An error analysis as one HTML file: metrics of the filtered documents, and chosen documents.

Figures of the documents that a filter leaves, how often each tag is among them, and each
chosen document with its heatmap, its tags and its notes.
"""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from han_core.analysis.annotations.database import Database
from han_core.analysis.annotations.document_annotations import (
    FLAG_NAMES,
    Annotation,
    annotations_by_document,
    flag_text,
)
from han_core.analysis.dataset import Outcomes, Store
from han_core.analysis.document_table import ScoredDocument, read_document, stored_explanation
from han_core.analysis.filters import Marks
from han_core.analysis.metrics import (  # fmt: skip
    accuracy,
    class_scores,
    confusion_counts,
    macro_f1_interval,
)
from han_core.explanation.explain import explain_many
from han_core.explanation.explanation import Explanation
from han_core.explanation.statistics import Interval, share
from han_core.models.checkpoint import Checkpoint
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, paragraph, tr
from han_core.viz.colour_scale import FLOOR, TITLES, Scale, legend, reading_scale
from han_core.viz.export import Entry, Grid, report
from han_core.viz.heatmap import Colour, heatmap, longest_bar

MOST_DOCUMENTS = 200
MOST_TOKENS = 200_000
"""Of one report: about 20 MB, which a browser draws in some seconds."""

USUAL_STRONGEST = 0.9
"""The strongest colour begins where this share of the documents has its largest weight: one
very long document, whose lift can be a hundred, would leave all others pale."""

GONE = mark(
    "The model was deleted: weights are those stored with the scores, and unknown words are "
    "not marked."
)


@dataclass(frozen=True)
class ReportScope:
    """The filtered documents of a scored data set.

    Attributes:
        rows: (documents,) of the store.
        conditions: the filter in words, one for each chip.
        marks: of the moment.
    """

    store: Store
    rows: np.ndarray
    conditions: tuple[str, ...]
    marks: Marks


def error_analysis_report(
    scope: ReportScope, shown: Sequence[int], database: Database, checkpoint: Checkpoint | None
) -> str:
    """Return the whole file.

    Args:
        shown: rows of the documents that stand in it, in this order.
        checkpoint: the model; without it the weights stored by scoring are drawn.

    Raises:
        UserError: if more is to be shown than a browser bears, a part of the scores is
            damaged, or the database cannot be read.
    """
    _refuse_too_much(scope.store, shown)
    documents = [read_document(scope.store, int(row)) for row in shown]
    annotations = annotations_by_document(database, [each.content for each in documents])
    manifest = scope.store.scores.manifest
    notes = [
        tr(
            "{model} on {data}, {date}.",
            model=manifest.checkpoint,
            data=manifest.data,
            date=datetime.date.today().isoformat(),
        )
    ]
    if documents:
        notes.append(
            tr(
                "{title}: 1 is even attention, whatever a document's length.",
                title=tr(TITLES["lift"]),
            )
        )
        notes += [] if checkpoint else [tr(GONE)]
    explanations = _explanations(scope.store, documents, checkpoint)
    scale = shared_scale(explanations)
    longest = longest_bar(explanations)
    entries = [
        _entry(document, explanation, annotations.get(document.content, ()), scale, longest)
        for document, explanation in zip(documents, explanations, strict=True)
    ]
    grids = [grid for grid in (_classes(scope), _tags(scope)) if grid.rows]
    return report(tr("Error analysis"), notes, _facts(scope), grids, legend(scale), entries)


def shared_scale(explanations: Sequence[Explanation]) -> Scale:
    """Return the scale of lift that all documents share; values beyond it take its last colour."""
    whole = reading_scale(explanations, "lift")
    tops = [each.weights("lift").max(initial=0.0) for each in explanations]
    usual = float(np.quantile(tops, USUAL_STRONGEST)) if tops else whole.top
    top = min(max(usual, FLOOR), whole.top)
    title = whole.title
    if top < whole.top:
        title = tr("{title} (the last colour: this and more)", title=title)
    return Scale(title, top, False, "times")


def _refuse_too_much(store: Store, shown: Sequence[int]) -> None:
    tokens = int(store.outcomes.tokens[list(shown)].sum())
    if len(shown) > MOST_DOCUMENTS or tokens > MOST_TOKENS:
        raise UserError(
            tr(
                "A report of at most {most} documents and {most_words:,} words is expected; these "
                "are {count:,} with {words:,} words.",
                most=MOST_DOCUMENTS, most_words=MOST_TOKENS, count=len(shown), words=tokens,
            )
        )  # fmt: skip


def _explanations(
    store: Store, documents: Sequence[ScoredDocument], checkpoint: Checkpoint | None
) -> list[Explanation]:
    if checkpoint is None:
        return [stored_explanation(document, store.labels) for document in documents]
    texts, ids = [one.text for one in documents], [one.id for one in documents]
    return list(explain_many(checkpoint, texts, ids))


def _entry(
    document: ScoredDocument,
    explanation: Explanation,
    annotations: Sequence[Annotation],
    scale: Scale,
    longest: float,
) -> Entry:
    line = [
        tr(
            "Confidence {confidence:.3f}, loss {loss:.3f}.",
            confidence=document.confidence, loss=document.loss,
        )
    ]  # fmt: skip
    if document.other is not None:
        line.append(tr("Second model: {label}.", label=document.other))
    line += [
        tr("{name}: {value}.", name=name, value=cell)
        for name, cell in document.columns.items()
        if cell
    ]
    return Entry(
        tr("Document {id}", id=document.id),
        document.true,
        document.predicted,
        document.true == document.predicted,
        paragraph(*line),
        tuple(_marks(annotations)),
        tuple(
            (tr("{one}, {other}", one=one.annotator, other=_day(one.note.at)), one.note.text)
            for one in annotations
            if one.note
        ),
        heatmap(explanation, Colour(explanation.weights("lift"), scale), longest),
    )


def _marks(annotations: Sequence[Annotation]) -> Iterator[str]:
    """Tags and flags in words, with who gave them."""
    for one in annotations:
        yield from (f"{tag.name} ({one.annotator})" for tag in one.tags)
        yield from (f"{flag_text(flag)} ({one.annotator})" for flag in one.flags)


def _day(at: datetime.datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")  # not shown


def _facts(scope: ReportScope) -> list[tuple[str, str]]:
    outcomes, store = scope.store.outcomes.take(scope.rows), scope.store
    facts = [
        (tr("Filter"), tr("; ").join(scope.conditions) or tr("none: all documents")),
        (tr("Documents"), tr("{count:,} of {total:,}", count=len(outcomes), total=store.rows)),
        (tr("Accuracy"), in_words(accuracy(outcomes))),
        (tr("Macro F1"), in_words(macro_f1_interval(confusion_counts(outcomes)))),
        (
            tr("Mean loss"),
            f"{outcomes.loss.mean(dtype=np.float64):.3f}" if len(outcomes) else tr("none"),
        ),
    ]
    if len(outcomes) < store.rows:
        facts.insert(3, (tr("Accuracy of all documents"), in_words(accuracy(store.outcomes))))
    if store.other is not None:
        facts.insert(3, (tr("Accuracy of the second model"), _second(store, outcomes)))
    return facts


def _second(store: Store, outcomes: Outcomes) -> str:
    assert store.other is not None
    assert outcomes.other is not None
    right = int(np.count_nonzero(outcomes.other == outcomes.true))
    return tr(
        "{accuracy}, {model}",
        accuracy=in_words(share(right, len(outcomes))),
        model=store.other.manifest.checkpoint,
    )


def in_words(interval: Interval) -> str:
    """ "0.912 (95% interval 0.901 to 0.922)"."""
    if interval.mean is None:
        return tr("none")
    return tr(
        "{mean:.3f} (95% interval {low:.3f} to {high:.3f})",
        mean=interval.mean, low=interval.low, high=interval.high,
    )  # fmt: skip


def _classes(scope: ReportScope) -> Grid:
    """Each class that occurs, by itself."""
    counts = confusion_counts(scope.store.outcomes.take(scope.rows))
    scores = class_scores(counts)
    columns = (scores.precision, scores.recall, scores.f1)
    occurring = np.flatnonzero(scores.support + scores.predicted)
    rows = tuple(
        (
            scope.store.labels[at],
            f"{scores.support[at]:,}",
            *("–" if np.isnan(column[at]) else f"{column[at]:.3f}" for column in columns),
        )
        for at in occurring.tolist()
    )
    header = (tr("Class"), tr("Documents"), tr("Precision"), tr("Recall"), tr("F1"))
    return Grid(tr("Classes"), header, rows)


def _tags(scope: ReportScope) -> Grid:
    """How many documents of the filter have each tag or flag, and how many of them are wrong."""
    left = scope.store.outcomes.take(scope.rows)
    rows = []
    flags = {tr(FLAG_NAMES[kind]): held for kind, held in scope.marks.flagged.items()}
    for name, contents in [*scope.marks.tagged.items(), *flags.items()]:
        has = np.isin(scope.rows, scope.store.documents.rows_of(contents))
        if has.any():
            wrong = int(np.count_nonzero(has & ~left.right))
            rows.append((name, f"{np.count_nonzero(has):,}", f"{wrong:,}"))
    header = (tr("Tag"), tr("Documents"), tr("Wrong"))
    return Grid(tr("Tags and flags"), header, tuple(rows))
