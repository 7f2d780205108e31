"""The text catalogue of Errors: names of conditions, explanations, and sentences with numbers."""

from collections.abc import Mapping
from datetime import datetime

from han_core.analysis.annotations.codebook import Tag
from han_core.analysis.annotations.document_annotations import FLAG_NAMES, Annotation
from han_core.analysis.annotations.writing import Change
from han_core.analysis.export import Kind
from han_core.analysis.filters import Filter
from han_core.analysis.model_pairs import Pair
from han_core.analysis.pair_attention import PairAttention
from pages.shared.wording import plain

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
SELECT = (
    "Selects every document of the list. Tick a box to select one, or press x; hold Shift to "
    "select all from the last box to this one. Then one click adds a tag to all of them."
)
NO_TAG = "There is no tag yet: create one here, or several in the view Codebook."
ALL_TAGGED = "Every document of the list has a tag of yours already."
GO_ON = "A key that adds a tag then goes to the next document."
CHECKPOINT_DELETED = (
    "The model was deleted. You see its attention as it was stored, in 255 steps; evidence "
    "cannot be measured."
)
NAME_TO_ANNOTATE = "Enter your name at the top of the page to tag, flag and note this document."
NAME_TO_EDIT = "Enter your name at the top of the page to edit the codebook."
NAME_TO_IMPORT = "Enter your name at the top of the page to import tags, flags and notes."
JOINED = "The note was changed in another window. Both texts were kept, one below the other."
REPLACED = "Characters that no database can store (NUL, half characters) were replaced by �."

PASSPHRASE = (
    "Anybody can annotate under this name until it has a passphrase. If you forget it, whoever "
    "runs the server can reset it."
)
PASSPHRASE_SET = "Nobody annotates under this name without its passphrase."

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

