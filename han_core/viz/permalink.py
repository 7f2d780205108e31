"""A view of one document as a link, and back.

A token is base64url (no padding) of a checksum and zlib-compressed JSON. The
checksum tells a link that was cut or mistyped from a whole one. It is no proof of
who made the link: anybody can make one, so everything is bounded and checked before
it is believed, and a view says only what to show, never what to run. It does not
know which checkpoints there are; who opens a link looks there first.
"""

import base64
import hashlib
import re
import zlib
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from han_core.data.text_files import LONGEST_TEXT
from han_core.explanation.attribution import Method
from han_core.explanation.explanation import Reading
from han_core.explanation.interventions import Intervention
from han_core.runtime.errors import UserError, shown
from han_core.text.edits import MOST_EDITS, Edit
from han_core.viz.text_store import ID, DocumentStore

SHORT = 1_800
"""Characters of a token that may carry its text; everything that takes links takes these."""

LONGEST = 8_000
"""Characters of any token, which many edits can fill; longer ones are not read."""

LARGEST = 100_000  # bytes of JSON; so much text can be pressed into few characters
LARGEST_SEED = 2**32 - 1  # a browser cannot show every whole number
_CHECK = 8  # bytes of the checksum


class View(BaseModel):
    """What somebody saw on Explore; the device is not part of it.

    Attributes:
        checkpoint: its folder's name alone.
        text: the document before its edits, or
        document: the id of a kept one; one of the two is given.
        target: a class by its label, None for the predicted one.
        edits: in the order in which they were made.

    Raises:
        ValidationError: (a ``ValueError``) if a part is missing or impossible.
    """

    # Standard dataclasses below (``Edit``, ``Intervention``) are read as strictly as this.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    version: Literal[1] = 1
    checkpoint: str
    text: str | None = Field(default=None, min_length=1, max_length=LONGEST_TEXT)
    document: str | None = Field(default=None, pattern=f"^{ID}$")
    reading: Reading = "document"
    method: Method = "attention"
    target: str | None = Field(default=None, max_length=500)
    edits: tuple[Edit, ...] = Field(default=(), max_length=MOST_EDITS)
    tampering: Intervention | None = None
    placebo: Literal["none", "untrained", "uniform"] = "none"

    @field_validator("checkpoint")
    @classmethod
    def _bare_name(cls, name: str) -> str:
        if not re.fullmatch(r"[\w-][\w .,()+=@-]{0,99}", name):
            raise ValueError("a folder's plain name of up to 100 characters is expected")
        return name

    @model_validator(mode="after")
    def _one_document_and_all_within_it(self) -> Self:
        if (self.text is None) == (self.document is None):
            raise ValueError("either a text or a document's id is expected")
        length = LONGEST_TEXT if self.text is None else len(self.text)
        for edit in self.edits:
            if edit.end > length:
                raise ValueError(f"the edit {edit.start}:{edit.end} lies outside the text")
        changed = self.tampering
        if changed and not (0 <= (changed.sentence or 0) < length and changed.seed <= LARGEST_SEED):
            raise ValueError("the sentence or the seed of the changed attention is out of range")
        return self


def view_of(**parts: Any) -> View:
    """A ``View`` of what somebody chose.

    Raises:
        UserError: if a part is impossible, such as a checkpoint of an odd name.
    """
    try:
        return View(**parts)
    except ValidationError as error:
        raise _does_not_fit(error) from error


def share(view: View, store: DocumentStore) -> str:
    """The token of a view; a text that is too long for it is kept in ``store``.

    Raises:
        UserError: if the text cannot be kept, or as ``to_link`` does.
    """
    if view.text is not None:
        content = _content(view)
        if len(content) > LARGEST or len(_token(content)) > SHORT:
            view = view.model_copy(update={"text": None, "document": store.save(view.text)})
    return to_link(view)


def restore(token: str, store: DocumentStore) -> View:
    """The view of a token with its text, wherever that was kept, and no id.

    Raises:
        UserError: as ``from_link``, ``DocumentStore.load`` and ``view_of`` do.
    """
    view = from_link(token)
    if view.document is None:
        return view
    return view_of(**{**dict(view), "text": store.load(view.document), "document": None})


def to_link(view: View) -> str:
    """The token, which needs no escaping in an address; ``LONGEST`` characters at most.

    Raises:
        UserError: if it would be longer.
    """
    content = _content(view)
    token = _token(content)
    if len(content) > LARGEST or len(token) > LONGEST:
        raise UserError(
            f"A link holds at most {LONGEST:,} characters, and {LARGEST:,} bytes when unpacked; "
            f"this view with its {len(view.edits):,} edits needs {len(token):,} and "
            f"{len(content):,}."
        )
    return token


def from_link(token: str) -> View:
    """The view of a token.

    Raises:
        UserError: if it is cut, changed, too long, or asks for what cannot be.
    """
    if len(token) > LONGEST:
        raise UserError(
            f"A link holds at most {LONGEST:,} characters; this one has {len(token):,}."
        )
    try:
        return View.model_validate_json(_unpacked(token))
    except ValidationError as error:
        raise _does_not_fit(error) from error


def _content(view: View) -> bytes:
    return view.model_dump_json(exclude_none=True).encode("utf-8")


def _token(content: bytes) -> str:
    return _base64url(_with_checksum(zlib.compress(content, 9)))


def _unpacked(token: str) -> bytes:
    """The JSON in a token, whole and of bounded size."""
    cut = UserError("This link is cut or was changed; copy the whole of it once more.")
    if not re.fullmatch("[A-Za-z0-9_-]+", token) or len(token) % 4 == 1:
        raise cut
    data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    packed = data[_CHECK:]
    # Other last characters can stand for the same bytes; only the token as it was made counts.
    if _with_checksum(packed) != data or _base64url(data) != token:
        raise cut
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(packed, LARGEST + 1)
    except zlib.error as error:
        raise cut from error
    if len(content) > LARGEST:
        raise UserError(f"This link unpacks to more than {LARGEST:,} bytes; no view is so large.")
    if not reader.eof or reader.unused_data:
        raise cut
    return content


def _with_checksum(packed: bytes) -> bytes:
    return hashlib.sha256(packed).digest()[:_CHECK] + packed


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _does_not_fit(error: ValidationError) -> UserError:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(one["loc"] == ("version",) for one in found):
        return UserError("This link was made by another version of Hanscope; this one reads 1.")
    place = shown(".".join(str(part) for part in found[0]["loc"]) or "view")
    said = found[0]["msg"].removeprefix("Value error, ")
    return UserError(f"No link can hold such a view ({place}: {said.rstrip('.')}).")
