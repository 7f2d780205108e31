"""The settings of a training run, their defaults and their limits.

``--set key=value`` on the command line reaches exactly these fields and those
of the architecture. It knows nothing about data.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from han_core.models.architecture import Architecture
from han_core.models.checkpoint import TextConfig
from han_core.wrong_input import WrongInput


class Settings(BaseModel):
    """How a model is trained.

    A batch holds documents of similar length, ``batch_tokens`` words in all. Where
    none are said these are 8,000, or of little data so few that an epoch has about
    30 batches: min(8,000, max(words of the longest document, all words // 30)). The
    learning rate rises over the first ``warmup`` share of all steps and then
    follows ``schedule`` (to zero, unless it is constant). The best epoch by ``keep``
    is kept; of equal accuracies or macro F1 the one with the lower loss is better.
    Training stops early after ``patience`` epochs of which none was the best and
    none had the lowest validation loss.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=8, ge=1, le=1_000)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    batch_tokens: int | None = Field(default=None, ge=1, le=10_000_000)
    learning_rate: float = Field(default=1e-3, gt=0, le=10)
    warmup: float = Field(default=0.05, ge=0, lt=1)
    schedule: Literal["linear", "cosine", "constant"] = "cosine"
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    clip: float = Field(default=1.0, gt=0)
    accumulation: int = Field(default=1, ge=1, le=10_000)
    mixed_precision: Literal["auto", "no", "fp16", "bf16"] = "auto"
    patience: int = Field(default=3, ge=1)
    keep: Literal["accuracy", "loss", "macro_f1"] = "accuracy"
    word_dropout: float = Field(default=0.0, ge=0, lt=1)
    average: float = Field(default=0.0, ge=0, lt=1)
    vectors: str | None = Field(default=None, min_length=1)
    freeze_vectors: bool = False
    minimum_count: int = Field(default=2, ge=1)
    maximum_size: int = Field(default=30_000, ge=2, le=5_000_000)
    weights: Literal["float32", "float16"] = "float32"
    label_names: tuple[str, ...] | None = None
    rate_words: float = Field(default=1.0, gt=0, le=100)
    rate_sentences: float = Field(default=1.0, gt=0, le=100)
    rate_classifier: float = Field(default=1.0, gt=0, le=100)
    start_from: str | None = Field(default=None, min_length=1)
    freeze_words: bool = False
    save_seconds: float = Field(default=60.0, ge=0, le=86_400)


EXPLAINED = {
    "epochs": "passes over the training documents",
    "seed": "of the split, the first weights, the order and dropout",
    "batch_tokens": "words in one batch; 8,000 or, of little data, a thirtieth of all its words",
    "learning_rate": "the highest, after warm-up",
    "warmup": "share of all steps over which the learning rate rises",
    "schedule": "linear, cosine or constant, after warm-up",
    "weight_decay": "AdamW's",
    "clip": "largest norm of the gradient",
    "accumulation": "batches that make one step",
    "mixed_precision": "auto (bf16 on a GPU that has it), no, fp16, bf16",
    "patience": "epochs with neither a better validation result nor a lower loss before it stops",
    "keep": "what decides the best epoch: accuracy, macro_f1 (of equals the lower loss) or loss",
    "word_dropout": "share of words replaced by the unknown word in training",
    "average": "decay of an exponential average of the weights; 0 keeps the last ones",
    "vectors": "file of pretrained word vectors (text or word2vec)",
    "freeze_vectors": "leave the word vectors as they are",
    "minimum_count": "times that a word stands in the training texts to be known",
    "maximum_size": "words in the vocabulary at most",
    "weights": "float32 or float16 on disk",
    "label_names": "names of the classes in order, with commas between",
    "rate_words": "times the learning rate for the word level: embedding and word encoder",
    "rate_sentences": "times the learning rate for the sentence level (HAN)",
    "rate_classifier": "times the learning rate for the last layer",
    "start_from": "checkpoint whose words, sizes and weights the run starts from",
    "freeze_words": "leave the word level of that checkpoint as it is",
    "save_seconds": "seconds between two savings within an epoch; 0 saves after epochs alone",
}
"""One line for each field of ``Settings``."""

_COMPUTED = {"model", "attention", "vocabulary_size", "classes"}


def parse_settings(
    pairs: Sequence[str], **fixed: object
) -> tuple[Settings, dict[str, object], TextConfig]:
    """``key=value`` pairs as settings, fields of the architecture, and of the text.

    ``fixed`` are settings with flags of their own.

    Raises:
        WrongInput: names the key that is unknown, the value out of range, or the
            two that contradict each other.
    """
    values: dict[str, dict[str, object]] = {"settings": dict(fixed), "model": {}, "text": {}}
    fields = {
        "settings": set(Settings.model_fields),
        "model": set(Architecture.model_fields) - _COMPUTED,
        "text": set(TextConfig.model_fields),
    }
    for pair in pairs:
        key, equals, value = pair.partition("=")
        group = next((name for name, known in fields.items() if key in known), None)
        if not equals or group is None:
            known = ", ".join(sorted(set().union(*fields.values())))
            raise WrongInput(f"--set takes key=value, keys {known}; {pair[:80]!r} came.")
        if key in fixed and value != str(fixed[key]):
            raise WrongInput(f"--{key} {fixed[key]} and --set {pair[:80]} contradict each other.")
        names = [name.strip() for name in value.split(",")]
        values[group][key] = names if key == "label_names" else value
    settings = checked(Settings, values["settings"])
    assert isinstance(settings, Settings)
    if settings.freeze_vectors and not settings.vectors:
        raise WrongInput("freeze_vectors keeps given vectors as they are; vectors=FILE gives them.")
    sizes = checked(
        Architecture, {**values["model"], "model": "han", "vocabulary_size": 2, "classes": 2}
    ).model_dump(include=set(values["model"]))
    text = checked(TextConfig, values["text"])
    assert isinstance(text, TextConfig)
    return settings, sizes, text


def without_effect(model: str, attention: str, sizes: Iterable[str]) -> list[str]:
    """A sentence for each of ``sizes`` that such a model does not have."""
    missing = {
        "dropout_sentences": "bilstm" if model == "bilstm" else "",
        "attention_size": f"{attention} attention" if attention != "additive" else "",
    }
    return [f"{size} has no effect with {missing[size]}." for size in sizes if missing.get(size)]


def checked(kind: type[BaseModel], values: dict) -> BaseModel:
    """An instance of ``kind``; what is wrong with ``values`` as one sentence."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or kind.__name__
        raise WrongInput(f"{field}: {first['msg']}; {str(first['input'])[:80]!r} came.") from error
