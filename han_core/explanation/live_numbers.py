"""What a lesson says about a text: live numbers, written for people."""

from dataclasses import dataclass

from han_core.explanation.lesson import PLACES, Shows


@dataclass(frozen=True)
class LiveNumbers:
    """What a lesson says about a text.

    Attributes:
        shown: each place of the lesson's sentences, written for people.
        values: the shares among them, from 0 to 1.
        words: ids and labels of the words that can be chosen.
        columns, rows: the table that stands beside the question, with keys of the columns.
        segment, item: the place in the anatomy of words; the item is a token.
        key: a second token: in lessons that take words out, one whose removal changes much.

    Raises:
        ValueError: if a place of the sentences is missing.
    """

    shows: Shows
    shown: dict[str, str]
    values: dict[str, float]
    words: dict[str, str]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    segment: int = 0
    item: int = 0
    key: int = 0

    def __post_init__(self) -> None:
        if missing := PLACES[self.shows] - self.shown.keys():
            raise ValueError(f"live numbers for {sorted(missing)} are expected")

    def write(self, template: str) -> str:
        """Return a sentence of the lesson with its numbers."""
        return template.format(**self.shown)


def percent(share: float) -> str:
    """Return a share as percent with two decimals, or two digits where it is tiny."""
    return f"{100 * share:.2f}%" if share >= 0.0001 else f"{100 * share:.2g}%"


def number(value: float) -> str:
    """Return a number with three decimals and a true minus sign."""
    return f"{value:.3f}".replace("-", "\u2212")
