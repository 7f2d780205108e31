"""The sections of a card about what was measured for it.

Pure functions. It knows nothing about the checkpoint beyond its card.
"""

from collections.abc import Iterator

from han_core.corpora.wording import counted
from han_core.evidence.wording import short
from han_core.sharing.card.content import Card, Faithfulness, Plausibility, Speed, Weaknesses
from han_core.sharing.card.section import Section, Table, leaf_cell, share_cells

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
    rows = [(name, *(leaf_cell(getattr(one, by)) for by in _RANKED)) for name, one in ranked]
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
    yield "tau of attention with gradient", leaf_cell(found.tau_gradient)
    yield "tau of attention with leave-one-out", leaf_cell(found.tau_leave_one_out)
    yield "tau of those two with each other", leaf_cell(found.tau_ceiling)
    for by in ("attention", "gradient", "random"):
        yield f"share zeroed until the decision flips, by {by}", leaf_cell(getattr(found.flip, by))
    yield "documents that an order never flips", leaf_cell(found.flip.never)
    yield "documents that uniform attention flips", leaf_cell(found.uniform_flips)
    yield "change when attention is shuffled", leaf_cell(found.permutation_shift)


def _plausible(found: Plausibility) -> Section:
    """Beside what people marked; the last column is how far they agree with each other."""
    by = (*_RANKED, "people")
    names = ("area under precision and recall", "token F1 at the length people marked")
    measures = zip(names, (found.auprc, found.f1), strict=True)
    rows = [(name, *(leaf_cell(getattr(one, order)) for order in by)) for name, one in measures]
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
