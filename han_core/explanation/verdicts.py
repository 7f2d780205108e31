"""Evidence in plain sentences: what was done, what came of it, and no more than that.

A sentence names the experiment and its figures, always beside random order. None says why
the model decided, and none is a seal of approval.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from han_core.explanation.attention_permutation import AttentionReplacement, Flip
from han_core.explanation.attribution import MapMethod, RankedBy, Unit
from han_core.explanation.deletion import CLEARLY, SHARES, TENTH, Curve, Deletion, Removal
from han_core.explanation.faithfulness import Evidence
from han_core.explanation.layer_replacement import LayerReplacement
from han_core.runtime.errors import shown
from han_core.runtime.messages import current_locale, mark, paragraph, tr

NO_EVIDENCE = mark("This picture is not evidence about the decision.")

ONE_WORD = mark("This document has one word: there is nothing to delete and nothing to shuffle.")

REMOVING = (
    mark("Removing {most} {verb} this prediction by {size}; {some} by {random}."),
    mark(
        "Removing {most} {verb} this prediction by {size}; removing {some} {other} it by {random}."
    ),
)
KEEPING = (
    mark("Keeping only {most} {verb} this prediction by {size}; only {some} by {random}."),
    mark(
        "Keeping only {most} {verb} this prediction by {size}; keeping only {some} {other} it "
        "by {random}."
    ),
)

Support = Literal["supported", "weak", "none"]
"""What the deletion test says of attention: beyond random order, hardly beyond it, or within it."""

SUPPORT: dict[Support, str] = {
    "supported": mark("Supported by the deletion test"),
    "weak": mark("Weakly supported by the deletion test"),
    "none": mark("Not evidence about the decision"),
}
"""The three states in words, for a label."""

NOUNS: dict[Unit, tuple[str, str]] = {
    "word": (mark("word"), mark("words")),
    "sentence": (mark("sentence"), mark("sentences")),
}
"""One unit of a text, and several."""


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
        return (tr(ONE_WORD),)
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
    one, several = _nouns(evidence.unit)
    question = tr("Does taking the {units} out matter?", units=several)
    if evidence.deletion is None:
        only = tr("This document has one {unit}: there is none to delete.", unit=one)
        return Answer(question, tr("Unknown"), (tr(ONE_WORD) if evidence.words == 1 else only,))
    word = {"supported": tr("Yes"), "weak": tr("Hardly"), "none": tr("No")}
    sentences = _deletion(evidence.deletion)
    if evidence.self_attention:
        sentences.append(tr(POOLED))
    found = word[support(evidence.deletion)]
    return Answer(question, found, tuple(sentences), ("deletion", "sufficiency"))


def _nouns(unit: Unit) -> tuple[str, str]:
    one, several = NOUNS[unit]
    return tr(one), tr(several)


POOLED = mark(
    "Attention here is the weight that the pooling gives to a word's state, which has read other "
    "words through self-attention."
)
"""What the weights of words are about, where a model has self-attention."""


AGREE, PARTLY = 0.5, 0.2
"""Kendall's tau from which two rankings count as alike, and as partly alike."""


def _about_methods(evidence: Evidence) -> Answer:
    question = tr("Do other methods agree?")
    taus = [
        tau for tau in (evidence.tau_gradient, evidence.tau_leave_one_out) if tau is not None
    ]  # fmt: skip
    if not taus or evidence.deletion is None:
        return Answer(question, tr("Unknown"), ())
    some = tr("Partly") if max(taus) >= PARTLY else tr("No")
    word = tr("Mostly") if min(taus) >= AGREE else some
    return Answer(question, word, tuple(_taus(evidence)), ("agreement",))


MOVED = 0.1
"""A shift of the prediction from which other attention counts as having an effect."""


def _about_attention(evidence: Evidence) -> Answer:
    question, swaps = tr("Would other attention decide otherwise?"), evidence.swaps
    if swaps is None:
        return Answer(question, tr("Unknown"), ())
    if swaps.uniform_flips or any(layer.uniform_flips for layer in evidence.layers):
        word = tr("Yes")
    else:
        moved = max(
            swaps.permutation_shift,
            abs(swaps.uniform_probability - swaps.probability),
            *(
                max(layer.shift, abs(layer.uniform - layer.probability))
                for layer in evidence.layers
            ),
        )
        word = tr("Partly") if moved >= MOVED else tr("No")
    figures = ("swaps",) if swaps.flip is None else ("swaps", "flip")
    layers = ("layers",) if evidence.layers else ()
    name = tr("pooling") if evidence.self_attention else tr("attention")
    sentences = _swaps(swaps, evidence.label, name)
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
    one, several = _nouns(found.unit)
    values = {"before": chance(before), "ours": ours, "random": random}
    if found.removed[TENTH] == 1:
        return tr(
            "Without the top {unit}: {before} → {ours}; a random {unit}: {random}.",
            unit=one, **values,
        )  # fmt: skip
    return tr(
        "Without the top {share}% of {units}: {before} → {ours}; random {units}: {random}.",
        share=SHARES[TENTH], units=several, **values,
    )  # fmt: skip


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
        _fall(REMOVING, most, some, without),
        verdict(found),
        _fall(KEEPING, most, some, alone),
    ]
    if found.captured is not None:
        sentences.append(
            tr(
                "Attention finds {captured:.0%} of the effect found by removing {units} "
                "one by one, beyond random order.",
                captured=found.captured,
                units=_nouns(found.unit)[1],
            )
        )
    elif "leave_one_out" in without:
        sentences.append(
            tr(
                "Removing {units} one by one finds hardly more than random order here, so there "
                "is no share to give.",
                units=_nouns(found.unit)[1],
            )
        )
    return sentences


