"""The sentences on two models beside each other: what the tests say, and what they do not.

Pure functions of their arguments; they know nothing about Streamlit.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from han_core.errors.asked.filter import Filter
    from han_core.errors.pairs.pair import Pair
    from han_core.errors.pairs.pair_attention import PairAttention

NO_SECOND = (
    "Choose a second checkpoint under “Beside it”, at the top of the page, to set two models "
    "beside each other on these documents."
)
MATRIX = (
    "Rows: is the first model right; columns: is the second. Click a cell to see only its "
    "documents in the other views, and click it again to see all; the comparison here keeps all."
)
CLASSES = "A bar for each true class. Click one to filter by the class and by what became of it."
ATTENTION = (
    "The Jensen-Shannon divergence of both models' attention to the words of a document, as it "
    "was stored: 0 is the same attention, .69 (ln 2) none in common. Two models differ in "
    "attention where they agree, too, so compare with the last row. A difference tells that "
    "attention moved along with the prediction, not that it moved the prediction."
)
WORDS = (
    "Words that gained (right) or lost (left) attention with the second model, over the documents "
    "whose prediction differs. Words of two ways of splitting are joined where they overlap."
)
CHOSEN_BY_FIRST = {
    "predicted": "the predicted class",
    "outcome": "right or wrong",
    "confidence": "confidence",
    "loss": "loss",
    "entropy": "the entropy of attention",
    "attended": "attended words",
    "suspect": "likely wrong labels",
}
"""Conditions that ask the first model; the second had no say in them."""


def accuracy_line(pair: "Pair") -> str:
    """The difference in accuracy with its interval."""
    found = pair.difference
    if found is None or found.mean is None or found.low is None or found.high is None:
        return "No document is left to compare the models on."
    points = [f"{100 * value:+.1f}".replace("-", "−") for value in (found.mean, *_ends(pair))]
    return (
        f"The second model's accuracy is {points[0]} points beside the first's (95% interval "
        f"{points[1]} to {points[2]}, for documents drawn alike)."
    )


def _ends(pair: "Pair") -> tuple[float, float]:
    found = pair.difference
    if found is None or found.low is None or found.high is None:
        return (0.0, 0.0)
    return found.low, found.high


def mcnemar_line(pair: "Pair") -> str:
    """McNemar's test in words."""
    apart = pair.fixed + pair.broken
    if not apart:
        return "Both are right and wrong on the same documents, so there is nothing to test."
    kind = "exact" if pair.test.exact else "with continuity correction"
    return (
        f"{pair.fixed:,} fixed and {pair.broken:,} broken: if neither model were better, so uneven "
        f"a split would come {_often(pair.test.p)} (McNemar's test, {kind}: "
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
    """ "p = .083", "p < .001", on one line."""
    said = "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("= 0.", "= .")
    return said.replace(" ", "\N{NO-BREAK SPACE}")


def another_line(pair: "Pair") -> str:
    """What the four cells do not show; empty where there is none of it."""
    if not pair.another:
        return ""
    return (
        f"Of the {pair.both_wrong:,} that both get wrong, {pair.another:,} get different wrong "
        "classes."
    )


def chosen_line(filter: "Filter") -> str:
    """A caution where the filter asks the first model alone; else empty."""
    named = [name for field, name in CHOSEN_BY_FIRST.items() if _asks(filter, field)]
    if not named:
        return ""
    return (
        f"These documents were chosen by what the first model makes of them ({', '.join(named)}), "
        "and of a model's errors any other one gets some right: here the figures do not say which "
        "model is better."
    )


def _asks(filter: "Filter", field: str) -> bool:
    return getattr(filter, field) != type(filter).model_fields[field].get_default()


def tests_line(tested: int) -> str:
    """How many tests were made, and what follows from that."""
    if tested < 2:
        return "p is McNemar's."
    return (
        f"{tested:,} classes are tested. Where nothing differs, about 1 test in 20 has p below "
        ".05 all the same; “p (Holm)” counts them all (Holm 1979), so read that one."
    )


def sample_line(found: "PairAttention") -> str:
    """What was measured, and of how many."""
    changed = int(found.changed.sum())
    same = len(found.rows) - changed
    parts = [
        f"{_of(changed, found.of_changed)} documents with different predictions",
        f"{_of(same, found.of_same)} with the same one",
    ]
    line = f"Measured: {parts[0]}, and {parts[1]}."
    if changed < found.of_changed or same < found.of_same:
        line += " Of more, a random sample is taken, always the same."
    if found.unaligned:
        line += f" In {found.unaligned:,} the words could not be lined up; they are left out."
    return line


def _of(number: int, of: int) -> str:
    return f"{number:,}" if number == of else f"{number:,} of {of:,}"
