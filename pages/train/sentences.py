"""The texts of the page Train, the names of its fields, and their order."""

import re
from collections.abc import Mapping, Sequence

from han_core.data.hub_preview import HubDataset
from han_core.runtime.errors import counted, file_size
from han_core.runtime.messages import mark, tr
from han_core.training.estimate import Estimate
from han_core.training.runs.view import STATUS_NAMES, RunView

ATTENTION = {
    "additive": mark("additive"),
    "dot": mark("dot product"),
    "general": mark("bilinear"),
    "linear": mark("linear"),
}

GROUPS: dict[str, tuple[str, ...]] = {
    mark("Optimiser"): (
        "epochs", "pretrain", "learning_rate", "schedule", "warmup", "batch_tokens", "accumulation",
        "clip", "weight_decay", "mixed_precision",
        "rate_words", "rate_sentences", "rate_classifier",
    ),
    mark("Sizes"): (
        "embedding", "hidden", "attention_size", "layers", "layer_norm", "heads", "feedforward",
        "attention_pattern", "window", "global_tokens", "pooling", "positions",
        "maximum_positions", "base", "tune", "overlap",
    ),
    mark("Dropout and noise"): (
        "dropout_words", "dropout_sentences", "dropout_document", "word_dropout",
        "dropout_layers", "dropout_attention", "attention_noise", "adversarial",
        "virtual_adversarial", "attention_guide", "guide_against", "average",
        "start_share",
    ),
    mark("Words"): (
        "minimum_count", "maximum_size", "crop", "language", "segmentation", "lowercase",
        "maximum_tokens", "tokenizer_version",
    ),
    mark("Best epoch, early end and saving"): (
        "keep", "patience", "save_seconds", "weights", "seed", "label_names",
    ),
}  # fmt: skip
"""The expanders of the form, and the fields in each; fields with pickers are drawn elsewhere."""

TITLES = {
    "epochs": mark("Epochs"),
    "learning_rate": mark("Learning rate"),
    "schedule": mark("Schedule"),
    "warmup": mark("Warmup"),
    "accumulation": mark("Accumulation"),
    "weight_decay": mark("Weight decay"),
    "mixed_precision": mark("Mixed precision"),
    "layers": mark("Layers"),
    "heads": mark("Heads"),
    "feedforward": mark("Feedforward"),
    "attention_pattern": mark("Attention pattern"),
    "window": mark("Window"),
    "global_tokens": mark("Global tokens"),
    "pooling": mark("Pooling"),
    "positions": mark("Positions"),
    "maximum_positions": mark("Maximum positions"),
    "overlap": mark("Overlap"),
    "dropout_words": mark("Dropout words"),
    "dropout_sentences": mark("Dropout sentences"),
    "dropout_document": mark("Dropout document"),
    "word_dropout": mark("Word dropout"),
    "dropout_layers": mark("Dropout layers"),
    "dropout_attention": mark("Dropout attention"),
    "attention_noise": mark("Attention noise"),
    "attention_guide": mark("Attention guide"),
    "guide_against": mark("Words against the decision"),
    "start_share": mark("Share of the start"),
    "pretrain": mark("Pretraining epochs"),
    "adversarial": mark("Adversarial shift"),
    "virtual_adversarial": mark("Virtual adversarial shift"),
    "language": mark("Language"),
    "segmentation": mark("Segmentation"),
    "patience": mark("Patience"),
    "seed": mark("Seed"),
    "stretches": mark("Stretches"),
    "domain_weight": mark("Domain weight"),
    "model": mark("Model"),
    "attention": mark("Attention"),
    "data": mark("Data"),
    "validation": mark("Validation"),
    "test": mark("Test"),
    "text_column": mark("Text column"),
    "label_column": mark("Label column"),
    "split_column": mark("Split column"),
    "group_column": mark("Group column"),
    "split_seed": mark("Split seed"),
    "unlabelled": mark("Unlabelled"),
    "adapt_to": mark("Adapt to"),
    "domain_column": mark("Domain column"),
    "limit": mark("Limit"),
    "vectors": mark("Vectors"),
    "start_from": mark("Start from"),
    "freeze_words": mark("Freeze words"),
    "teachers": mark("Teachers"),
    "device": mark("Device"),
    "clip": mark("Gradient clip"),
    "keep": mark("Best by"),
    "average": mark("Average of weights"),
    "weights": mark("Weights on disk"),
    "rate_words": mark("Rate, word level"),
    "rate_sentences": mark("Rate, sentence level"),
    "rate_classifier": mark("Rate, classifier"),
    "embedding": mark("Size of word vectors"),
    "hidden": mark("Size of states"),
    "attention_size": mark("Attention units"),
    "layer_norm": mark("Layer normalisation"),
    "minimum_count": mark("Least count of a word"),
    "maximum_size": mark("Largest vocabulary"),
    "maximum_tokens": mark("Longest text in words"),
    "tokenizer_version": mark("Rules of words and sentences"),
    "batch_tokens": mark("Words in a batch"),
    "crop": mark("Longest run of words in a step"),
    "base": mark("Pretrained base"),
    "tune": mark("Tuned part of the base"),
    "save_seconds": mark("Seconds between savings"),
    "label_names": mark("Names of the classes"),
    "freeze_vectors": mark("Freeze word vectors"),
    "domain_schedule": mark("Rise of the domain weight"),
    "domain_steps": mark("Steps of the domain classifier"),
    "domain_units": mark("Domain classifier units"),
    "rate_domain": mark("Rate, domain classifier"),
    "lowercase": mark("Lower case"),
}
"""Names of the fields in the form and in the configuration of a run."""

