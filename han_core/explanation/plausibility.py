"""Plausibility: do the words that people marked stand high in a ranking?

Beside attention stand |gradient × embedding|, |Δp| under leave-one-out (both without sign,
since attention has none) and random order, and how well people agree among themselves, as
the ceiling. Two figures are computed for each person and averaged over people, so that a
document counts once however many marked it:

* AUPRC, the area under the precision-recall curve (ERASER, DeYoung et al. 2020, section 4);
* token F1 with as many words on top as that person marked.

``marked`` is bool (words,), of one person; ``scores`` are (words,), the highest first. Words
of equal score share what there is, so nothing depends on chance. A plausible picture may
still say nothing about the decision: that is faithfulness.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from han_core.data.rationales import Marks, Rationales
from han_core.explanation.attribution import attention_weights, gradient_ranking, leave_one_out
from han_core.explanation.model_probe import ModelProbe, Progress, probe_text
from han_core.explanation.statistics import Bootstrap, Interval
from han_core.models.checkpoint import Checkpoint
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.document import Document, Span


def marked_words(document: Document, spans: tuple[Span, ...]) -> np.ndarray:
    """Return (tokens,) whether a token shares a character with one of ``spans``."""
    tokens = np.array(document.tokens).reshape(-1, 2)
    marked = np.zeros(len(tokens), dtype=bool)
    for start, end in spans:
        first = np.searchsorted(tokens[:, 1], start, side="right")
        marked[first : np.searchsorted(tokens[:, 0], end, side="left")] = True
    return marked


def average_precision(marked: np.ndarray, scores: np.ndarray) -> float:
    """Return Σ (R_n − R_{n−1}) P_n over the different scores (Manning et al. 2008, section 8.4).

    As scikit-learn computes it.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # of the words of its score
    hits, words = marked[order].cumsum()[last], np.flatnonzero(last) + 1
    return float((np.diff(hits, prepend=0) * hits / words).sum() / marked.sum())


def f1_at_length(marked: np.ndarray, scores: np.ndarray) -> float:
    """Return F1 of the words on top, as many as are marked; precision and recall are the same.

    Where equal scores stand at the edge, the mean over all ways to choose among them.
    """
    length = int(marked.sum())
    edge = np.sort(scores)[-length]
    above, level = scores > edge, scores == edge
    chosen = (length - above.sum()) / level.sum()
    return float((marked[above].sum() + chosen * marked[level].sum()) / length)


def random_average_precision(marked: np.ndarray) -> float:
    """Return the mean of ``average_precision`` over all orders of the words.

    The word at place i is marked with chance k/n, and one before it then with chance
    (k−1)/(n−1); summed over places, (H_n + (k−1)(n − H_n)/(n−1)) / n for the harmonic
    number H_n (Bestgen 2015, "Exact expected average precision of the random baseline").
    """
    words, length = len(marked), int(marked.sum())
    harmonic = (1 / np.arange(1, words + 1)).sum()
    return float((harmonic + (length - 1) * (words - harmonic) / max(1, words - 1)) / words)


def random_f1(marked: np.ndarray) -> float:
    """Return the mean of ``f1_at_length`` over all orders: the share that is marked."""
    return float(marked.mean())


def people_average_precision(marked: np.ndarray) -> float | None:
    """Return how well the others rank what one person marked, the mean over people.

    Words are ranked by how many of the others marked them; None for one person.

    Args:
        marked: bool (people, words), at least a word of each.
    """
    if len(marked) < 2:
        return None
    others = marked.sum(0) - marked  # (people, words)
    pairs = zip(marked, others, strict=True)
    return float(np.mean([average_precision(own, other) for own, other in pairs]))


def people_f1(marked: np.ndarray) -> float | None:
    """Return 2 |A ∩ B| / (|A| + |B|) of what two people marked, the mean over pairs."""
    if len(marked) < 2:
        return None
    both = marked.astype(float) @ marked.T  # (people, people) words in common
    sizes = both.diagonal()
    f1 = 2 * both / (sizes[:, None] + sizes)
    return float(f1[np.triu_indices(len(marked), k=1)].mean())


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
    """Return plausibility over the texts of two words or more, one of them marked.

    Args:
        seed: of the bootstrap over documents.

    Raises:
        UserError: if there is no such text, or one has no word or too many of them.
    """
    rows = []
    texts = zip(rationales.texts, rationales.marks, strict=True)
    for number, (text, marks) in enumerate(texts, start=1):
        if figures := measure_one(probe_text(checkpoint, text), marks):
            rows.append(figures)
        if progress is not None:
            progress(number, len(rationales))
    if not rows:
        raise UserError(
            tr(
                "Texts of two words or more, one of them marked, are expected; {name} has none.",
                name=rationales.name,
            )
        )
    return report(rows, seed)


def measure_one(probe: ModelProbe, marks: Marks) -> Figures | None:
    """Return one document's figures by the names that ``report`` reads.

    People who marked no word of it are left out; None if there is no choice then.
    """
    people = np.array([marked_words(probe.document, spans) for spans in marks])
    people = people[people.any(1)]  # (people, words)
    if probe.tokens < 2 or not len(people):
        return None
    scores = {
        "attention": attention_weights(probe, "word"),
        "gradient": abs(gradient_ranking(probe, "word", hold_attention=True)),
        "leave_one_out": abs(leave_one_out(probe, "word")),
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
