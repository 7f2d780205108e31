"""Tags to begin with, for those who want some: what makes texts hard for a classifier.

They are offered, never imposed, and may be changed like any other. It knows nothing about
databases beyond putting them there.
"""

from typing import NamedTuple

import sqlalchemy as sa

from han_core.coding.codebook import insert_tag
from han_core.coding.database import Database
from han_core.coding.schema import TAG
from han_core.coding.wording import checked_name, folded


class Starter(NamedTuple):
    """A tag that is offered."""

    name: str
    description: str
    colour: str
    key: str


STARTERS = (
    Starter("negation", "A word turns what follows around: not good, hardly a success, "
            "fails to bore.", "#3b6ea8", "1"),
    Starter("contrast", "The text weighs one side against the other, and the last or the main "
            "clause decides: fine actors, but …", "#8a5fb0", "2"),
    Starter("mixed opinion", "Praise and blame in the same text; a reader could argue for "
            "either class.", "#b0623f", "3"),
    Starter("sarcasm", "Meant the other way round: what a masterpiece, I slept well.",
            "#b8476b", "4"),
    Starter("indirect", "No word says it; the reader concludes it from what is told: I asked for "
            "my money back.", "#3f8f7a", "5"),
    Starter("comparison", "Somebody or something else is judged, or serves as the measure: his "
            "first book was so much better.", "#7f7a2c", "6"),
    Starter("about something else", "Strong words that belong to the plot, a quotation or "
            "another thing, not to what is judged.", "#5f7f9f", "7"),
    Starter("knowledge needed", "Only somebody who knows the matter can tell: a name, an "
            "allusion, a term.", "#8c6d3f", "8"),
    Starter("unknown words", "What decides is misspelt, rare, or of another language, and the "
            "model does not know it.", "#6b6b6b", "9"),
    Starter("too little to tell", "Short or empty of opinion; nobody could tell from the text "
            "alone.", "#9a5f8a", "0"),
)  # fmt: skip
"""No two share a key; a wrong label is a flag, so it is no tag."""


def add_starters(database: Database, annotator: str) -> int:
    """Puts those into the codebook whose name is not there; returns how many.

    A key that somebody gave to another tag stays with that one.

    Raises:
        WrongInput: as ``Database.writing``, or if ``annotator`` is no name.
    """
    who = checked_name(annotator, "An analyst's name")
    with database.writing() as connection:
        there = connection.execute(sa.select(TAG.c.folded, TAG.c.key, TAG.c.retired)).all()
        names, keys = {row.folded for row in there}, {row.key for row in there if not row.retired}
        new = [one for one in STARTERS if folded(one.name) not in names]
        for one in new:
            free = one._replace(key="") if one.key in keys else one
            insert_tag(connection, who, **free._asdict())
    return len(new)
