"""The sentences of Errors, and the names of its filters, orders and columns for people.

They know nothing about Streamlit.

The sentences about likely wrong labels and about the nearest training documents.

Pure functions of their arguments; they know nothing about Streamlit.

The sentences on two models beside each other: what the tests say, and what they do not.

Pure functions of their arguments; they know nothing about Streamlit.

The sentences of the view Take away.
"""

from collections.abc import Mapping

from han_core.analysis.document_table import ScoredDocument
from han_core.analysis.export import Kind
from han_core.analysis.filters import Filter
from han_core.analysis.model_pairs import Pair
from han_core.analysis.pair_attention import PairAttention
from han_core.analysis.training_documents import Neighbours, TrainedOn
from pages.shared.wording import plain

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
TRAINING_GONE = (
    "The checkpoint that scored this is gone, so nothing can be brought near its documents."
)
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


def limits(trained: TrainedOn, checkpoint: str, data: str) -> str:
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


def votes(found: Neighbours, read: ScoredDocument) -> str:
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


def same_text(found: Neighbours, read: ScoredDocument) -> str:
    """What the training documents say of the very text; "" if it is not among them."""
    labels = found.labels_of_same_text
    if not labels:
        return ""
    named = " and ".join(plain(label) for label in labels)
    if set(labels) == {read.true}:
        return f"This text is itself among the training documents, labelled **{named}** too."
    return f"⚠ This text is itself among the training documents, labelled **{named}**."


NO_SECOND = (
    "Choose a second checkpoint under “Beside it”, at the top of the page, to set two models "
    "beside each other on these documents."
)
MATRIX = (
    "Rows: is the first model right; columns: is the second. Click a cell to see only its "
    "documents in the other views, and click it again to see all; the comparison here keeps all."
)
CLASSES = "A bar for each true class. Click one to filter by the class and by what became of it."
ATTENTION = (
    "The Jensen-Shannon divergence of both models' attention to the words of a document, as it "
    "was stored: 0 is the same attention, .69 (ln 2) none in common. Two models differ in "
    "attention where they agree, too, so compare with the last row. A difference tells that "
    "attention moved along with the prediction, not that it moved the prediction."
)
WORDS = (
    "Words that gained (right) or lost (left) attention with the second model, over the documents "
    "whose prediction differs. Words of two ways of splitting are joined where they overlap."
)
CHOSEN_BY_FIRST = {
    "predicted": "the predicted class",
    "outcome": "right or wrong",
    "confidence": "confidence",
    "loss": "loss",
    "entropy": "the entropy of attention",
    "attended": "attended words",
    "suspect": "likely wrong labels",
}
"""Conditions that ask the first model; the second had no say in them."""


def accuracy_line(pair: Pair) -> str:
    """The difference in accuracy with its interval."""
    found = pair.difference
    if found is None or found.mean is None or found.low is None or found.high is None:
        return "No document is left to compare the models on."
    points = [f"{100 * value:+.1f}".replace("-", "−") for value in (found.mean, *_ends(pair))]
    return (
        f"The second model's accuracy is {points[0]} points beside the first's (95% interval "
        f"{points[1]} to {points[2]}, for documents drawn alike)."
    )


def _ends(pair: Pair) -> tuple[float, float]:
    found = pair.difference
    if found is None or found.low is None or found.high is None:
        return (0.0, 0.0)
    return found.low, found.high


