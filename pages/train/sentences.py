"""The texts of the page Train, the names of its fields, and their order."""

import re
from collections.abc import Mapping, Sequence

from han_core.data.hub_preview import HubDataset
from han_core.runtime.errors import counted, file_size
from han_core.training.estimate import Estimate
from han_core.training.runs.view import RunView

ATTENTION = {
    "additive": "additive",
    "dot": "dot product",
    "general": "bilinear",
    "linear": "linear",
}

GROUPS: dict[str, tuple[str, ...]] = {
    "Optimiser": (
        "epochs", "learning_rate", "schedule", "warmup", "batch_tokens", "accumulation",
        "clip", "weight_decay", "mixed_precision",
        "rate_words", "rate_sentences", "rate_classifier",
    ),
    "Sizes": (
        "embedding", "hidden", "attention_size", "layers", "layer_norm", "heads", "feedforward",
        "attention_pattern", "window", "global_tokens", "pooling", "positions",
        "maximum_positions", "base", "tune", "overlap",
    ),
    "Dropout and noise": (
        "dropout_words", "dropout_sentences", "dropout_document", "word_dropout",
        "dropout_layers", "dropout_attention", "attention_noise", "average",
    ),
    "Words": (
        "minimum_count", "maximum_size", "crop", "language", "segmentation", "lowercase",
        "maximum_tokens", "tokenizer_version",
    ),
    "Best epoch, early end and saving": (
        "keep", "patience", "save_seconds", "weights", "seed", "label_names",
    ),
}  # fmt: skip
"""The expanders of the form, and the fields in each; fields with pickers are drawn elsewhere."""

TITLES = {
    "clip": "Gradient clip",
    "keep": "Best by",
    "average": "Average of weights",
    "weights": "Weights on disk",
    "rate_words": "Rate, word level",
    "rate_sentences": "Rate, sentence level",
    "rate_classifier": "Rate, classifier",
    "embedding": "Size of word vectors",
    "hidden": "Size of states",
    "attention_size": "Attention units",
    "layer_norm": "Layer normalisation",
    "minimum_count": "Least count of a word",
    "maximum_size": "Largest vocabulary",
    "maximum_tokens": "Longest text in words",
    "tokenizer_version": "Rules of words and sentences",
    "batch_tokens": "Words in a batch",
    "crop": "Longest run of words in a step",
    "base": "Pretrained base",
    "tune": "Tuned part of the base",
    "save_seconds": "Seconds between savings",
    "label_names": "Names of the classes",
    "freeze_vectors": "Freeze word vectors",
    "domain_schedule": "Rise of the domain weight",
    "domain_steps": "Steps of the domain classifier",
    "domain_units": "Domain classifier units",
    "rate_domain": "Rate, domain classifier",
    "lowercase": "Lower case",
}
"""Names of fields whose own names do not make a good title."""


def title(name: str) -> str:
    """Return the title of a field."""
    return TITLES.get(name, name.replace("_", " ").capitalize())


