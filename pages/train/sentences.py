"""The sentences of the page Train, the names of its fields, and the order they stand in."""

import re
from collections.abc import Mapping, Sequence

from han_core.data.hub_preview import HubOffer
from han_core.training.estimate import Estimate
from han_core.training.runs.view import RunView

ATTENTION = {"additive": "additive", "dot": "dot product", "linear": "linear"}

GROUPS: dict[str, tuple[str, ...]] = {
    "Optimiser": (
        "epochs", "learning_rate", "schedule", "warmup", "batch_tokens", "accumulation",
        "clip", "weight_decay", "mixed_precision",
        "rate_words", "rate_sentences", "rate_classifier",
    ),
    "Sizes": ("embedding", "hidden", "attention_size"),
    "Dropout and noise": (
        "dropout_words", "dropout_sentences", "dropout_document", "word_dropout",
        "attention_noise", "average",
    ),
    "Words": (
        "minimum_count", "maximum_size", "language", "segmentation", "lowercase",
        "maximum_tokens",
    ),
    "Best epoch, early end and saving": (
        "keep", "patience", "save_seconds", "weights", "seed", "label_names",
    ),
}  # fmt: skip
"""The expanders of the form, and the fields in each; those with pickers stand elsewhere."""

TITLES = {
    "clip": "Gradient clip",
    "keep": "Best by",
    "average": "Average of weights",
    "weights": "Weights on disk",
    "rate_words": "Rate, word level",
    "rate_sentences": "Rate, sentence level",
    "rate_classifier": "Rate, classifier",
    "embedding": "Size of word vectors",
    "hidden": "Recurrent units",
    "attention_size": "Attention units",
    "minimum_count": "Least count of a word",
    "maximum_size": "Largest vocabulary",
    "maximum_tokens": "Longest text in words",
    "batch_tokens": "Words in a batch",
    "save_seconds": "Seconds between savings",
    "label_names": "Names of the classes",
    "freeze_vectors": "Freeze word vectors",
    "lowercase": "Lower case",
}
"""Names of fields that their own names do not make."""


def title(name: str) -> str:
    """The name of a field for people."""
    return TITLES.get(name, name.replace("_", " ").capitalize())


HUB = "OWNER/NAME as in the address of its page. Only its first rows are fetched to show it."
FILE = "A file needs a column with texts and one with their labels."
BUNDLED_TEST = "The corpus has a test part of its own; validation is drawn from the other part."
STRATIFIED = (
    "Drawn by the seed, with the classes in proportion. The test documents are looked at once, "
    "when training is over."
)
SPLIT_COLUMN = (
    "Rows that say train, training or 0 are learnt from, those that say validation, valid, val or "
    "dev are for validation, and those that say test are for test."
)
GROUPED = (
    "Documents with the same value there stay on one side, as reviews of one film or messages of "
    "one thread should. Whole numbers can be taken in blocks: neighbours belong together then."
)
UNLABELLED = (
    "May be left out. Teachers say of each text how likely the classes are, and the model learns "
    "that along with the labels; the texts stand in a column called as above. Teachers can label "
    "parts of the training documents as well."
)
TEACHERS = (
    "nb-svm and tf-idf, bags of words, learn from the training documents first; together they "
    "know more than each, and of many classes tf-idf knows more alone. A checkpoint that has "
    "learnt from what is held out here makes validation read too high: the same seed of the "
    "division and the same shares as in its run prevent that."
)
NO_TEACHER = "Somebody has to label what has no label: nb-svm, tf-idf or a checkpoint."
NO_VALIDATION_FILE = "Until a file comes, a share of the documents is held out for validation."
DOWNLOAD = (
    "Nothing but the first rows has been fetched so far. The run fetches the data set by itself; "
    "look at all of it before if you want to see its classes and lengths."
)
SETTINGS = "The preset has filled everything in. Open what you want to change."
ORIGIN = (
    "Words, sizes and weights come from the checkpoint, and training goes on from there on "
    "these documents: for another domain, or for more data. With another form of attention the "
    "rest is kept, and attention is learnt anew."
)
FREEZE = "The word level stays as it is, and the rest learns: quick, and enough for few documents."
VECTORS = "Words that the file has start from its vectors; the size of word vectors becomes its."
WATCHED = (
    "Their attention is kept while the model learns, so that you can see it go from flat to "
    "focused. Watching shows what was learnt, not why."
)
NO_ESTIMATE = "Time and memory can be told once the documents have been looked at."
TABLE = "Click in front of a row to look at that run, or at several to compare them."
SAME = "They were asked for the same; what differs is chance, data that changed, or the machine."
COMMAND = "The same run on the command line:"
STOP = "Stop finishes the step and saves; the best and the last weights are kept."
RESUME = "Resume goes on exactly where it was saved last."
DELETE = "Its weights, curves and messages will be gone. This cannot be undone."

