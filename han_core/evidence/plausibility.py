"""Plausibility: do the words that people marked stand high in a ranking?

Beside attention stand |gradient × embedding|, |Δp| under leave-one-out (both without sign,
as for Kendall's tau, since attention has none) and random order, and how well people agree
among themselves, as the ceiling. The two figures are computed for each person and averaged
over people, so that a document counts once however many marked it:

* AUPRC, the area under the precision-recall curve (ERASER, DeYoung et al. 2020, section 4);
* token F1 with as many words on top as that person marked.

A word is the model's token, marked where it overlaps a marked span. A plausible picture may
still say nothing about the decision: that is faithfulness, which ``corpus`` measures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from han_core.corpora.rationales import Marks, Rationales
from han_core.evidence.bootstrap import Bootstrap, Interval
from han_core.evidence.marked import (
    average_precision,
    f1_at_length,
    marked_words,
    people_average_precision,
    people_f1,
    random_average_precision,
    random_f1,
)
from han_core.evidence.ranking import attention, gradient_times_input, leave_one_out
from han_core.evidence.subject import Progress, Subject, subject
from han_core.models.checkpoint import Checkpoint
from han_core.wrong_input import WrongInput

SCORED = ("attention", "gradient", "leave_one_out", "random", "people")

OTHERS = SCORED[1:4]
"""What attention is compared with, document by document."""

MEASURES = ("auprc", "f1")

Figures = Mapping[str, float | None]
"""One document's; "people" is None where one person marked."""


@dataclass(frozen=True)
class Report:
    """Plausibility over a data set.

    Attributes:
        n: documents measured.
        people: who marked a document, on average.
        marked: the share of its words that a person marked.
        auprc: by each of ``SCORED``; "people" ranks words by how many others marked them.
        f1: the same; "people" is the F1 between two people, the mean over pairs.
        ahead: for each measure and each of ``OTHERS``, the paired difference of attention's
            figure and its own; negative where attention does worse.

    Raises:
        ValueError: if a ranking is missing.
    """

    n: int
    people: Interval
    marked: Interval
    auprc: Mapping[str, Interval]
    f1: Mapping[str, Interval]
    ahead: Mapping[str, Mapping[str, Interval]]

    def __post_init__(self) -> None:
        for found in (self.auprc, self.f1):
            if tuple(found) != SCORED:
                raise ValueError(f"{SCORED} expected, {tuple(found)} came")

    def to_json(self) -> dict:
        """As the command ``plausibility`` prints it; a figure that nobody has is ``null``."""
        return {
            "n": self.n,
            "people": self.people.to_json(),
            "marked": self.marked.to_json(),
            **{name: _json(getattr(self, name)) for name in MEASURES},
            "ahead": {name: _json(found) for name, found in self.ahead.items()},
        }


def _json(found: Mapping[str, Interval]) -> dict:
    return {name: interval.to_json() for name, interval in found.items()}


def measure(
    checkpoint: Checkpoint, rationales: Rationales, seed: int = 0, progress: Progress | None = None
) -> Report:
    """Plausibility over the texts that have two words or more, one of them marked.

    Args:
        seed: of the bootstrap over documents.
        progress: told how many texts are done.

    Raises:
        WrongInput: if there is no such text, or one has no word or too many of them.
    """
    rows = []
    texts = zip(rationales.texts, rationales.marks, strict=True)
    for number, (text, marks) in enumerate(texts, start=1):
        if found := measure_one(subject(checkpoint, text), marks):
            rows.append(found)
        if progress is not None:
            progress(number, len(rationales))
    if not rows:
        wanted = "Texts of two words or more, one of them marked,"
        raise WrongInput(f"{wanted} are expected; {rationales.name} has none.")
    return report(rows, seed)


def measure_one(asked: Subject, marks: Marks) -> Figures | None:
    """One document's figures by the names that ``report`` reads; None if there is no choice.

    Whoever marked no word of it is left out: with a length of 0 nothing can be right.
    """
    people = np.array([marked_words(asked.document, spans) for spans in marks])
    people = people[people.any(1)]  # (people, words)
    if asked.tokens < 2 or not len(people):
        return None
    scores = {
        "attention": attention(asked, "word"),
        "gradient": abs(gradient_times_input(asked, "word", hold_attention=True)),
        "leave_one_out": abs(leave_one_out(asked, "word")),
    }
    return {
        "people": len(people),
        "marked": float(people.mean()),
        **{f"auprc {by}": _mean(average_precision, people, of) for by, of in scores.items()},
        **{f"f1 {by}": _mean(f1_at_length, people, of) for by, of in scores.items()},
        "auprc random": _mean(random_average_precision, people),
        "f1 random": _mean(random_f1, people),
        "auprc people": people_average_precision(people),
        "f1 people": people_f1(people),
    }


def _mean(figure, people: np.ndarray, *scores: np.ndarray) -> float:
    return float(np.mean([figure(marked, *scores) for marked in people]))


def report(rows: Sequence[Figures], seed: int) -> Report:
    """Means and intervals of documents' figures, as ``measure_one`` names them.

    Raises:
        ValueError: if there is no document.
    """
    bootstrap = Bootstrap(len(rows), seed)
    # {figure: (documents,)}, NaN where a document has no such figure
    columns = {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}

    def ahead(measure: str) -> Mapping[str, Interval]:
        own = columns[f"{measure} attention"]
        return {by: bootstrap.mean(own - columns[f"{measure} {by}"]) for by in OTHERS}

    def means(measure: str) -> Mapping[str, Interval]:
        return {by: bootstrap.mean(columns[f"{measure} {by}"]) for by in SCORED}

    return Report(
        n=len(rows),
        people=bootstrap.mean(columns["people"]),
        marked=bootstrap.mean(columns["marked"]),
        auprc=means("auprc"),
        f1=means("f1"),
        ahead={measure: ahead(measure) for measure in MEASURES},
    )
