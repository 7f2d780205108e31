"""The text catalogue of Errors: names of conditions, and explanations of figures and tables."""

from collections.abc import Mapping

from han_core.analysis.export import Kind
from han_core.runtime.messages import mark

FIELDS = {
    "true": mark("True class"),
    "predicted": mark("Predicted class"),
    "outcome": mark("Right or wrong"),
    "change": mark("First and second model"),
    "confidence": mark("Confidence"),
    "loss": mark("Loss"),
    "tokens": mark("Length in tokens"),
    "unknown": mark("Share of unknown words"),
    "entropy": mark("Entropy of attention"),
    "pattern": mark("Regular expression"),
    "attended": mark("Most attended words"),
    "tags": mark("Tags"),
    "flags": mark("Flags"),
    "annotated": mark("Annotated or not"),
    "suspect": mark("Likely wrong label"),
    "split": mark("Split"),
    "columns": mark("Column of the data"),
}
FIELD_HELP = {
    "confidence": mark("Probability of the predicted class, 0 to 1."),
    "loss": mark("Cross-entropy in nats. Uniform guessing gets the log of the number of classes."),
    "tokens": mark("Words and punctuation marks as the model reads them."),
    "unknown": mark("Share of words that are not in the model's vocabulary, 0 to 1."),
    "entropy": mark("0: all attention is on one word. 1: attention is uniform."),
    "pattern": mark("RE2 syntax: no look-around and no back references; (?i) ignores case."),
    "attended": mark("Documents that have each of these among their 5 most attended words."),
    "suspect": mark("Found by confident learning, from the scores alone."),
}
OUTCOMES = {"right": mark("Right"), "wrong": mark("Wrong")}
CHANGES = {
    "fixed": mark("Fixed: only the second is right"),
    "broken": mark("Broken: only the first is right"),
    "both_right": mark("Both right"),
    "both_wrong": mark("Both wrong"),
}
FLAGS = {"label_is_wrong": mark("Label is wrong"), "ambiguous": mark("Ambiguous")}
ANNOTATED = {True: mark("Annotated"), False: mark("Not annotated")}
ONE_OF: dict[str, Mapping] = {"outcome": OUTCOMES, "change": CHANGES, "annotated": ANNOTATED}
ORDERS = {
    "surest wrong first": mark("Wrong first, most confident first"),
    "least sure first": mark("Least confident first"),
    "highest loss first": mark("Highest loss first"),
    "as in the data": mark("As in the data"),
}
TABLE = mark(
    "Click a column's title to sort by it, and again to reverse the order. Click a "
    "row to read its document."
)
CHECKPOINT_DELETED = mark(
    "The model was deleted. You see its attention as it was stored, in 255 steps; "
    "evidence cannot be measured."
)
OWN_CONDITION = mark(
    "This figure marks its own condition and ignores it, so that you can change it."
)
MANY_CLASSES = mark(
    "Point at a cell for its classes. Drag to zoom in, double-click to zoom out. The "
    "largest confusions are listed below."
)
CLASS_CHART = mark(
    "Click recall or F1 to select the documents of a class, precision to select "
    "those predicted as it. Lines are 95% intervals. A share of no document has no "
    "dot."
)
CALIBRATION_CHART = mark(
    "Below the dotted line the model is overconfident. Grey bars show the number of "
    "documents. Click a dot to select its documents."
)
LENGTH_CHART = mark("Each bin has about as many documents. Click a dot to select its documents.")
CONFIDENCE_CHART = mark(
    "Right predictions point up, wrong ones down. Click a bar to select its documents."
)
NO_SLICE = mark(
    "No slice of these documents is saved yet. Set a filter and save it under Slices above; its "
    "scores are then compared with those of all documents."
)
SLICES = mark(
    "A difference is the slice minus all other documents, in points of accuracy. "
    "Intervals are 95%: Wilson's for accuracy, Newcombe's for its difference, the "
    "bootstrap for macro F1. Among many slices some differ by chance. A slice by "
    "predicted class, outcome, loss or change has its scores by definition. Select "
    "rows to compare, open or delete them."
)
LABEL_LISTS = (mark("Likely wrong labels"), mark("Most confident errors"))
LABEL_ISSUES = mark(
    "A label is listed if another class is more likely for the document, and at "
    "least as likely as it usually is for documents of that class (confident "
    "learning: Northcutt, Jiang and Chuang 2021). Read each one before you decide: "
    "where the model is systematically wrong, right labels are listed."
)
CONFIDENT_ERRORS = mark(
    "Wrong predictions, the most confident first. The reason may be a wrong label, "
    "an ambiguous document, or something that the model has not learnt; reading "
    "tells which."
)
DISAGREE = mark(
    "Documents for which another class than the label is likely. Either the label is "
    "wrong, or the model is: read them before you decide."
)
NO_WRONG_SHARE = mark(
    "There is no estimate. It needs a model that is right clearly more often than "
    "guessing, and about as often as on its own test documents; here most "
    "disagreements may be errors of the model."
)
MARGIN = mark(
    "Probability of the label minus that of the most likely other class. Close to "
    "−1: the model is almost certain that the label is wrong."
)
WRONG_SHARE = mark(
    "Over all documents, whatever the filter. It is the share outside the diagonal "
    "of the joint distribution of labels and likely classes. It trusts the model's "
    "probabilities, so a model that does badly on these documents makes it far too "
    "high."
)
NO_NEIGHBOURS = mark("The model was deleted, so documents like this one cannot be found.")
NEAREST = mark(
    "Nearest by the model's document vectors, so similar for the model: they tend to "
    "have the predicted class even if it is wrong. Look for documents that you find "
    "similar and that have another label."
)
READ_TRAINING = mark(
    "The model reads all these documents once, in the background, and keeps their vectors."
)
VECTORS_DELETED = mark("These vectors were deleted; choose the documents again.")
WORD_ATTENTION = mark(
    "Attention is a word's weight in its document; lift is that weight divided by "
    "uniform attention. Means are over documents; the order shrinks means of rare "
    "words towards the mean of all words. Click a word to select the documents that "
    "have it among their five most attended words."
)
POSITIONS = mark(
    "Mean sentence weight in each tenth of the document; 1 is uniform attention. "
    "Documents of one sentence do not count. The figure does not show why weight is "
    "where it is."
)
ENTROPIES = mark(
    "Entropy of attention to words: 0 is all on one word, 1 is uniform. Concentrated "
    "attention does not mean that a prediction is certain or right."
)
EXPORT_TABLE = mark(
    "The documents that the filter selects, in the order of the table, with tags, "
    "flags and notes. In the CSV an apostrophe stands before cells that a "
    "spreadsheet would run as a formula; Parquet and JSON lines keep every text "
    "exactly. The columns content and coding allow you to import tags and notes "
    "again, with any model."
)
LARGE = mark("A browser can save at most {size}. This command writes a file of any size:")
EXPORT_REPORT = mark(
    "One HTML file that opens offline: figures of the documents that the filter "
    "selects, and single documents with heatmap, tags and notes. Colours show lift "
    "over uniform attention, on one scale for all documents. The names of the notes' "
    "authors are in it."
)
COLLECTED, FIRST = mark("Documents added while reading"), mark("First documents of the table")
IMPORT = mark(
    "A table exported here as CSV, Parquet or JSON lines, with any model. Documents "
    "are matched by their content, whatever the order or filter; importing a file "
    "twice adds nothing. Your own table can be imported too: a column text, and "
    "tags, flags or notes."
)
CHANGED_PREDICTIONS = mark(
    "The predictions of the file's model compared with those of this one, both "
    "judged by the present labels, for the documents that the filter selects."
)
KINDS: dict[Kind, str] = {"csv": "CSV", "parquet": mark("Parquet"), "jsonl": mark("JSON lines")}
MIMES: dict[Kind, str] = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/jsonl",
}
