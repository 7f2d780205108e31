"""The texts of a target domain: data of their own, or the rows of a column that names domains.

Training reads them without their labels; where they have some, those of the documents that are held
out tell how well the target domain is classified.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from han_core.data.corpus import Corpus, read_corpus, stratified_split
from han_core.data.document_groups import digests
from han_core.data.labels import align_labels, whole_numbers
from han_core.data.table import Table
from han_core.data.text_files import file_of
from han_core.runtime.errors import UserError, counted, listed, shown
from han_core.runtime.messages import tr

FEWEST = 10
"""Texts of a target domain; of fewer, two would be held out at most."""

HELD_OUT = 0.2
"""Share of the target texts that training never reads."""


@dataclass(frozen=True)
class DomainColumn:
    """Domains in the rows of one table.

    Attributes:
        column: whose cells name the domain of each row.
        target: the domain to adapt to; rows of all others are the source.
    """

    column: str
    target: str

    def domains(self, table: Table) -> Sequence[str]:
        """(rows,) the domain of each row, without white space around.

        Raises:
            UserError: if there is no such column.
        """
        return [cell.strip() for cell in table.column(self.column)]

    def source_rows(self, table: Table) -> Table:
        """Return the rows of all named domains but the target.

        Raises:
            UserError: if no row is of the target, or none of another domain.
        """
        domains = self.domains(table)
        named = sorted(set(filter(None, domains)))
        if self.target not in named or len(named) < 2:
            raise UserError(
                tr(
                    'The column "{column}" of {name} names the domains {named}; "{target}" and '
                    "another one were expected.",
                    column=shown(self.column),
                    name=table.name,
                    named=listed(named, 10) or tr("none"),
                    target=shown(self.target),
                )
            )
        return table.take(
            [row for row, name in enumerate(domains) if name not in ("", self.target)]
        )

    def target_rows(self, table: Table) -> Table:
        """Return the rows of the target domain."""
        return table.take(
            [row for row, name in enumerate(self.domains(table)) if name == self.target]
        )


@dataclass(frozen=True)
class TargetDomain:
    """Texts of the domain that a run adapts to.

    Attributes:
        name: of the domain, or of its data.
        learning: texts without labels.
        held_out: texts that training never reads.
        labelled: those of them that have a label of the source's classes; None without any.

    Raises:
        ValueError: if the texts to learn from have labels.
    """

    name: str
    learning: Corpus
    held_out: Corpus
    labelled: Corpus | None = None

    def __post_init__(self) -> None:
        if self.learning.labels:
            raise ValueError("texts without labels expected")

    def __len__(self) -> int:
        return len(self.learning) + len(self.held_out)


def is_data(target: str) -> bool:
    """Whether ``--adapt-to`` names data of its own rather than a domain of a column."""
    return target.startswith(("hf:", "bundled:")) or Path(file_of(target)).is_file()


def read_target(
    spec: str,
    text_column: str,
    label_column: str,
    default_split: str = "train",
    choose: Callable[[Table], Table] | None = None,
) -> Corpus:
    """Read the target texts; ``labels`` are "" in rows without, and none where no row has any.

    Args:
        choose: as ``read_corpus``.

    Raises:
        UserError: as ``read_corpus``, or if there are too few texts.
    """
    corpus = read_corpus(
        spec,
        text_column=text_column,
        label_column=None,
        default_split=default_split,
        choose=choose,
    )
    if len(corpus) < FEWEST:
        raise UserError(
            tr(
                "Adapting to a domain takes at least {fewest} of its texts; {name} has {count:,}.",
                fewest=FEWEST,
                name=corpus.name,
                count=len(corpus),
            )
        )
    labels = whole_numbers([cell.strip() for cell in corpus.extra.get(label_column, ())])
    return replace(corpus, labels=labels if any(labels) else ())


def target_domain(
    name: str, corpus: Corpus, parts: Sequence[Corpus], classes: Sequence[str], seed: int
) -> TargetDomain:
    """Hold out a share of the target texts, without those that stand in ``parts``.

    Args:
        corpus: as ``read_target`` gives it.
        classes: of the source.

    Raises:
        UserError: if too few texts are left, or a label is none of the source's classes.
    """
    _check_classes(name, corpus, classes)
    known = np.concatenate([digests(part.texts) for part in parts])
    new = np.flatnonzero(~np.isin(digests(corpus.texts), known))
    if len(new) < FEWEST:
        raise UserError(
            tr(
                "{known} of {texts} of {name} stand among the source's, too; texts of another "
                "domain were expected.",
                known=counted(len(corpus) - len(new), "text"),
                texts=counted(len(corpus), "text"),
                name=corpus.name,
            )
        )
    notes = corpus.notes
    if left := len(corpus) - len(new):
        said = tr("{texts} left out: they stand among the source's, too.",
                  texts=counted(left, "target text"))  # fmt: skip
        corpus, notes = corpus.take(new), (*notes, said)
    rest, held_out = stratified_split(corpus, HELD_OUT, seed)
    rows = [row for row, label in enumerate(held_out.labels) if label]
    learning = replace(rest, labels=(), notes=notes)
    unlabelled = replace(held_out, labels=())
    return TargetDomain(name, learning, unlabelled, held_out.take(rows) if rows else None)


def _check_classes(name: str, corpus: Corpus, classes: Sequence[str]) -> None:
    try:
        align_labels([label for label in corpus.labels if label], classes)
    except UserError as error:
        raise UserError(
            tr(
                "Labels of the target domain {name} are those of the source, or none: {error}",
                name=shown(name),
                error=error,
            )
        ) from error