CHOICES = {
    "auto": mark("auto"),
    "no": mark("no"),
    "linear": mark("linear"),
    "cosine": mark("cosine"),
    "constant": mark("constant"),
    "rising": mark("rising"),
    "accuracy": mark("accuracy"),
    "loss": mark("loss"),
    "macro_f1": mark("macro_f1"),
    "full": mark("full"),
    "local": mark("local"),
    "sliding": mark("sliding"),
    "attention": mark("attention"),
    "mean": mark("mean"),
    "first": mark("first"),
    "sinusoidal": mark("sinusoidal"),
    "learnt": mark("learnt"),
    "words": mark("words"),
    "characters": mark("characters"),
}
"""Names of values that fields can be chosen to have; others are names of formats."""


def title(name: str) -> str:
    """Return the title of a field."""
    return tr(TITLES[name])


def choice(value: str) -> str:
    """Return how the form calls a value that a field can be chosen to have."""
    return tr(CHOICES.get(value, value))


HUB = mark("OWNER/NAME, as in the address of its page. Only its first rows are fetched for now.")
FILE = mark("A file with a column of texts and a column of labels is expected.")
BUNDLED_TEST = mark("The corpus has its own test part; validation is drawn from the training part.")
STRATIFIED = mark(
    "Drawn at random by the seed, with the classes in proportion. The test documents "
    "are used once, after training: validation chooses the best epoch, so it reads a "
    "little high."
)
SPLIT_COLUMN = mark(
    "Rows with train, training or 0 are for training; validation, valid, val or dev "
    "are for validation; test is for test."
)
GROUPED = mark(
    "Documents with the same value in this column stay on one side, as reviews of "
    "one film or messages of one thread should. Whole numbers can be taken in blocks "
    "of neighbours."
)
UNLABELLED = mark(
    "Optional. Teachers predict class probabilities for each text, and the model "
    "learns them along with the labels (distillation). The column of texts has the "
    "same name as above. Teachers can label parts of the training documents as well."
)
TEACHERS = mark(
    "nb-svm and tf-idf are bags of words that are trained first on the training "
    "documents; the two together usually know more than one, and with many classes "
    "tf-idf is the better one. A model that was trained on documents held out here "
    "makes validation look too good: use the same seed of the split and the same "
    "shares as in its run. Choose Nobody where only virtual adversarial training or "
    "pretraining reads the texts without labels."
)
NO_TEACHER = mark("Texts without labels need a teacher. Choose nb-svm, tf-idf or a model.")
DOMAINS = mark(
    "A domain is a kind of text: film reviews, kitchen reviews. If some texts of the "
    "new domain have labels, fine-tune a model of the same classes on them: in our "
    "measurements that was best. Without any label, training can make both domains "
    "look alike to the model (domain-adversarial training)."
)
NO_TARGET = mark(
    "Texts of the new domain are expected; their labels, if they have any, are not "
    "learned and only tell how well it goes. The column of texts has the same name "
    "as above."
)
TUNE = mark("Models of the same classes; training goes on from one of them, all of it.")
NO_MODEL_OF_THE_CLASSES = mark(
    "No model here has the classes of these documents. Any model can be chosen under "
    "Start from an existing model; its class layer is then learned anew."
)
ADAPTED = mark(
    "The probe is a new linear classifier that tells source from new domain by "
    "document vectors that were held out; 50% is chance. The domain classifier "
    "learns against the model, so its own low accuracy does not show that the "
    "domains are alike: read the probe."
)
LOST_WORDS = mark(
    "Which words lost attention? Under Errors, score this model and one of domain "
    "weight 0 on the same texts, choose it as the second model, and open Model "
    "comparison."
)
NO_VALIDATION_FILE = mark("Without a file, a share of the documents is held out for validation.")
DOWNLOAD = mark(
    "Only the first rows have been fetched. The run downloads the data set itself; "
    "inspect all documents first if you want to see classes and lengths."
)
SETTINGS = mark("The preset fills in everything. Open what you want to change.")
ORIGIN = mark(
    "Vocabulary, sizes and weights come from that model, and training continues on "
    "these documents: for another domain, or for more data. With another form of "
    "attention, only attention starts from random weights."
)
FREEZE = mark("Word embeddings and word encoder stay fixed: fast, and enough for few documents.")
VECTORS = mark("Words in the file start from its vectors; their size becomes that of the model.")
WATCHED = mark(
    "Attention over these texts is recorded during training, so that you can see it "
    "form. It shows what was learned, not why."
)
FILM = mark(
    "Each step shows the attention of the model at that step, on one colour scale. "
    "Attention that gathers does not show that the prediction got better: read both."
)
SMOOTHING = mark(
    "Exponential moving average, corrected at the start: 0 shows the values as they "
    "are, 0.9 averages about the last ten. The faint line is the value itself."
)
LOG_AXIS = mark("Equal distances are equal factors, so that small values can be told apart.")
STEP_HELP = {
    "norm": mark(
        "Length of the gradient before it is clipped. Sudden peaks mean unstable "
        "training: try a lower learning rate."
    ),
    "rate": mark(
        "The learning rate of each step: it rises during warm-up and then follows the schedule."
    ),
}
EPOCH = mark("Shows the validation documents after this epoch; at first, the best one.")
CLASS_F1 = mark(
    "F1 is the harmonic mean of precision and recall of a class on the validation "
    "documents. Of many classes, the eight weakest are drawn."
)
CONFUSION = mark(
    "Rows are the true classes, columns the predicted ones, of the validation documents."
)
NO_ESTIMATE = mark("Time and memory can be estimated once all documents have been inspected.")
TABLE = mark(
    "Tick a row to see that run, or several rows to compare them. Click the head of "
    "a column to sort."
)
FILTER = mark(
    "Only runs with all of these words in name, model, data, tags, note, sweep or device."
)
SWEEP = mark(
    "Several runs of the same plan, one after the other: the spread between seeds "
    "shows which differences are chance. All of them hold out the same documents."
)
AGAIN = mark("Fills the form under New run with the settings of this run, ready to change.")
SAME = mark("The settings are the same; results differ by chance, changed data, or the machine.")
COMMAND = mark("The same run on the command line:")
STOP = mark("Stop finishes the current step and saves; the best and the last weights are kept.")
RESUME = mark("Resume continues exactly from the last save.")
DELETE = mark("Its weights, curves and messages will be deleted. This cannot be undone.")

