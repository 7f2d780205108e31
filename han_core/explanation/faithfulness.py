"""How far attention explains one decision: the evidence under a heatmap.

``brief`` and ``quick`` answer at once; ``thorough`` adds what leave-one-out says, which takes
a pass for each unit. All are about this model on this document, not about whether the model
is right.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from han_core.explanation.agreement import tau
from han_core.explanation.attention_permutation import AttentionReplacement, replace_attention
from han_core.explanation.attribution import (
    MAP_METHODS,
    Attribution,
    MapMethod,
    RankedBy,
    Unit,
    attention_weights,
    attribute,
    descending_order,
    gradient_ranking,
    leave_one_out,
    random_orders,
    unit_count,
)
from han_core.explanation.deletion import DRAWS, Deletion, deletion
from han_core.explanation.layer_replacement import LayerReplacement, replace_layers
from han_core.explanation.model_probe import Fill, ModelProbe, Progress
from han_core.runtime.errors import UserError

Stage = Literal["brief", "quick", "thorough"]
"""How much: deletion by attention alone, what comes at once, and leave-one-out too."""


@dataclass(frozen=True)
class MethodTaus:
    """Kendall's tau-b of a method with what attention is compared with as well.

    Attributes:
        gradient: with |gradient × embedding|, attention held fixed; None as in ``Evidence``.
        leave_one_out: with |Δp| under leave-one-out; None before ``thorough``.
    """

    gradient: float | None
    leave_one_out: float | None = None


@dataclass(frozen=True)
class Evidence:
    """Evidence about one document.

    Attributes:
        label: the predicted class.
        probability: its probability.
        unit: what deletion and tau are about.
        words: how many there are in the document.
        sentences: how many there are in the document.
        deletion: curves by attention, gradient and random order, by ``MAP_METHODS`` for models
            with self-attention, and after ``thorough`` by leave-one-out; None for a document of
            one unit, where nothing can go.
        swaps: other attention; None for a document of one word, where it has no choice.
        tau_gradient: Kendall's tau-b of attention with |gradient × embedding|, attention held
            fixed; None for fewer than six units or a constant side, as all taus.
        tau_leave_one_out: tau-b of attention with |Δp| under leave-one-out; None before
            ``thorough``.
        tau_ceiling: tau-b of those two with each other; None before ``thorough``.
        methods: both taus for each of ``MAP_METHODS`` that has an answer; empty for models
            without self-attention.
        self_attention: whether the words' states have read each other, so that ``attention``
            and ``swaps`` are about the pooling of states alone.
        layers: other self-attention, layer by layer; none before ``thorough``.
        no_layers: why ``layers`` were not measured, "" where they were or there are none.

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
    methods: Mapping[MapMethod, MethodTaus] = field(default_factory=dict)
    self_attention: bool = False
    layers: tuple[LayerReplacement, ...] = ()
    no_layers: str = ""

    def __post_init__(self) -> None:
        if self.deletion is not None and self.deletion.unit != self.unit:
            raise ValueError(f"deletion of {self.unit}s expected, of {self.deletion.unit}s came")


def measure_evidence(
    probe: ModelProbe,
    unit: Unit = "word",
    fill: Fill = "delete",
    stage: Stage = "quick",
    progress: Progress | None = None,
) -> Evidence:
    """Return the evidence of a stage; ``brief`` is always about words that are deleted.

    Raises:
        UserError: as ``thorough`` does.
    """
    if stage == "brief":
        return brief(probe, progress=progress)
    evidence = quick(probe, unit, fill, progress=progress)
    return thorough(probe, evidence, progress=progress) if stage == "thorough" else evidence


def brief(
    probe: ModelProbe, seed: int = 0, draws: int = DRAWS, progress: Progress | None = None
) -> Evidence:
    """Return of ``quick`` only what taking words out by attention and at random does."""
    evidence = _without_tests(probe, "word")
    if probe.tokens < 2:
        return evidence
    orders = _orders(probe, "word", draws, np.random.default_rng(seed))
    return replace(evidence, deletion=deletion(probe, orders, "word", progress=progress))


def _without_tests(probe: ModelProbe, unit: Unit) -> Evidence:
    label, probability = probe.explanation.label, probe.explanation.probability
    return Evidence(
        label,
        probability,
        unit,
        probe.tokens,
        probe.sentences,
        deletion=None,
        swaps=None,
        tau_gradient=None,
        self_attention=probe.checkpoint.kind.maps,
    )


