"""Split documents into training, validation and test: by a share, by other data or by a column."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from han_core.data.corpus import Corpus, read_corpus, stratified_split
from han_core.data.document_groups import Overlap, digests, grouped_split, groups_of, overlaps
from han_core.data.domains import DomainColumn, TargetDomain, read_target, target_domain
from han_core.data.labels import class_counts, fractional, is_number, label_problems
from han_core.data.table import Table
from han_core.runtime.errors import UserError, counted, listed, shown
from han_core.runtime.messages import tr

PARTS = {
    "training": ("train", "training", "0"),
    "validation": ("validation", "valid", "val", "dev", "1"),
    "test": ("test", "testing", "2"),
}
"""What the cells of a column that divides the rows may say, in any case."""


@dataclass(frozen=True)
class Source:
    """Where the documents come from, and how they are divided.

    Attributes:
        data: a file, ``hf:...`` or ``bundled:...``.
        validation: other data, or the share of ``data`` to hold out as a number in words.
        test: likewise; None for no test.
        split_column: the column of ``data`` that says of each row whether it is for
            training, validation or test; ``validation`` and ``test`` then only count for
            the part that no row is for, and a share is one of the training rows.
        limit: training documents to take, the first ones.
        group_column: the column of ``data`` whose groups no share divides, or NAME/N for its
            whole numbers in blocks of N.
        split_seed: draws what is held out; None for the seed of the run.
        unlabelled: data without labels, for teachers to label.
        adapt_to: data with texts of the domain to adapt to, or its name in ``domain_column``.
        domain_column: the column of ``data`` that names the domain of each row.
    """

    data: str
    validation: str = "0.1"
    test: str | None = None
    text_column: str = "text"
    label_column: str = "label"
    split_column: str | None = None
    limit: int | None = None
    group_column: str | None = None
    split_seed: int | None = None
    unlabelled: str | None = None
    adapt_to: str | None = None
    domain_column: str | None = None

    @property
    def domain(self) -> DomainColumn | None:
        """The column that divides ``data`` into source and target, if one does.

        Raises:
            UserError: if a column is named without a domain to adapt to.
        """
        if self.domain_column is None:
            return None
        if self.adapt_to is None:
            raise UserError(tr("--domain-column names the domains; --adapt-to DOMAIN chooses one."))
        return DomainColumn(self.domain_column, self.adapt_to)

    @property
    def specs(self) -> tuple[str, ...]:
        """All data that are read: files, ``hf:...`` or ``bundled:...``; no shares."""
        target = self.adapt_to if self.adapt_to and self.domain is None else None
        named = (self.data, self.validation, self.test, self.unlabelled, target)
        return tuple(spec for spec in named if spec and not is_number(spec))


@dataclass(frozen=True)
class Parts:
    """Documents to learn from, to validate on, and to test on.

    Attributes:
        unlabelled: without what stands in the other parts.
        notes: sentences about them for the user; none quotes a text.
        overlaps: documents that stand in two of them.
        target: the domain to adapt to, without texts that stand in the other parts.
    """

    training: Corpus
    validation: Corpus
    test: Corpus | None
    notes: tuple[str, ...]
    overlaps: tuple[Overlap, ...] = ()
    unlabelled: Corpus | None = None
    target: TargetDomain | None = None


def read_parts(source: Source, seed: int) -> Parts:
    """The documents of ``source``; ``seed`` draws what is held out where it has none itself.

    Raises:
        UserError: as ``divided``, or as ``read_corpus``.
    """
    choose = source.domain.source_rows if source.domain else None
    return split_parts(_read(source.data, source, choose=choose), source, seed)


def split_parts(corpus: Corpus, source: Source, seed: int) -> Parts:
    """``corpus``, which was read from ``source.data``, in its parts.

    Raises:
        UserError: if a share or the limit is out of range, the texts or labels cannot be
            learnt from, or the column divides nothing; or as ``read_corpus`` for other data.
    """
    _refuse_what_teaches_nothing(corpus, source)
    parts = {"training": corpus}
    if source.split_column is not None:
        parts = _by_column(corpus, source.split_column)
    if source.split_seed is not None:
        if source.split_seed < 0:
            raise UserError(
                tr("--split-seed is 0 or more; {split_seed} came.", split_seed=source.split_seed)
            )
        seed = source.split_seed
    parts = _hold_out(parts, source, seed)
    if source.limit is not None:
        if source.limit < 1:
            raise UserError(tr("--limit is at least 1; {limit} came.", limit=source.limit))
        parts["training"] = parts["training"].first(source.limit)
    shared = overlaps(parts)
    unlabelled, target = _unlabelled(source, parts), _target(source, parts, seed)
    read = (*parts.values(), unlabelled, target.learning if target else None)
    notes = (
        *(note for part in read if part for note in part.notes),
        *label_problems(class_counts(corpus.labels), source.label_column),
        *(overlap.sentence for overlap in shared),
    )
    training, validation, test = parts["training"], parts["validation"], parts.get("test")
    said = tuple(dict.fromkeys(notes))
    return Parts(training, validation, test, said, shared, unlabelled, target)


def _read(
    spec: str,
    source: Source,
    default_split: str = "train",
    choose: Callable[[Table], Table] | None = None,
) -> Corpus:
    return read_corpus(
        spec,
        text_column=source.text_column,
        label_column=source.label_column,
        default_split=default_split,
        choose=choose,
    )


def _refuse_what_teaches_nothing(corpus: Corpus, source: Source) -> None:
    """Refuse what only a wrong choice of columns gives, and a single class."""
    if all(map(is_number, corpus.texts)):
        raise UserError(
            tr(
                'The column "{text_column}" of {name} holds nothing but numbers; a column of '
                "texts was expected.",
                text_column=shown(source.text_column),
                name=corpus.name,
            )
        )
    if fractions := fractional(corpus.labels):
        raise UserError(
            tr(
                'The column "{label_column}" of {name} holds measurements such as {fractions}; '
                "classes were expected.",
                label_column=shown(source.label_column),
                name=corpus.name,
                fractions=listed(fractions, 3),
            )
        )
    if len(corpus.classes) == 1:
        raise UserError(
            tr(
                "Training needs documents of at least two classes; only {classes!r} came.",
                classes=corpus.classes[0],
            )
        )


def _by_column(corpus: Corpus, column: str) -> dict[str, Corpus]:
    """The parts that the cells of ``column`` name; there is always one for training."""
    if column not in corpus.extra:
        columns = listed(tuple(corpus.extra)) or tr("none")
        raise UserError(
            tr(
                '{name} has no column "{column}" that could divide its rows; the columns beside '
                "text and label are: {columns}.",
                name=corpus.name,
                column=shown(column),
                columns=columns,
            )
        )
    cells = [cell.strip().casefold() for cell in corpus.extra[column]]
    meaning = {word: part for part, words in PARTS.items() for word in words}
    if unknown := [cell for cell in Counter(cells) if cell not in meaning]:
        raise UserError(
            tr(
                'The column "{column}" of {name} says {unknown}; "train", "validation" or "test" '
                "was expected in each row.",
                column=shown(column),
                name=corpus.name,
                unknown=listed(unknown, 5),
            )
        )
    rows: dict[str, list[int]] = {part: [] for part in PARTS}
    for row, cell in enumerate(cells):
        rows[meaning[cell]].append(row)
    if not rows["training"]:
        raise UserError(
            tr(
                'No row of {name} is for training by its column "{column}".',
                name=corpus.name,
                column=column,
            )
        )
    return {part: corpus.take(taken) for part, taken in rows.items() if taken}


def _hold_out(parts: dict[str, Corpus], source: Source, seed: int) -> dict[str, Corpus]:
    """Complete training, validation and perhaps test with other data or shares.

    The test share is cut first, so that another validation share leaves it as it is.
    """
    parts, whole = dict(parts), len(parts["training"])
    for part, wanted in (("test", source.test), ("validation", source.validation)):
        if part in parts or wanted is None:
            continue
        share = _share(wanted, part)
        if share is None:
            parts[part] = _read(wanted, source, default_split=part)
        else:
            rest = parts["training"]
            # A share of the whole, of which the test is gone by now.
            fraction = share if len(rest) == whole else share * whole / len(rest)
            parts["training"], parts[part] = _split(rest, source, fraction, seed)
    return {part: parts[part] for part in PARTS if part in parts}


def _split(rest: Corpus, source: Source, fraction: float, seed: int) -> tuple[Corpus, Corpus]:
    if fraction >= 1:
        raise UserError(tr("The shares for validation and test leave nothing to learn from."))
    if source.group_column is not None:
        return grouped_split(rest, groups_of(rest, source.group_column), fraction, seed)
    return stratified_split(rest, fraction, seed)


def _share(wanted: str, part: str) -> float | None:
    """The share that ``wanted`` names; None where it names data."""
    try:
        fraction = float(wanted)
    except ValueError:
        return None
    if not 0 < fraction < 1:
        raise UserError(
            tr(
                "--{part} takes data or a share between 0 and 1; {fraction} came.",
                part=part,
                fraction=fraction,
            )
        )
    return fraction


def _unlabelled(source: Source, parts: dict[str, Corpus]) -> Corpus | None:
    """The documents to be labelled by teachers, without those that stand in ``parts``.

    A test would tell nothing if what its documents are like had been taught.
    """
    if source.unlabelled is None:
        return None
    corpus = read_corpus(source.unlabelled, text_column=source.text_column, label_column=None)
    labelled = np.concatenate([digests(part.texts) for part in parts.values()])
    new = np.flatnonzero(~np.isin(digests(corpus.texts), labelled))
    if not len(new):
        raise UserError(
            tr(
                "All documents of {name} stand among the labelled ones; others were expected.",
                name=corpus.name,
            )
        )
    if left := len(corpus) - len(new):
        note = tr(
            "{left:,} of {documents} left out: they stand among the labelled ones too.",
            left=left, documents=counted(len(corpus), "unlabelled document"),
        )  # fmt: skip
        corpus = replace(corpus.take(new), notes=(*corpus.notes, note))
    return corpus


def _target(source: Source, parts: dict[str, Corpus], seed: int) -> TargetDomain | None:
    """The domain to adapt to, without texts that stand in ``parts``."""
    if source.adapt_to is None:
        return None
    domain = source.domain
    corpus = read_target(
        source.data if domain else source.adapt_to,
        source.text_column,
        source.label_column,
        choose=domain.target_rows if domain else None,
    )
    name = domain.target if domain else corpus.name
    return target_domain(name, corpus, [*parts.values()], parts["training"].classes, seed)