HUB = "OWNER/NAME, as in the address of its page. Only its first rows are fetched for now."
FILE = "A file with a column of texts and a column of labels is expected."
BUNDLED_TEST = "The corpus has its own test part; validation is drawn from the training part."
STRATIFIED = (
    "Drawn at random by the seed, with the classes in proportion. The test documents are used "
    "once, after training: validation chooses the best epoch, so it reads a little high."
)
SPLIT_COLUMN = (
    "Rows with train, training or 0 are for training; validation, valid, val or dev are for "
    "validation; test is for test."
)
GROUPED = (
    "Documents with the same value in this column stay on one side, as reviews of one film or "
    "messages of one thread should. Whole numbers can be taken in blocks of neighbours."
)
UNLABELLED = (
    "Optional. Teachers predict class probabilities for each text, and the model learns them "
    "along with the labels (distillation). The column of texts has the same name as above. "
    "Teachers can label parts of the training documents as well."
)
TEACHERS = (
    "nb-svm and tf-idf are bags of words that are trained first on the training documents; the "
    "two together usually know more than one, and with many classes tf-idf is the better one. A "
    "model that was trained on documents held out here makes validation look too good: use "
    "the same seed of the split and the same shares as in its run."
)
NO_TEACHER = "Texts without labels need a teacher. Choose nb-svm, tf-idf or a model."
DOMAINS = (
    "A domain is a kind of text: film reviews, kitchen reviews. If some texts of the new domain "
    "have labels, fine-tune a model of the same classes on them: in our measurements that was "
    "best. Without any label, training can make both domains look alike to the model "
    "(domain-adversarial training)."
)
NO_TARGET = (
    "Texts of the new domain are expected; their labels, if they have any, are not learned and "
    "only tell how well it goes. The column of texts has the same name as above."
)
TUNE = "Models of the same classes; training goes on from one of them, all of it."
NO_MODEL_OF_THE_CLASSES = (
    "No model here has the classes of these documents. Any model can be chosen under Start from an "
    "existing model; its class layer is then learned anew."
)
ADAPTED = (
    "The probe is a new linear classifier that tells source from new domain by document vectors "
    "that were held out; 50% is chance. The domain classifier learns against the model, so its own "
    "low accuracy does not show that the domains are alike: read the probe."
)
LOST_WORDS = (
    "Which words lost attention? Under Errors, score this model and one of domain weight 0 on the "
    "same texts, choose it as the second model, and open Model comparison."
)
NO_VALIDATION_FILE = "Without a file, a share of the documents is held out for validation."
DOWNLOAD = (
    "Only the first rows have been fetched. The run downloads the data set itself; inspect all "
    "documents first if you want to see classes and lengths."
)
SETTINGS = "The preset fills in everything. Open what you want to change."
ORIGIN = (
    "Vocabulary, sizes and weights come from that model, and training continues on these "
    "documents: for another domain, or for more data. With another form of attention, only "
    "attention starts from random weights."
)
FREEZE = "Word embeddings and word encoder stay fixed: fast, and enough for few documents."
VECTORS = "Words in the file start from its vectors; their size becomes that of the model."
WATCHED = (
    "Attention over these texts is recorded during training, so that you can see it form. It "
    "shows what was learned, not why."
)
FILM = (
    "Each step shows the attention of the model at that step, on one colour scale. Attention that "
    "gathers does not show that the prediction got better: read both."
)
SMOOTHING = (
    "Exponential moving average, corrected at the start: 0 shows the values as they are, 0.9 "
    "averages about the last ten. The faint line is the value itself."
)
LOG_AXIS = "Equal distances are equal factors, so that small values can be told apart."
STEP_HELP = {
    "norm": "Length of the gradient before it is clipped. Sudden peaks mean unstable training: try "
    "a lower learning rate.",
    "rate": "The learning rate of each step: it rises during warm-up and then follows the "
    "schedule.",
}
EPOCH = "Shows the validation documents after this epoch; at first, the best one."
CLASS_F1 = (
    "F1 is the harmonic mean of precision and recall of a class on the validation documents. Of "
    "many classes, the eight weakest are drawn."
)
CONFUSION = "Rows are the true classes, columns the predicted ones, of the validation documents."
NO_ESTIMATE = "Time and memory can be estimated once all documents have been inspected."
TABLE = (
    "Tick a row to see that run, or several rows to compare them. Click the head of a column to "
    "sort."
)
FILTER = "Only runs with all of these words in name, model, data, tags, note, sweep or device."
SWEEP = (
    "Several runs of the same plan, one after the other: the spread between seeds shows which "
    "differences are chance. All of them hold out the same documents."
)
AGAIN = "Fills the form under New run with the settings of this run, ready to change."
SAME = "The settings are the same; results differ by chance, changed data, or the machine."
COMMAND = "The same run on the command line:"
STOP = "Stop finishes the current step and saves; the best and the last weights are kept."
RESUME = "Resume continues exactly from the last save."
DELETE = "Its weights, curves and messages will be deleted. This cannot be undone."

MARKED = "background-color: rgba(217, 119, 6, 0.25)"
"""The style of a value that differs; the ink of both themes can be read on it."""

BADGES = {
    "waiting": "gray", "starting": "blue", "reading": "blue", "training": "blue",
    "stopping": "orange", "stopped": "orange", "failed": "red", "done": "green",
    "interrupted": "red",
}  # fmt: skip


def badge(status: str) -> str:
    """Return a status as a Markdown badge."""
    return f":{BADGES[status]}-badge[{status}]"


def offer(offer: HubDataset) -> str:
    """Describe the columns of a data set on the hub."""
    columns = ", ".join(
        f"{column.name} ({', '.join(column.classes[:6]) or column.kind})"
        for column in offer.columns
    )
    size = "" if offer.download_bytes is None else f"; {memory(offer.download_bytes)} to download"
    return f"Columns by {offer.source}: {columns}{size}."


def lengths(words: Sequence[int], characters: Sequence[int]) -> str:
    """Describe the lengths of the training documents."""
    return (
        f"Half of the training documents have {words[1]:,} to {words[3]:,} words; "
        f"the longest has {words[5]:,} ({characters[5]:,} characters)."
    )


def duplicates(repeated: Mapping[str, int]) -> str:
    """Say how many documents occur several times within each part."""
    several = [f"{number:,} in {name}" for name, number in repeated.items() if number]
    return f"Duplicates: {', '.join(several)}." if several else "There are no duplicates."


def seconds(number: float) -> str:
    """Return "8 s", "3 min 20 s" or "2 h 5 min"."""
    whole = round(number)
    if whole < 60:
        return f"{max(1, whole)} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60} min"


