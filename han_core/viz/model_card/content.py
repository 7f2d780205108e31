"""``card.json``: what was measured of a checkpoint beyond its own metrics.

It may come from a stranger, so everything in it is bounded and checked, and it counts only
for the weights that it was measured on. Sections and tables of a card are defined here too.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from han_core.explanation.statistics import Interval, share
from han_core.explanation.verdicts import short
from han_core.models.checkpoint import CARD, WEIGHTS, Config
from han_core.runtime.atomic_io import checksum, read_json, write_json
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

LARGEST = 200_000  # bytes

Count = Annotated[int, Field(ge=0, le=10**12)]
PositiveCount = Annotated[int, Field(ge=1, le=10**12)]
Share = Annotated[float, Field(ge=0, le=1)]
Figure = Annotated[float, Field(ge=-1e9, le=1e9)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class CardPart(BaseModel):
    """A piece of a card: nothing unknown in it, and no number that is none."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class MeanInterval(CardPart):
    """A mean over documents with its 95% interval; all None where no document has a value."""

    mean: Figure | None = None
    low: Figure | None = None
    high: Figure | None = None

    @model_validator(mode="after")
    def _is_an_interval(self) -> "MeanInterval":
        self.interval()
        return self

    def interval(self) -> Interval:
        return Interval(self.mean, self.low, self.high)


class Ranked(CardPart):
    """The same for four orders of words."""

    attention: MeanInterval
    gradient: MeanInterval
    leave_one_out: MeanInterval
    random: MeanInterval


class Flips(CardPart):
    """Shares of attention zeroed until the prediction flips, and what never does."""

    attention: MeanInterval
    gradient: MeanInterval
    random: MeanInterval
    never: MeanInterval


class Faithfulness(CardPart):
    """What ``python -m han_core faithfulness`` prints of it, and on which data."""

    data: Name
    n: PositiveCount
    comprehensiveness: Ranked
    sufficiency: Ranked
    captured: MeanInterval
    tau_gradient: MeanInterval
    tau_leave_one_out: MeanInterval
    tau_ceiling: MeanInterval
    flip: Flips
    uniform_flips: MeanInterval
    permutation_shift: MeanInterval


class Judged(Ranked):
    """Four orders of words, and the agreement of people, which is the ceiling."""

    people: MeanInterval


class Plausibility(CardPart):
    """What ``python -m han_core plausibility`` prints of it, and on which data."""

    data: Name
    n: PositiveCount
    auprc: Judged
    f1: Judged


class Counted(CardPart):
    """The number of ``n`` documents are classified rightly."""

    n: PositiveCount
    right: Count

    @model_validator(mode="after")
    def _no_more_than_all(self) -> "Counted":  # not shown
        if self.right > self.n:
            raise ValueError("more documents are right than there are")  # not shown
        return self


class Weaknesses(CardPart):
    """Accuracy by the tags of a small corpus that was written to be difficult."""

    data: Name
    all: Counted
    tags: Annotated[dict[Name, Counted], Field(max_length=50)]


class Baseline(CardPart):
    """Another model on the same test documents.

    Attributes:
        p: of McNemar's test against the checkpoint.
    """

    name: Name
    accuracy: Share
    n: PositiveCount
    macro_f1: Share | None = None
    p: Share | None = None


class Speed(CardPart):
    """From texts to predictions, split into words and all, the best of some rounds.

    Attributes:
        words: tokens in a document at the mean.
        machine: in words.
    """

    documents_per_second: Annotated[float, Field(gt=0, le=1e9)]
    words: Annotated[float, Field(gt=0, le=1e9)]
    threads: PositiveCount
    machine: Name


class Card(CardPart):
    """All of ``card.json``; what was not measured is None.

    Attributes:
        weights: SHA-256 of the weights that all of it was measured on.
    """

    format: Literal[1] = 1
    weights: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rivals: Annotated[tuple[Baseline, ...], Field(max_length=50)] | None = None
    faithfulness: Faithfulness | None = None
    plausibility: Plausibility | None = None
    weaknesses: Weaknesses | None = None
    speed: Speed | None = None


def read_card(folder: Path, config: Config) -> Card | None:
    """Return the card of a checkpoint folder; None where there is none, or it is of other weights.

    Raises:
        UserError: if it is too large or does not fit.
    """
    if not (folder / CARD).exists():
        return None
    try:
        card = Card.model_validate(read_json(folder / CARD, largest=LARGEST))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part)[:40] for part in first["loc"]) or "it"
        raise UserError(
            tr(
                "{file} does not fit: {field}: {reason}.",
                file=CARD,
                field=field,
                reason=first["msg"],
            )
        ) from error
    return card if card.weights == weights_of(folder, config) else None


def weights_of(folder: Path, config: Config) -> str:
    """Return SHA-256 of the weights, as the configuration says or else as the file gives it."""
    return config.sha256.get(WEIGHTS) or checksum(folder / WEIGHTS)


def write_card(folder: Path, card: Card) -> None:
    """Write ``card.json``, whole or not at all."""
    write_json(folder / CARD, card.model_dump(exclude_none=True))


@dataclass(frozen=True)
class Table:
    """Cells in words; the first column holds names.

    Raises:
        ValueError: if a row is not as wide as the header.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"rows of {len(self.header)} cells are expected")  # not shown


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; ``code`` is a command, or "" for none."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    code: str = ""


def share_cells(counts: Counted) -> tuple[str, str]:
    """Return a share in percent and its Wilson interval, with as many digits as ``n`` allows."""
    digits = 2 if counts.n >= 5_000 else 1
    interval = share(counts.right, counts.n)
    low, high = interval.low or 0.0, interval.high or 0.0
    ends = tr("{low} to {high}", low=f"{low:.{digits}%}", high=f"{high:.{digits}%}")
    return f"{counts.right / counts.n:.{digits}%}", ends


def interval_cell(leaf: MeanInterval) -> str:
    return in_words(leaf.interval())


def in_words(interval: Interval) -> str:
    """ ".29 (.27 to .31)"."""
    if interval.mean is None or interval.low is None or interval.high is None:
        return tr("none")
    mean, low, high = map(short, (interval.mean, interval.low, interval.high))
    return tr("{mean} ({low} to {high})", mean=mean, low=low, high=high)


def p_value(p: float) -> str:
    """ ".023", "< .001"."""
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def p_equals(p: float) -> str:
    return p_value(p) if p < 0.001 else f"= {p_value(p)}"