MARKED = "background-color: rgba(217, 119, 6, 0.25)"
"""The style of a value that differs; both themes' ink can be read on it."""

BADGES = {
    "waiting": "gray", "starting": "blue", "reading": "blue", "training": "blue",
    "stopping": "orange", "stopped": "orange", "failed": "red", "done": "green",
    "interrupted": "red",
}  # fmt: skip


def badge(status: str) -> str:
    """A status as Markdown."""
    return f":{BADGES[status]}-badge[{status}]"


def offer(found: HubOffer) -> str:
    """What a data set of the hub has, in a sentence."""
    columns = ", ".join(
        f"{column.name} ({', '.join(column.classes[:6]) or column.kind})"
        for column in found.columns
    )
    size = "" if found.download_bytes is None else f"; {memory(found.download_bytes)} to download"
    return f"Columns by {found.source}: {columns}{size}."


def lengths(words: Sequence[int], characters: Sequence[int]) -> str:
    """What the box of the training documents says, in words."""
    return (
        f"Half of the training documents have {words[1]:,} to {words[3]:,} words between spaces; "
        f"the longest has {words[5]:,} ({characters[5]:,} characters)."
    )


def repeats(repeated: Mapping[str, int]) -> str:
    """How many documents stand several times within each part."""
    several = [f"{number:,} in {name}" for name, number in repeated.items() if number]
    return f"Repeated: {', '.join(several)}." if several else "No document stands twice."


def seconds(number: float) -> str:
    """A span of time for people: "8 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(number)
    if whole < 60:
        return f"{max(1, whole)} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60} min"


def memory(number: float) -> str:
    """Bytes for people."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{max(1, round(number / 1e6))} MB"


def estimate(found: Estimate, epochs: int) -> dict[str, str]:
    """Parameters, memory and time under the button; no time where it is known after a few steps."""
    told = {"Parameters": f"{found.parameters:,}", "Memory": memory(found.memory_bytes)}
    if found.seconds_per_epoch is not None:
        told[f"Time, {epochs} epochs"] = seconds(found.seconds_per_epoch * epochs)
    return told


def progress(run: RunView) -> tuple[float | None, str]:
    """Share done of what it does now, and in words; None where nothing can be said."""
    if run.status == "reading" and run.story.reading:
        name, done, of = run.story.reading
        return min(1.0, done / max(1, of)), f"{name}: {done:,} of {of:,} documents"
    if run.status not in ("training", "stopping") or not run.story.steps:
        return None, ""
    last = run.story.steps[-1]
    share = (last["epoch"] - 1 + last["done"] / max(1, last["of"])) / max(1, run.epochs)
    return min(1.0, share), f"Epoch {last['epoch']} of {run.epochs}, step {last['step']:,}"


def tiles(run: RunView) -> dict[str, str]:
    """The figures of a run: what can be told at this moment."""
    told = {}
    last = run.story.steps[-1] if run.story.steps else {}
    if run.status in ("training", "stopping"):
        if "documents_per_second" in last:
            told["Documents a second"] = f"{last['documents_per_second']:,.0f}"
        if "seconds_left" in last:
            told["Time left"] = seconds(last["seconds_left"])
    if run.best is not None:
        reached = run.best["validation"]
        told[f"Best validation, epoch {run.best['epoch']}"] = f"{reached['accuracy']:.1%}"
        told["Its macro F1"] = f"{reached['macro_f1']:.3f}"
    if run.status == "done" and run.story.summary:
        test = run.story.summary.get("test") or {}
        if "accuracy" in test:
            told["Test"] = f"{test['accuracy']:.1%}"
    if run.history and not run.is_live:
        told["Epochs"] = f"{len(run.history)} of {run.epochs}"
        told["Training took"] = seconds(run.seconds)
    return told


def configuration(settings: Mapping[str, str]) -> list[dict[str, str]]:
    """Settings as rows of a table."""
    return [{"setting": title(name), "value": value} for name, value in settings.items()]


def file(name: str) -> str:
    """``name`` as a file can be called."""
    return re.sub(r"[^\w.-]+", "-", name)[:60].strip("-.") or "checkpoint"