def _groups(found: Deletion) -> tuple[str, str]:
    """What goes by attention, and at random: one word, or a share of them."""
    one, several = _nouns(found.unit)
    if found.removed[TENTH] == 1:
        return tr("the most attended {unit}", unit=one), tr("a random {unit}", unit=one)
    most = tr("the {share}% most attended {units}", share=SHARES[TENTH], units=several)
    return most, tr("random {units}", units=several)


def _at_a_tenth(curves: Mapping[RankedBy, Curve]) -> tuple[float, float]:
    """What attention and random order do to the prediction, as two decimals show it."""
    ours, theirs = (round(float(curves[by].mean[TENTH]), 2) for by in ("attention", "random"))
    return ours, theirs


def _fall(wording: tuple[str, str], most: str, some: str, curves: Mapping[RankedBy, Curve]) -> str:
    """Say what the change of ``wording`` does, and what it does to random units.

    Args:
        wording: of both changes in one direction, and in two.
    """
    ours, theirs = _at_a_tenth(curves)
    values = {"most": most, "some": some, "verb": _verb(ours), "size": short(abs(ours)),
              "random": short(abs(theirs))}  # fmt: skip
    together, apart = wording
    if theirs and _verb(theirs) != _verb(ours):
        return tr(apart, other=_verb(theirs), **values)
    return tr(together, **values)


def _verb(fall: float) -> str:
    if not fall:
        return tr("changes")
    return tr("lowers") if fall > 0 else tr("raises")


def verdict(found: Deletion) -> str:
    """Return what the average comprehensiveness says about the picture, beside random order."""
    average = found.comprehensiveness["attention"].average
    low, high = found.comprehensiveness["random"].average_band
    values = {"least": SHARES[0], "share": SHARES[-1], "average": short(average),
              "units": _nouns(found.unit)[1], "low": short(low), "high": short(high)}  # fmt: skip
    if (state := support(found)) != "none":
        return tr(
            "{support}: averaged over {least}% to {share}%, attention gives {average}, removing "
            "random {units} at most {high} in 95% of tries.",
            support=tr(SUPPORT[state]), **values,
        )  # fmt: skip
    if round(average, 2) < round(low, 2):
        return tr(
            "Not supported by the deletion test: averaged over {least}% to {share}%, attention "
            "gives {average}, less than random order.",
            **values,
        )
    measured = tr(
        "Not supported by the deletion test: averaged over {least}% to {share}%, attention gives "
        "{average}, as random order may ({low} to {high}).",
        **values,
    )
    return paragraph(measured, tr(NO_EVIDENCE))


METHODS: dict[MapMethod, str] = {
    "rollout": mark("rollout"),
    "gradient_weighted": mark("gradient-weighted attention"),
}
"""Methods that read self-attention, as a sentence names them."""


def _taus(evidence: Evidence) -> list[str]:
    return [*_attention_taus(evidence), *_method_taus(evidence)]


def _method_taus(evidence: Evidence) -> Iterator[str]:
    for by, found in evidence.methods.items():
        if found.gradient is None:
            continue
        values = {"name": tr(METHODS[by]), "gradient": short(found.gradient)}
        if found.leave_one_out is None:
            yield tr("Order agreement of {name}: with gradient × input {gradient}.", **values)
        else:
            yield tr(
                "Order agreement of {name}: with gradient × input {gradient}, with leave-one-out "
                "{left_out}.",
                left_out=short(found.leave_one_out), **values,
            )  # fmt: skip


def _attention_taus(evidence: Evidence) -> list[str]:
    if evidence.tau_gradient is None:
        return []
    values = {"units": _nouns(evidence.unit)[1], "gradient": short(evidence.tau_gradient)}
    if evidence.tau_leave_one_out is None or evidence.tau_ceiling is None:
        return [
            tr(
                "Order agreement of attention (1 = the same order of {units}): with gradient × "
                "input {gradient}.",
                **values,
            )
        ]
    return [
        tr(
            "Order agreement of attention (1 = the same order of {units}): with gradient × input "
            "{gradient}, with leave-one-out {left_out}; those two agree with each other at "
            "{ceiling}.",
            left_out=short(evidence.tau_leave_one_out),
            ceiling=short(evidence.tau_ceiling),
            **values,
        )
    ]


SAID = 2
"""Layers that have a sentence of their own: those that move the prediction most."""


