"""The settings of a training run, their defaults and limits, and presets of them.

``--set key=value`` on the command line reaches these fields and those of the architecture.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from han_core.models.architecture import Architecture, ModelKind
from han_core.models.checkpoint import TextConfig
from han_core.models.registry import DEFAULT_MODEL, MODELS, model_kind
from han_core.models.weights import Precision
from han_core.runtime.errors import UserError, listed
from han_core.runtime.messages import mark, tr

BAGS = ("nb-svm", "tf-idf")
"""Teachers who are no checkpoints: bags of words, who learn from the training documents."""

NOBODY = "none"
"""In place of teachers: nobody labels the unlabelled documents."""

LONGEST_STRETCH = 8
"""Clauses that are drawn of a document together, at most."""


class Settings(BaseModel):
    """How a model is trained.

    A batch holds documents of similar length, ``batch_tokens`` words in all. Where
    none are said these are 8,000, or of little data so few that an epoch has about
    30 batches: min(8,000, max(words of the longest document, all words // 30)). The
    learning rate rises over the first ``warmup`` share of all steps and then
    follows ``schedule`` (to zero, unless it is constant). The best epoch by ``keep``
    is kept; of equal accuracies or macro F1 the one with the lower loss is better.
    Training stops early after ``patience`` epochs of which none was the best and
    none had the lowest validation loss. ``fields.setting_fields`` describes each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=8, ge=1, le=1_000)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    batch_tokens: int | None = Field(default=None, ge=1, le=10_000_000)
    learning_rate: float = Field(default=1e-3, gt=0, le=10)
    warmup: float = Field(default=0.05, ge=0, lt=1)
    schedule: Literal["linear", "cosine", "constant"] = "cosine"
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    clip: float = Field(default=1.0, gt=0, le=1e6)
    accumulation: int = Field(default=1, ge=1, le=10_000)
    mixed_precision: Literal["auto", "no", "fp16", "bf16"] = "auto"
    patience: int = Field(default=3, ge=1, le=1_000)
    keep: Literal["accuracy", "loss", "macro_f1"] = "accuracy"
    crop: int | None = Field(default=None, ge=1, le=1_000_000)
    word_dropout: float = Field(default=0.0, ge=0, lt=1)
    adversarial: float = Field(default=0.0, ge=0, le=1_000)
    virtual_adversarial: float = Field(default=0.0, ge=0, le=1_000)
    attention_guide: float = Field(default=0.0, ge=0, le=1_000)
    guide_against: float = Field(default=-1.0, ge=-1, le=1)
    pretrain: int = Field(default=0, ge=0, le=1_000)
    average: float = Field(default=0.0, ge=0, lt=1)
    start_share: float = Field(default=0.0, ge=0, lt=1)
    vectors: str | None = Field(default=None, min_length=1)
    freeze_vectors: bool = False
    minimum_count: int = Field(default=2, ge=1, le=1_000_000)
    maximum_size: int = Field(default=30_000, ge=2, le=5_000_000)
    weights: Precision = "float32"
    label_names: tuple[str, ...] | None = None
    rate_words: float = Field(default=1.0, gt=0, le=100)
    rate_sentences: float = Field(default=1.0, gt=0, le=100)
    rate_classifier: float = Field(default=1.0, gt=0, le=100)
    start_from: str | None = Field(default=None, min_length=1)
    freeze_words: bool = False
    teachers: tuple[str, ...] = Field(default=BAGS[:1], min_length=1, max_length=20)
    stretches: int = Field(default=0, ge=0, le=100)
    domain_weight: float = Field(default=1.0, ge=0, le=100)
    domain_schedule: Literal["rising", "constant"] = "rising"
    domain_units: int = Field(default=100, ge=1, le=4_096)
    domain_steps: int = Field(default=1, ge=1, le=100)
    rate_domain: float = Field(default=1.0, gt=0, le=100)
    save_seconds: float = Field(default=60.0, ge=0, le=86_400)


COMPUTED = {"model", "attention", "vocabulary_size", "classes", "base_sha256"}
DOMAIN = ("domain_weight", "domain_schedule", "domain_steps", "rate_domain", "domain_units")
"""Settings of domain adaptation."""

LISTS = {"label_names", "teachers"}  # several values with commas between


def parse_settings(
    pairs: Sequence[str], **fixed: object
) -> tuple[Settings, dict[str, object], TextConfig]:
    """``key=value`` pairs as settings, fields of the architecture, and of the text.

    ``fixed`` are settings with flags of their own.

    Raises:
        UserError: names the key that is unknown, the value out of range, or the
            two that contradict each other.
    """
    values: dict[str, dict[str, object]] = {"settings": dict(fixed), "model": {}, "text": {}}
    fields = {
        "settings": set(Settings.model_fields),
        "model": set(Architecture.model_fields) - COMPUTED,
        "text": set(TextConfig.model_fields),
    }
    for pair in pairs:
        key, equals, value = pair.partition("=")
        group = next((name for name, known in fields.items() if key in known), None)
        if not equals or group is None:
            known = ", ".join(sorted(set().union(*fields.values())))
            raise UserError(
                tr(
                    "--set takes key=value, keys {known}; {pair!r} came.",
                    known=known,
                    pair=pair[:80],
                )
            )
        if key in fixed and value != str(fixed[key]):
            raise UserError(
                tr(
                    "--{key} {fixed} and --set {pair} contradict each other.",
                    key=key,
                    fixed=fixed[key],
                    pair=pair[:80],
                )
            )
        names = [name.strip() for name in value.split(",")]
        values[group][key] = names if key in LISTS else value
    settings = checked(Settings, values["settings"])
    assert isinstance(settings, Settings)
    check_together(settings)
    unchecked = {"model": DEFAULT_MODEL, "vocabulary_size": 2, "classes": 2}
    sizes = checked(Architecture, {**values["model"], **unchecked}).model_dump(
        include=set(values["model"])
    )
    text = checked(TextConfig, values["text"])
    assert isinstance(text, TextConfig)
    return settings, sizes, text


def check_together(settings: Settings) -> None:
    """Whether no setting asks for what another one forbids.

    Raises:
        UserError: names the two that do not go together.
    """
    if settings.freeze_vectors and not (settings.vectors or settings.start_from):
        raise UserError(
            tr("freeze_vectors keeps given vectors as they are; vectors=FILE gives them.")
        )
    if settings.freeze_words and not settings.start_from:
        raise UserError(
            tr(
                "freeze_words keeps the words of a checkpoint as they are; start_from=NAME names "
                "it."
            )
        )
    if settings.freeze_words and settings.vectors:
        raise UserError(
            tr("freeze_words lets no new word in, so that vectors have none to be for.")
        )
    if settings.freeze_words and settings.pretrain:
        raise UserError(
            tr("freeze_words keeps the words as they are, so that pretrain has nothing to learn.")
        )
    if NOBODY in settings.teachers:
        _check_nobody(settings)


def _check_nobody(settings: Settings) -> None:
    """As ``check_together``, for texts that nobody labels."""
    if len(settings.teachers) > 1 or settings.stretches:
        raise UserError(
            tr(
                "teachers=none says that nobody labels texts: it goes with no other teacher and "
                "no stretches."
            )
        )
    if not (settings.virtual_adversarial or settings.pretrain):
        raise UserError(
            tr(
                "With teachers=none, unlabelled texts are for virtual_adversarial or pretrain; "
                "both are 0."
            )
        )


def check_suits(model: str, settings: Settings) -> None:
    """Whether the model has what the changed settings work on.

    Raises:
        UserError: names the setting, and the models that have it.
    """
    changed = settings.model_dump(exclude_defaults=True)
    for name in sorted(model_kind(model).refused_settings & changed.keys()):
        suited = [kind.name for kind in MODELS.values() if name not in kind.refused_settings]
        raise UserError(
            tr(
                "{name} works with the models {models}; {model} was asked for.",
                name=name,
                models=listed(suited, 10),
                model=model,
            )
        )


def without_effect(
    model: str,
    attention: str,
    sizes: Iterable[str],
    settings: Settings | None = None,
    layers: int = 1,
) -> list[str]:
    """A sentence for each of ``sizes`` and of the changed settings that does nothing there.

    Args:
        layers: of the model's encoders.
    """
    changed = (settings or Settings()).model_dump(exclude_defaults=True)
    frozen = "freeze_words" if "freeze_words" in changed else ""
    kind = model_kind(model)
    missing = {
        **dict.fromkeys(kind.unused_in_one_layer, "" if layers > 1 else tr("one layer")),
        **dict.fromkeys(kind.unused_settings, model),
        "attention_size": "" if attention == "additive" else tr("{form} attention", form=attention),
        **dict.fromkeys(("rate_words", "minimum_count", "maximum_size", "freeze_vectors"), frozen),
    }
    names = [*sizes, *changed]
    return [
        tr("{name} has no effect with {cause}.", name=name, cause=missing[name])
        for name in names
        if missing.get(name)
    ]


def checked(kind: type[BaseModel], values: dict) -> BaseModel:
    """An instance of ``kind``; what is wrong with ``values`` as one sentence."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or kind.__name__
        came = str(first["input"])[:80]
        problem = _translated(first["msg"])
        raise UserError(
            tr("{field}: {problem}; {came!r} came.", field=field, problem=problem, came=came)
        ) from error


PROBLEMS = (
    mark("Input should be greater than or equal to {limit}"),
    mark("Input should be less than or equal to {limit}"),
    mark("Input should be greater than {limit}"),
    mark("Input should be less than {limit}"),
    mark("Input should be {limit}"),
    mark("Input should be a valid integer"),
    mark("Input should be a valid integer, unable to parse string as an integer"),
    mark("Input should be a valid integer, got a number with a fractional part"),
    mark("Input should be a valid number"),
    mark("Input should be a valid number, unable to parse string as a number"),
    mark("Input should be a valid boolean, unable to interpret input"),
    mark("Input should be a valid string"),
    mark("Input should be a finite number"),
    mark("String should have at least {limit} character"),
    mark("String should have at most {limit} characters"),
    mark("Extra inputs are not permitted"),
    mark("Field required"),
)
"""What pydantic says of a value."""


def _translated(problem: str) -> str:
    """Translate what pydantic says of a value, where it is one of ``PROBLEMS``."""
    limit = re.search(r"-?\d[\d.e+-]*|'.*'", problem)
    if limit is None:
        return tr(problem)
    template = problem.replace(limit[0], "{limit}")
    return tr(template, limit=limit[0]) if template in PROBLEMS else problem


@dataclass(frozen=True)
class Preset:
    """What differs from the defaults.

    Attributes:
        line: what it is good for, a sentence.
        settings: fields of ``Settings``.
        sizes: fields of ``Architecture``.
    """

    name: str
    line: str
    settings: Mapping[str, object]
    sizes: Mapping[str, object]


PRESETS = (
    Preset(
        "quick look",  # not shown
        mark(
            "A small model and ten passes: seconds on the bundled corpus, to see how training goes."
        ),
        {"epochs": 10, "patience": 10, "learning_rate": 0.005},
        {"embedding": 50, "hidden": 25, "attention_size": 50},
    ),
    Preset(
        "balanced",
        mark("The defaults: a few thousand documents in some minutes."),
        {},
        {},
    ),
    Preset(
        "thorough",
        mark("Large, slow and strongly regularised, for tens of thousands of documents."),
        {"epochs": 20, "patience": 5, "average": 0.999},
        {"embedding": 200, "hidden": 100, "dropout_words": 0.5, "dropout_document": 0.5},
    ),
)
"""From the quickest to the slowest."""


def presets_of(model: str) -> tuple[Preset, ...]:
    """Return ``PRESETS`` as they are for a kind of model."""
    return tuple(_changed(preset, model_kind(model)) for preset in PRESETS)


def _changed(preset: Preset, kind: ModelKind) -> Preset:
    values = {**preset.settings, **preset.sizes, **kind.presets.get(preset.name, {})}
    used = {name: value for name, value in values.items() if name not in kind.unused_settings}
    settings = {name: value for name, value in used.items() if name in Settings.model_fields}
    sizes = {name: value for name, value in used.items() if name not in Settings.model_fields}
    return replace(preset, settings=settings, sizes=sizes)
