"""Filters on scored documents: as a value, as chips, and as short text in a link.

All conditions of a filter must hold; an empty condition matches every document. The text is
base64url of compressed JSON. Anybody can write one, so its size and content are checked.
"""

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr

Flag = Literal["label_is_wrong", "ambiguous"]
Outcome = Literal["right", "wrong"]
Change = Literal["fixed", "broken", "both_right", "both_wrong"]
"""Of two models: the second is right where the first was wrong (fixed), and so on."""

Words = Annotated[str, Field(max_length=200)]
Several = Annotated[tuple[Words, ...], Field(max_length=200)]


class Range(BaseModel):
    """A range from ``low`` to ``high``, both included; None leaves that side open."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"a range from low to high expected, {self.low} to {self.high} came")
        return self


MOST_CHOSEN = 20_000
"""Documents that can be chosen one by one."""


class DocumentSet(BaseModel):
    """Documents of one data set that were chosen one by one, as by a lasso on a map.

    Attributes:
        name: how they were chosen, for people.
        data: hash of the data set (``Manifest.data_sha256``).
        steps: distance of each row from the one before, of the first from -1. Small numbers
            that repeat make short links.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Words
    data: Annotated[str, Field(max_length=64)]
    steps: Annotated[
        tuple[Annotated[int, Field(ge=1, le=10**9)], ...], Field(max_length=MOST_CHOSEN)
    ]

    @classmethod
    def of(cls, name: str, data: str, rows: Iterable[int]) -> Self:
        """Return the set of these rows, in whatever order they come."""
        ordered = np.unique(np.fromiter(rows, dtype=np.int64))
        steps = np.diff(ordered, prepend=-1).tolist()
        return cls(name=name[:200], data=data, steps=tuple(steps))

    @property
    def rows(self) -> np.ndarray:
        """(documents,) int64, ascending."""
        return np.cumsum(np.array(self.steps, dtype=np.int64)) - 1


