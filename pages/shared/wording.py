"""The sentences beside the widgets, and the names of things for people.

Facts and cautions in two sentences each: what a picture shows, and what it does
not. Pure functions of their arguments; they know nothing about Streamlit.

The sentences beside experiments: what can be done, what was measured, what it does not say.

Pure functions of their arguments, as in ``wording``; they know nothing about Streamlit.
"""

import re

import numpy as np

from han_core.explanation.attribution import Attribution, Method, Unit
from han_core.explanation.explanation import Explanation, Reading, entropy, top_mass
from han_core.explanation.interventions import ShuffleEffect
from han_core.explanation.model_probe import Fill, ModelProbe
from han_core.models.listing import Listing
from han_core.models.registry import model_kind
from pages.shared.page import plain

SENTENCES = (
    "Each bar is the attention weight of one sentence; together they make 1. A high weight "
    "does not mean that the sentence supports the predicted class: it may speak against it."
)
PREDICTION = (
    "The probabilities are the model's own. Attention gathered on few words does not make "
    "it surer, and a sure prediction can stand on attention that is spread out."
)
READING_NAMES: dict[Reading, str] = {
    "document": "Within document",
    "sentence": "Within sentence",
    "lift": "Lift over uniform",
}
READINGS: dict[Reading, str] = {
    "document": (
        "The weight of a word's sentence times its weight in there; all words together make 1. "
        "In a long document every weight is small, so compare words of one document only."
    ),
    "sentence": (
        "The weight of a word within its own sentence; each sentence makes 1. A dark word in a "
        "sentence of little weight counts for little, so read it together with the bars."
    ),
    "lift": (
        "How many times the weight that even attention would give; 1 is even. This reading can "
        "be compared between documents of different length."
    ),
}
WORDS = (
    "A weight stands on a word, but what was weighed has read the neighbours too. A low weight "
    "does not mean that the word went unused."
)
AGREEMENT = (
    "Tau is Kendall's rank correlation of the values: 1 is the same order, 0 no relation. The same "
    "answer may come with pictures that disagree; neither picture is the right one. "
    "Fewer than six items have no tau."
)
DIFFERENCES = (
    "Weights within the document, largest differences first. A difference tells that attention "
    "moved, not that the answer did."
)
MATRIX = (
    "Rows are the true classes, columns the predicted ones. Click a cell to see its documents "
    "only, and click it again to see all."
)


SEVERAL = (
    "In a .txt file, a line of three or more hyphens or equals signs stands between two texts. "
    "In a CSV, TSV, JSONL or Parquet file, every row is a text."
)


def model_name(listing: Listing) -> str:
    """The kind of model: "HAN", "BiLSTM, dot attention"."""
    kind = model_kind(listing.model)
    if listing.attention == kind.implied_attention:
        return kind.title
    return f"{kind.title}, {listing.attention} attention"


def checkpoint_name(listing: Listing) -> str:
    """One line for a picker: name, model, data set, accuracy."""
    reached = "" if listing.accuracy is None else f" · accuracy {listing.accuracy:.1%}"
    return f"{listing.name} · {model_name(listing)} · {listing.dataset}{reached}"


def short_name(listing: Listing) -> str:
    """Name and accuracy, where several names stand side by side."""
    return listing.name if listing.accuracy is None else f"{listing.name} · {listing.accuracy:.1%}"


def example_name(topic: str, tags: str, text: str) -> str:
    """One line for a picker: topic, tags and how the text begins."""
    words = re.sub(r"\s+", " ", text)
    beginning = words if len(words) <= 48 else words[:47].rstrip() + "…"
    return f"{topic.capitalize()} · {tags} · {beginning}"


def concentration(weights: np.ndarray, noun: str, k: int) -> str:
    """How gathered ``weights`` are: entropy as a share of its maximum, and top-k mass."""
    n = len(weights)
    if n < 2:
        return f"There is one {noun}, so it has all the weight."
    most = min(k, n // 2)
    which = f"{noun} holds" if most == 1 else f"{most} {noun}s hold"
    return (
        f"The top {which} {top_mass(weights, most):.0%} of the weight of {n:,} {noun}s. "
        f"Entropy: {entropy(weights):.0%} of that of uniform attention."
    )


def many_bars(sentences: int) -> str:
    """The switch of a figure that takes the browser long."""
    return f"Draw the bars of all {sentences:,} sentences here too, which takes a while"


def sentence_concentration(explanation: Explanation) -> str:
    return concentration(explanation.sentence_weights, "sentence", 3)


def word_concentration(explanation: Explanation) -> str:
    return concentration(explanation.document_weights, "word", 10)


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
UNITS: dict[Unit, str] = {"word": "Words", "sentence": "Sentences"}
FILLS: dict[Fill, str] = {"delete": "Nothing", "unknown": "The unknown word"}
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
METHOD_NAMES: dict[Method, str] = {
    "attention": "Attention",
    "gradient": "Gradient × input",
    "integrated_gradients": "Integrated gradients",
    "leave_one_word_out": "Leave one word out",
    "leave_one_sentence_out": "Leave one sentence out",
}
METHODS: dict[Method, str] = {
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

    words = re.sub(r"\s+", " ", text)
    return f"Instead of “{plain(words if len(words) <= 48 else words[:47].rstrip() + '…')}”"


def sentence_name(subject: ModelProbe, number: int) -> str:
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


def furthest_line(found: ShuffleEffect) -> str:
    """What random orders of all weights do to the answer."""
    return (
        f"Over {found.draws} random shuffles of all weights the probabilities move by "
        f"{found.median:.2f} at the median and {found.largest:.2f} at most; "
        f"{found.flips:.0%} of them change the prediction."
    )


def gap_line(attribution: Attribution) -> str:
    """By how much integrated gradients miss what they should sum to."""
    if attribution.gap is None:
        return ""
    return f"The values miss the difference that they should sum to by {abs(attribution.gap):.4f}."
