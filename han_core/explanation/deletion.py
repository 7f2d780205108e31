"""Deletion curves: how the prediction moves when the highest ranked units go, or stay alone.

Comprehensiveness and sufficiency as DeYoung et al. 2020 ("ERASER", section 4.2) define
them, with the predicted class as the class and shares of the document's units as bins.
Their average over the shares is the paper's AOPC. Taking words out makes text that nobody
would write: a fall may show that the text became strange, which is why random order stands
beside every figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from han_core.explanation.attribution import (
    Attribution,
    RankedBy,
    Unit,
    descending_order,
    random_orders,
    spread_to_tokens,
    unit_count,
)
from han_core.explanation.model_probe import Fill, ModelProbe, Progress

SHARES = (1, 5, 10, 20, 50)
"""The bins of ERASER, in percent of the document's units."""

CLEARLY = 0.01
"""A difference of probability below this is not told from none."""

TENTH = SHARES.index(10)
"""The share that sentences speak of."""

DRAWS = 20
"""Random orders that a ranking is compared with while a person waits."""

BAND = (0.05, 0.95)
"""Quantiles of the random draws that the band spans."""


@dataclass(frozen=True)
class Curve:
    """Changes of the prediction along ``SHARES``, for one order or several random ones.

    Attributes:
        values: (orders, shares) p(x) − p(what is left), positive where the prediction falls;
            one row for a ranking, a row for each draw of random order.

    Raises:
        ValueError: if there is no order, or another number of shares.
    """

    values: np.ndarray

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or not len(self.values) or self.values.shape[1] != len(SHARES):
            raise ValueError(f"(orders, {len(SHARES)}) expected, {self.values.shape} came")

    @property
    def mean(self) -> np.ndarray:
        """(shares,) over the orders."""
        return self.values.mean(0)

    @property
    def low(self) -> np.ndarray:
        """(shares,) the 5th percentile of the orders."""
        return np.quantile(self.values, BAND[0], axis=0)

    @property
    def high(self) -> np.ndarray:
        """(shares,) the 95th percentile of the orders."""
        return np.quantile(self.values, BAND[1], axis=0)

    @property
    def average(self) -> float:
        """The headline, averaged over the shares (AOPC) and over the orders."""
        return float(self.values.mean())

    @property
    def average_band(self) -> tuple[float, float]:
        """The 5th and 95th percentile of the orders' averages over the shares."""
        low, high = np.quantile(self.values.mean(1), BAND)
        return float(low), float(high)


@dataclass(frozen=True)
class Deletion:
    """What deletion in several orders does to one prediction.

    Attributes:
        unit: what was taken out.
        fill: what stood in its place.
        units: how many there are, at least two.
        removed: (shares,) how many units each share of ``SHARES`` took out or kept alone.
        comprehensiveness: for each ranking, p(x) − p(x without the top k%).
        sufficiency: for each ranking, p(x) − p(only the top k%); negative where the part
            alone is surer than the whole.

    Raises:
        ValueError: if the two speak of different rankings or a share takes none or all.
    """

    unit: Unit
    fill: Fill
    units: int
    removed: np.ndarray
    comprehensiveness: Mapping[RankedBy, Curve]
    sufficiency: Mapping[RankedBy, Curve]

    def __post_init__(self) -> None:
        if self.comprehensiveness.keys() != self.sufficiency.keys():
            raise ValueError("comprehensiveness and sufficiency rank by the same things")
        if len(self.removed) != len(SHARES) or not 0 < self.removed.min() <= self.removed.max():
            raise ValueError(f"{len(SHARES)} positive counts expected, {self.removed} came")
        if self.removed.max() >= self.units:
            raise ValueError(f"fewer than {self.units} units can go, {self.removed.max()} went")

    @property
    def captured(self) -> float | None:
        """(attention − random) / (leave-one-out − random) of the average comprehensiveness.

        None without leave-one-out, and where that lies less than ``CLEARLY`` above random or
        within random's band: a share of nothing is not a number.
        """
        found = self.comprehensiveness
        if not {"attention", "leave_one_out", "random"} <= found.keys():
            return None
        random = found["random"]
        best, chance = found["leave_one_out"].average, random.average
        if best - chance < CLEARLY or best <= random.average_band[1]:
            return None
        return (found["attention"].average - chance) / (best - chance)


def removed_units(units: int) -> np.ndarray:
    """Return (shares,) units that each share takes: rounded up, so at least one, and never all.

    Raises:
        ValueError: for fewer than two units.
    """
    if units < 2:
        raise ValueError("deletion needs at least two units")
    # In whole numbers: 0.07 · 100 is a hair above 7, and rounding up would make it 8.
    return np.minimum([-(-share * units // 100) for share in SHARES], units - 1)


def deletion(
    probe: ModelProbe,
    orders: Mapping[RankedBy, np.ndarray],
    unit: Unit = "word",
    fill: Fill = "delete",
    progress: Progress | None = None,
) -> Deletion:
    """Measure all orders and shares in one call of the model.

    Args:
        orders: for each ranking (orders, units), numbers of the units, those to go first first.

    Raises:
        ValueError: for fewer than two units.
    """
    number = unit_count(probe, unit)
    removed = removed_units(number)
    counts, share = np.unique(removed, return_inverse=True)  # few units: shares coincide
    ranks = np.concatenate(list(orders.values())).argsort(1)  # (orders, units)
    top = (ranks[:, None, :] < counts[:, None]).reshape(-1, number)
    kept = spread_to_tokens(probe, unit, np.concatenate((~top, top)))
    left = probe.probabilities(kept, fill, progress)[:, probe.target]
    falls = probe.explanation.probability - left.reshape(2, len(ranks), len(counts))[..., share]
    ends = np.cumsum([len(rows) for rows in orders.values()])[:-1]
    without, alone = (
        dict(zip(orders, map(Curve, np.split(fall, ends)), strict=True)) for fall in falls
    )
    return Deletion(unit, fill, number, removed, without, alone)


@dataclass(frozen=True)
class Removal:
    """Change of the probability of ``target`` when a tenth of the words goes.

    Attributes:
        attended: whether words were ranked by attention, else by another method's values.
        words: how many went.
        fall: p(text) − p(text without the words ranked highest).
        random: the same without as many random words, the mean of ``DRAWS`` draws.
    """

    target: str
    attended: bool
    words: int
    fall: float
    random: float


def measure_removal(probe: ModelProbe, answer: Attribution, seed: int = 0) -> Removal | None:
    """Take a tenth of the words out, in one call of the model; None where there is one word.

    The same random words go for every method.
    """
    tokens, target = probe.tokens, probe.checkpoint.labels.index(answer.target)
    if tokens < 2:
        return None
    words, rng = int(removed_units(tokens)[TENTH]), np.random.default_rng(seed)
    draws = random_orders(tokens, DRAWS, rng)
    first = np.concatenate([descending_order(answer.words, rng)[None], draws])[:, :words]
    kept = np.ones((len(first), tokens), dtype=bool)
    np.put_along_axis(kept, first, False, axis=1)
    falls = probe.explanation.probabilities[target] - probe.probabilities(kept)[:, target]
    attended = answer.method == "attention"
    return Removal(answer.target, attended, words, float(falls[0]), float(falls[1:].mean()))
