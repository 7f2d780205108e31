"""A view of one document as a link and back; documents too long for a link stand in a folder.

A token is base64url (no padding) of a checksum and zlib-compressed JSON. The checksum tells a
link that was cut or mistyped from a whole one; it proves nothing about who made it. So everything
is bounded and checked before it is used, and a view says only what to show, never what to run.

A long document is a file named by the beginning of its SHA-256: the same text is stored once,
a file that changed is noticed, and ids cannot be listed or guessed. The least recently used go
first when the folder is full.
"""

import base64
import hashlib
import os
import re
import tempfile
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from han_core.data.text_files import LONGEST_TEXT
from han_core.explanation.attribution import Method
from han_core.explanation.explanation import Reading
from han_core.explanation.interventions import Intervention
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import tr
from han_core.text.edits import MOST_EDITS, Edit
from han_core.viz.map_views import MapReading

SHORT = 1_800
"""Characters of a token that may carry its text; everything that takes links takes these."""

LONGEST = 8_000
"""Characters of any token, which many edits can fill; longer ones are not read."""

LARGEST = 100_000  # bytes of JSON; so much text can be pressed into few characters
LARGEST_SEED = 2**32 - 1  # a browser cannot show every whole number
MOST_HEADS, MOST_LAYERS = 1_000, 1_000
_CHECK = 8  # bytes of the checksum

Kind = TypeVar("Kind", bound=BaseModel)


ID = r"[a-z2-7]{26}"
"""The pattern of an id: the first 130 bits of the SHA-256 of the text in UTF-8, in base32."""

_ENDING, _UNFINISHED = ".txt", ".new-"
_LARGEST = 4 * LONGEST_TEXT  # bytes that so many characters take at most
_HOUR = 3600.0


@dataclass(frozen=True)
class DocumentStore:
    """Texts in ``folder``, readable by their owner only; several processes may share it."""

    folder: Path
    most_bytes: int = 500_000_000
    most_documents: int = 10_000

    def save(self, text: str) -> str:
        """Store ``text``, delete older ones where there is no space, and return its id.

        Raises:
            UserError: if it is too long or not writable as UTF-8, or the disk refuses.
        """
        content = _encoded(text)
        name = _id_of(content)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(self._path(name), content)
            self._make_room(name)
        except OSError as error:
            raise UserError(
                tr(
                    "The document cannot be stored on this machine ({reason}), so there is no "
                    "link to it.",
                    reason=error.strerror,
                )
            ) from error
        return name

    def load(self, id: str) -> str:
        """Return the text of an id, which counts as used from now.

        Raises:
            UserError: if ``id`` is no id, or its document is not here or damaged.
        """
        if not re.fullmatch(ID, id):
            raise UserError(tr("The link's document has an impossible name; was the link changed?"))
        path = self._path(id)
        try:
            with path.open("rb") as file:
                text = file.read(_LARGEST + 1).decode("utf-8", "replace")
        except OSError as error:
            raise UserError(
                tr(
                    "The document of this link is not stored here; "
                    "it was deleted, or the link is from another machine."
                )
            ) from error
        if len(text) > LONGEST_TEXT or _id_of(text.encode("utf-8")) != id:
            raise UserError(tr("The document of this link is damaged; its checksum is another."))
        with suppress(OSError):  # a folder that cannot be written to
            os.utime(path)
        return text

    def _path(self, id: str) -> Path:
        return self.folder / f"{id}{_ENDING}"

    def _write(self, path: Path, content: bytes) -> None:
        """The whole file or none; ``mkstemp`` makes it the owner's alone."""
        handle, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(unfinished, path)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise

    def _make_room(self, newest: str) -> None:
        """Delete the least recently used documents, and what killed writers left."""
        stored = []
        for entry in os.scandir(self.folder):
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # another process let it go
                continue
            if entry.name.startswith(_UNFINISHED) and status.st_mtime < time.time() - _HOUR:
                Path(entry.path).unlink(missing_ok=True)
            elif re.fullmatch(ID + re.escape(_ENDING), entry.name):
                last = entry.name == newest + _ENDING
                stored.append((last, status.st_mtime_ns, status.st_size, entry.path))
        documents, size = len(stored), sum(size for *_, size, _ in stored)
        for _, _, freed, path in sorted(stored)[:-1]:
            if documents <= self.most_documents and size <= self.most_bytes:
                break
            Path(path).unlink(missing_ok=True)
            documents, size = documents - 1, size - freed


