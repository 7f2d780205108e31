"""How far attention explains decisions over a data set, with intervals.

A sample spreads evenly over predicted classes and lengths; a data set needs no labels. Each
document is measured as ``faithfulness`` does it for one, by words, and the means get
intervals from a bootstrap over documents.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from han_core.explanation.attention_permutation import AttentionReplacement, Flip
from han_core.explanation.attribution import MAP_METHODS, MOST_READ, MapMethod, RankedBy
from han_core.explanation.deletion import CLEARLY, Deletion
from han_core.explanation.faithfulness import MethodTaus, quick, thorough
from han_core.explanation.layer_replacement import LayerReplacement
from han_core.explanation.model_probe import ModelProbe, Progress, probe_text
from han_core.explanation.statistics import Bootstrap, Interval
from han_core.models.checkpoint import Checkpoint
from han_core.models.predict import number_texts, predict_numbered
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

DOCUMENTS = 500
"""Documents measured unless another number is asked for."""


def sample(
    checkpoint: Checkpoint,
    texts: Sequence[str],
    documents: int = DOCUMENTS,
    seed: int = 0,
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
) -> list[int]:
    """Return the numbers of texts to measure: as many of each class and length as in the whole.

    Every n-th of the texts sorted by predicted class and length, from a random start
    (systematic sampling, Cochran 1977, chapter 8). Texts too long to leave out each word
    by itself are never chosen.

    Args:
        progress: called with the texts that are classified.
        say: called with a sentence on how many texts were too long to be chosen.

    Raises:
        UserError: if a text has no word, or no text is short enough.
        ValueError: if no document is asked for.
    """
    if documents < 1:
        raise ValueError(f"a sample of at least one document is expected, {documents} came")
    numbered = number_texts(checkpoint, texts)
    lengths = np.array([len(document.words) for document in numbered])
    short = _short_enough(lengths)
    if len(short) < len(lengths) and say is not None:
        say(
            tr(
                "{out:,} of {texts:,} texts are above {words:,} words: left out.",
                out=len(lengths) - len(short),
                texts=len(lengths),
                words=int(MOST_READ**0.5),
            )
        )
    if len(short) <= documents:
        if progress is not None:
            progress(len(short), len(short))
        return short.tolist()
    probabilities = predict_numbered(checkpoint.model, [numbered[i] for i in short], progress)
    return short[spread(probabilities.argmax(1), lengths[short], documents, seed)].tolist()


def sample_of_scored(
    classes: np.ndarray, lengths: np.ndarray, documents: int = DOCUMENTS, seed: int = 0
) -> np.ndarray:
    """As ``sample``, where predicted classes and lengths in tokens (documents,) are known.

    Raises:
        UserError: if no document is short enough.
    """
    short = _short_enough(lengths)
    if len(short) <= documents:
        return short
    return short[spread(classes[short], lengths[short], documents, seed)]


def _short_enough(lengths: np.ndarray) -> np.ndarray:
    """The numbers of documents short enough to leave out each word by itself."""
    short = np.flatnonzero(lengths.astype(np.int64) ** 2 <= MOST_READ)
    if not len(short):
        raise UserError(
            tr(
                "Texts of at most {words:,} words are expected; none came.",
                words=int(MOST_READ**0.5),
            )
        )
    return short


def spread(classes: np.ndarray, lengths: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Return ``number`` of the rows, ascending, spread evenly over classes and lengths."""
    rng = np.random.default_rng(seed)
    queue = np.lexsort((rng.random(len(classes)), lengths, classes))
    places = (np.arange(number) + rng.random()) * (len(classes) / number)
    return np.sort(queue[places.astype(int)])


DRAWS = 100
"""Random orders for each document."""

RANKINGS: tuple[RankedBy, ...] = ("attention", "gradient", "leave_one_out", "random")

MEASURES = ("comprehensiveness", "sufficiency")

TAUS = ("tau_gradient", "tau_leave_one_out", "tau_ceiling")

FLIPPED_BY = ("attention", "gradient", "random")

OTHERS = RANKINGS[1:]
"""What attention is compared with, document by document."""


Figures = Mapping[str, float | None]
"""One document's; a name is None or missing where the document has no such figure."""


