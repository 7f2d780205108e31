"""Texts of Explore, and texts that several pages share."""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from han_core.explanation.attribution import Attribution, Method, Unit
from han_core.explanation.explanation import Explanation, Reading, entropy, top_mass
from han_core.explanation.interventions import ShuffleEffect
from han_core.explanation.model_probe import Fill, ModelProbe
from han_core.models.listing import Listing
from han_core.models.registry import model_kind
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.viz.heatmap import Colour
from han_core.viz.map_views import MapReading
from han_core.viz.markup import percent
from pages.shared.page import plain

SENTENCE_SUMS = mark(
    "This model has no sentence level; each bar adds up the weights of its words. A "
    "high sum does not mean that the sentence supports the predicted class: it may "
    "speak against it."
)
SENTENCES = mark(
    "Each bar is the attention weight of one sentence; the weights sum to 1. A high "
    "weight does not mean that the sentence supports the predicted class: it may "
    "speak against it."
)
PREDICTION = mark(
    "These are the probabilities of the model. Attention on few words does not make "
    "the model more certain, and a certain prediction can go with attention that is "
    "spread out."
)
READING_NAMES: dict[Reading, str] = {
    "document": mark("In document"),
    "sentence": mark("In sentence"),
    "lift": mark("× average"),
}
READINGS: dict[Reading, str] = {
    "document": mark(
        "The weight of the sentence times the weight of the word in it; all words sum to "
        "1. In a long document every weight is small, so compare only words of one "
        "document."
    ),
    "sentence": mark(
        "The weight of a word within its own sentence; each sentence sums to 1. A dark "
        "word in a sentence of low weight counts for little, so read it together with "
        "the bars."
    ),
    "lift": mark(
        "The weight divided by the weight under uniform attention; 1 is uniform. These "
        "values can be compared between documents of different length."
    ),
}
WORDS = mark(
    "The weight is shown on one word, but its hidden state has also read the "
    "neighbours. A low weight does not mean that the model ignored the word."
)
POOLED_WORDS = mark(
    "The weight is what the pooling gives to one word's state, but through "
    "self-attention this state has also read other words, near and far. A low weight "
    "does not mean that the model ignored the word: others may carry what it says."
)


def words_help(self_attention: bool) -> str:
    """What the weight of a word is about."""
    return tr(POOLED_WORDS if self_attention else WORDS)


AGREEMENT = mark(
    "Kendall's τ compares two rankings: 1 is the same order, 0 is no relation. "
    "Models that agree on the class may disagree about the words; neither heatmap is "
    "the right one. With fewer than six items no τ is computed."
)
MAP_READINGS: dict[MapReading, tuple[str, str]] = {
    "heads": (mark("Each head"), mark("The weights of every head as the model computed them.")),
    "layers": (mark("Average of each layer"), mark("The mean over the heads of a layer.")),
    "across": (
        mark("Average across layers"),
        mark("The mean over the layers, for each head number."),
    ),
    "all": (mark("Average of all heads"), mark("The mean over all layers and heads.")),
    "rollout": (
        mark("Rollout"),
        mark(
            "Half the mean of the heads and half the word itself, multiplied through the "
            "layers (Abnar and Zuidema 2020). In deletion tests it does little better than "
            "random order."
        ),
    ),
    "gradient": (
        mark("Gradient-weighted"),
        mark(
            "Weights times their gradients for the predicted class, negative ones left out, "
            "added up through the layers (Chefer, Gur and Wolf 2021); each row is made to "
            "sum to 1."
        ),
    ),
}
PRUNING = mark(
    "A pruned head gives nothing to the states (Michel, Levy and Neubig 2019). The "
    "other heads stay as they were trained, and the maps below are those of the "
    "whole model."
)
ACCURACIES = mark(
    "Test: the share of its own test documents that the model gets right. "
    "Validation: the same on documents that also chose the best epoch, so it reads a "
    "little high. Mixed examples: the same on our bundled reviews of films, food, "
    "travel and other things, for most models another domain. A model of another "
    "language or with other classes has none."
)
MATRIX = mark(
    "Rows are the true classes, columns the predicted ones. Click a cell to see only "
    "its documents, and click it again to see all."
)
SEVERAL = mark(
    "In a .txt file, separate texts with a line of three or more hyphens or equals "
    "signs. In a CSV, TSV, JSONL or Parquet file, every row is a text."
)


