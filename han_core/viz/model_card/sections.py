"""The sections of a model card in sentences and tables, for the page and the README.

Text in them may come from a stranger's file; the page and the README escape it.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from han_core.explanation.verdicts import short
from han_core.models.registry import model_kind
from han_core.runtime.errors import counted, joined, listed
from han_core.text.characters import language_name
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
from han_core.viz.model_card.known import CheckpointFacts

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


def _weak(found: Weaknesses) -> Section:
    order = sorted(found.tags.items(), key=lambda pair: (pair[1].right / pair[1].n, pair[0]))
    rows = [(tag, f"{one.n:,}", *share_cells(one)) for tag, one in order]
    all_right = found.all.right / found.all.n
    first = f"Of {counted(found.all.n, 'document')} of {found.data} it gets {all_right:.1%} right."
    weakest = f"It does worst on {order[0][0]}." if len(order) > 1 else ""
    rows.append(("all", f"{found.all.n:,}", *share_cells(found.all)))
    header = ("Tag", "Documents", "Accuracy", "95% interval")
    table = Table(header, tuple(rows))
    return Section("Weaknesses", tuple(filter(None, (first, weakest, FEW))), (table,))


def _faithful(found: Faithfulness) -> Section:
    """Section by section as the command ``faithfulness`` measures it."""
    falls = {by: getattr(found.comprehensiveness, by).mean for by in _RANKED}
    first = (
        f"Measured on {counted(found.n, 'document')} of {found.data}, spread over predicted "
        "classes and lengths; intervals are 95% of a bootstrap over documents."
    )
    told = [first, *_captured(found, falls), STRANGE]
    header = ("Fall of the probability", "Attention", "Gradient", "Leave-one-out", "Random")
    names = ("without the top words", "with only the top words")
    ranked = zip(names, (found.comprehensiveness, found.sufficiency), strict=True)
    rows = [(name, *(interval_cell(getattr(one, by)) for by in _RANKED)) for name, one in ranked]
    others = Table(("Figure", "Mean and interval"), tuple(_others(found)))
    return Section("Faithfulness", tuple(told), (Table(header, tuple(rows)), others))


def _captured(found: Faithfulness, falls: dict[str, float | None]) -> Iterator[str]:
    attention, random, out = (falls[by] for by in ("attention", "random", "leave_one_out"))
    if attention is None or random is None or out is None:
        return
    yield (
        f"Without its most attended words a document's probability falls by {short(attention)} at "
        f"the mean, without random words by {short(random)}, and by {short(out)} without those "
        "that matter most one by one."
    )
    if found.captured.mean is not None:
        yield (
            f"So attention captures {found.captured.mean:.0%} of what leave-one-out finds beyond "
            "random words."
        )


def _others(found: Faithfulness) -> Iterator[tuple[str, str]]:
    yield "tau of attention with gradient", interval_cell(found.tau_gradient)
    yield "tau of attention with leave-one-out", interval_cell(found.tau_leave_one_out)
    yield "tau of those two with each other", interval_cell(found.tau_ceiling)
    for by in ("attention", "gradient", "random"):
        yield (
            f"share zeroed until the decision flips, by {by}",
            interval_cell(getattr(found.flip, by)),
        )
    yield "documents that an order never flips", interval_cell(found.flip.never)
    yield "documents that uniform attention flips", interval_cell(found.uniform_flips)
    yield "change when attention is shuffled", interval_cell(found.permutation_shift)


def _plausible(found: Plausibility) -> Section:
    """Beside what people marked; the last column is how far they agree with each other."""
    by = (*_RANKED, "people")
    names = ("area under precision and recall", "token F1 at the length people marked")
    measures = zip(names, (found.auprc, found.f1), strict=True)
    rows = [(name, *(interval_cell(getattr(one, order)) for order in by)) for name, one in measures]
    header = ("Agreement with people", "Attention", "Gradient", "Leave-one-out", "Random", "People")
    first = f"Measured on {counted(found.n, 'document')} of {found.data}."
    return Section("Plausibility", (first, PLAUSIBLE), (Table(header, tuple(rows)),))


def _fast(found: Speed) -> Section:
    threads = counted(found.threads, "thread")
    return Section(
        "Speed",
        (
            f"{found.documents_per_second:,.0f} documents of {found.words:,.0f} words a second, "
            f"from text to prediction, on {found.machine} with {threads}.",
        ),
    )


ALONE = (
    "No other model was measured on the same documents, so whether a bag of words does as well "
    "is not known."
)


def sections(known: CheckpointFacts, card: Card | None) -> tuple[Section, ...]:
    """All that is known of a checkpoint; without a card, what its own metrics say."""
    found = [_model(known), _accuracy(known, card.rivals if card else None)]
    if card is not None:
        found += findings(card)
    return (*found, _recipe(known))


def _model(known: CheckpointFacts) -> Section:
    config = known.config
    shape, vocabulary = config.architecture, config.architecture.vocabulary_size
    precision = "half precision" if config.weights == "float16" else "single precision"
    rows = [
        ("Kind", f"{model_kind(shape.model).title}, {shape.attention} attention"),
        ("Language", language_name(config.text.language)),
        ("Classes", listed(config.labels)),
        ("Data", known.dataset or "not said"),
        ("Documents", _documents(known) or "not said"),
        ("Vocabulary", counted(vocabulary, "word")),
        ("Size", f"{known.parameters:,} parameters in {precision}, {known.bytes / 1e6:.1f} MB"),
    ]
    return Section("The model", tables=(Table(("Checkpoint", known.name), tuple(rows)),))


def _documents(known: CheckpointFacts) -> str:
    """ "23,000 train, 2,000 validation"."""
    pairs = known.documents.items()
    return ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in pairs if n)


def _accuracy(known: CheckpointFacts, rivals: Sequence[Baseline] | None) -> Section:
    n, right = known.documents.get("test", 0), known.right
    said = [_validation(known), _seeds(known.seeds)]
    if right is None:
        return Section("Accuracy", tuple(filter(None, ("It was not tested.", *said))))
    f1 = known.test.macro_f1
    own = Baseline(name="this model", accuracy=right / n, n=n, macro_f1=f1)
    rows = [_rival(rival) for rival in (own, *(rivals or ()))]
    header = ("Model", "Test accuracy", "95% interval", "Macro F1", "McNemar's p")
    beside = _beside(right / n, rivals) if rivals else ALONE
    width = len(header) - (not any(rival.p is not None for rival in rivals or ()))
    table = Table(header[:width], tuple(row[:width] for row in rows))
    return Section("Accuracy", tuple(filter(None, (beside, *said))), (table,))


def _rival(rival: Baseline) -> tuple[str, ...]:
    right = Counted(n=rival.n, right=round(rival.accuracy * rival.n))
    f1 = "–" if rival.macro_f1 is None else f"{rival.macro_f1:.4f}"
    return (rival.name, *share_cells(right), f1, "–" if rival.p is None else p_value(rival.p))


def _beside(accuracy: float, rivals: Sequence[Baseline]) -> str:
    """The strongest other model, and how far it is away."""
    best = max(rivals, key=lambda rival: rival.accuracy)
    points = 100 * (accuracy - best.accuracy)
    side = "above" if points > 0 else "below"
    tested = "" if best.p is None else f" (McNemar's test: p {p_equals(best.p)})"
    if not round(points, 2):
        return f"It does as well as {best.name}, the strongest of the other models{tested}."
    return (
        f"It is {abs(points):.2f} points {side} {best.name}, the strongest of the other "
        f"models{tested}."
    )


def _validation(known: CheckpointFacts) -> str:
    accuracy = known.reached["validation"].accuracy
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


def _recipe(known: CheckpointFacts) -> Section:
    facts = [("seed", "" if known.seed is None else str(known.seed)), ("date", known.date)]
    rows = [(name, value) for name, value in (*facts, *known.settings.items()) if value]
    table = (Table(("Setting", "Value"), tuple(rows)),) if rows else ()
    said = [_taught(known), *known.notes.values()]
    return Section("How it was made", tuple(filter(None, said)), table, known.command)


def _taught(known: CheckpointFacts) -> str:
    if not known.teachers:
        return ""
    parts = {"unlabelled": "unlabelled documents", "stretches": "parts of the training documents"}
    what = " and ".join(said for name, said in parts.items() if known.documents.get(name))
    names = joined(known.teachers)
    return f"It learnt from {what or parts['unlabelled']} too, as {names} labelled them."