def _encoded(text: str) -> bytes:
    if len(text) > LONGEST_TEXT:
        raise UserError(
            tr(
                "A document of at most {most:,} characters can be stored for a link; this one has "
                "{count:,}.",
                most=LONGEST_TEXT,
                count=len(text),
            )
        )
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(
            tr(
                "The document holds half a character (a lone surrogate) at position {place:,}, "
                "and cannot be stored for a link.",
                place=error.start,
            )
        ) from error


def _id_of(content: bytes) -> str:
    return base64.b32encode(hashlib.sha256(content).digest()).decode("ascii").lower()[:26]


def _bare_name(name: str) -> str:
    if not re.fullmatch(r"[\w-][\w .,()+=@-]{0,99}", name):
        raise ValueError(tr("a folder's plain name of up to 100 characters is expected"))
    return name


CheckpointName = Annotated[str, AfterValidator(_bare_name)]
"""The name of a folder, which leads out of no other folder."""

# Standard dataclasses in a view (``Edit``, ``Intervention``) are read as strictly as this.
STRICT = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


HeadNumbers = tuple[
    Annotated[int, Field(ge=0, lt=MOST_HEADS)], Annotated[int, Field(ge=0, lt=MOST_HEADS)]
]
"""Layer and head, from 0."""


class HeadsView(BaseModel):
    """What the panel of layers and heads shows.

    Attributes:
        open: the head that is large.
        special: whether special tokens are shown.
        window: of a long document's windows.
        pruned: heads that are out.
    """

    model_config = STRICT

    reading: MapReading = "heads"
    open: HeadNumbers = (0, 0)
    special: bool = True
    window: int = Field(default=0, ge=0, lt=MOST_HEADS)
    pruned: tuple[HeadNumbers, ...] = Field(default=(), max_length=MOST_HEADS)


class View(BaseModel):
    """What Explore shows of one document, without the device.

    Attributes:
        checkpoint: its folder's name alone.
        text: the document before its edits, or
        document: the id of a stored one; exactly one of the two is set.
        target: a class by its label, None for the predicted one.
        edits: in the order in which they were made.
        heads: where the panel of layers and heads is open.

    Raises:
        ValidationError: (a ``ValueError``) if a part is missing or impossible.
    """

    model_config = STRICT

    version: Literal[1] = 1
    checkpoint: CheckpointName
    text: str | None = Field(default=None, min_length=1, max_length=LONGEST_TEXT)
    document: str | None = Field(default=None, pattern=f"^{ID}$")
    reading: Reading = "document"
    method: Method = "attention"
    target: str | None = Field(default=None, max_length=500)
    edits: tuple[Edit, ...] = Field(default=(), max_length=MOST_EDITS)
    tampering: Intervention | None = None
    placebo: Literal["none", "untrained", "uniform"] = "none"
    heads: HeadsView | None = None

    @model_validator(mode="after")
    def _one_document_and_all_within_it(self) -> Self:
        if (self.text is None) == (self.document is None):
            raise ValueError(tr("either a text or a document's id is expected"))
        length = LONGEST_TEXT if self.text is None else len(self.text)
        for edit in self.edits:
            if edit.end > length:
                edges = {"start": edit.start, "end": edit.end}
                raise ValueError(tr("the edit {start}:{end} lies outside the text", **edges))
        changed = self.tampering
        if changed and not (0 <= (changed.sentence or 0) < length and changed.seed <= LARGEST_SEED):
            raise ValueError(
                tr("the sentence or the seed of the changed attention is out of range")
            )
        if changed and not 0 <= (changed.layer or 0) < MOST_LAYERS:
            raise ValueError(tr("the layer of the changed attention is out of range"))
        return self


def view_of(**parts: Any) -> View:
    """A ``View`` of what somebody chose.

    Raises:
        UserError: if a part is impossible, such as a checkpoint of an odd name.
    """
    return checked(View, **parts)


