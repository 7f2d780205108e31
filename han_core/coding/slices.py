"""Filters saved under a name, for everybody who looks at the same data set.

A filter is kept as the JSON that it is, and whoever reads it checks it. It knows nothing about
what a filter means.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from han_core.coding.database import Database
from han_core.coding.history import now, record
from han_core.coding.schema import SLICE
from han_core.coding.wording import checked_name, folded
from han_core.wrong_input import WrongInput

LONGEST_FILTER = 200_000  # characters


@dataclass(frozen=True)
class Slice:
    """A filter as JSON, under a name; ``analyst`` saved it ``at`` that time."""

    name: str
    filter: str
    analyst: str
    at: datetime


def save_slice(
    database: Database, dataset: str, name: str, filter: str, analyst: str, replace: bool = False
) -> Slice:
    """Keeps ``filter`` under ``name``, a name for itself within the data set whatever its case.

    Args:
        dataset: its hash (``Manifest.data_sha256``).
        replace: whether a slice of this name gives way.

    Raises:
        WrongInput: if the name is taken or cannot be one, the filter is too long, or as
            ``Database.writing``.
    """
    if len(filter) > LONGEST_FILTER:
        raise WrongInput("This filter has too many conditions to be saved as a slice.")
    saved = Slice(
        checked_name(name, "A slice's name"), filter, checked_name(analyst, "An analyst's name"),
        now(),
    )  # fmt: skip
    with database.writing() as connection:
        same = _named(dataset, name)
        there = connection.execute(sa.select(SLICE).where(*same)).first()
        if there and not replace:
            raise WrongInput(f'A slice "{there.name}" is saved already; choose another name.')
        connection.execute(sa.delete(SLICE).where(*same))
        row: dict = {"dataset": dataset, "folded": folded(saved.name), "annotator": saved.analyst}
        row |= {"name": saved.name, "filter": saved.filter, "at": saved.at}
        connection.execute(sa.insert(SLICE).values(**row))
        before = there.filter if there else ""
        record(connection, saved.analyst, "saved a slice", saved.name, before, filter)
    return saved


def slices(database: Database, dataset: str) -> tuple[Slice, ...]:
    """The slices of a data set, by name.

    Raises:
        WrongInput: as ``Database.reading``.
    """
    columns = SLICE.c.name, SLICE.c.filter, SLICE.c.annotator, SLICE.c.at
    asked = sa.select(*columns).where(SLICE.c.dataset == dataset).order_by(SLICE.c.folded)
    with database.reading() as connection:
        return tuple(Slice(*row) for row in connection.execute(asked))


def delete_slice(database: Database, dataset: str, name: str, analyst: str) -> None:
    """Lets a slice go; the history keeps its filter.

    Raises:
        WrongInput: if ``analyst`` is no name, or as ``Database.writing``.
    """
    who = checked_name(analyst, "An analyst's name")
    with database.writing() as connection:
        same = _named(dataset, name)
        there = connection.execute(sa.select(SLICE).where(*same)).first()
        if there:
            connection.execute(sa.delete(SLICE).where(*same))
            record(connection, who, "deleted a slice", there.name, before=there.filter)


def _named(dataset: str, name: str) -> tuple:
    tidy = folded(checked_name(name, "A slice's name"))
    return SLICE.c.dataset == dataset, SLICE.c.folded == tidy
