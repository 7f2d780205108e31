"""The sentences of Errors about two models: accuracy, McNemar's test, attention."""

from han_core.analysis.filters import Filter
from han_core.analysis.model_pairs import Pair
from han_core.analysis.pair_attention import PairAttention

NO_SECOND = "Choose a “Second model” at the top of the page to compare it with the first one."
PAIR_MATRIX = (
    "Rows: is the first model right? Columns: is the second? Click a cell to select its documents "
    "in the other views, and again to select all. The comparison here uses all four cells."
)
PAIR_CLASSES = "One bar for each true class. Click a bar to filter by class and by change."
PAIR_ATTENTION = (
    "Jensen-Shannon divergence between both models' attention to the words of a document: 0 is "
    "the same attention, .69 (ln 2) is no overlap. Models differ in attention even where they "
    "agree, so compare with the last row. A difference shows that attention changed together "
    "with the prediction, not that it caused the change."
)
PAIR_WORDS = (
    "Words that have more (right) or less (left) attention in the second model, over documents "
    "with different predictions. Where the models split words differently, overlaps are joined."
)
FIRST_MODEL_FIELDS = {
    "predicted": "the predicted class",
    "outcome": "right or wrong",
    "confidence": "confidence",
    "loss": "loss",
    "entropy": "the entropy of attention",
    "attended": "attended words",
    "suspect": "likely wrong labels",
}
"""Conditions on the first model's results; the second model has no part in them."""


def accuracy_line(pair: Pair) -> str:
    """Return the difference in accuracy with its interval."""
    difference = pair.difference
    numbers = (difference.mean, difference.low, difference.high) if difference else ()
    bounds = [number for number in numbers if number is not None]
    if len(bounds) < 3:
        return "The filter selects no document to compare the models on."
    mean, low, high = (f"{100 * number:+.1f}".replace("-", "−") for number in bounds)
    return (
        f"Accuracy of the second model minus that of the first: {mean} points (95% interval {low} "
        f"to {high}, for documents sampled in the same way)."
    )


def mcnemar_line(pair: Pair) -> str:
    """Return the result of McNemar's test in words."""
    if not pair.fixed + pair.broken:
        return "Both models are right and wrong on the same documents: there is nothing to test."
    kind = "exact" if pair.test.exact else "with continuity correction"
    return (
        f"{pair.fixed:,} fixed and {pair.broken:,} broken. If neither model were better, so uneven "
        f"a split would occur {_often(pair.test.p)} (McNemar's test, {kind}: "
        f"{p_value(pair.test.p)}; mid-{p_value(pair.test.mid_p)})."
    )


def _often(p: float) -> str:
    if p >= 0.995:
        return "always"
    if p >= 0.01:
        return f"in {100 * p:.0f} of 100 such samples"
    if p >= 0.001:
        return f"in {1000 * p:.0f} of 1,000 such samples"
    return "in fewer than 1 of 1,000 such samples"


def p_value(p: float) -> str:
    """Return "p = .083" or "p < .001", without a line break."""
    line = "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("= 0.", "= .")
    return line.replace(" ", "\N{NO-BREAK SPACE}")


def different_errors_line(pair: Pair) -> str:
    """Return how many documents both models get wrong in different ways; "" for none."""
    if not pair.another:
        return ""
    return f"Of {pair.both_wrong:,} that both get wrong, {pair.another:,} get different classes."


def selection_bias_line(filter: Filter) -> str:
    """Return a caution if the filter depends on the first model's results; else ""."""
    fields = type(filter).model_fields
    named = [
        name
        for field, name in FIRST_MODEL_FIELDS.items()
        if getattr(filter, field) != fields[field].get_default()
    ]
    if not named:
        return ""
    return (
        f"The filter selects documents by the first model's results ({', '.join(named)}). Any "
        "other model gets some of its errors right, so these figures do not show which model is "
        "better."
    )


def tests_line(tested: int) -> str:
    """Return how many classes were tested, and how to read p."""
    if tested < 2:
        return "p is McNemar's."
    return (
        f"{tested:,} classes are tested. Without any difference about 1 test in 20 has p below "
        ".05; “p (Holm)” corrects for the number of tests (Holm 1979), so read that one."
    )


def sample_line(result: PairAttention) -> str:
    """Return how many documents were measured, and of how many."""
    changed = int(result.changed.sum())
    same = len(result.rows) - changed
    line = (
        f"Measured: {_of(changed, result.of_changed)} documents with different predictions, and "
        f"{_of(same, result.of_same)} with the same one."
    )
    if changed < result.of_changed or same < result.of_same:
        line += " Of more documents a random sample is taken, always the same one."
    if result.unaligned:
        line += f" In {result.unaligned:,} the words could not be aligned; they are left out."
    return line


def _of(number: int, of: int) -> str:
    return f"{number:,}" if number == of else f"{number:,} of {of:,}"