def checked(kind: type[Kind], /, **parts: Any) -> Kind:
    """Return a view of this kind.

    Raises:
        UserError: if a part is missing or impossible.
    """
    try:
        return kind(**parts)
    except ValidationError as error:
        raise _does_not_fit(error) from error


def share(view: View, store: DocumentStore) -> str:
    """Return the token of a view; a text that is too long for it goes to ``store``.

    Raises:
        UserError: if the text cannot be stored, or as ``to_link`` does.
    """
    if view.text is not None and is_long(view):
        view = view.model_copy(update={"text": None, "document": store.save(view.text)})
    return to_link(view)


def is_long(view: BaseModel) -> bool:
    """Whether the texts of a view have to be stored, for its token is too long to be shared."""
    content = _content(view)
    return len(content) > LARGEST or len(_token(content)) > SHORT


def restore(token: str, store: DocumentStore) -> View:
    """Return the view of a token with its text, also where that is stored.

    Raises:
        UserError: as ``from_link``, ``DocumentStore.load`` and ``view_of`` do.
    """
    view = from_link(token)
    if view.document is None:
        return view
    return view_of(**{**dict(view), "text": store.load(view.document), "document": None})


def to_link(view: BaseModel) -> str:
    """Return the token, which needs no escaping in an address, of ``LONGEST`` characters at most.

    Raises:
        UserError: if it would be longer.
    """
    content = _content(view)
    token = _token(content)
    if len(content) > LARGEST or len(token) > LONGEST:
        sizes = {
            "most": LONGEST, "most_bytes": LARGEST, "count": len(token), "bytes": len(content)
        }  # fmt: skip
        if not isinstance(view, View):
            raise UserError(
                tr(
                    "A link holds at most {most:,} characters, and {most_bytes:,} bytes when "
                    "unpacked; this view needs {count:,} and {bytes:,}.",
                    **sizes,
                )
            )
        raise UserError(
            tr(
                "A link holds at most {most:,} characters, and {most_bytes:,} bytes when unpacked; "
                "this view with its {edits:,} edits needs {count:,} and {bytes:,}.",
                **sizes,
                edits=len(view.edits),
            )
        )
    return token


def from_link(token: str) -> View:
    """Return the view of a token.

    Raises:
        UserError: as ``parsed`` does.
    """
    return parsed(View, token)


def parsed(kind: type[Kind], token: str) -> Kind:
    """Return the view of a token, which has to be of this kind.

    Raises:
        UserError: if it is cut, changed, too long, or asks for what cannot be.
    """
    if len(token) > LONGEST:
        raise UserError(
            tr(
                "A link holds at most {most:,} characters; this one has {count:,}.",
                most=LONGEST,
                count=len(token),
            )
        )
    try:
        return kind.model_validate_json(_unpacked(token))
    except ValidationError as error:
        raise _does_not_fit(error) from error


def _content(view: BaseModel) -> bytes:
    return view.model_dump_json(exclude_none=True).encode("utf-8")


def _token(content: bytes) -> str:
    return _base64url(_with_checksum(zlib.compress(content, 9)))


def _unpacked(token: str) -> bytes:
    """The JSON in a token, whole and of bounded size."""
    cut = UserError(tr("This link is cut or was changed; copy the whole of it once more."))
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
        raise UserError(
            tr("This link unpacks to more than {most:,} bytes; no view is so large.", most=LARGEST)
        )
    if not reader.eof or reader.unused_data:
        raise cut
    return content


def _with_checksum(packed: bytes) -> bytes:
    return hashlib.sha256(packed).digest()[:_CHECK] + packed


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _does_not_fit(error: ValidationError) -> UserError:
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    if any(one["loc"] == ("version",) for one in errors):
        return UserError(tr("This link was made by another version of Hanscope; this one reads 1."))
    field = shown(".".join(str(part) for part in errors[0]["loc"]) or "view")
    message = errors[0]["msg"].removeprefix("Value error, ")  # not shown
    return UserError(
        tr(
            "No link can hold such a view ({field}: {reason}).",
            field=field, reason=message.rstrip("."),
        )
    )  # fmt: skip