MARKED = "background-color: rgba(217, 119, 6, 0.25)"  # not shown
"""The style of a value that differs; the ink of both themes can be read on it."""

BADGES = {
    "waiting": "gray", "starting": "blue", "reading": "blue", "training": "blue",
    "stopping": "orange", "stopped": "orange", "failed": "red", "done": "green",
    "interrupted": "red",
}  # fmt: skip


def status(status: str) -> str:
    """Return what a run does now, as the table of runs says it."""
    return tr(STATUS_NAMES[status])


PRESETS = {
    "quick look": mark("Quick look"),  # not shown
    "balanced": mark("Balanced"),
    "thorough": mark("Thorough"),
}


def preset(name: str) -> str:
    """Return how the form calls a preset."""
    return tr(PRESETS[name])


def badge(status: str) -> str:
    """Return a status as a Markdown badge."""
    return f":{BADGES[status]}-badge[{tr(STATUS_NAMES[status])}]"


PARTS = {"training": mark("training"), "validation": mark("validation"), "test": mark("test")}
QUOTA_NAMES = {
    "runs": mark("runs"),
    "checkpoints": mark("checkpoints"),
    "prepared texts": mark("prepared texts"),  # not shown
    "uploaded files": mark("uploaded files"),  # not shown
}
KINDS = {
    "text": mark("text"),
    "classes": mark("classes"),
    "number": mark("number"),
    "other": mark("other"),
    "not read": mark("not read"),  # not shown
}
"""Kinds of columns on the hub."""


