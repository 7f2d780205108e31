"""How far attention explains one decision: the evidence under a heatmap.

``brief`` and ``quick`` answer at once; ``thorough`` adds what leave-one-out says, which takes a
question for each unit. Both are about this model on this document, not about whether the
model is right. It does not know how evidence is put into words (wording) or drawn.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from han_core.explanation.agreement import tau
from han_core.explanation.attention_permutation import AttentionReplacement, replace_attention
from han_core.explanation.attribution import (
    RankedBy,
    Unit,
    attention_weights,
    descending_order,
    gradient_ranking,
    leave_one_out,
    random_orders,
    unit_count,
)
from han_core.explanation.deletion import Deletion, deletion
from han_core.explanation.model_probe import Fill, ModelProbe, Progress

Stage = Literal["brief", "quick", "thorough"]
"""How much: what deletion by attention says, what comes at once, and leave-one-out too."""

DRAWS = 20
"""Random orders that a ranking is compared with while a person waits."""


@dataclass(frozen=True)
class Evidence:
    """What was measured on one document.

    Attributes:
        label: the predicted class.
        probability: its probability.
        unit: what deletion and tau are about.
        words: how many there are in the document.
        sentences: how many there are in the document.
        deletion: curves by attention, gradient and random order, and after ``thorough`` by
            leave-one-out; None for a document of one unit, where nothing can go.
        swaps: None for a document of one word, where attention has no choice.
        tau_gradient: Kendall's tau-b of attention with |gradient × embedding|, attention held
            fixed; None for fewer than six units or a constant side, as all taus.
        tau_leave_one_out: tau-b of attention with |Δp| under leave-one-out; None before
            ``thorough``.
        tau_ceiling: tau-b of those two with each other; None before ``thorough``.

    Raises:
        ValueError: if deletion speaks of another unit.
    """

    label: str
    probability: float
    unit: Unit
    words: int
    sentences: int
    deletion: Deletion | None
    swaps: AttentionReplacement | None
    tau_gradient: float | None
    tau_leave_one_out: float | None = None
    tau_ceiling: float | None = None

    def __post_init__(self) -> None:
        if self.deletion is not None and self.deletion.unit != self.unit:
            raise ValueError(f"deletion of {self.unit}s expected, of {self.deletion.unit}s came")


def measure_evidence(
    subject: ModelProbe,
    unit: Unit = "word",
    fill: Fill = "delete",
    stage: Stage = "quick",
    progress: Progress | None = None,
) -> Evidence:
    """The evidence of a stage, all of it; ``brief`` is about words that are deleted.

    Raises:
        UserError: as ``thorough`` does.
    """
    if stage == "brief":
        return brief(subject, progress=progress)
    found = quick(subject, unit, fill, progress=progress)
    return thorough(subject, found, progress=progress) if stage == "thorough" else found


def brief(
    subject: ModelProbe, seed: int = 0, draws: int = DRAWS, progress: Progress | None = None
) -> Evidence:
    """Of ``quick`` only what taking words out by attention and at random does."""
    rng, several = np.random.default_rng(seed), subject.tokens > 1
    orders = _orders(subject, "word", draws, rng) if several else {}
    return Evidence(
        label=subject.explanation.label,
        probability=subject.explanation.probability,
        unit="word",
        words=subject.tokens,
        sentences=subject.sentences,
        deletion=deletion(subject, orders, "word", progress=progress) if several else None,
        swaps=None,
        tau_gradient=None,
    )


def quick(
    subject: ModelProbe,
    unit: Unit = "word",
    fill: Fill = "delete",
    seed: int = 0,
    draws: int = DRAWS,
    progress: Progress | None = None,
) -> Evidence:
    """All but leave-one-out; ``progress`` is told of deletion, which takes most of the time."""
    weights, several = attention_weights(subject, unit), unit_count(subject, unit) > 1
    rng = np.random.default_rng(seed)
    return Evidence(
        label=subject.explanation.label,
        probability=subject.explanation.probability,
        unit=unit,
        words=subject.tokens,
        sentences=subject.sentences,
        deletion=_deletion(subject, unit, fill, draws, rng, progress) if several else None,
        swaps=replace_attention(subject, seed, draws) if subject.tokens > 1 else None,
        tau_gradient=tau(weights, abs(gradient_ranking(subject, unit, hold_attention=True))),
    )


def _deletion(
    subject: ModelProbe,
    unit: Unit,
    fill: Fill,
    draws: int,
    rng: np.random.Generator,
    progress: Progress | None,
) -> Deletion:
    """The curves of the quick answer, in one call of the model."""
    orders = _orders(subject, unit, draws, rng)
    random = orders.pop("random")
    orders["gradient"] = descending_order(gradient_ranking(subject, unit), rng)[None]
    return deletion(subject, {**orders, "random": random}, unit, fill, progress)


def _orders(
    subject: ModelProbe, unit: Unit, draws: int, rng: np.random.Generator
) -> dict[RankedBy, np.ndarray]:
    """Attention, and what it is compared with: the same in every answer of the same seed."""
    return {
        "attention": descending_order(attention_weights(subject, unit), rng)[None],
        "random": random_orders(unit_count(subject, unit), draws, rng),
    }


def thorough(
    subject: ModelProbe, evidence: Evidence, seed: int = 0, progress: Progress | None = None
) -> Evidence:
    """``evidence`` of ``quick``, and what leave-one-out adds: a curve, tau and the ceiling.

    Raises:
        UserError: if the document is too long to leave out every unit by itself.
    """
    found, unit = evidence.deletion, evidence.unit
    if found is None:
        return evidence
    drops = leave_one_out(subject, unit, found.fill, progress)
    orders: dict[RankedBy, np.ndarray] = {
        "leave_one_out": descending_order(drops, np.random.default_rng(seed))[None]
    }
    more = deletion(subject, orders, unit, found.fill)
    gradient = abs(gradient_ranking(subject, unit, hold_attention=True))
    return replace(
        evidence,
        deletion=replace(
            found,
            comprehensiveness={**found.comprehensiveness, **more.comprehensiveness},
            sufficiency={**found.sufficiency, **more.sufficiency},
        ),
        tau_leave_one_out=tau(attention_weights(subject, unit), abs(drops)),
        tau_ceiling=tau(gradient, abs(drops)),
    )
