"""Evidence in plain sentences: what was done, what came of it, and no more than that.

A sentence names the experiment and its figures, always beside random order. None says why
the model decided, and none is a seal of approval.
"""

from collections.abc import Mapping
from itertools import chain, islice

from han_core.explanation.attention_permutation import AttentionReplacement, Flip
from han_core.explanation.attribution import RankedBy
from han_core.explanation.deletion import CLEARLY, SHARES, TENTH, Curve, Deletion, Removal
from han_core.explanation.explanation import Explanation
from han_core.explanation.faithfulness import Evidence
from han_core.runtime.errors import shown
from han_core.text.languages import language_name, script_of, written_in

NO_EVIDENCE = "This picture is not evidence about the decision."


def evidence_sentences(evidence: Evidence) -> tuple[str, ...]:
    """Return a sentence or two for each test; never empty."""
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


def _swaps(found: AttentionReplacement, label: str) -> list[str]:
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


MOST_UNKNOWN = 0.4
"""Of the words: in English texts about other things than its own (newsgroups by the IMDB
model) 1 in 1,000 reaches it; Spanish, French, German and Dutch reviews have .45 to .69."""

FEWEST, LOOKED_AT = 10, 2_000  # words, and tokens of a document


def language_warning(explanation: Explanation, language: str, name: str) -> str:
    """Return a sentence where document and model seem to be of two languages; else "".

    Args:
        language: the model's, as a code such as "en".
        name: the model's.
    """
    script, reads = script_of(explanation.document.text), language_name(language)
    usual = written_in(language)
    if script is not None and usual and script not in usual:
        return (
            f"This text stands mostly in {script}, but {name} learnt from texts in {reads}: "
            "what it says here means little."
        )
    words, unknown = _words(explanation)
    if words < FEWEST or unknown < MOST_UNKNOWN * words:
        return ""
    return (
        f"{name} does not know {unknown / words:.0%} of the words of this text: it learnt from "
        f"texts in {reads}, and this one may be in another language, or about something else."
    )


def _words(explanation: Explanation) -> tuple[int, int]:
    """(words, how many of them are unknown) among the first tokens; no numbers, no signs."""
    document = explanation.document
    spans = islice(chain.from_iterable(part.tokens for part in document.sentences), LOOKED_AT)
    tokens = zip(
        (document.text[start:end] for start, end in spans), explanation.known.tolist(), strict=False
    )
    known = [known for text, known in tokens if text.isalpha()]
    return len(known), len(known) - sum(known)