@dataclass(frozen=True)
class DeletionReport:
    """Deletion curves' averages (AOPC) over documents, for one way to fill the gap.

    Attributes:
        comprehensiveness: by each of ``RANKINGS``.
        sufficiency: the same.
        captured: (attention − random) / (leave-one-out − random) of the mean
            comprehensiveness; nothing where the denominator is not clearly positive.
        ahead: for each of ``OTHERS``, the paired difference of attention's
            comprehensiveness and its own; negative where attention does worse.

    Raises:
        ValueError: if a ranking is missing.
    """

    comprehensiveness: Mapping[RankedBy, Interval]
    sufficiency: Mapping[RankedBy, Interval]
    captured: Interval
    ahead: Mapping[RankedBy, Interval]

    def __post_init__(self) -> None:
        for means in (self.comprehensiveness, self.sufficiency):
            if tuple(means) != RANKINGS:
                raise ValueError(f"{RANKINGS} expected, {tuple(means)} came")


@dataclass(frozen=True)
class Report:
    """Faithfulness over a data set; no field is for one document.

    Attributes:
        n: documents measured.
        deleted: with words taken out.
        unknown: with words replaced by the unknown word.
        tau_gradient: Kendall's tau-b of attention with |gradient × embedding|.
        tau_leave_one_out: the same with |Δp| under leave-one-out.
        tau_ceiling: of those two with each other.
        flip: "attention", "gradient" and "random" over the documents that all three flip,
            and "never", the share of documents that one of them does not flip.
        never_flips: the share of documents that each of the three does not flip.
        uniform_flips: the share of documents that uniform attention decides otherwise.
        permutation_shift: the mean of the documents' median |Δp| under shuffled attention.
        layers: the last two for each layer of self-attention, such as "layer 1", and
            "uniform_shift", the mean |Δp| under even weights; empty without self-attention.
        methods: for each of ``MAP_METHODS``, over the documents where it has an answer, with
            words taken out: comprehensiveness, sufficiency, both taus, and ``flip``, over the
            documents that it and the three orders flip, with ``never_flips``; empty without
            self-attention.
    """

    n: int
    deleted: DeletionReport
    unknown: DeletionReport
    tau_gradient: Interval
    tau_leave_one_out: Interval
    tau_ceiling: Interval
    flip: Mapping[str, Interval]
    never_flips: Mapping[str, Interval]
    uniform_flips: Interval
    permutation_shift: Interval
    layers: Mapping[str, Mapping[str, Interval]] = field(default_factory=dict)
    methods: Mapping[MapMethod, Mapping[str, Interval]] = field(default_factory=dict)

    def to_json(self) -> dict:
        """As the command ``faithfulness`` prints it; nothing is ``null``, three times."""
        value = _plain(self)
        deleted, unknown = value.pop("deleted"), value.pop("unknown")
        for name in ("layers", "methods"):
            if not value[name]:
                del value[name]
        return {"n": value.pop("n"), **deleted, **value, "unknown_word": unknown}


def _plain(value):
    """Dataclasses and mappings as dictionaries, all the way down."""
    if isinstance(value, Interval):
        return value.to_json()
    if isinstance(value, DeletionReport | Report):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return value


def measure(
    checkpoint: Checkpoint,
    texts: Sequence[str],
    seed: int = 0,
    draws: int = DRAWS,
    progress: Progress | None = None,
) -> Report:
    """Return faithfulness over all of ``texts``.

    Raises:
        UserError: if there is no text, or one has no word or too many of them.
    """
    if not texts:
        raise UserError(tr("At least one text is expected; none came."))
    rows = []
    seeds = np.random.default_rng(seed).integers(2**32, size=len(texts)).tolist()
    for number, (text, own) in enumerate(zip(texts, seeds, strict=True), start=1):
        rows.append(measure_one(probe_text(checkpoint, text), own, draws))
        if progress is not None:
            progress(number, len(texts))
    return report(rows, seed)


def measure_one(probe: ModelProbe, seed: int, draws: int) -> Figures:
    """Return one document's figures by the names that ``report`` reads."""
    deleted = thorough(probe, quick(probe, seed=seed, draws=draws), seed)
    unknown = quick(probe, fill="unknown", seed=seed, draws=draws)
    unknown = thorough(probe, replace(unknown, layers=deleted.layers), seed)
    return {
        **_curves("deleted", deleted.deletion),
        **_curves("unknown", unknown.deletion),
        **{name: getattr(deleted, name) for name in TAUS},
        **_swaps(deleted.swaps),
        **_layers(deleted.layers),
        **_method_taus(deleted.methods),
    }