def _layers(evidence: Evidence) -> list[str]:
    """Say what other self-attention does, for the layers that move the prediction most."""
    if evidence.no_layers:
        return [paragraph(tr("Self-attention was not replaced."), evidence.no_layers)]

    def moved(layer: LayerReplacement) -> float:
        return max(abs(layer.uniform - layer.probability), layer.largest)

    by_effect = sorted(evidence.layers, key=moved, reverse=True)
    said, others = sorted(by_effect[:SAID], key=lambda one: one.layer), by_effect[SAID:]
    sentences = [_layer(layer) for layer in said]
    if others:
        most = short(moved(others[0]))
        sentences.append(tr("The other layers move it by {size} at most.", size=most))
    return sentences


def _layer(found: LayerReplacement) -> str:
    """ "Attention of layer 2 made even: 81% → 79%; shuffled, it moves by .03 (median of …)." """
    values = {
        "name": found.name, "before": chance(found.probability), "even": chance(found.uniform),
        "shift": short(found.shift), "shuffles": len(found.shuffled),
        "largest": short(found.largest),
    }  # fmt: skip
    if found.uniform_flips:
        return tr(
            "Attention of {name} made even: {before} → {even}, and the decision flips; shuffled, "
            "the prediction moves by {shift} (median of {shuffles} shuffles, {largest} at most).",
            **values,
        )
    return tr(
        "Attention of {name} made even: {before} → {even}; shuffled, the prediction moves by "
        "{shift} (median of {shuffles} shuffles, {largest} at most).",
        **values,
    )


def _swaps(found: AttentionReplacement, label: str, name: str) -> list[str]:
    values = {"name": name, "label": label, "even": short(found.uniform_probability),
              "before": short(found.probability)}  # fmt: skip
    if found.uniform_flips:
        even = tr(
            "Under uniform {name} the decision flips: {label} {even} instead of {before}.", **values
        )
    else:
        even = tr(
            "Under uniform {name} the decision stays: {label} {even} instead of {before}.", **values
        )
    shuffled = tr(
        "Shuffled {name} moves this prediction by {shift} (median of {shuffles} shuffles).",
        name=name, shift=short(found.permutation_shift), shuffles=len(found.permuted),
    )  # fmt: skip
    if found.flip is None:
        return [
            even,
            shuffled,
            tr("There is one sentence, so no attention over sentences to zero."),
        ]
    return [even, shuffled, *_flips(found.flip)]


def _flips(found: Flip) -> list[str]:
    """When the answer changes in each order; one sentence where none changes it."""
    shares = (found.attention, found.gradient, found.random, *found.methods.values())
    unit = _nouns(found.unit)[0]
    if all(share is None for share in shares):
        return [
            tr("Setting {unit} weights to 0 one after another never changed the answer.", unit=unit)
        ]
    first = tr(
        "Setting {unit} weights to 0 one after another changes the answer {attention} by "
        "attention, {gradient} by gradient, {random} in random order.",
        unit=unit, attention=_after(found.attention), gradient=_after(found.gradient),
        random=_after(found.random),
    )  # fmt: skip
    others = [
        tr("In the order of {name}: {after}.", name=tr(METHODS[by]), after=_after(share))
        for by, share in found.methods.items()
    ]
    return [first, *others]


def _after(share: float | None) -> str:
    """How much goes before the answer changes."""
    if share is None:
        return tr("never")
    if share < 0.995:
        return tr("after {share:.0%}", share=share)
    return tr("with nearly all gone")


def short(value: float) -> str:
    """Return two decimals, in English without the zero in front: .31, 1.00, −.05."""
    figures = f"{abs(value):.2f}"
    if current_locale() == "en":
        figures = figures.removeprefix("0")
    return f"−{figures}" if round(value, 2) < 0 else figures


def removal_sentence(found: Removal) -> str:
    """ "Removing the 10% most attended words lowers the probability of positive by .31;
    random words by .01." """
    most, some = _removed(found)
    ours, theirs = round(found.fall, 2), round(found.random, 2)
    values = {"most": most, "some": some, "verb": _verb(ours), "size": short(abs(ours)),
              "label": shown(found.target), "random": short(abs(theirs))}  # fmt: skip
    if theirs and _verb(theirs) != _verb(ours):
        return tr(
            "Removing {most} {verb} the probability of {label} by {size}; removing {some} {other} "
            "it by {random}.",
            other=_verb(theirs), **values,
        )  # fmt: skip
    return tr(
        "Removing {most} {verb} the probability of {label} by {size}; {some} by {random}.", **values
    )


def _removed(found: Removal) -> tuple[str, str]:
    """What a removal took out by a method, and at random."""
    one, several = _nouns("word")
    if found.words == 1:
        template = (
            mark("the most attended {unit}")
            if found.attended
            else mark("the highest ranked {unit}")
        )
        return tr(template, unit=one), tr("a random {unit}", unit=one)
    attended = mark("the {share}% most attended {units}")
    ranked = mark("the {share}% highest ranked {units}")
    template = attended if found.attended else ranked
    most = tr(template, share=SHARES[TENTH], units=several)
    return most, tr("random {units}", units=several)
