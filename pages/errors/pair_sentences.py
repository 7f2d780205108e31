"""The sentences of Errors about two models: accuracy, McNemar's test, attention."""

from han_core.analysis.filters import Filter
from han_core.analysis.model_pairs import Pair
from han_core.analysis.pair_attention import PairAttention
from han_core.runtime.messages import mark, tr

NO_SECOND = mark("Choose a “Second model” at the top of the page to compare it with the first one.")
PAIR_MATRIX = mark(
    "Rows: is the first model right? Columns: is the second? Click a cell to select "
    "its documents in the other views, and again to select all. The comparison here "
    "uses all four cells."
)
PAIR_CLASSES = mark("One bar for each true class. Click a bar to filter by class and by change.")
PAIR_ATTENTION = mark(
    "Jensen-Shannon divergence between both models' attention to the words of a "
    "document: 0 is the same attention, .69 (ln 2) is no overlap. Models differ in "
    "attention even where they agree, so compare with the last row. A difference "
    "shows that attention changed together with the prediction, not that it caused "
    "the change."
)
PAIR_WORDS = mark(
    "Words that have more (right) or less (left) attention in the second model, over "
    "documents with different predictions. Where the models split words differently, "
    "overlaps are joined."
)
FIRST_MODEL_FIELDS = {
    "predicted": mark("the predicted class"),
    "outcome": mark("right or wrong"),
    "confidence": mark("confidence"),
    "loss": mark("loss"),
    "entropy": mark("the entropy of attention"),
    "attended": mark("attended words"),
    "suspect": mark("likely wrong labels"),
}
"""Conditions on the first model's results; the second model has no part in them."""


def accuracy_line(pair: Pair) -> str:
    """Return the difference in accuracy with its interval."""
    difference = pair.difference
    numbers = (difference.mean, difference.low, difference.high) if difference else ()
    bounds = [number for number in numbers if number is not None]
    if len(bounds) < 3:
        return tr("The filter selects no document to compare the models on.")
    mean, low, high = (f"{100 * number:+.1f}".replace("-", "−") for number in bounds)
    return tr(
        "Accuracy of the second model minus that of the first: {mean} points (95% interval {low} "
        "to {high}, for documents sampled in the same way).",
        mean=mean, low=low, high=high,
    )  # fmt: skip


def mcnemar_line(pair: Pair) -> str:
    """Return the result of McNemar's test in words."""
    if not pair.fixed + pair.broken:
        return tr(
            "Both models are right and wrong on the same documents: there is nothing to test."
        )
    return tr(
        "{fixed:,} fixed and {broken:,} broken. If neither model were better, so uneven a split "
        "would occur {often} (McNemar's test, {kind}: {p}; mid-{mid_p}).",
        fixed=pair.fixed,
        broken=pair.broken,
        often=_often(pair.test.p),
        kind=tr("exact") if pair.test.exact else tr("with continuity correction"),
        p=p_value(pair.test.p),
        mid_p=p_value(pair.test.mid_p),
    )


def _often(p: float) -> str:
    if p >= 0.995:
        return tr("always")
    if p >= 0.01:
        return tr("in {count:.0f} of 100 such samples", count=100 * p)
    if p >= 0.001:
        return tr("in {count:.0f} of 1,000 such samples", count=1000 * p)
    return tr("in fewer than 1 of 1,000 such samples")


def p_value(p: float) -> str:
    """Return "p = .083" or "p < .001", without a line break."""
    line = "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("= 0.", "= .")
    return line.replace(" ", "\N{NO-BREAK SPACE}")


def different_errors_line(pair: Pair) -> str:
    """Return how many documents both models get wrong in different ways; "" for none."""
    if not pair.another:
        return ""
    return tr(
        "Of {wrong:,} that both get wrong, {different:,} get different classes.",
        wrong=pair.both_wrong, different=pair.another,
    )  # fmt: skip


def selection_bias_line(filter: Filter) -> str:
    """Return a caution if the filter depends on the first model's results; else ""."""
    fields = type(filter).model_fields
    named = [
        tr(name)
        for field, name in FIRST_MODEL_FIELDS.items()
        if getattr(filter, field) != fields[field].get_default()
    ]
    if not named:
        return ""
    return tr(
        "The filter selects documents by the first model's results ({conditions}). Any other model "
        "gets some of its errors right, so these figures do not show which model is better.",
        conditions=tr(", ").join(named),
    )


def tests_line(tested: int) -> str:
    """Return how many classes were tested, and how to read p."""
    if tested < 2:
        return tr("p is McNemar's.")
    return tr(
        "{tested:,} classes are tested. Without any difference about 1 test in 20 has p below "
        ".05; “p (Holm)” corrects for the number of tests (Holm 1979), so read that one.",
        tested=tested,
    )


def sample_line(result: PairAttention) -> str:
    """Return how many documents were measured, and of how many."""
    changed = int(result.changed.sum())
    same = len(result.rows) - changed
    line = tr(
        "Measured: {changed} documents with different predictions, and {same} with the same one.",
        changed=_of(changed, result.of_changed), same=_of(same, result.of_same),
    )  # fmt: skip
    if changed < result.of_changed or same < result.of_same:
        sample = tr("Of more documents a random sample is taken, always the same one.")
        line = tr("{first} {second}", first=line, second=sample)
    if result.unaligned:
        left_out = tr("In {number:,} the words could not be aligned; they are left out.",
                      number=result.unaligned)  # fmt: skip
        line = tr("{first} {second}", first=line, second=left_out)
    return line


def _of(number: int, of: int) -> str:
    return f"{number:,}" if number == of else tr("{number:,} of {of:,}", number=number, of=of)
