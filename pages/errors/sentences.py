"""The text catalogue of Errors: names of conditions, and explanations of figures and tables."""

from collections.abc import Mapping

from han_core.analysis.export import Kind

FIELDS = {
    "true": "True class",
    "predicted": "Predicted class",
    "outcome": "Right or wrong",
    "change": "First and second model",
    "confidence": "Confidence",
    "loss": "Loss",
    "tokens": "Length in tokens",
    "unknown": "Share of unknown words",
    "entropy": "Entropy of attention",
    "pattern": "Regular expression",
    "attended": "Most attended words",
    "tags": "Tags",
    "flags": "Flags",
    "annotated": "Annotated or not",
    "suspect": "Likely wrong label",
    "split": "Split",
    "columns": "Column of the data",
}
FIELD_HELP = {
    "confidence": "Probability of the predicted class, 0 to 1.",
    "loss": "Cross-entropy in nats. Uniform guessing gets the log of the number of classes.",
    "tokens": "Words and punctuation marks as the model reads them.",
    "unknown": "Share of words that are not in the model's vocabulary, 0 to 1.",
    "entropy": "0: all attention is on one word. 1: attention is uniform.",
    "pattern": "RE2 syntax: no look-around and no back references; (?i) ignores case.",
    "attended": "Documents that have each of these among their 5 most attended words.",
    "suspect": "Found by confident learning, from the scores alone.",
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
ORDERS = {
    "surest wrong first": "Wrong first, most confident first",
    "least sure first": "Least confident first",
}
TABLE = (
    "Click a column's title to sort by it, and again to reverse the order. Click a row to read "
    "its document."
)
CHECKPOINT_DELETED = (
    "The model was deleted. You see its attention as it was stored, in 255 steps; evidence "
    "cannot be measured."
)
OWN_CONDITION = "This figure marks its own condition and ignores it, so that you can change it."
MANY_CLASSES = (
    "Point at a cell for its classes. Drag to zoom in, double-click to zoom out. The largest "
    "confusions are listed below."
)
CLASS_CHART = (
    "Click recall or F1 to select the documents of a class, precision to select those predicted "
    "as it. Lines are 95% intervals. A share of no document has no dot."
)
CALIBRATION_CHART = (
    "Below the dotted line the model is overconfident. Grey bars show the number of documents. "
    "Click a dot to select its documents."
)
LENGTH_CHART = "Each bin has about as many documents. Click a dot to select its documents."
CONFIDENCE_CHART = (
    "Right predictions point up, wrong ones down. Click a bar to select its documents."
)
NO_SLICE = (
    "No slice of these documents is saved yet. Set a filter and save it under Slices above; its "
    "scores are then compared with those of all documents."
)
SLICES = (
    "A difference is the slice minus all other documents, in points of accuracy. Intervals are "
    "95%: Wilson's for accuracy, Newcombe's for its difference, the bootstrap for macro F1. Among "
    "many slices some differ by chance. A slice by predicted class, outcome, loss or change has "
    "its scores by definition. Select rows to compare, open or delete them."
)
LABEL_LISTS = ("Likely wrong labels", "Most confident errors")
LABEL_ISSUES = (
    "A label is listed if another class is more likely for the document, and at least as likely "
    "as it usually is for documents of that class (confident learning: Northcutt, Jiang and "
    "Chuang 2021). Read each one before you decide: where the model is systematically wrong, "
    "right labels are listed."
)
CONFIDENT_ERRORS = (
    "Wrong predictions, the most confident first. The reason may be a wrong label, an ambiguous "
    "document, or something that the model has not learnt; reading tells which."
)
DISAGREE = (
    "Documents for which another class than the label is likely. Either the label is wrong, or "
    "the model is: read them before you decide."
)
NO_WRONG_SHARE = (
    "There is no estimate. It needs a model that is right clearly more often than guessing, and "
    "about as often as on its own test documents; here most disagreements may be errors of the "
    "model."
)
MARGIN = (
    "Probability of the label minus that of the most likely other class. Close to −1: the model "
    "is almost certain that the label is wrong."
)
WRONG_SHARE = (
    "Over all documents, whatever the filter. It is the share outside the diagonal of the joint "
    "distribution of labels and likely classes. It trusts the model's probabilities, so a model "
    "that does badly on these documents makes it far too high."
)
NO_NEIGHBOURS = "The model was deleted, so documents like this one cannot be found."
NEAREST = (
    "Nearest by the model's document vectors, so similar for the model: they tend to have the "
    "predicted class even if it is wrong. Look for documents that you find similar and that have "
    "another label."
)
READ_TRAINING = (
    "The model reads all these documents once, in the background, and keeps their vectors."
)
VECTORS_DELETED = "These vectors were deleted; choose the documents again."
WORD_ATTENTION = (
    "Attention is a word's weight in its document; lift is that weight divided by uniform "
    "attention. Means are over documents; the order shrinks means of rare words towards the mean "
    "of all words. Click a word to select the documents that have it among their five most "
    "attended words."
)
POSITIONS = (
    "Mean sentence weight in each tenth of the document; 1 is uniform attention. Documents of one "
    "sentence do not count. The figure does not show why weight is where it is."
)
ENTROPIES = (
    "Entropy of attention to words: 0 is all on one word, 1 is uniform. Concentrated attention "
    "does not mean that a prediction is certain or right."
)
EXPORT_TABLE = (
    "The documents that the filter selects, in the order of the table, with tags, flags and "
    "notes. In the CSV an apostrophe stands before cells that a spreadsheet would run as a "
    "formula; Parquet and JSON lines keep every text exactly. The columns content and coding "
    "allow you to import tags and notes again, with any model."
)
LARGE = "A browser can save at most {size}. This command writes a file of any size:"
EXPORT_REPORT = (
    "One HTML file that opens offline: figures of the documents that the filter selects, and "
    "single documents with heatmap, tags and notes. Colours show lift over uniform attention, on "
    "one scale for all documents. The names of the notes' authors are in it."
)
COLLECTED, FIRST = "Documents added while reading", "First documents of the table"
IMPORT = (
    "A table exported here as CSV, Parquet or JSON lines, with any model. Documents are matched "
    "by their content, whatever the order or filter; importing a file twice adds nothing. Your own "
    "table can be imported too: a column text, and tags, flags or notes."
)
CHANGED_PREDICTIONS = (
    "The predictions of the file's model compared with those of this one, both judged by the "
    "present labels, for the documents that the filter selects."
)
KINDS: dict[Kind, str] = {"csv": "CSV", "parquet": "Parquet", "jsonl": "JSON lines"}
MIMES: dict[Kind, str] = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/jsonl",
}