def mcnemar_line(pair: Pair) -> str:
    """McNemar's test in words."""
    apart = pair.fixed + pair.broken
    if not apart:
        return "Both are right and wrong on the same documents, so there is nothing to test."
    kind = "exact" if pair.test.exact else "with continuity correction"
    return (
        f"{pair.fixed:,} fixed and {pair.broken:,} broken: if neither model were better, so uneven "
        f"a split would come {_often(pair.test.p)} (McNemar's test, {kind}: "
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
    """ "p = .083", "p < .001", on one line."""
    said = "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("= 0.", "= .")
    return said.replace(" ", "\N{NO-BREAK SPACE}")


def another_line(pair: Pair) -> str:
    """What the four cells do not show; empty where there is none of it."""
    if not pair.another:
        return ""
    return (
        f"Of the {pair.both_wrong:,} that both get wrong, {pair.another:,} get different wrong "
        "classes."
    )


def chosen_line(filter: Filter) -> str:
    """A caution where the filter asks the first model alone; else empty."""
    named = [name for field, name in CHOSEN_BY_FIRST.items() if _asks(filter, field)]
    if not named:
        return ""
    return (
        f"These documents were chosen by what the first model makes of them ({', '.join(named)}), "
        "and of a model's errors any other one gets some right: here the figures do not say which "
        "model is better."
    )


def _asks(filter: Filter, field: str) -> bool:
    return getattr(filter, field) != type(filter).model_fields[field].get_default()


def tests_line(tested: int) -> str:
    """How many tests were made, and what follows from that."""
    if tested < 2:
        return "p is McNemar's."
    return (
        f"{tested:,} classes are tested. Where nothing differs, about 1 test in 20 has p below "
        ".05 all the same; “p (Holm)” counts them all (Holm 1979), so read that one."
    )


def sample_line(found: PairAttention) -> str:
    """What was measured, and of how many."""
    changed = int(found.changed.sum())
    same = len(found.rows) - changed
    parts = [
        f"{_of(changed, found.of_changed)} documents with different predictions",
        f"{_of(same, found.of_same)} with the same one",
    ]
    line = f"Measured: {parts[0]}, and {parts[1]}."
    if changed < found.of_changed or same < found.of_same:
        line += " Of more, a random sample is taken, always the same."
    if found.unaligned:
        line += f" In {found.unaligned:,} the words could not be lined up; they are left out."
    return line


def _of(number: int, of: int) -> str:
    return f"{number:,}" if number == of else f"{number:,} of {of:,}"


EXPORT_TABLE = (
    "The documents that the filter leaves, in the order of the table, with tags, flags and notes. "
    "In the CSV no cell runs as a formula: an apostrophe stands before those that would. Parquet "
    "and JSON lines keep every text exactly. The columns content and coding bring tags and notes "
    "back onto these documents, whatever model scores them then."
)
LARGE = "A browser gets at most {size}; a file of any size is written by the command line:"
REPORT = (
    "One file that opens offline and loads nothing: figures of what the filter leaves, and each "
    "document with its heatmap, tags and notes. Colours are lift over uniform attention, on one "
    "scale for all of them. Notes stand in it with their authors' names."
)
CHOSEN, FIRST = "Those put aside while reading", "The first of the table"
BACK = (
    "A table that was taken away here, as CSV, Parquet or JSON lines, of whatever model. Documents "
    "are matched by their content, so an order or a filter does not matter. Bringing the same file "
    "twice adds nothing. A table of your own does too: a column text, and tags, flags or notes."
)
NOBODY = "Say your name at the top of the page; then tags and notes can be brought in."
TURNED = (
    "What the file's model predicted beside what this one predicts, both judged by the labels of "
    "today, for the documents that the filter leaves."
)
KINDS: dict[Kind, str] = {"csv": "CSV", "parquet": "Parquet", "jsonl": "JSON lines"}
MIMES: dict[Kind, str] = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/jsonl",
}


def matched(found, documents: int) -> str:
    """How a file fits: ``errors.reimport.Matched``."""
    more = {
        "texts that are not": found.strange,
        "rows that repeat a text": found.repeated,
        "documents here that it lacks": found.missing,
    }
    said = f"{len(found.rows):,} of its texts are among these {documents:,} documents"
    return "; ".join([said, *(f"{name}: {n:,}" for name, n in more.items() if n)]) + "."


def carried(found) -> str:
    """What a file says: ``errors.carried.Carried``."""
    if not found.said:
        return "It says nothing of them: no tags, flags or notes."
    who = ", ".join(found.annotators)
    own = f", on {found.own:,} of them without a name, so as yours" if found.own else ""
    return f"It speaks of {len(found.said):,} of them, in the words of {who}{own}."


def brought(found) -> str:
    """What was new: ``coding.bringing.Brought``."""
    counts = {
        "tag": found.tags, "note": found.notes, "flag": found.flags, "mark as read": found.read,
    }  # fmt: skip
    new = [f"{number:,} {name}{'s' * (number > 1)}" for name, number in counts.items() if number]
    said = f"Brought in: {', '.join(new)}." if new else "Nothing was new; all of it was here."
    if found.joined:
        said += f" {found.joined:,} of the notes stand under another text by the same author."
    if found.unknown_tags:
        said += f" Left out, as the codebook lacks them: {', '.join(found.unknown_tags)}."
    return said


def relabelled(number: int) -> str:
    """Documents whose label is not the file's."""
    return f"{number:,} of them have another label today than in the file." if number else ""
