"""What was said of documents as columns of a table, to take away and to bring back.

The first columns are for people; ``coding`` holds everything, with names and times, as JSON. It
knows nothing about files.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from han_core.coding.database import Database
from han_core.coding.marks import Flag
from han_core.coding.said import Flagged, Note, Said, Tagged, said_of_all
from han_core.coding.wording import LONGEST_LABEL, LONGEST_NAME, LONGEST_NOTE
from han_core.wrong_input import WrongInput

LONGEST_CODING = 20_000_000  # characters of JSON about one document
FLAG_NAMES: dict[Flag, str] = {"label_is_wrong": "label is wrong", "ambiguous": "ambiguous"}


@dataclass(frozen=True)
class Findings:
    """Columns, a cell for each document asked for; "" where nothing is said.

    Attributes:
        tags: names, once each: "negation; sarcasm".
        flags: with the class that is meant: "label is wrong (positive)".
        notes: "Anna: text", a paragraph each.
        annotators: who said something: "Anna; Ben".
        coding: all of it as JSON, which ``said_from_json`` reads.
    """

    tags: tuple[str, ...]
    flags: tuple[str, ...]
    notes: tuple[str, ...]
    annotators: tuple[str, ...]
    coding: tuple[str, ...]


def findings(database: Database, contents: Sequence[str]) -> Findings:
    """What is said of these documents, in their order.

    Raises:
        WrongInput: as ``Database.reading``.
    """
    said = said_of_all(database, contents)
    rows = {content: _cells(of_it) for content, of_it in said.items()}
    nothing = ("",) * 5
    columns = zip(*(rows.get(content, nothing) for content in contents), strict=True)
    return Findings(*columns) if contents else Findings((), (), (), (), ())


def said_from_json(text: str) -> tuple[Said, ...]:
    """What a cell of ``coding`` says; whatever else stands in it is refused.

    Raises:
        WrongInput: if it is no such cell.
    """
    if len(text) > LONGEST_CODING:
        raise WrongInput("A cell of the column coding is too long to be read.")
    if not text.strip():
        return ()
    try:
        return tuple(one.said() for one in _CELL.validate_json(text))
    except ValidationError as error:
        first = error.errors()[0]
        where = " ".join(str(step) for step in first["loc"])
        raise WrongInput(
            f"The column coding does not hold what was exported ({where} {first['msg']})."
        ) from error


Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Label = Annotated[str, Field(max_length=LONGEST_LABEL)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Tag(_Strict):
    name: Name
    at: AwareDatetime


class _Note(_Strict):
    text: Annotated[str, Field(min_length=1, max_length=10 * LONGEST_NOTE)]
    at: AwareDatetime


class _Flag(_Strict):
    kind: Flag
    label: Label = ""
    meant: Label = ""
    at: AwareDatetime


class _Said(_Strict):
    """One annotator's part of a cell."""

    annotator: Name
    tags: Annotated[list[_Tag], Field(max_length=1_000)] = []
    note: _Note | None = None
    flags: Annotated[list[_Flag], Field(max_length=2)] = []
    read: AwareDatetime | None = None

    def said(self) -> Said:
        note = Note(self.note.text, self.note.at, 0) if self.note else None
        tags = tuple(Tagged(one.name, one.at) for one in self.tags)
        flags = tuple(Flagged(one.kind, one.label, one.meant, one.at) for one in self.flags)
        return Said(self.annotator, tags, note, flags, self.read)


_CELL = TypeAdapter(Annotated[list[_Said], Field(max_length=1_000)])


def _cells(said: Iterable[Said]) -> tuple[str, ...]:
    """One document's cells."""
    said = tuple(said)
    tags = dict.fromkeys(sorted(tag.name for one in said for tag in one.tags))
    flags = dict.fromkeys(flag_in_words(flag) for one in said for flag in one.flags)
    notes = (f"{one.annotator}: {one.note.text}" for one in said if one.note)
    cell = [_Said.model_validate(_as_json(one)) for one in said]
    coding = _CELL.dump_json(cell, exclude_defaults=True).decode()
    who = (one.annotator for one in said)
    return "; ".join(tags), "; ".join(flags), "\n\n".join(notes), "; ".join(who), coding


def _as_json(one: Said) -> dict:
    note = one.note and {"text": one.note.text, "at": one.note.at}
    flags = [vars(flag) for flag in one.flags]
    return {"annotator": one.annotator, "tags": [vars(tag) for tag in one.tags], "note": note,
            "flags": flags, "read": one.read}  # fmt: skip


def flag_in_words(flag: Flagged) -> str:
    """ "label is wrong (positive)"."""
    return f"{FLAG_NAMES[flag.kind]} ({flag.meant})" if flag.meant else FLAG_NAMES[flag.kind]
