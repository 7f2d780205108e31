"""What people write on a run: tags and a note, and the sweep that it belongs to.

They stand in ``notes.json`` in the run's folder, which no process of a run touches.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from han_core.runtime.atomic_io import read_json, write_json
from han_core.runtime.errors import UserError, system_errors
from han_core.runtime.messages import tr

NOTES = "notes.json"
MOST_TAGS, LONGEST_TAG, LONGEST_NOTE = 20, 40, 2_000

Tag = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TAG)]


class RunNotes(BaseModel):
    """Notes on one run; ``sweep`` names the group of runs that it was started with."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tags: tuple[Tag, ...] = Field(default=(), max_length=MOST_TAGS)
    note: str = Field(default="", max_length=LONGEST_NOTE)
    sweep: str = Field(default="", max_length=LONGEST_NOTE)


def read_notes(folder: Path) -> RunNotes:
    """Return the notes in ``folder``; empty ones where there are none that can be read."""
    try:
        return RunNotes.model_validate(read_json(folder / NOTES))
    except (UserError, ValidationError):
        return RunNotes()


def write_notes(folder: Path, notes: RunNotes) -> None:
    """Write the notes, whole or not at all.

    Raises:
        UserError: if the disk takes no more.
    """
    with system_errors(tr("The notes cannot be written on this machine")):
        write_json(folder / NOTES, notes.model_dump(mode="json"))


def parse_tags(text: str) -> tuple[str, ...]:
    """Return the tags between the commas of ``text``, each once.

    Raises:
        UserError: if there are too many, or one is too long.
    """
    tags = tuple(dict.fromkeys(" ".join(part.split()) for part in text.split(",") if part.strip()))
    if len(tags) > MOST_TAGS:
        raise UserError(
            tr(
                "A run has at most {most} tags; {count} came. Leave some out.",
                most=MOST_TAGS,
                count=len(tags),
            )
        )
    if (longest := max(map(len, tags), default=0)) > LONGEST_TAG:
        raise UserError(
            tr(
                "A tag has at most {most} characters; one of {longest} came.",
                most=LONGEST_TAG,
                longest=longest,
            )
        )
    return tags
