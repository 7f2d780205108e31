"""Find documents on which annotators disagree, the largest disagreement first.

An annotator's answer to a document is the set of tags and flags that they gave it; nothing is an
answer too, if they looked at the document. Two answers are as far apart as the share of what
either gave that the other did not give (Jaccard 1912): 0 for the same, 1 for nothing in common.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd
import sqlalchemy as sa

from han_core.analysis.annotations.agreement import ANNOTATION_TABLES
from han_core.analysis.annotations.database import Database
from han_core.analysis.annotations.document_annotations import (
    Annotation,
    annotations_by_document,
    flag_text,
)
from han_core.runtime.messages import mark, tr

NOTHING = mark("no tag")


@dataclass(frozen=True)
class Disagreement:
    """Different answers to one document.

    Attributes:
        content: ``content_hash`` of the document.
        distance: mean distance of two annotators, above 0 and up to 1.
        answers: (annotator, tags and flags) of everybody who looked at it, by name.
    """

    content: str
    distance: float
    answers: tuple[tuple[str, frozenset[str]], ...]


def find_disagreements(
    database: Database, contents: Collection[str] | None = None
) -> tuple[Disagreement, ...]:
    """Return the documents to which two annotators gave different answers.

    The largest distance comes first; of equal ones, the one that more people looked at.

    Args:
        contents: only these documents, all if None.
    """
    several = _annotated_by_several(database)
    if contents is not None:
        several = sorted(frozenset(contents).intersection(several))
    found = []
    for content, annotations in annotations_by_document(database, several).items():
        answers = tuple((one.annotator, answer(one)) for one in annotations)
        if apart := mean_distance([given for _, given in answers]):
            found.append(Disagreement(content, apart, answers))
    return tuple(sorted(found, key=lambda one: (-one.distance, -len(one.answers), one.content)))


def answer(annotation: Annotation) -> frozenset[str]:
    """Return the tags and flags that one annotator gave a document."""
    tags = (tag.name for tag in annotation.tags)
    return frozenset([*tags, *map(flag_text, annotation.flags)])


def mean_distance(answers: Sequence[frozenset[str]]) -> float:
    """Return the mean Jaccard distance of all pairs of answers; 0 of fewer than two."""
    pairs = list(combinations(answers, 2))
    return sum(_distance(one, other) for one, other in pairs) / len(pairs) if pairs else 0.0


def _distance(one: frozenset[str], other: frozenset[str]) -> float:
    either = one | other
    return 1 - len(one & other) / len(either) if either else 0.0


def answers_line(disagreement: Disagreement) -> str:
    """Return who said what: "Ann: irony, long · Ben: no tag"."""
    said = (
        f"{who}: {', '.join(sorted(given)) or tr(NOTHING)}" for who, given in disagreement.answers
    )
    return " · ".join(said)


def disagreement_columns(disagreements: Sequence[Disagreement]) -> pd.DataFrame:
    """Return a row for each: content, disagreement (per cent), annotators, answers."""
    rows = [
        (one.content, 100 * one.distance, len(one.answers), answers_line(one))
        for one in disagreements
    ]
    return pd.DataFrame(rows, columns=["content", "disagreement", "annotators", "answers"])


def _annotated_by_several(database: Database) -> list[str]:
    """The documents that two annotators or more looked at."""
    looked = sa.union(
        *(sa.select(table.c.content, table.c.annotator) for table in ANNOTATION_TABLES)
    ).subquery()
    query = sa.select(looked.c.content).group_by(looked.c.content)
    with database.reading() as connection:
        return list(connection.execute(query.having(sa.func.count() > 1)).scalars())