def offer(offer: HubDataset) -> str:
    """Describe the columns of a data set on the hub."""
    columns = ", ".join(
        f"{column.name} ({', '.join(column.classes[:6]) or tr(KINDS[column.kind])})"
        for column in offer.columns
    )
    if offer.download_bytes is None:
        return tr("Columns by {source}: {columns}.", source=offer.source, columns=columns)
    return tr(
        "Columns by {source}: {columns}; {size} to download.",
        source=offer.source,
        columns=columns,
        size=memory(offer.download_bytes),
    )


def parts(documents: Mapping[str, int], unlabelled: int, target: int, classes: int) -> str:
    """Say how many documents each part has, and the texts beside them."""
    names = {
        "training": mark("{count:,} for training"),
        "validation": mark("{count:,} for validation"),
        "test": mark("{count:,} for test"),
    }
    counts = [tr(names[name], count=count) for name, count in documents.items()]
    if unlabelled:
        counts.append(tr("{count:,} unlabelled", count=unlabelled))
    if target:
        counts.append(tr("{count:,} of the new domain", count=target))
    return tr("{counts}; {classes:,} classes.", counts=tr(", ").join(counts), classes=classes)


def lengths(words: Sequence[int], characters: Sequence[int]) -> str:
    """Describe the lengths of the training documents."""
    return tr(
        "Half of the training documents have {low:,} to {high:,} words; the longest has "
        "{longest:,} ({characters:,} characters).",
        low=words[1],
        high=words[3],
        longest=words[5],
        characters=characters[5],
    )


def duplicates(repeated: Mapping[str, int]) -> str:
    """Say how many documents occur several times within each part."""
    several = [
        tr("{count:,} in {part}", count=number, part=tr(PARTS.get(name, name)))
        for name, number in repeated.items()
        if number
    ]
    if not several:
        return tr("There are no duplicates.")
    return tr("Duplicates: {counts}.", counts=tr(", ").join(several))


