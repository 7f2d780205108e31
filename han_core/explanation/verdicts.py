"""Evidence in plain sentences: what was done, what came of it, and no more than that.

A sentence names the experiment and its figures, always beside random order. None says why
the model decided, and none is a seal of approval.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from han_core.explanation.attention_permutation import AttentionReplacement, Flip
from han_core.explanation.attribution import RankedBy
from han_core.explanation.deletion import CLEARLY, SHARES, TENTH, Curve, Deletion, Removal
from han_core.explanation.faithfulness import Evidence
from han_core.explanation.layer_replacement import LayerReplacement
from han_core.runtime.errors import shown

NO_EVIDENCE = "This picture is not evidence about the decision."


ONE_WORD = "This document has one word: there is nothing to delete and nothing to shuffle."

Support = Literal["supported", "weak", "none"]
"""What the deletion test says of attention: beyond random order, hardly beyond it, or within it."""

SUPPORT: dict[Support, str] = {
    "supported": "Supported by the deletion test",
    "weak": "Weakly supported by the deletion test",
    "none": "Not evidence about the decision",
}
"""The three states in words, for a label."""


def support(found: Deletion) -> Support:
    """Compare attention's average comprehensiveness with the band of random order.

    Attention whose two decimals are those of random order has no support, for that is what
    people read.
    """
    average = found.comprehensiveness["attention"].average
    highest = found.comprehensiveness["random"].average_band[1]
    if round(average, 2) <= round(highest, 2):
        return "none"
    return "supported" if average - highest >= CLEARLY else "weak"


def evidence_sentences(evidence: Evidence) -> tuple[str, ...]:
    """Return a sentence or two for each test; never empty."""
    if evidence.words == 1:
        return (ONE_WORD,)
    return tuple(sentence for answer in answers(evidence) for sentence in answer.sentences)


@dataclass(frozen=True)
class Answer:
    """A question about attention on one document, answered in a word.

    Attributes:
        sentences: what was measured.
        figures: names of the figures that show it.
    """

    question: str
    word: str
    sentences: tuple[str, ...]
    figures: tuple[str, ...] = ()


def answers(evidence: Evidence) -> tuple[Answer, Answer, Answer]:
    """Return the answers about deletion, other methods, and other attention."""
    return _about_deletion(evidence), _about_methods(evidence), _about_attention(evidence)


def _about_deletion(evidence: Evidence) -> Answer:
    question = f"Does taking the {evidence.unit}s out matter?"
    if evidence.deletion is None:
        one = f"This document has one {evidence.unit}: there is none to delete."
        return Answer(question, "Unknown", (ONE_WORD if evidence.words == 1 else one,))
    word = {"supported": "Yes", "weak": "Hardly", "none": "No"}[support(evidence.deletion)]
    sentences = _deletion(evidence.deletion)
    if evidence.self_attention:
        sentences.append(POOLED)
    return Answer(question, word, tuple(sentences), ("deletion", "sufficiency"))


POOLED = (
    "Attention here is the weight that the pooling gives to a word's state, which has read other "
    "words through self-attention."
)
"""What the weights of words are about, where a model has self-attention."""


AGREE, PARTLY = 0.5, 0.2
"""Kendall's tau from which two rankings count as alike, and as partly alike."""


def _about_methods(evidence: Evidence) -> Answer:
    question = "Do other methods agree?"
    taus = [
        tau for tau in (evidence.tau_gradient, evidence.tau_leave_one_out) if tau is not None
    ]  # fmt: skip
    if not taus or evidence.deletion is None:
        return Answer(question, "Unknown", ())
    word = "Mostly" if min(taus) >= AGREE else "Partly" if max(taus) >= PARTLY else "No"
    return Answer(question, word, tuple(_taus(evidence)), ("agreement",))


MOVED = 0.1
"""A shift of the prediction from which other attention counts as having an effect."""


