"""The sentences about likely wrong labels and about the nearest training documents.

Pure functions of their arguments; they know nothing about Streamlit.
"""

from typing import TYPE_CHECKING

from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.errors.asked.table import Reading
    from han_core.errors.labels.neighbours import Neighbours
    from han_core.errors.labels.training_set import TrainedOn

LISTS = ("Likely wrong labels", "Most confident errors")
SUSPECTS = (
    "A label is suspect where another class is likelier for the document, and as likely as it "
    "usually is for documents that are labelled so (confident learning: Northcutt, Jiang and "
    "Chuang 2021). It is a list to read, not a verdict: where the model is wrong in a way of its "
    "own, it suspects right labels."
)
ERRORS = (
    "Wrong answers, the surest first. Behind them stand wrong labels, documents that say two "
    "things, and what the model never learnt; only reading tells which."
)
MARGIN = (
    "Probability of the label less that of the likeliest other class: −1 is as sure as can be that "
    "the label is wrong."
)
ESTIMATE = (
    "Over all documents, whatever the filter leaves: what stands off the diagonal of the joint "
    "distribution of labels and likely classes. It takes the model's doubts for right, so a model "
    "that does badly on these documents makes it far too large."
)
GONE = "The checkpoint that scored this is gone, so nothing can be brought near its documents."
NEAREST = (
    "Nearest by the model's document vectors, so alike in the model's eyes: they lean towards its "
    "prediction even where that is wrong. Documents that you find alike and that are labelled "
    "otherwise are what to look for."
)
NOT_YET = (
    "The model reads all of them once, in the background; their vectors are kept for this "
    "checkpoint."
)
LOST = "These vectors are not kept any more; choose the documents again."


def limits(trained: "TrainedOn", checkpoint: str, data: str) -> str:
    """How far ``checkpoint`` can tell wrong labels of ``data``, as Markdown."""
    model, documents = plain(checkpoint), plain(data)
    if trained == "same":
        return (
            f"**{model} was trained on {documents}, as its metrics.json tells.** It has learnt "
            "these labels, wrong ones too, so many wrong ones will not be found: the method asks "
            "for a model that has not seen the documents."
        )
    if trained == "other part":
        return (
            f"As its metrics.json tells, {model} was trained on another part of these data, so "
            "its probabilities are those of documents that it has not seen, as the method asks."
        )
    return (
        f"Whether {model} was trained on any of {documents} is not known. If it was, it has "
        "learnt their labels, and many wrong ones will not be found."
    )


def votes(found: "Neighbours", read: "Reading") -> str:
    """How the nearest other texts are labelled, beside the label and the prediction."""
    number = sum(found.votes.values())
    if not number:
        return "No other text among the training documents."
    counts = [f"{count} **{plain(label)}**" for label, count in found.votes.items()]
    listed = ", ".join(counts[:5]) + (f" and {len(counts) - 5} more classes" * (len(counts) > 5))
    same = found.votes.get(read.true, 0)
    told = f"Of the {number} nearest, {listed}: {same} of {number} share this document's label"
    if read.right:
        return f"{told}."
    return f"{told}, {found.votes.get(read.predicted, 0)} the predicted class."


def same_text(found: "Neighbours", read: "Reading") -> str:
    """What the training documents say of the very text; "" if it is not among them."""
    labels = found.labels_of_same_text
    if not labels:
        return ""
    named = " and ".join(plain(label) for label in labels)
    if set(labels) == {read.true}:
        return f"This text is itself among the training documents, labelled **{named}** too."
    return f"⚠ This text is itself among the training documents, labelled **{named}**."