def quick(
    probe: ModelProbe,
    unit: Unit = "word",
    fill: Fill = "delete",
    seed: int = 0,
    draws: int = DRAWS,
    progress: Progress | None = None,
) -> Evidence:
    """Return all but leave-one-out; ``progress`` follows deletion, which takes longest."""
    curves, methods = None, _methods(probe)
    if unit_count(probe, unit) > 1:
        rng = np.random.default_rng(seed)
        orders = _orders(probe, unit, draws, rng)
        random = orders.pop("random")
        orders["gradient"] = descending_order(gradient_ranking(probe, unit), rng)[None]
        orders |= {
            by: descending_order(found.values(unit), rng)[None] for by, found in methods.items()
        }
        curves = deletion(probe, {**orders, "random": random}, unit, fill, progress)
    gradient = abs(gradient_ranking(probe, unit, hold_attention=True))
    return replace(
        _without_tests(probe, unit),
        deletion=curves,
        swaps=replace_attention(probe, seed, draws, methods=methods) if probe.tokens > 1 else None,
        tau_gradient=tau(attention_weights(probe, unit), gradient),
        methods=_method_taus(methods, unit, gradient),
    )


def _orders(
    probe: ModelProbe, unit: Unit, draws: int, rng: np.random.Generator
) -> dict[RankedBy, np.ndarray]:
    """Attention's order and random ones: the same in every stage of the same seed."""
    return {
        "attention": descending_order(attention_weights(probe, unit), rng)[None],
        "random": random_orders(unit_count(probe, unit), draws, rng),
    }


def _methods(probe: ModelProbe) -> dict[MapMethod, Attribution]:
    """What each method that reads self-attention answers, where it has an answer."""
    found: dict[MapMethod, Attribution] = {}
    for method in MAP_METHODS if probe.checkpoint.kind.maps else ():
        with suppress(UserError):  # too long for maps, or no weight speaks for the class
            found[method] = attribute(probe, method)
    return found


def _method_taus(
    methods: Mapping[MapMethod, Attribution],
    unit: Unit,
    gradient: np.ndarray,
    drops: np.ndarray | None = None,
) -> dict[MapMethod, MethodTaus]:
    """Both taus of each method; ``drops`` (units,) is None before leave-one-out."""
    values = {by: found.values(unit) for by, found in methods.items()}
    return {
        by: MethodTaus(tau(one, gradient), None if drops is None else tau(one, drops))
        for by, one in values.items()
    }


def thorough(
    probe: ModelProbe, evidence: Evidence, seed: int = 0, progress: Progress | None = None
) -> Evidence:
    """Return ``evidence`` of ``quick`` with what leave-one-out adds, and other self-attention.

    Raises:
        UserError: if the document is too long to leave out every unit by itself.
    """
    evidence = _with_layers(probe, evidence, seed)
    curves, unit = evidence.deletion, evidence.unit
    if curves is None:
        return evidence
    drops = leave_one_out(probe, unit, curves.fill, progress)
    orders: dict[RankedBy, np.ndarray] = {
        "leave_one_out": descending_order(drops, np.random.default_rng(seed))[None]
    }
    more = deletion(probe, orders, unit, curves.fill)
    gradient = abs(gradient_ranking(probe, unit, hold_attention=True))
    return replace(
        evidence,
        deletion=replace(
            curves,
            comprehensiveness={**curves.comprehensiveness, **more.comprehensiveness},
            sufficiency={**curves.sufficiency, **more.sufficiency},
        ),
        tau_leave_one_out=tau(attention_weights(probe, unit), abs(drops)),
        tau_ceiling=tau(gradient, abs(drops)),
        methods=_method_taus(_methods(probe), unit, gradient, abs(drops)),
    )


def _with_layers(probe: ModelProbe, evidence: Evidence, seed: int) -> Evidence:
    """``evidence`` with each layer's self-attention replaced, where there is any to replace."""
    if evidence.layers or not evidence.self_attention or probe.tokens < 2:
        return evidence
    try:
        return replace(evidence, layers=replace_layers(probe, seed))
    except UserError as error:  # too long for maps: all other evidence holds
        return replace(evidence, no_layers=str(error))
