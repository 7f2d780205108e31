"""A filter on scored documents, as a value: what chips show, slices keep and links carry.

All conditions hold at once; a condition that is empty leaves everything. It knows nothing
about how documents are found.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from han_core.coding.marks import Flag

Outcome = Literal["right", "wrong"]
Change = Literal["fixed", "broken", "both_right", "both_wrong"]
"""Of two models: the second is right where the first was wrong (fixed), and so on."""

Words = Annotated[str, Field(max_length=200)]
Several = Annotated[tuple[Words, ...], Field(max_length=200)]


class Range(BaseModel):
    """From ``low`` to ``high``, both included; None leaves that side open."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"a range from low to high expected, {self.low} to {self.high} came")
        return self


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
        attended: words that stand among the five most attended (lower case where the model
            reads so).
        tags: names in the codebook.
        split: values of the documents' split.
        columns: (name, value) of the data's own columns.
        change: beside the second model.
        suspect: only documents whose label is likely wrong (``errors.suspects``).
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
