"""A view of Compare as a link and back, packed and stored as those of Explore are."""

from typing import Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from han_core.data.text_files import LONGEST_TEXT
from han_core.explanation.attribution import Method
from han_core.explanation.explanation import Reading
from han_core.runtime.messages import tr
from han_core.viz.permalink import (
    ID,
    STRICT,
    CheckpointName,
    DocumentStore,
    checked,
    is_long,
    parsed,
    to_link,
)

STORED = {"text": "document", "second": "second_document"}
"""The fields of texts, each with the field of its id where the text is stored."""


class ComparisonView(BaseModel):
    """What Compare shows, without the device.

    Attributes:
        kind: what is compared.
        checkpoints: the folders' names; one where methods or versions are compared.
        text: the document, or
        document: the id of a stored one; exactly one of the two is set.
        second, second_document: likewise the second version, or neither.
        target: the class that methods explain, None for the predicted one.
        shown: the values of each side, or how they differ.
        words: the weights of words that models with self-attention show.

    Raises:
        ValidationError: (a ``ValueError``) if a part is missing or impossible.
    """

    model_config = STRICT

    version: Literal[1] = 1
    kind: Literal["models", "methods", "versions"]
    checkpoints: tuple[CheckpointName, ...] = Field(min_length=1, max_length=4)
    text: str | None = Field(default=None, min_length=1, max_length=LONGEST_TEXT)
    document: str | None = Field(default=None, pattern=f"^{ID}$")
    second: str | None = Field(default=None, min_length=1, max_length=LONGEST_TEXT)
    second_document: str | None = Field(default=None, pattern=f"^{ID}$")
    reading: Reading = "document"
    methods: tuple[Method, ...] = Field(default=(), max_length=4)
    target: str | None = Field(default=None, max_length=500)
    shown: Literal["values", "difference"] = "values"
    words: Literal["attention", "rollout", "gradient_weighted"] = "attention"

    @model_validator(mode="after")
    def _each_text_once(self) -> Self:
        if (self.text is None) == (self.document is None):
            raise ValueError(tr("either a text or a document's id is expected"))
        if self.second is not None and self.second_document is not None:
            raise ValueError(tr("a second text or its id is expected, not both"))
        return self


def comparison_of(**parts: Any) -> ComparisonView:
    """Return the view of what somebody chose.

    Raises:
        UserError: if a part is impossible, such as a checkpoint of an odd name.
    """
    return checked(ComparisonView, **parts)


def share_comparison(view: ComparisonView, store: DocumentStore) -> str:
    """Return the token of a view; texts that are too long for it go to ``store``.

    Raises:
        UserError: as ``DocumentStore.save`` and ``to_link`` do.
    """
    if not is_long(view):
        return to_link(view)
    stored: dict[str, str | None] = {}
    for text, id in STORED.items():
        if (value := getattr(view, text)) is not None:
            stored |= {text: None, id: store.save(value)}
    return to_link(view.model_copy(update=stored))


def restore_comparison(token: str, store: DocumentStore) -> ComparisonView:
    """Return the view of a token with its texts, also where they are stored.

    Raises:
        UserError: as ``parsed`` and ``DocumentStore.load`` do.
    """
    view = parsed(ComparisonView, token)
    loaded: dict[str, str | None] = {}
    for text, id in STORED.items():
        if (value := getattr(view, id)) is not None:
            loaded |= {text: store.load(value), id: None}
    return comparison_of(**{**dict(view), **loaded})