CODEBOOK = (
    "All data sets and models on this server share one codebook. A renamed tag is renamed on "
    "every document. A retired tag keeps its documents but is no longer offered."
)
TAG_KEY = (
    "A letter or digit that adds this tag to the document you read, or removes it; not j or k. "
    "A tag with x, n or u takes that key from the page."
)
KAPPA = (
    "Cohen's kappa is 1 if two people agree on every document, 0 if they agree as often as by "
    "chance, and negative if less often. Only documents count that both have tagged, flagged, "
    "noted or marked as read. A rare tag can have a low kappa although people mostly agree, so "
    "look at the counts too."
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

NO_SECOND = "Choose a “Second model” at the top of the page to compare it with the first one."
PAIR_MATRIX = (
    "Rows: is the first model right? Columns: is the second? Click a cell to select its documents "
    "in the other views, and again to select all. The comparison here uses all four cells."
)
PAIR_CLASSES = "One bar for each true class. Click a bar to filter by class and by change."
PAIR_ATTENTION = (
    "Jensen-Shannon divergence between both models' attention to the words of a document: 0 is "
    "the same attention, .69 (ln 2) is no overlap. Models differ in attention even where they "
    "agree, so compare with the last row. A difference shows that attention changed together "
    "with the prediction, not that it caused the change."
)
PAIR_WORDS = (
    "Words that have more (right) or less (left) attention in the second model, over documents "
    "with different predictions. Where the models split words differently, overlaps are joined."
)
FIRST_MODEL_FIELDS = {
    "predicted": "the predicted class",
    "outcome": "right or wrong",
    "confidence": "confidence",
    "loss": "loss",
    "entropy": "the entropy of attention",
    "attended": "attended words",
    "suspect": "likely wrong labels",
}
"""Conditions on the first model's results; the second model has no part in them."""

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


def accuracy_line(pair: Pair) -> str:
    """Return the difference in accuracy with its interval."""
    difference = pair.difference
    numbers = (difference.mean, difference.low, difference.high) if difference else ()
    bounds = [number for number in numbers if number is not None]
    if len(bounds) < 3:
        return "The filter selects no document to compare the models on."
    mean, low, high = (f"{100 * number:+.1f}".replace("-", "−") for number in bounds)
    return (
        f"Accuracy of the second model minus that of the first: {mean} points (95% interval {low} "
        f"to {high}, for documents sampled in the same way)."
    )


def mcnemar_line(pair: Pair) -> str:
    """Return the result of McNemar's test in words."""
    if not pair.fixed + pair.broken:
        return "Both models are right and wrong on the same documents: there is nothing to test."
    kind = "exact" if pair.test.exact else "with continuity correction"
    return (
        f"{pair.fixed:,} fixed and {pair.broken:,} broken. If neither model were better, so uneven "
        f"a split would occur {_often(pair.test.p)} (McNemar's test, {kind}: "
        f"{p_value(pair.test.p)}; mid-{p_value(pair.test.mid_p)})."
    )


def _often(p: float) -> str:
    if p >= 0.995:
        return "always"
    if p >= 0.01:
        return f"in {100 * p:.0f} of 100 such samples"
    if p >= 0.001:
        return f"in {1000 * p:.0f} of 1,000 such samples"
    return "in fewer than 1 of 1,000 such samples"


def p_value(p: float) -> str:
    """Return "p = .083" or "p < .001", without a line break."""
    line = "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("= 0.", "= .")
    return line.replace(" ", "\N{NO-BREAK SPACE}")


def different_errors_line(pair: Pair) -> str:
    """Return how many documents both models get wrong in different ways; "" for none."""
    if not pair.another:
        return ""
    return f"Of {pair.both_wrong:,} that both get wrong, {pair.another:,} get different classes."


def selection_bias_line(filter: Filter) -> str:
    """Return a caution if the filter depends on the first model's results; else ""."""
    fields = type(filter).model_fields
    named = [
        name
        for field, name in FIRST_MODEL_FIELDS.items()
        if getattr(filter, field) != fields[field].get_default()
    ]
    if not named:
        return ""
    return (
        f"The filter selects documents by the first model's results ({', '.join(named)}). Any "
        "other model gets some of its errors right, so these figures do not show which model is "
        "better."
    )


def tests_line(tested: int) -> str:
    """Return how many classes were tested, and how to read p."""
    if tested < 2:
        return "p is McNemar's."
    return (
        f"{tested:,} classes are tested. Without any difference about 1 test in 20 has p below "
        ".05; “p (Holm)” corrects for the number of tests (Holm 1979), so read that one."
    )


def sample_line(result: PairAttention) -> str:
    """Return how many documents were measured, and of how many."""
    changed = int(result.changed.sum())
    same = len(result.rows) - changed
    line = (
        f"Measured: {_of(changed, result.of_changed)} documents with different predictions, and "
        f"{_of(same, result.of_same)} with the same one."
    )
    if changed < result.of_changed or same < result.of_same:
        line += " Of more documents a random sample is taken, always the same one."
    if result.unaligned:
        line += f" In {result.unaligned:,} the words could not be aligned; they are left out."
    return line


def _of(number: int, of: int) -> str:
    return f"{number:,}" if number == of else f"{number:,} of {of:,}"


def tag_label(tag: Tag | None, name: str) -> str:
    """Return a tag with its colour and key, as Markdown; a retired one (None) is grey."""
    if tag is None:
        return f":gray[{plain(name)}]"
    key = f" :gray[:small[{tag.key}]]" if tag.key else ""
    return f':color[■]{{foreground="{tag.colour}"}} {plain(name)}{key}'


def annotation_line(one: Annotation) -> str:
    """Return who annotated what and when, without the note, as Markdown."""
    parts = [f":gray-badge[{plain(tag.name)}]" for tag in one.tags]
    for flag in one.flags:
        meant = f": {flag.meant}" if flag.meant else ""
        parts.append(f":orange-badge[{plain(FLAG_NAMES[flag.kind] + meant)}]")
    if one.read:
        parts.append("read")
    when = f" :small[:gray[{moment(one.last)}]]" if one.last else ""
    return f"**{plain(one.annotator)}** {' '.join(parts)}{when}"


def keys_table(selects: bool) -> str:
    """Return the keys of the page and what they do, as a table in Markdown."""
    keys = {
        "j, →": "Next document",
        "k, ←": "Previous document",
        "u": "Next document without a tag of yours",
        "0–9, a–z": "Add the tag with this key, or remove it",
        "n": "Write a note; Esc leaves it",
        **({"x": "Select this document"} if selects else {}),
        "?": "Show or hide these keys",
    }
    rows = [f"| **{plain(key)}** | {does} |" for key, does in keys.items()]
    return "\n".join(["| Key | Action |", "|---|---|", *rows])


def moment(at: datetime) -> str:
    """Return "2026-11-21 20:57 UTC": the server does not know the reader's time zone."""
    return at.strftime("%Y-%m-%d %H:%M UTC").replace(":", r"\:")


LONGEST_CHANGE = 120  # characters of a text in the history; the whole one stays in the database


def change_line(change: Change) -> str:
    """Return a line of the history, as Markdown."""
    before, after = (text[:LONGEST_CHANGE] for text in (change.before, change.after))
    values = " → ".join(plain(text) or "nothing" for text in (before, after))
    what = " ".join(word for word in (change.what, change.subject.replace("_", " ")) if word)
    return f"{moment(change.at)} {plain(change.who)} {plain(what)}: {values}"