def seconds(number: float) -> str:
    """Return "8 s", "3 min 20 s" or "2 h 5 min"."""
    whole = round(number)
    if whole < 60:
        return tr("{seconds} s", seconds=max(1, whole))
    if whole < 3_600:
        return tr("{minutes} min {seconds} s", minutes=whole // 60, seconds=whole % 60)
    return tr("{hours} h {minutes} min", hours=whole // 3_600, minutes=whole % 3_600 // 60)


def memory(number: float) -> str:
    """Return bytes as "12 MB" or "1.5 GB"."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{max(1, round(number / 1e6))} MB"


def disk(name: str, used: int, limit: int) -> str:
    """Return "runs 1.2 GiB of 20 GiB"."""
    return tr(
        "{name} {used} of {limit}",
        name=tr(QUOTA_NAMES.get(name, name)),
        used=file_size(used),
        limit=file_size(limit),
    )


def largest_runs(largest: Sequence[tuple[str, int]]) -> str:
    """Say how to make room on the disk."""
    names = ", ".join(f"{name} ({file_size(size)})" for name, size in largest)
    return tr(
        "The largest runs: {names}. Select a run and press Delete to make room; its model can go "
        "with it. Of the prepared texts, those that were used longest ago are deleted "
        "automatically. Where a limit is reached, no new run starts.",
        names=names or tr("none"),
    )


def estimate(estimate: Estimate, epochs: int, pretraining: int = 0) -> dict[str, str]:
    """Return parameters, memory and, where it can be estimated, time.

    Args:
        pretraining: epochs of it, before the others.
    """
    tiles = {
        tr("Parameters"): f"{estimate.parameters:,}",
        tr("Memory"): memory(estimate.memory_bytes),
    }
    if estimate.seconds_per_epoch is not None:
        time = seconds(estimate.seconds_per_epoch * epochs)
        tiles[tr("Time, {epochs}", epochs=counted(epochs, "epoch"))] = time
    if estimate.pretraining_seconds is not None:
        time = seconds(estimate.pretraining_seconds * pretraining)
        tiles[tr("Pretraining, {epochs}", epochs=counted(pretraining, "epoch"))] = time
    return tiles


def progress(run: RunView) -> tuple[float | None, str]:
    """Return the share that is done, and a text; None where it is not known."""
    if run.status == "reading" and run.state.reading:
        name, done, of = run.state.reading
        name = tr(PARTS.get(name, name))
        text = tr("{name}: {done:,} of {documents}", name=name, done=done,
                  documents=counted(of, "document"))  # fmt: skip
        return min(1.0, done / max(1, of)), text
    if run.status not in ("training", "stopping") or not run.state.steps:
        return None, ""
    last = run.state.steps[-1]
    share = (last["epoch"] - 1 + last["done"] / max(1, last["of"])) / max(1, run.epochs)
    text = tr("Epoch {epoch} of {epochs}, step {step:,}", epoch=last["epoch"], epochs=run.epochs,
              step=last["step"])  # fmt: skip
    return min(1.0, share), text


def tiles(run: RunView) -> dict[str, str]:
    """Return the figures of a run that are known by now."""
    tiles = {}
    last = run.state.steps[-1] if run.state.steps else {}
    if run.status in ("training", "stopping"):
        if "documents_per_second" in last:
            tiles[tr("Documents per second")] = f"{last['documents_per_second']:,.0f}"
        if "seconds_left" in last:
            tiles[tr("Time left")] = seconds(last["seconds_left"])
    if run.best is not None:
        reached = run.best["validation"]
        title = tr("Best validation, epoch {epoch}", epoch=run.best["epoch"])
        tiles[title] = f"{reached['accuracy']:.1%}"
        tiles[tr("Macro F1")] = f"{reached['macro_f1']:.3f}"
    if run.status == "done" and run.state.summary:
        test = run.state.summary.get("test") or {}
        if "accuracy" in test:
            tiles[tr("Test")] = f"{test['accuracy']:.1%}"
        tiles |= adapted(run.state.summary.get("adaptation") or {})
    if run.history and not run.is_live:
        done = tr("{done} of {epochs}", done=len(run.history), epochs=run.epochs)
        tiles[tr("Epochs")] = done
        tiles[tr("Training time")] = seconds(run.seconds)
    return tiles


def adapted(adaptation: Mapping) -> dict[str, str]:
    """Return what ``metrics.json`` says of the target domain, as far as it is known."""
    tiles, accuracy = {}, adaptation.get("target_accuracy")
    if accuracy is not None:
        tiles[tr("New domain, held out")] = f"{accuracy:.1%}"
    distance = adaptation.get("proxy_a_distance") or {}
    if distance.get("before") is not None and distance.get("after") is not None:
        tiles[tr("Proxy A-distance")] = f"{distance['before']:.2f} → {distance['after']:.2f}"
    return tiles


def ended(run: RunView) -> str:
    """Return "mine is done: 88.0% validation."."""
    tested, best, status = run.test_accuracy, run.best, tr(STATUS_NAMES[run.status])
    if tested is not None:
        return tr(
            "{name} is {status}: {accuracy:.1%} test.",
            name=run.name,
            status=status,
            accuracy=tested,
        )
    if best is not None:
        return tr(
            "{name} is {status}: {accuracy:.1%} validation.",
            name=run.name,
            status=status,
            accuracy=best["validation"]["accuracy"],
        )
    return tr("{name} is {status}.", name=run.name, status=status)


def configuration(settings: Mapping[str, str]) -> list[dict[str, str]]:
    """Return settings as rows of a table."""
    head, beside = tr("setting"), tr("value")
    return [{head: title(name), beside: value} for name, value in settings.items()]


def missing(names: Sequence[str]) -> str:
    """Say what a run used that is no longer on this server."""
    return tr(
        "No longer on this server, and left out: {names}. Choose something else, or train without.",
        names=tr(", ").join(names),
    )


def tunes(name: str) -> str:
    """Say that the run goes on from a model of the same classes."""
    return tr("The run starts from {name}, which has the same classes.", name=name)


def domains(column: str, number: int, most: int) -> str:
    """Say that a column does not name domains."""
    return tr(
        "A column that names 2 to {most} domains is expected; “{column}” has {number:,} different "
        "values. Choose another column, or another file.",
        most=most,
        column=column,
        number=number,
    )


def gone(choice: str) -> str:
    """Say that the data no longer have what a run chose."""
    return tr("“{choice}” is no longer in these documents. Choose again.", choice=choice)


def file_name(name: str) -> str:
    """Return ``name`` without characters that file systems refuse."""
    return re.sub(r"[^\w.-]+", "-", name)[:60].strip("-.") or "checkpoint"