class Filter(BaseModel):
    """Conditions on a document; a tuple means any of these, except ``attended``: all of them.

    Attributes:
        true, predicted: classes.
        confidence: probability of the predicted class, 0 to 1.
        loss: nats.
        tokens: length.
        unknown: share of tokens that are not in the vocabulary, 0 to 1.
        entropy: of attention to words, 0 (one word) to 1 (all alike).
        contains: stands in the text, whatever the case.
        pattern: a regular expression (RE2) that matches somewhere in the text.
        attended: words that stand among the five most attended, as they are written or in
            lower case.
        tags: names in the codebook.
        split: values of the documents' split.
        columns: (name, value) of the data's own columns; values of one name are alternatives,
            different names all hold.
        change: beside the second model.
        suspect: only documents whose label is likely wrong (``errors.measured.suspects``).
        chosen: only these documents, chosen one by one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    true: Several = ()
    predicted: Several = ()
    outcome: Outcome | None = None
    confidence: Range | None = None
    loss: Range | None = None
    tokens: Range | None = None
    unknown: Range | None = None
    entropy: Range | None = None
    contains: Words = ""
    pattern: Words = ""
    attended: Several = ()
    tags: Several = ()
    flags: tuple[Flag, ...] = ()
    annotated: bool | None = None
    split: Several = ()
    columns: Annotated[tuple[tuple[Words, Words], ...], Field(max_length=50)] = ()
    change: Change | None = None
    suspect: bool = False
    chosen: DocumentSet | None = None


@dataclass(frozen=True)
class Marks:
    """The marks of all annotators together at one moment.

    Attributes:
        tagged: for each tag's name, the documents (``content_hash``) that have it.
        flagged: for each flag, the documents that have it.
        annotated: documents with a tag, a note, a flag, or marked as read.
    """

    tagged: dict[str, frozenset[str]] = field(default_factory=dict)
    flagged: dict[Flag, frozenset[str]] = field(default_factory=dict)
    annotated: frozenset[str] = frozenset()


class Chip(NamedTuple):
    """One condition of a filter, which can be taken out alone.

    Attributes:
        field: of the filter.
        value: the one of several that it stands for, else all of the field.
        words: said to people; plain text with what came from the data in it.
    """

    field: str
    value: object
    words: str


def chips(filter: Filter) -> tuple[Chip, ...]:
    """Return the conditions of a filter one by one, in the order of its fields."""
    result = []
    for name, default in _DEFAULTS.items():
        value = getattr(filter, name)
        if value == default:
            continue
        for one in value if isinstance(value, tuple) else (value,):
            result.append(Chip(name, one, _words(name, one)))
    return tuple(result)


def without(filter: Filter, chip: Chip) -> Filter:
    """Return the filter without this condition."""
    value = getattr(filter, chip.field)
    if isinstance(value, tuple):
        left: object = tuple(one for one in value if one != chip.value)
    else:
        left = _DEFAULTS[chip.field]
    return filter.model_copy(update={chip.field: left})


_DEFAULTS = Filter().model_dump()
_NAMES = {
    "true": mark("true class"),
    "predicted": mark("predicted"),
    "split": mark("split"),
    "confidence": mark("confidence"),
    "loss": mark("loss"),
    "tokens": mark("length"),
    "unknown": mark("unknown words"),
    "entropy": mark("attention entropy"),
    "contains": mark("contains"),
    "pattern": mark("matches"),
    "attended": mark("among the top 5 attended"),
    "tags": mark("tag"),
    "flags": mark("flag"),
}
_FLAGS = {"label_is_wrong": mark("label is wrong"), "ambiguous": mark("ambiguous")}
_SHARES = ("confidence", "unknown")
_SAID = {
    "outcome": {"right": mark("right"), "wrong": mark("wrong")},
    "annotated": {True: mark("annotated"), False: mark("not annotated")},
    "change": {
        "fixed": mark("fixed by the second model"),
        "broken": mark("broken by the second model"),
        "both_right": mark("both models right"),
        "both_wrong": mark("both models wrong"),
    },
    "suspect": {True: mark("label is likely wrong")},
}


def _words(field: str, value: object) -> str:
    if field in _SAID:
        return tr(_SAID[field][value])  # type: ignore[index]
    if isinstance(value, DocumentSet):
        return tr("{name}: {number:,} documents", name=tr(value.name), number=len(value.steps))
    name = tr(_NAMES.get(field, field))
    if isinstance(value, Range):
        return tr("{name} {range}", name=name, range=_from_to(value, field))
    if field in ("contains", "pattern", "attended"):
        return tr("{name} “{value}”", name=name, value=value)
    if field == "columns":
        name, value = value  # type: ignore[misc]
    if field == "flags":
        value = tr(_FLAGS[value])  # type: ignore[index]
    return tr("{name}: {value}", name=name, value=value)


def _from_to(range_: Range, field: str) -> str:
    low, high = (None if end is None else _number(end, field) for end in (range_.low, range_.high))
    if low is None or high is None:
        at_least, at_most = tr("at least {number}", number=low), tr("at most {number}", number=high)
        return at_least if high is None else at_most
    if low == high:
        return tr("exactly {number}", number=low)
    return tr("{low} to {high}", low=low, high=high)


def _number(value: float, field: str) -> str:
    if field in _SHARES:
        return f"{value:.4%}".rstrip("0%").rstrip(".") + "%"
    if field == "loss":
        return tr("{number:g} nats", number=value)
    return tr("{number:g} tokens", number=value) if field == "tokens" else f"{value:g}"


LONGEST = 4_000
"""Characters of a text; longer ones are neither made nor read."""

LARGEST = 40_000  # bytes of JSON; so much can be pressed into few characters


def to_text(filter: Filter) -> str:
    """The filter's text; "" for the one that leaves everything."""
    conditions = filter.model_dump(exclude_defaults=True)
    if not conditions:
        return ""
    content = json.dumps(conditions, ensure_ascii=False, separators=(",", ":")).encode()
    text = base64.urlsafe_b64encode(zlib.compress(content, 9)).decode().rstrip("=")
    if len(text) > LONGEST or len(content) > LARGEST:
        raise UserError(
            tr(
                "A link holds a filter of up to {longest:,} characters; this one needs {count:,}.",
                longest=LONGEST,
                count=len(text),
            )
        )
    return text


def from_text(text: str) -> Filter:
    """The filter of a text that ``to_text`` made."""
    if len(text) > LONGEST:
        raise UserError(
            tr(
                "A link holds a filter of up to {longest:,} characters; {count:,} came.",
                longest=LONGEST,
                count=len(text),
            )
        )
    try:
        return Filter.model_validate(json.loads(_unpacked(text)) if text else {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise UserError(
            tr(
                "The link's filter asks for what cannot be ({where}: {problem}).",
                where=where,
                problem=first["msg"],
            )
        ) from error
    except (ValueError, RecursionError, zlib.error) as error:
        raise UserError(
            tr("The link's filter is cut or changed; a whole link is expected.")
        ) from error


def _unpacked(text: str) -> bytes:
    content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    unpacking = zlib.decompressobj()
    result = unpacking.decompress(content, LARGEST)
    if not unpacking.eof or unpacking.unused_data:
        raise ValueError("more than one filter")
    return result