def special_tokens(names: Sequence[str], share: float) -> str:
    """How much weight special tokens take, and what hiding them does."""
    return tr(
        "{names} take {share} of the weight of the other tokens, on average over all heads. "
        "Hidden, they are left out and each row is made to sum to 1 again.",
        names=plain(tr(", ").join(dict.fromkeys(names))), share=percent(share, 2),
    )  # fmt: skip


ATTENTIONS = {
    "additive": mark("additive"),
    "linear": mark("linear"),
    "dot": mark("dot"),
    "general": mark("general"),
}


def model_name(listing: Listing) -> str:
    """The kind of model: "HAN", "BiLSTM, dot attention"."""
    kind = model_kind(listing.model)
    if listing.attention == kind.implied_attention:
        return kind.title
    attention = tr(ATTENTIONS.get(listing.attention, listing.attention))
    return tr("{model}, {attention} attention", model=kind.title, attention=attention)


def checkpoint_name(listing: Listing) -> str:
    """One line for a picker: name, model, data set, both accuracies."""
    parts = (listing.name, model_name(listing), listing.dataset, *accuracies(listing))
    return " · ".join(parts)


ACCURACIES_OF = {
    "test": mark("{accuracy:.1%} test"),
    "validation": mark("{accuracy:.1%} validation"),
}
NO_MIXED_EXAMPLES = {
    "": mark("mixed examples: not measured"),
    "language": mark("mixed examples: other language"),
    "classes": mark("mixed examples: other classes"),
}


def accuracies(listing: Listing) -> list[str]:
    """Return "92.3% test" and "60.9% mixed examples", or why there is no second one."""
    own = []
    if listing.accuracy is not None:
        accuracy = tr(ACCURACIES_OF.get(listing.accuracy_of, ""), accuracy=listing.accuracy)
        own = [accuracy or f"{listing.accuracy:.1%}"]
    return [*own, mixed_examples(listing)]


def mixed_examples(listing: Listing) -> str:
    """Return "60.9% mixed examples", "mixed examples: other classes" or "… not measured"."""
    if listing.mixed_accuracy is not None:
        return tr("{accuracy:.1%} mixed examples", accuracy=listing.mixed_accuracy)
    return tr(NO_MIXED_EXAMPLES[listing.mixed_misfit])


def short_name(listing: Listing) -> str:
    """Name and own accuracy, where several names stand side by side."""
    own = accuracies(listing)[:1] if listing.accuracy is not None else []
    return " · ".join([listing.name, *own])


def beginning(text: str, longest: int) -> str:
    """The first characters of a text, on one line."""
    words = re.sub(r"\s+", " ", text)
    return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"


def text_length(text: str) -> str:
    """Return "472 words"; "1,200 characters" where words are not separated by white space."""
    words = len(text.split())
    if len(text) > 20 * max(1, words):
        return counted(len(text), "character")
    return counted(words, "word")


TOPICS = {
    "book": mark("book"),
    "clothes": mark("clothes"),
    "course": mark("course"),
    "film": mark("film"),
    "fruit": mark("fruit"),
    "gadget": mark("gadget"),
    "hotel": mark("hotel"),
    "laptop": mark("laptop"),
    "phone": mark("phone"),
    "restaurant": mark("restaurant"),
    "takeaway": mark("takeaway"),
}
TAGS = {
    "chinese": mark("chinese"),
    "contrast": mark("contrast"),
    "mixed": mark("mixed"),
    "negation": mark("negation"),
    "plain": mark("plain"),
    "quoted-opinion": mark("quoted-opinion"),
    "rare-words": mark("rare-words"),
    "sarcasm": mark("sarcasm"),
    "telling-sentence": mark("telling-sentence"),
}
"""Of the bundled documents."""


def example_name(topic: str, tags: str, text: str) -> str:
    """One line for a picker: topic, tags and how the text begins."""
    named = tr(", ").join(tr(TAGS.get(tag, tag)) for tag in tags.split(", "))
    return f"{tr(TOPICS.get(topic, topic)).capitalize()} · {named} · {beginning(text, 48)}"


CONCENTRATIONS = {
    "word": (
        mark("There is only one word, so it has all of {shown}."),
        mark("Every word has 0 of {shown}."),
        mark(
            "The top word holds {share:.0%} of {shown} ({all}). "
            "Spread: {spread:.0%} (100% = every word equal)."
        ),
        mark(
            "The top {top} words hold {share:.0%} of {shown} ({all}). "
            "Spread: {spread:.0%} (100% = every word equal)."
        ),
    ),
    "sentence": (
        mark("There is only one sentence, so it has all of {shown}."),
        mark("Every sentence has 0 of {shown}."),
        mark(
            "The top sentence holds {share:.0%} of {shown} ({all}). "
            "Spread: {spread:.0%} (100% = every sentence equal)."
        ),
        mark(
            "The top {top} sentences hold {share:.0%} of {shown} ({all}). "
            "Spread: {spread:.0%} (100% = every sentence equal)."
        ),
    ),
}
Noun = Literal["word", "sentence"]


