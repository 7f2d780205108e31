"""Figures of several seeds beside the published ones.

It knows nothing about how they were measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Expected:
    """A figure as it was published, and where a repetition should come out.

    Attributes:
        published: with its standard deviation over documents where that was given.
        window: where the mean over seeds should lie; None where nothing is expected.
    """

    title: str
    published: str
    window: tuple[float, float] | None

    def holds(self, value: float) -> bool | None:
        """Whether ``value`` lies in the window."""
        return self.window and self.window[0] <= value <= self.window[1]


EXPECTED = {
    "accuracy": Expected("accuracy", ".8981", (0.89, 0.91)),
    "tau_gradient": Expected("tau of attention and gradient", ".437 ± .061", (0.37, 0.48)),
    "tau_leave_one_out": Expected(
        "tau of attention and leave-one-out", ".341 ± .070", (0.29, 0.38)
    ),
    "tau_ceiling": Expected("tau of gradient and leave-one-out", ".517", None),
    "adversary": Expected("largest divergence, same answer", "about .57", (0.53, 0.62)),
    "between": Expected("divergence between seeds", "", (0.0, 0.10)),
}


@dataclass(frozen=True)
class Found:
    """One figure over the seeds.

    Attributes:
        mean: of the seeds' values (or of the pairs' of seeds).
        spread: their standard deviation; None for one value.
        seeds: the values.
        documents: the standard deviation over documents, the mean of the seeds'; None for a
            figure that no single document has.
    """

    mean: float
    spread: float | None
    seeds: list[float]
    documents: float | None


def found(values: Sequence[float | Sequence[float | None]]) -> Found:
    """A figure from each seed's value, or from each seed's values of single documents.

    A document without a value (None) is left out of its seed's mean.
    """
    single = [np.array(value, dtype=float).ravel() for value in values]
    means = [float(np.nanmean(rows)) for rows in single]
    spread = float(np.std(means, ddof=1)) if len(means) > 1 else None
    several = any(len(rows) > 1 for rows in single)
    documents = float(np.mean([np.nanstd(rows) for rows in single])) if several else None
    return Found(float(np.mean(means)), spread, means, documents)


def table(figures: Mapping[str, Found]) -> str:
    """The figures as a table in Markdown, a row each, in the order of ``EXPECTED``."""
    head = ("", "published", "expected", "here", "in it", "each seed", "± documents", "± seeds")
    rows = [_row(EXPECTED[name], figures[name]) for name in EXPECTED if name in figures]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *rows))


def _row(expected: Expected, figure: Found) -> tuple[str, ...]:
    return (
        expected.title,
        expected.published,
        " to ".join(map(short, expected.window or ())),
        short(figure.mean, 3),
        {None: "", True: "yes", False: "no"}[expected.holds(figure.mean)],
        " ".join(short(value, 3) for value in figure.seeds),
        "" if figure.documents is None else short(figure.documents, 3),
        "" if figure.spread is None else short(figure.spread, 3),
    )


def as_json(figures: Mapping[str, Found]) -> dict:
    """The same for a file."""
    return {
        name: {
            **asdict(figure),
            "published": EXPECTED[name].published,
            "window": EXPECTED[name].window,
            "holds": EXPECTED[name].holds(figure.mean),
        }
        for name, figure in figures.items()
    }


def short(value: float, digits: int = 2) -> str:
    """ ".37" """
    return f"{value:.{digits}f}".replace("0.", ".", 1)