def memory(number: float) -> str:
    """Return bytes as "12 MB" or "1.5 GB"."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{max(1, round(number / 1e6))} MB"


def disk(name: str, used: int, limit: int) -> str:
    """Return "runs 1.2 GiB of 20 GiB"."""
    return f"{name} {file_size(used)} of {file_size(limit)}"


def largest_runs(largest: Sequence[tuple[str, int]]) -> str:
    """Say how to make room on the disk."""
    names = ", ".join(f"{name} ({file_size(size)})" for name, size in largest)
    return (
        f"The largest runs: {names or 'none'}. Select a run and press Delete to make room; its "
        "model can go with it. Of the prepared texts, those that were used longest ago are "
        "deleted automatically. Where a limit is reached, no new run starts."
    )


def estimate(estimate: Estimate, epochs: int) -> dict[str, str]:
    """Return parameters, memory and, where it can be estimated, time."""
    tiles = {"Parameters": f"{estimate.parameters:,}", "Memory": memory(estimate.memory_bytes)}
    if estimate.seconds_per_epoch is not None:
        tiles[f"Time, {counted(epochs, 'epoch')}"] = seconds(estimate.seconds_per_epoch * epochs)
    return tiles


def progress(run: RunView) -> tuple[float | None, str]:
    """Return the share that is done, and a text; None where it is not known."""
    if run.status == "reading" and run.state.reading:
        name, done, of = run.state.reading
        return min(1.0, done / max(1, of)), f"{name}: {done:,} of {counted(of, 'document')}"
    if run.status not in ("training", "stopping") or not run.state.steps:
        return None, ""
    last = run.state.steps[-1]
    share = (last["epoch"] - 1 + last["done"] / max(1, last["of"])) / max(1, run.epochs)
    return min(1.0, share), f"Epoch {last['epoch']} of {run.epochs}, step {last['step']:,}"


def tiles(run: RunView) -> dict[str, str]:
    """Return the figures of a run that are known by now."""
    tiles = {}
    last = run.state.steps[-1] if run.state.steps else {}
    if run.status in ("training", "stopping"):
        if "documents_per_second" in last:
            tiles["Documents per second"] = f"{last['documents_per_second']:,.0f}"
        if "seconds_left" in last:
            tiles["Time left"] = seconds(last["seconds_left"])
    if run.best is not None:
        reached = run.best["validation"]
        tiles[f"Best validation, epoch {run.best['epoch']}"] = f"{reached['accuracy']:.1%}"
        tiles["Macro F1"] = f"{reached['macro_f1']:.3f}"
    if run.status == "done" and run.state.summary:
        test = run.state.summary.get("test") or {}
        if "accuracy" in test:
            tiles["Test"] = f"{test['accuracy']:.1%}"
        tiles |= adapted(run.state.summary.get("adaptation") or {})
    if run.history and not run.is_live:
        tiles["Epochs"] = f"{len(run.history)} of {run.epochs}"
        tiles["Training time"] = seconds(run.seconds)
    return tiles


def adapted(adaptation: Mapping) -> dict[str, str]:
    """Return what ``metrics.json`` says of the target domain, as far as it is known."""
    tiles, accuracy = {}, adaptation.get("target_accuracy")
    if accuracy is not None:
        tiles["New domain, held out"] = f"{accuracy:.1%}"
    distance = adaptation.get("proxy_a_distance") or {}
    if distance.get("before") is not None and distance.get("after") is not None:
        tiles["Proxy A-distance"] = f"{distance['before']:.2f} → {distance['after']:.2f}"
    return tiles


def ended(run: RunView) -> str:
    """Return "mine is done: 88.0% validation."."""
    tested, best = run.test_accuracy, run.best
    if tested is not None:
        return f"{run.name} is {run.status}: {tested:.1%} test."
    if best is not None:
        return f"{run.name} is {run.status}: {best['validation']['accuracy']:.1%} validation."
    return f"{run.name} is {run.status}."


def configuration(settings: Mapping[str, str]) -> list[dict[str, str]]:
    """Return settings as rows of a table."""
    return [{"setting": title(name), "value": value} for name, value in settings.items()]


def missing(names: Sequence[str]) -> str:
    """Say what a run used that is no longer on this server."""
    return (
        f"No longer on this server, and left out: {', '.join(names)}. Choose something else, or "
        "train without."
    )


def tunes(name: str) -> str:
    """Say that the run goes on from a model of the same classes."""
    return f"The run starts from {name}, which has the same classes."


def domains(column: str, number: int, most: int) -> str:
    """Say that a column does not name domains."""
    return (
        f"A column that names 2 to {most} domains is expected; “{column}” has {number:,} different "
        "values. Choose another column, or another file."
    )


def gone(choice: str) -> str:
    """Say that the data no longer have what a run chose."""
    return f"“{choice}” is no longer in these documents. Choose again."


def file_name(name: str) -> str:
    """Return ``name`` without characters that file systems refuse."""
    return re.sub(r"[^\w.-]+", "-", name)[:60].strip("-.") or "checkpoint"
