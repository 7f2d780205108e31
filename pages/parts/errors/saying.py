"""The sentences of Errors, and the names of its filters, orders and columns for people.

They know nothing about Streamlit.
"""

from collections.abc import Mapping

GONE = (
    "The checkpoint that scored this is gone, so this is its attention as it was stored, in 255 "
    "steps, and no evidence can be measured."
)
TABLE = (
    "A click on the head of a column sorts by it, another one turns the order round. Choose a row "
    "to read the document underneath; j and k go to the next and the one before."
)
FIELDS = {
    "true": "True class",
    "predicted": "Predicted class",
    "outcome": "Right or wrong",
    "change": "Beside the second model",
    "confidence": "Confidence",
    "loss": "Loss",
    "tokens": "Length in tokens",
    "unknown": "Share of unknown words",
    "entropy": "Entropy of attention",
    "pattern": "Regular expression",
    "attended": "Attended words",
    "tags": "Tags",
    "flags": "Flags",
    "annotated": "Annotated or not",
    "suspect": "Label likely wrong",
    "split": "Split",
    "columns": "Column of the data",
}
HELP = {
    "confidence": "Probability of the predicted class, 0 to 1.",
    "loss": "In nats; log of the number of classes is what even guessing gets.",
    "tokens": "Words and punctuation marks as the model reads them.",
    "unknown": "Words that the model's vocabulary lacks, 0 to 1.",
    "entropy": "0 is all attention on one word, 1 is even attention.",
    "pattern": "RE2, as in Google's tools: no look-around, no back references; (?i) for any case.",
    "attended": "Documents in which each of these stands among the 5 most attended words.",
    "suspect": "By confident learning, from the scores alone.",
}
OUTCOMES = {"right": "Right", "wrong": "Wrong"}
CHANGES = {
    "fixed": "Fixed: only the second is right",
    "broken": "Broken: only the first is right",
    "both_right": "Both right",
    "both_wrong": "Both wrong",
}
FLAGS = {"label_is_wrong": "Label is wrong", "ambiguous": "Ambiguous"}
ANNOTATED = {True: "Annotated", False: "Not annotated"}
ONE_OF: dict[str, Mapping] = {"outcome": OUTCOMES, "change": CHANGES, "annotated": ANNOTATED}
