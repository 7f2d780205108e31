"""Evidence in plain sentences: what was done, what came of it, and no more than that.

A sentence names the experiment and its figures, always beside random order. None says
why the model decided, and none is a seal of approval.
"""

from collections.abc import Mapping

from han_core.evidence.deletion import CLEARLY, SHARES, Curve, Deletion
from han_core.evidence.faithfulness import Evidence
from han_core.evidence.flip import Flip
from han_core.evidence.ranking import RankedBy
from han_core.evidence.swaps import Swaps

TOLD = SHARES.index(10)
"""The share that sentences speak of."""

NO_EVIDENCE = "This picture is not evidence about the decision."


def said(evidence: Evidence) -> tuple[str, ...]:
    """What the evidence says, a sentence or two for each test; never empty."""
    sentences: list[str] = []
    if evidence.words == 1:
        return ("This document has one word: there is nothing to delete and nothing to shuffle.",)
    if evidence.deletion is None:
        sentences.append(f"This document has one {evidence.unit}: there is none to delete.")
    else:
        sentences += [*_deletion(evidence.deletion), *_taus(evidence)]
    if evidence.swaps is not None:
        sentences += _swaps(evidence.swaps, evidence.label)
    return tuple(sentences)


def _deletion(found: Deletion) -> list[str]:
    most, some = _groups(found)
    without, alone = found.comprehensiveness, found.sufficiency
    sentences = [
        _comparison("removing", most, some, without),
        verdict(found),
        _comparison("keeping only", most, some, alone),
    ]
    if found.captured is not None:
        sentences.append(
            f"Attention captures {found.captured:.0%} of what leave-one-out finds beyond random "
            f"{found.unit}s."
        )
    elif "leave_one_out" in without:
        sentences.append(
            f"Leave-one-out itself is not clearly above random {found.unit}s here, so there is no "
            "share to give."
        )
    return sentences


def _groups(found: Deletion) -> tuple[str, str]:
    """What goes by attention, and at random: one word, or a share of them."""
    if found.removed[TOLD] == 1:
        return f"the most attended {found.unit}", f"a random {found.unit}"
    return f"the {SHARES[TOLD]}% most attended {found.unit}s", f"random {found.unit}s"


def _comparison(doing: str, most: str, some: str, curves: Mapping[RankedBy, Curve]) -> str:
    """``Removing the 10% most attended words lowers this prediction by .31; random …``"""
    ours, theirs = (round(float(curves[by].mean[TOLD]), 2) for by in ("attention", "random"))
    first = f"{doing.capitalize()} {most} {_verb(ours)} this prediction by {short(abs(ours))}"
    if theirs and _verb(theirs) != _verb(ours):
        return f"{first}; {doing} {some} {_verb(theirs)} it by {short(abs(theirs))}."
    only = "only " if "only" in doing else ""
    return f"{first}; {only}{some} by {short(abs(theirs))}."


def _verb(fall: float) -> str:
    if not fall:
        return "changes"
    return "lowers" if fall > 0 else "raises"


def verdict(found: Deletion) -> str:
    """What the average comprehensiveness says about the picture, beside random order."""
    average = found.comprehensiveness["attention"].average
    random = found.comprehensiveness["random"]
    low, high = random.average_band
    measured = f"averaged over {SHARES[0]}% to {SHARES[-1]}%, attention gives {short(average)}"
    if low <= average <= high:
        among = f"as random order may ({short(low)} to {short(high)})"
        return f"Not supported by the deletion test: {measured}, {among}. {NO_EVIDENCE}"
    if average < low:
        return f"Not supported by the deletion test: {measured}, less than random order."
    if average - random.average < CLEARLY:
        return f"Not supported by the deletion test: {measured}, hardly more than random order."
    usual = f"random order {short(high)} at most in 95% of draws"
    return f"Consistent with the deletion test: {measured}, {usual}."


def _taus(evidence: Evidence) -> list[str]:
    if evidence.tau_gradient is None:
        return []
    ranks = f"Attention ranks {evidence.unit}s as gradient × input does at tau"
    first = f"{ranks} {short(evidence.tau_gradient)}"
    if evidence.tau_leave_one_out is None or evidence.tau_ceiling is None:
        return [f"{first}."]
    return [
        f"{first}, and as leave-one-out does at {short(evidence.tau_leave_one_out)}; those two "
        f"agree with each other at {short(evidence.tau_ceiling)}."
    ]


def _swaps(found: Swaps, label: str) -> list[str]:
    before, even = short(found.probability), short(found.uniform_probability)
    flips = "the decision flips" if found.uniform_flips else "the decision stays"
    shift, shuffles = short(found.permutation_shift), len(found.permuted)
    sentences = [
        f"Under uniform attention {flips}: {label} {even} instead of {before}.",
        f"Shuffled attention moves this prediction by {shift} (median of {shuffles} shuffles).",
    ]
    if found.flip is None:
        return [*sentences, "There is one sentence, so no attention over sentences to zero."]
    return [*sentences, _flip(found.flip)]


def _flip(found: Flip) -> str:
    def after(share: float | None) -> str:
        if share is None:
            return "never"
        return f"after {share:.0%}" if share < 0.995 else "with nearly all gone"

    return (
        f"Zeroing {found.unit} attention until the decision flips: {after(found.attention)} by "
        f"attention, {after(found.gradient)} by gradient, {after(found.random)} in random order."
    )


def short(value: float) -> str:
    """Two decimals without the zero in front: .31, 1.00, −.05."""
    figures = f"{abs(value):.2f}".removeprefix("0")
    return f"−{figures}" if round(value, 2) < 0 else figures
