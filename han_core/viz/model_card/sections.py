"""The sections of a model card in sentences and tables, for the page and the README.

Text in them may come from a stranger's file; the page and the README escape it.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from han_core.explanation.verdicts import short
from han_core.models.registry import model_kind
from han_core.runtime.errors import counted, joined, listed
from han_core.text.languages import language_name
from han_core.viz.model_card.content import (
    Baseline,
    Card,
    Counted,
    Faithfulness,
    Plausibility,
    Section,
    Speed,
    Table,
    Weaknesses,
    interval_cell,
    p_equals,
    p_value,
    share_cells,
)
from han_core.viz.model_card.known import AdaptationFacts, CheckpointFacts

STRANGE = (
    "A text with words missing is a text that nobody wrote, so part of every fall is its "
    "strangeness: look at the distance to random words."
)
FEW = (
    "They were written for teaching and are few, so intervals are wide: a difference between two "
    "of them may be chance."
)
PLAUSIBLE = (
    "That attention stands where people would mark a text makes a picture plausible; whether the "
    "model goes by it is what faithfulness is about."
)
_RANKED = ("attention", "gradient", "leave_one_out", "random")


def findings(card: Card) -> Iterator[Section]:
    """A section for each thing that was measured."""
    if card.weaknesses:
        yield _weak(card.weaknesses)
    if card.faithfulness:
        yield _faithful(card.faithfulness)
    if card.plausibility:
        yield _plausible(card.plausibility)
    if card.speed:
        yield _fast(card.speed)


def _weak(weaknesses: Weaknesses) -> Section:
    order = sorted(weaknesses.tags.items(), key=lambda pair: (pair[1].right / pair[1].n, pair[0]))
    rows = [(tag, f"{one.n:,}", *share_cells(one)) for tag, one in order]
    total = weaknesses.all
    documents = counted(total.n, "document")
    first = f"Of {documents} of {weaknesses.data} it gets {total.right / total.n:.1%} right."
    weakest = f"It does worst on {order[0][0]}." if len(order) > 1 else ""
    rows.append(("all", f"{total.n:,}", *share_cells(total)))
    header = ("Tag", "Documents", "Accuracy", "95% interval")
    table = Table(header, tuple(rows))
    return Section("Weaknesses", tuple(filter(None, (first, weakest, FEW))), (table,))


def _faithful(report: Faithfulness) -> Section:
    """Section by section as the command ``faithfulness`` measures it."""
    falls = {by: getattr(report.comprehensiveness, by).mean for by in _RANKED}
    first = (
        f"Measured on {counted(report.n, 'document')} of {report.data}, spread over predicted "
        "classes and lengths; intervals are 95% of a bootstrap over documents."
    )
    sentences = [first, *_captured(report, falls), STRANGE]
    header = ("Fall of the probability", "Attention", "Gradient", "Leave-one-out", "Random")
    names = ("without the top words", "with only the top words")
    ranked = zip(names, (report.comprehensiveness, report.sufficiency), strict=True)
    rows = [(name, *(interval_cell(getattr(one, by)) for by in _RANKED)) for name, one in ranked]
    others = Table(("Figure", "Mean and interval"), tuple(_others(report)))
    return Section("Faithfulness", tuple(sentences), (Table(header, tuple(rows)), others))


def _captured(report: Faithfulness, falls: dict[str, float | None]) -> Iterator[str]:
    attention, random, out = (falls[by] for by in ("attention", "random", "leave_one_out"))
    if attention is None or random is None or out is None:
        return
    yield (
        f"Without its most attended words a document's probability falls by {short(attention)} at "
        f"the mean, without random words by {short(random)}, and by {short(out)} without those "
        "that matter most one by one."
    )
    if report.captured.mean is not None:
        yield (
            f"So attention captures {report.captured.mean:.0%} of what leave-one-out finds beyond "
            "random words."
        )


def _others(report: Faithfulness) -> Iterator[tuple[str, str]]:
    yield "tau of attention with gradient", interval_cell(report.tau_gradient)
    yield "tau of attention with leave-one-out", interval_cell(report.tau_leave_one_out)
    yield "tau of those two with each other", interval_cell(report.tau_ceiling)
    for by in ("attention", "gradient", "random"):
        yield (
            f"share zeroed until the decision flips, by {by}",
            interval_cell(getattr(report.flip, by)),
        )
    yield "documents that an order never flips", interval_cell(report.flip.never)
    yield "documents that uniform attention flips", interval_cell(report.uniform_flips)
    yield "change when attention is shuffled", interval_cell(report.permutation_shift)


def _plausible(report: Plausibility) -> Section:
    """Beside what people marked; the last column is how far they agree with each other."""
    by = (*_RANKED, "people")
    names = ("area under precision and recall", "token F1 at the length people marked")
    measures = zip(names, (report.auprc, report.f1), strict=True)
    rows = [(name, *(interval_cell(getattr(one, order)) for order in by)) for name, one in measures]
    header = ("Agreement with people", "Attention", "Gradient", "Leave-one-out", "Random", "People")
    first = f"Measured on {counted(report.n, 'document')} of {report.data}."
    return Section("Plausibility", (first, PLAUSIBLE), (Table(header, tuple(rows)),))


def _fast(speed: Speed) -> Section:
    threads = counted(speed.threads, "thread")
    return Section(
        "Speed",
        (
            f"{speed.documents_per_second:,.0f} documents of {speed.words:,.0f} words a second, "
            f"from text to prediction, on {speed.machine} with {threads}.",
        ),
    )


NO_BASELINE = (
    "No other model was measured on the same documents, so whether a bag of words does as well "
    "is not known."
)


def sections(facts: CheckpointFacts, card: Card | None) -> tuple[Section, ...]:
    """All that is facts of a checkpoint; without a card, what its own metrics say."""
    parts = [_model(facts), _accuracy(facts, card.rivals if card else None)]
    if facts.adaptation is not None:
        parts.append(_adapted(facts.adaptation))
    if card is not None:
        parts += findings(card)
    sentences = (_teachers(facts), *facts.notes.values())
    return (*parts, recipe(facts.seed, facts.date, facts.settings, sentences, facts.command))


def _model(facts: CheckpointFacts) -> Section:
    config = facts.config
    shape, vocabulary = config.architecture, config.architecture.vocabulary_size
    precision = "half precision" if config.weights == "float16" else "single precision"
    rows = [
        ("Kind", f"{model_kind(shape.model).title}, {shape.attention} attention"),
        ("Language", language_name(config.text.language)),
        ("Tokenizer", f"{config.text.segmentation}, version {config.text.tokenizer_version}"),
        ("Classes", listed(config.labels)),
        ("Data", facts.dataset or "not recorded"),
        ("Documents", _documents(facts) or "not recorded"),
        ("Vocabulary", counted(vocabulary, "word")),
        ("Size", f"{facts.parameters:,} parameters in {precision}, {facts.bytes / 1e6:.1f} MB"),
    ]
    return Section("The model", tables=(Table(("Checkpoint", facts.name), tuple(rows)),))


def _documents(facts: CheckpointFacts) -> str:
    """ "23,000 train, 2,000 validation"."""
    pairs = facts.documents.items()
    return ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in pairs if n)


def _accuracy(facts: CheckpointFacts, baselines: Sequence[Baseline] | None) -> Section:
    n, right = facts.documents.get("test", 0), facts.right
    sentences = [_validation(facts), _seeds(facts.seeds)]
    if right is None:
        return Section("Accuracy", tuple(filter(None, ("It was not tested.", *sentences))))
    f1 = facts.test.macro_f1
    own = Baseline(name="this model", accuracy=right / n, n=n, macro_f1=f1)
    rows = [_baseline_row(one) for one in (own, *(baselines or ()))]
    header = ("Model", "Test accuracy", "95% interval", "Macro F1", "McNemar's p")
    comparison = _against_baselines(right / n, baselines) if baselines else NO_BASELINE
    width = len(header) - (not any(one.p is not None for one in baselines or ()))
    table = Table(header[:width], tuple(row[:width] for row in rows))
    return Section("Accuracy", tuple(filter(None, (comparison, *sentences))), (table,))


def _baseline_row(baseline: Baseline) -> tuple[str, ...]:
    right = Counted(n=baseline.n, right=round(baseline.accuracy * baseline.n))
    f1 = "–" if baseline.macro_f1 is None else f"{baseline.macro_f1:.4f}"
    return (
        baseline.name,
        *share_cells(right),
        f1,
        "–" if baseline.p is None else p_value(baseline.p),
    )


def _against_baselines(accuracy: float, baselines: Sequence[Baseline]) -> str:
    """The strongest other model, and how far it is away."""
    best = max(baselines, key=lambda baseline: baseline.accuracy)
    points = 100 * (accuracy - best.accuracy)
    side = "above" if points > 0 else "below"
    tested = "" if best.p is None else f" (McNemar's test: p {p_equals(best.p)})"
    if not round(points, 2):
        return f"It does as well as {best.name}, the strongest of the other models{tested}."
    return (
        f"It is {abs(points):.2f} points {side} {best.name}, the strongest of the other "
        f"models{tested}."
    )


def _validation(facts: CheckpointFacts) -> str:
    accuracy = facts.reached["validation"].accuracy
    return "" if accuracy is None else f"On the validation documents it reaches {accuracy:.2%}."


def _seeds(runs: Sequence[tuple[int, float]]) -> str:
    """Mean and spread over runs that differ in the seed."""
    if len(runs) < 2:
        return ""
    reached = np.array([accuracy for _, accuracy in runs])
    return (
        f"Over {len(runs)} seeds the test accuracy is {reached.mean():.2%} at the mean, "
        f"{reached.min():.2%} to {reached.max():.2%} "
        f"(standard deviation {100 * reached.std(ddof=1):.2f} points)."
    )


ADAPTED = (
    "It was trained with labels of the source alone, against a domain classifier on texts of the "
    "target domain. The proxy A-distance is that of a fresh probe on held-out vectors: 0 where it "
    "cannot tell the domains apart, 2 where it always can."
)


def _adapted(facts: AdaptationFacts) -> Section:
    before, after = facts.distances
    accuracy = f"Accuracy on {counted(facts.documents, 'held-out document')} of {facts.target}"
    known = (
        (accuracy, facts.accuracy, ".1%"),
        ("Accuracy of the domain classifier", facts.classifier, ".1%"),
        ("Proxy A-distance before training", before, ".2f"),
        ("Proxy A-distance after", after, ".2f"),
    )
    rows = [(name, f"{value:{form}}") for name, value, form in known if value is not None]
    table = (Table(("Target domain", facts.target), tuple(rows)),) if rows else ()
    return Section("Another domain", (ADAPTED,), table)


def recipe(
    seed: int | None,
    date: str,
    settings: Mapping[str, str],
    sentences: Sequence[str],
    command: str,
) -> Section:
    """Return how a model was made: its settings, sentences, and the command that makes it again."""
    made = [("seed", "" if seed is None else str(seed)), ("date", date)]
    rows = [(name, value) for name, value in (*made, *settings.items()) if value]
    table = (Table(("Setting", "Value"), tuple(rows)),) if rows else ()
    return Section("How it was made", tuple(filter(None, sentences)), table, command)


def _teachers(facts: CheckpointFacts) -> str:
    if not facts.teachers:
        return ""
    parts = {"unlabelled": "unlabelled documents", "stretches": "parts of the training documents"}
    what = " and ".join(sentences for name, sentences in parts.items() if facts.documents.get(name))
    names = joined(facts.teachers)
    return f"It learnt from {what or parts['unlabelled']} too, as {names} labelled them."