def concentration(sizes: np.ndarray, noun: Noun, k: int, shown: str | None = None) -> str:
    """How concentrated ``sizes`` are: mass of the top ``k``, and entropy of its maximum.

    Args:
        sizes: (words or sentences,) not negative, of any sum.
        shown: what they are the sizes of; None for the attention weight.
    """
    shown = tr("the attention weight") if shown is None else shown
    only, empty, one, several = CONCENTRATIONS[noun]
    n, total = len(sizes), float(sizes.sum())
    if n < 2:
        return tr(only, shown=shown)
    if not total:
        return tr(empty, shown=shown)
    top, weights = min(k, n // 2), sizes / total
    share, spread = top_mass(weights, top), entropy(weights)
    return tr(
        one if top == 1 else several,
        top=top, share=share, shown=shown, all=counted(n, noun), spread=spread,
    )  # fmt: skip


def sentence_concentration(explanation: Explanation) -> str:
    return concentration(explanation.sentence_weights, "sentence", 3)


def word_concentration(explanation: Explanation, colour: Colour) -> str:
    """How concentrated the values are that the words are coloured by."""
    title = colour.scale.title
    if colour.scale.form != "probability":  # a reading of attention
        return concentration(explanation.document_weights, "word", 10)
    shown = tr("{values}, signs ignored", values=f"{title[0].lower()}{title[1:]}")
    return concentration(abs(colour.values), "word", 10, shown)


def many_bars(sentences: int) -> str:
    """The switch of a figure that a browser takes long to draw."""
    return tr("Draw the bars of all {sentences:,} sentences (slow)", sentences=sentences)


CLICK_TO_REMOVE = mark(
    "Click a word to remove it, or the number beside a sentence to remove the "
    "sentence; click again to restore it. Before you click: what do you expect?"
)
EXPECTED = mark(
    "The weight of removed words goes to the remaining ones, so some change is "
    "expected. The column “expected” shows it, if all proportions stay the same; "
    "only the rest is informative."
)
LAYER_TAMPERING = mark(
    "The pooling weighs the words' states to make one vector. In a layer of "
    "self-attention each word reads the others: there all rows of all heads change, "
    "and what is above reads new states."
)
TAMPERING = mark(
    "Words and hidden states stay the same; only the attention weights change. If "
    "the prediction hardly moves, it does not depend on these weights, however "
    "convincing the heatmap looks."
)
ANATOMY = mark(
    "From the vector of a word to its weight, number by number. Ctrl+click on a word asks about it."
)
ANATOMY_TAMPERED = mark(
    "Attention was changed by hand; these are the weights that the model computes itself."
)
TEMPERATURES = [0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0]
UNITS: dict[Unit, str] = {"word": mark("Words"), "sentence": mark("Sentences")}
FILLS: dict[Fill, str] = {"delete": mark("Nothing"), "unknown": mark("The unknown word")}
FIGURES = {
    "deletion": mark("Deletion test"),
    "sufficiency": mark("Sufficiency: only the top words kept"),
    "agreement": mark("Rank agreement (Kendall's τ)"),
    "swaps": mark("Uniform and shuffled attention"),
    "flip": mark("Attention zeroed until the prediction flips"),
    "layers": mark("Layers with uniform and shuffled self-attention"),
}
EVIDENCE = mark(
    "A text with words removed is a text that nobody wrote, so part of every fall "
    "comes from that alone: look at the distance to random order. All of this is "
    "about this model on this document, not about whether the model is right."
)
NOT_MEASURED = {
    "quick": mark(
        "This text is long, so measuring takes a while: about 110 variants of it are read."
    ),
    "thorough": mark(
        "Leave-one-out reads the text once for each word or sentence, which takes a "
        "while here. It is the measure that attention is compared with."
    ),
}
MEASURE = {"quick": mark("Measure the evidence"), "thorough": mark("Measure leave-one-out")}
LONG = mark("This text is long: open it in Explore to measure the evidence.")
DATASET = mark(
    "One document proves little. This repeats the test over many documents, sampled "
    "evenly over predicted classes and lengths, against random order. It takes up to "
    "a second a document."
)
LINK = mark(
    "The link restores model, text, reading and edits. A long text does not fit into "
    "a link and is stored on this server instead."
)
PLACEBO = mark(
    "The same text before any training, or under uniform attention, on the same "
    "colour scale. What both heatmaps have in common is no evidence of anything "
    "learned."
)
METHOD_NAMES: dict[Method, str] = {
    "attention": mark("Attention"),
    "gradient": mark("Gradient × input"),
    "integrated_gradients": mark("Integrated gradients"),
    "leave_one_word_out": mark("Leave one word out"),
    "leave_one_sentence_out": mark("Leave one sentence out"),
    "rollout": mark("Rollout"),
    "gradient_weighted": mark("Gradient-weighted attention"),
}
WEIGHTS_OF_WORDS: dict[Method, str] = {
    "attention": mark("attention of the pooling"),
    "rollout": mark("rollout"),
    "gradient_weighted": mark("gradient-weighted attention"),
}


def weights_name(method: Method, self_attention: bool) -> str:
    """What the weights of a model's words are, beside those of another model."""
    return tr(WEIGHTS_OF_WORDS[method]) if self_attention else tr("attention")


WEIGHTS_HELP = mark(
    "All are weights of words that sum to 1, so they fit on one scale with those of "
    "other models. The pooling weighs states that have read other words; rollout and "
    "gradient-weighted attention follow self-attention back to the words."
)
METHODS: dict[Method, str] = {
    "attention": mark(
        "The weights that the model itself uses. What each colour means is said by the "
        "switch of word weights."
    ),
    "gradient": mark(
        "How the probability starts to change when the vector of a word grows. This is "
        "exact for a very small step, and says little about removing the word."
    ),
    "integrated_gradients": mark(
        "Gradients summed along the path from zero vectors to this text (Sundararajan et "
        "al. 2017); the values sum to the difference in probability. Nobody would write "
        "the zero text."
    ),
    "leave_one_word_out": mark(
        "How far the probability falls when only this word is removed. Two words that "
        "say the same can stand in for each other, and then both look unimportant."
    ),
    "leave_one_sentence_out": mark(
        "How far the probability falls when the sentence is removed. The value is "
        "measured for the sentence and spread evenly over its words."
    ),
    "rollout": mark(
        "Self-attention of all layers multiplied, with half of each step for the "
        "residual connection (Abnar and Zuidema 2020). It is the same for every class, "
        "and in deletion tests it is often hardly better than random order."
    ),
    "gradient_weighted": mark(
        "Self-attention of all layers, each weight times its gradient for this class "
        "where that is positive (Chefer et al. 2021). Weights that speak against the "
        "class are left out."
    ),
}


def edit_name(text: str) -> str:
    """What was removed, as the label of its replacement field."""
    return tr("Instead of “{words}”", words=plain(beginning(text, 48)))


def sentence_name(probe: ModelProbe, number: int) -> str:
    """Return "Sentence 2: But then the …"."""
    sentence = probe.document.sentences[number]
    text = probe.document.text[sentence.start : sentence.end]
    return tr("Sentence {number}: {text}", number=number + 1, text=beginning(text, 60))


def moved_line(divergence: float | None) -> str:
    """How far attention over the remaining words moved, beyond the share that became free."""
    if divergence is None:
        return tr("No remaining word holds any weight, so there is nothing to compare.")
    return tr(
        "Attention over the remaining words moved by {divergence:.3f} nats more than expected "
        "(Jensen-Shannon divergence: 0 is not at all, 0.693 is completely).",
        divergence=divergence,
    )


def shuffle_line(effect: ShuffleEffect) -> str:
    """What random permutations of all weights do to the prediction."""
    if effect.layer is None:
        which = tr("all weights")
    else:
        which = tr("layer {number}", number=effect.layer + 1)
    return tr(
        "Over {draws} random shuffles of {which} the probabilities move by {median:.2f} at the "
        "median and {largest:.2f} at most; {flips:.0%} of them change the prediction.",
        draws=effect.draws, which=which, median=effect.median, largest=effect.largest,
        flips=effect.flips,
    )  # fmt: skip


def gap_line(attribution: Attribution) -> str:
    """How far integrated gradients miss the difference that they should sum to."""
    if attribution.gap is None:
        return ""
    return tr(
        "The values miss the difference that they should sum to by {gap:.4f}.",
        gap=abs(attribution.gap),
    )