def _about_attention(evidence: Evidence) -> Answer:
    question, swaps = "Would other attention decide otherwise?", evidence.swaps
    if swaps is None:
        return Answer(question, "Unknown", ())
    if swaps.uniform_flips or any(layer.uniform_flips for layer in evidence.layers):
        word = "Yes"
    else:
        moved = max(
            swaps.permutation_shift,
            abs(swaps.uniform_probability - swaps.probability),
            *(
                max(layer.shift, abs(layer.uniform - layer.probability))
                for layer in evidence.layers
            ),
        )
        word = "Partly" if moved >= MOVED else "No"
    figures = ("swaps",) if swaps.flip is None else ("swaps", "flip")
    layers = ("layers",) if evidence.layers else ()
    sentences = _swaps(swaps, evidence.label, "pooling" if evidence.self_attention else "attention")
    return Answer(question, word, (*sentences, *_layers(evidence)), (*figures, *layers))


def removal_line(evidence: Evidence) -> str:
    """Return "Without the top 10% of words: 81% → 46%; random words: 79%.", "" where unmeasured."""
    if (found := evidence.deletion) is None:
        return ""
    before = evidence.probability
    ours, random = (
        chance(float(min(1.0, max(0.0, before - found.comprehensiveness[by].mean[TENTH]))))
        for by in ("attention", "random")
    )
    one = found.removed[TENTH] == 1
    most = f"the top {found.unit}" if one else f"the top {SHARES[TENTH]}% of {found.unit}s"
    some = f"a random {found.unit}" if one else f"random {found.unit}s"
    return f"Without {most}: {chance(before)} → {ours}; {some}: {random}."


def chance(probability: float) -> str:
    """Write a probability as a whole percentage, never 0% or 100% of what is neither."""
    number = f"{probability:.0%}"
    if probability < 1 and number == "100%":
        return ">99%"
    return "<1%" if probability > 0 and number == "0%" else number


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
            f"Attention finds {found.captured:.0%} of the effect found by removing {found.unit}s "
            "one by one, beyond random order."
        )
    elif "leave_one_out" in without:
        sentences.append(
            f"Removing {found.unit}s one by one finds hardly more than random order here, so there "
            "is no share to give."
        )
    return sentences


def _groups(found: Deletion) -> tuple[str, str]:
    """What goes by attention, and at random: one word, or a share of them."""
    if found.removed[TENTH] == 1:
        return f"the most attended {found.unit}", f"a random {found.unit}"
    return f"the {SHARES[TENTH]}% most attended {found.unit}s", f"random {found.unit}s"


def _comparison(action: str, most: str, some: str, curves: Mapping[RankedBy, Curve]) -> str:
    """``Removing the 10% most attended words lowers this prediction by .31; random …``"""
    ours, theirs = (round(float(curves[by].mean[TENTH]), 2) for by in ("attention", "random"))
    first = f"{action.capitalize()} {most} {_verb(ours)} this prediction by {short(abs(ours))}"
    if theirs and _verb(theirs) != _verb(ours):
        return f"{first}; {action} {some} {_verb(theirs)} it by {short(abs(theirs))}."
    only = "only " if "only" in action else ""
    return f"{first}; {only}{some} by {short(abs(theirs))}."


def _verb(fall: float) -> str:
    if not fall:
        return "changes"
    return "lowers" if fall > 0 else "raises"


def verdict(found: Deletion) -> str:
    """Return what the average comprehensiveness says about the picture, beside random order."""
    average = found.comprehensiveness["attention"].average
    low, high = found.comprehensiveness["random"].average_band
    measured = f"averaged over {SHARES[0]}% to {SHARES[-1]}%, attention gives {short(average)}"
    usual = f"removing random {found.unit}s at most {short(high)} in 95% of tries"
    if (state := support(found)) != "none":
        return f"{SUPPORT[state]}: {measured}, {usual}."
    if round(average, 2) < round(low, 2):
        return f"Not supported by the deletion test: {measured}, less than random order."
    among = f"as random order may ({short(low)} to {short(high)})"
    return f"Not supported by the deletion test: {measured}, {among}. {NO_EVIDENCE}"


