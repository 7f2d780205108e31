"""The sentences beside the widgets, and the names of things for people.

Facts and cautions in two sentences each: what a picture shows, and what it does
not. Pure functions of their arguments; they know nothing about Streamlit.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from han_core.explanation.explanation import Explanation, Reading
    from han_core.models.listing import Listing

SENTENCES = (
    "Each bar is the attention weight of one sentence; together they make 1. A high weight "
    "does not mean that the sentence supports the predicted class: it may speak against it."
)
PREDICTION = (
    "The probabilities are the model's own. Attention gathered on few words does not make "
    "it surer, and a sure prediction can stand on attention that is spread out."
)
READING_NAMES: dict["Reading", str] = {
    "document": "Within document",
    "sentence": "Within sentence",
    "lift": "Lift over uniform",
}
READINGS: dict["Reading", str] = {
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


def model_name(listing: "Listing") -> str:
    """The kind of model: "HAN", "BiLSTM, dot attention"."""
    name = {"han": "HAN", "bilstm": "BiLSTM"}.get(listing.model, listing.model)
    usual = listing.model == "han" and listing.attention == "additive"
    return name if usual else f"{name}, {listing.attention} attention"


def checkpoint_name(listing: "Listing") -> str:
    """One line for a picker: name, model, data set, accuracy."""
    reached = "" if listing.accuracy is None else f" · accuracy {listing.accuracy:.1%}"
    return f"{listing.name} · {model_name(listing)} · {listing.dataset}{reached}"


def short_name(listing: "Listing") -> str:
    """Name and accuracy, where several names stand side by side."""
    return listing.name if listing.accuracy is None else f"{listing.name} · {listing.accuracy:.1%}"


def example_name(topic: str, tags: str, text: str) -> str:
    """One line for a picker: topic, tags and how the text begins."""
    words = re.sub(r"\s+", " ", text)
    beginning = words if len(words) <= 48 else words[:47].rstrip() + "…"
    return f"{topic.capitalize()} · {tags} · {beginning}"


def concentration(weights: "np.ndarray", noun: str, k: int) -> str:
    """How gathered ``weights`` are: entropy as a share of its maximum, and top-k mass."""
    from han_core.explanation.explanation import entropy, top_mass

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


def sentence_concentration(explanation: "Explanation") -> str:
    return concentration(explanation.sentence_weights, "sentence", 3)


def word_concentration(explanation: "Explanation") -> str:
    return concentration(explanation.document_weights, "word", 10)


def plain(text: str) -> str:
    """``text`` for Streamlit's Markdown, so that it reads as it is: names come from outside."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", re.sub(r"\s+", " ", text))