def _curves(filled: str, curves: Deletion | None) -> Figures:
    """Means over the shares, such as "deleted sufficiency random"."""
    if curves is None:
        return {}
    return {
        f"{filled} {measure} {by}": curve.average
        for measure in MEASURES
        for by, curve in getattr(curves, measure).items()
    }


def _swaps(swaps: AttentionReplacement | None) -> Figures:
    if swaps is None:
        return {}
    return {
        "uniform_flips": float(swaps.uniform_flips),
        "permutation_shift": swaps.permutation_shift,
        **flips(swaps.flip),
    }


def _method_taus(methods: Mapping[MapMethod, MethodTaus]) -> Figures:
    """Figures of each method, such as "tau_gradient rollout"."""
    return {
        f"{name} {by}": value
        for by, taus in methods.items()
        for name, value in zip(TAUS, (taus.gradient, taus.leave_one_out), strict=False)
    }


OF_LAYERS = ("uniform_flips", "uniform_shift", "permutation_shift")


def _layers(layers: Sequence[LayerReplacement]) -> Figures:
    """Figures of each layer, such as "layer 1 uniform_flips"."""
    return {
        f"{one.name} {figure}": value
        for one in layers
        for figure, value in zip(
            OF_LAYERS,
            (float(one.uniform_flips), abs(one.uniform - one.probability), one.shift),
            strict=True,
        )
    }


def flips(flip: Flip | None) -> Figures:
    """Return shares until the decision flips, and which orders never flip it."""
    if flip is None:
        return {}
    shares: dict[str, float | None] = {by: getattr(flip, by) for by in FLIPPED_BY}
    shares |= dict(flip.methods.items())
    return {
        "flip never": float(flip.never),
        **{f"never {by}": float(share is None) for by, share in shares.items()},
        # An order that flips only what is easy to flip would look better in its own mean.
        **({} if flip.never else {f"flip {by}": share for by, share in shares.items()}),
    }


def report(rows: Sequence[Figures], seed: int) -> Report:
    """Means and intervals of documents' figures, as ``measure_one`` names them.

    Raises:
        ValueError: if there is no document.
    """
    bootstrap = Bootstrap(len(rows), seed)

    def column(name: str) -> np.ndarray:
        """(documents,) NaN where a document has no such figure."""
        return np.array([row.get(name) for row in rows], dtype=float)

    def mean(name: str) -> Interval:
        return bootstrap.mean(column(name))

    def deletion(filled: str) -> DeletionReport:
        falls = {by: column(f"{filled} comprehensiveness {by}") for by in RANKINGS}
        return DeletionReport(
            comprehensiveness={by: bootstrap.mean(fall) for by, fall in falls.items()},
            sufficiency={by: mean(f"{filled} sufficiency {by}") for by in RANKINGS},
            captured=bootstrap.ratio(
                falls["attention"] - falls["random"],
                falls["leave_one_out"] - falls["random"],
                least=CLEARLY,
            ),
            ahead={by: bootstrap.mean(falls["attention"] - falls[by]) for by in OTHERS},
        )

    last = f" {OF_LAYERS[0]}"
    layers = dict.fromkeys(
        key.removesuffix(last) for row in rows for key in row if key.endswith(last)
    )
    read = [by for by in MAP_METHODS if any(f"deleted {MEASURES[0]} {by}" in row for row in rows)]
    return Report(
        n=len(rows),
        deleted=deletion("deleted"),
        unknown=deletion("unknown"),
        flip={name: mean(f"flip {name}") for name in (*FLIPPED_BY, "never")},
        never_flips={name: mean(f"never {name}") for name in FLIPPED_BY},
        layers={layer: {name: mean(f"{layer} {name}") for name in OF_LAYERS} for layer in layers},
        methods={by: _of_method(by, mean) for by in read},
        **{name: mean(name) for name in (*TAUS, "uniform_flips", "permutation_shift")},
    )


def _of_method(by: MapMethod, mean: Callable[[str], Interval]) -> dict[str, Interval]:
    """Means of one method, by the names that ``measure_one`` gives."""
    return {
        **{what: mean(f"deleted {what} {by}") for what in MEASURES},
        **{tau: mean(f"{tau} {by}") for tau in TAUS[:2]},
        "flip": mean(f"flip {by}"),
        "never_flips": mean(f"never {by}"),
    }
