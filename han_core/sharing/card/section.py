"""What a card is made of, and how figures stand in it.

It knows nothing about what is said.
"""

from dataclasses import dataclass

from han_core.errors.measured.intervals import share
from han_core.evidence.bootstrap import Interval
from han_core.evidence.wording import short
from han_core.sharing.card.content import Counted, Leaf


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
            raise ValueError(f"rows of {len(self.header)} cells are expected")


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; ``code`` is a command, or "" for none."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    code: str = ""


def share_cells(found: Counted) -> tuple[str, str]:
    """A share in percent, and its interval (Wilson); as many digits as documents tell apart."""
    digits = 2 if found.n >= 5_000 else 1
    interval = share(found.right, found.n)
    low, high = interval.low or 0.0, interval.high or 0.0
    return f"{found.right / found.n:.{digits}%}", f"{low:.{digits}%} to {high:.{digits}%}"


def leaf_cell(leaf: Leaf) -> str:
    return in_words(leaf.interval())


def in_words(interval: Interval) -> str:
    """ ".29 (.27 to .31)"."""
    if interval.mean is None or interval.low is None or interval.high is None:
        return "none"
    return f"{short(interval.mean)} ({short(interval.low)} to {short(interval.high)})"


def p_value(p: float) -> str:
    """ ".023", "< .001"."""
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def p_equals(p: float) -> str:
    return p_value(p) if p < 0.001 else f"= {p_value(p)}"
