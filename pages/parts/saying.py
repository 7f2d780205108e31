"""The sentences beside experiments: what can be done, what was measured, what it does not say.

Pure functions of their arguments, as in ``wording``; they know nothing about Streamlit.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from han_core.evidence.methods import Attribution, Method
    from han_core.evidence.ranking import Unit
    from han_core.evidence.subject import Fill, Subject
    from han_core.evidence.tampering import Furthest

TOUCH = (
    "Click a word to take it out, or the bar beside a sentence to take out all of it; a second "
    "click puts it back. Before you click: what do you expect?"
)
UNTOUCHED = "No word is out. Click one in the text to see what the model says without it."
EXPECTED = (
    "Words that go leave their weight to the others, so some change is to be expected: the "
    "column says how much if all proportions stayed. Only what goes beyond it is news."
)
TAMPERING = (
    "The words stay and their states stay; only the weights change. If the answer hardly moves, "
    "it does not hang on these weights, however convincing the picture looks."
)
TEMPERATURES = [0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0]
UNITS: dict["Unit", str] = {"word": "Words", "sentence": "Sentences"}
FILLS: dict["Fill", str] = {"delete": "Nothing", "unknown": "The unknown word"}
EVIDENCE = (
    "A text with words missing is a text that nobody wrote, so part of every fall is its "
    "strangeness: look at the distance to random order. All of it is about this model on this "
    "document, not about whether the model is right."
)
NOT_YET = {
    "quick": "This text is long, so measuring takes a while: about 110 variants of it are read.",
    "thorough": (
        "Leave-one-out reads the text once for each word or sentence, which takes a while here. "
        "What it finds beyond random order is what attention is measured by."
    ),
}
MEASURE = {"quick": "Measure the evidence", "thorough": "Measure leave-one-out"}
LONG = "This text is long: Explore measures the evidence on request."
DATASET = (
    "One document proves little. This measures the same over many, drawn evenly from predicted "
    "classes and lengths, beside random order; it takes up to a second for each document."
)
LINK = (
    "The link brings back checkpoint, text, reading and edits. A long text does not fit into it "
    "and is kept on this server instead."
)
AWAY = (
    "The page opens without a network and shows the words as they stand above, coloured by "
    "attention. SVG and PNG of a figure are under each of them."
)
PLACEBO = (
    "The same text by the same model before it learnt anything, and under even attention, on the "
    "same scale. What the pictures have in common is no evidence of anything learnt."
)
METHOD_NAMES: dict["Method", str] = {
    "attention": "Attention",
    "gradient": "Gradient × input",
    "integrated_gradients": "Integrated gradients",
    "leave_one_word_out": "Leave one word out",
    "leave_one_sentence_out": "Leave one sentence out",
}
METHODS: dict["Method", str] = {
    "attention": "",
    "gradient": (
        "How the probability would begin to change if a word's vector grew. It is exact for a "
        "very small step, and says little about taking the word out."
    ),
    "integrated_gradients": (
        "Gradients added up on the way from a text of zero vectors to this one, so that they "
        "sum to the difference between the two. The zero text is nothing that anybody wrote."
    ),
    "leave_one_word_out": (
        "How much the probability falls when the word alone is taken out. Two words that say the "
        "same cover for each other, and both come out pale."
    ),
    "leave_one_sentence_out": (
        "How much the probability falls when the sentence is taken out. The value is measured for "
        "the sentence and spread evenly over its words."
    ),
}


def edit_name(text: str) -> str:
    """What was taken out, for the label of its field: Markdown stands as it is."""
    from pages.parts.wording import plain

    words = re.sub(r"\s+", " ", text)
    return f"Instead of “{plain(words if len(words) <= 48 else words[:47].rstrip() + '…')}”"


def sentence_name(subject: "Subject", number: int) -> str:
    """ "Sentence 2: But then the …" """
    sentence = subject.document.sentences[number]
    words = re.sub(r"\s+", " ", subject.document.text[sentence.start : sentence.end])
    beginning = words if len(words) <= 60 else words[:59].rstrip() + "…"
    return f"Sentence {number + 1}: {beginning}"


def moved_line(divergence: float | None) -> str:
    """How far attention over the words that stayed moved, beyond their share of what is free."""
    if divergence is None:
        return "No word that stayed holds any weight, so there is nothing to compare."
    return (
        f"Attention over the words that stayed moved by {divergence:.3f} nats beyond what is "
        "expected (Jensen-Shannon divergence; 0 is not at all, 0.693 completely)."
    )


def furthest_line(found: "Furthest") -> str:
    """What random orders of all weights do to the answer."""
    return (
        f"Over {found.draws} random shuffles of all weights the probabilities move by "
        f"{found.median:.2f} at the median and {found.largest:.2f} at most; "
        f"{found.flips:.0%} of them change the prediction."
    )


def gap_line(attribution: "Attribution") -> str:
    """By how much integrated gradients miss what they should sum to."""
    if attribution.gap is None:
        return ""
    return f"The values miss the difference that they should sum to by {abs(attribution.gap):.4f}."