def _taus(evidence: Evidence) -> list[str]:
    if evidence.tau_gradient is None:
        return []
    ranks = f"Order agreement of attention (1 = the same order of {evidence.unit}s)"
    first = f"{ranks}: with gradient × input {short(evidence.tau_gradient)}"
    if evidence.tau_leave_one_out is None or evidence.tau_ceiling is None:
        return [f"{first}."]
    return [
        f"{first}, with leave-one-out {short(evidence.tau_leave_one_out)}; those two agree with "
        f"each other at {short(evidence.tau_ceiling)}."
    ]


SAID = 2
"""Layers that have a sentence of their own: those that move the prediction most."""


def _layers(evidence: Evidence) -> list[str]:
    """Say what other self-attention does, for the layers that move the prediction most."""
    if evidence.no_layers:
        return [f"Self-attention was not replaced. {evidence.no_layers}"]

    def moved(layer: LayerReplacement) -> float:
        return max(abs(layer.uniform - layer.probability), layer.largest)

    by_effect = sorted(evidence.layers, key=moved, reverse=True)
    said, others = sorted(by_effect[:SAID], key=lambda one: one.layer), by_effect[SAID:]
    sentences = [_layer(layer) for layer in said]
    if others:
        sentences.append(f"The other layers move it by {short(moved(others[0]))} at most.")
    return sentences


def _layer(found: LayerReplacement) -> str:
    """ "Attention of layer 2 made even: 81% → 79%; shuffled, it moves by .03 (median of …)." """
    flips = ", and the decision flips" if found.uniform_flips else ""
    return (
        f"Attention of {found.name} made even: {chance(found.probability)} → "
        f"{chance(found.uniform)}{flips}; shuffled, the prediction moves by {short(found.shift)} "
        f"(median of {len(found.shuffled)} shuffles, {short(found.largest)} at most)."
    )


def _swaps(found: AttentionReplacement, label: str, name: str = "attention") -> list[str]:
    before, even = short(found.probability), short(found.uniform_probability)
    flips = "the decision flips" if found.uniform_flips else "the decision stays"
    shift, shuffles = short(found.permutation_shift), len(found.permuted)
    sentences = [
        f"Under uniform {name} {flips}: {label} {even} instead of {before}.",
        f"Shuffled {name} moves this prediction by {shift} (median of {shuffles} shuffles).",
    ]
    if found.flip is None:
        return [*sentences, "There is one sentence, so no attention over sentences to zero."]
    return [*sentences, _flip(found.flip)]


def _flip(found: Flip) -> str:
    shares = (found.attention, found.gradient, found.random)
    first = f"Setting {found.unit} weights to 0 one after another"
    if all(share is None for share in shares):
        return f"{first} never changed the answer."

    def after(share: float | None) -> str:
        if share is None:
            return "never"
        return f"after {share:.0%}" if share < 0.995 else "with nearly all gone"

    return (
        f"{first} changes the answer {after(found.attention)} by attention, "
        f"{after(found.gradient)} by gradient, {after(found.random)} in random order."
    )


def short(value: float) -> str:
    """Return two decimals without the zero in front: .31, 1.00, −.05."""
    figures = f"{abs(value):.2f}".removeprefix("0")
    return f"−{figures}" if round(value, 2) < 0 else figures


def removal_sentence(found: Removal) -> str:
    """ "Removing the 10% most attended words lowers the probability of positive by .31;
    random words by .01." """
    kind = "most attended" if found.attended else "highest ranked"
    most, some = f"the {SHARES[TENTH]}% {kind} words", "random words"
    if found.words == 1:
        most, some = f"the {kind} word", "a random word"
    ours, theirs = round(found.fall, 2), round(found.random, 2)
    first = f"Removing {most} {_verb(ours)} the probability of {shown(found.target)}"
    if theirs and _verb(theirs) != _verb(ours):
        other = f"removing {some} {_verb(theirs)} it by {short(abs(theirs))}"
        return f"{first} by {short(abs(ours))}; {other}."
    return f"{first} by {short(abs(ours))}; {some} by {short(abs(theirs))}."
