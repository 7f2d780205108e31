"""The plan of a run, its ``config.json``: the same values as the flags of the command ``train``."""

import secrets
import shlex
import shutil
import time
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from han_core.data.preview import DataPreview
from han_core.data.splits import Parts, Source
from han_core.data.text_files import file_of, prefix_of
from han_core.models.architecture import AttentionForm
from han_core.models.checkpoint import TextConfig
from han_core.models.registry import ModelName, model_kind
from han_core.runtime.atomic_io import read_json, write_json
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError, system_errors
from han_core.runtime.messages import mark, tr
from han_core.runtime.paths import runs_root
from han_core.training.estimate import Estimate, estimate
from han_core.training.initial_weights import origin
from han_core.training.request import Request, shape_of
from han_core.training.settings import COMPUTED, DOMAIN, NOBODY, Settings, checked, parse_settings

CONFIG, CHECKPOINT = "config.json", "checkpoint"
MOST_WATCHED = 5
LONGEST_NAME = 80
LONGEST_WATCHED = 5_000  # characters of one text

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)
]
Value = str | bool | int | float | list[str] | None


class Plan(BaseModel):
    """A run before it begins. ``checked_plan`` makes one of what somebody filled in.

    Attributes:
        name: for people; the published checkpoint is called after it.
        attention: its form; None for the checkpoint's that the run starts from, else additive.
        source: where the documents come from; paths are as seen from the project's folder.
        settings: fields of ``Settings`` that differ from their defaults.
        sizes: fields of ``Architecture`` that differ.
        text: fields of ``TextConfig`` that differ.
        device: auto, cpu, cuda, cuda:N or mps.
        watched: texts whose attention is kept while the model learns.
        watch_every: steps between two such looks; None for steps 1, 2, 4, 8 and so on.
            After each epoch there is one anyway.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    model: ModelName
    attention: AttentionForm | None = None
    source: Source
    settings: dict[str, Value] = {}
    sizes: dict[str, Value] = {}
    text: dict[str, Value] = {}
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d{1,3})?)$")
    watched: tuple[
        Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_WATCHED)], ...
    ] = Field(default=(), max_length=MOST_WATCHED)
    watch_every: int | None = Field(default=None, ge=1)

    def parsed(self) -> tuple[Settings, dict[str, object], TextConfig]:
        """Settings, sizes and text, checked as the command line checks them.

        Raises:
            UserError: names the value that is unknown or out of range.
        """
        return parse_settings(self._pairs({**self.settings, **self.sizes, **self.text}))

    @property
    def training(self) -> Settings:
        """All settings of training, with their defaults."""
        return self.parsed()[0]

    def request(self, folder: Path, parts: Parts, resume: bool) -> Request:
        """What ``train`` is asked; it writes to ``folder/checkpoint``."""
        settings, sizes, text = self.parsed()
        return Request(
            model=self.model,
            attention=self.attention,
            training=parts.training,
            validation=parts.validation,
            test=parts.test,
            out=folder / CHECKPOINT,
            settings=settings,
            sizes=sizes,
            text=text,
            reproduce=self.command(),
            resume=resume,
            unlabelled=parts.unlabelled,
            target=parts.target,
        )

    def command(self, out: str = "checkpoints/again") -> str:
        """The same run as words of the command line."""
        source = self.source
        flags = {
            "model": self.model,
            "attention": self.attention,
            "data": source.data,
            "validation": source.validation,
            "test": source.test,
            "text-column": source.text_column,
            "label-column": source.label_column,
            "split-column": source.split_column,
            "group-column": source.group_column,
            "split-seed": source.split_seed,
            "unlabelled": source.unlabelled,
            "adapt-to": source.adapt_to,
            "domain-column": source.domain_column,
            "limit": source.limit,
            "epochs": self.settings.get("epochs"),
            "seed": self.settings.get("seed"),
            "out": out,
        }
        usual = {"text-column": "text", "label-column": "label"}
        words = [
            word
            for name, value in flags.items()
            if value is not None and value != usual.get(name)
            for word in (f"--{name}", str(value))
        ]
        own = {k: v for k, v in self.settings.items() if k not in ("epochs", "seed")}
        pairs = self._pairs({**own, **self.sizes, **self.text})
        sets = [word for pair in pairs for word in ("--set", pair)]
        return shlex.join(["python", "-m", "han_core", "train", *words, *sets])

    @staticmethod
    def _pairs(values: dict[str, Value]) -> list[str]:
        """``key=value`` as after ``--set``; None stands for the default."""
        return [
            f"{key}={','.join(value) if isinstance(value, list) else value}"
            for key, value in values.items()
            if value is not None
        ]


def checked_plan(**values: object) -> Plan:
    """A plan of what somebody filled in.

    Raises:
        UserError: says in one sentence which value does not fit.
    """
    plan = checked(Plan, values)
    assert isinstance(plan, Plan)
    plan.parsed()
    return plan


def read_plan(folder: Path) -> Plan:
    """The plan of a run's folder.

    Raises:
        UserError: if it is missing or damaged.
    """
    values = read_json(folder / CONFIG)
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise UserError(
            tr("{file} in {folder} is a plan; it is none here.", file=CONFIG, folder=folder.name)
        )
    return checked_plan(**values)


def new_folder(plan: Plan) -> Path:
    """Make a folder for a new run that holds its plan and nothing else.

    Raises:
        UserError: if the disk takes no more.
    """
    name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"
    folder = runs_root() / name
    with system_errors(tr("The run cannot be kept on this machine")):
        folder.mkdir(mode=0o700, parents=True)
        try:
            write_json(folder / CONFIG, plan.model_dump(mode="json"))
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return folder


def forecast(plan: Plan, look: DataPreview) -> Estimate:
    """Parameters, memory and time of ``plan`` on data like ``look``.

    Raises:
        UserError: if settings, device or the checkpoint to start from do not fit, or none of
            the texts has a word.
    """
    settings, sizes, text = plan.parsed()
    begun = origin(settings)
    model, attention = plan.model, plan.attention or "additive"
    if begun is not None:
        model, attention = begun.model(plan.model, plan.attention)  # type: ignore[assignment]
        sizes, text = begun.sizes(sizes), begun.text(text)
    shape = shape_of(model, attention, sizes, 2, max(2, len(look.classes)))
    untaught = look.unlabelled if NOBODY in settings.teachers else 0
    return estimate(
        look.texts,
        look.documents + look.unlabelled - untaught,
        shape,
        settings,
        text,
        choose_device(plan.device),
        None if begun is None else begun.vocabulary,
        settings.stretches * look.documents,
        adapting=plan.source.adapt_to is not None
        or (untaught > 0 and settings.virtual_adversarial > 0),
        untaught=untaught,
    )


FORMS = {
    "dot": mark("{model}, dot attention"),
    "general": mark("{model}, general attention"),
    "linear": mark("{model}, linear attention"),
}


def model_of(plan: Plan) -> str:
    """The kind of model: "HAN", "BiLSTM, dot attention"."""
    name = model_kind(plan.model).title
    if plan.attention in (None, "additive"):
        return name
    return tr(FORMS[plan.attention], model=name)


def data_name(spec: str) -> str:
    """Data as people call them: a file without its folders."""
    if spec.startswith(("hf:", "bundled:")):
        return spec
    return prefix_of(spec) + Path(file_of(spec)).name


def settings_of(plan: Plan) -> dict[str, str]:
    """All that a plan asks for, defaults included, as text by name; "" for nothing."""
    settings, sizes, text = plan.parsed()
    sizes = shape_of(plan.model, plan.attention or "additive", sizes, 2, 2).model_dump(
        exclude={*COMPUTED, *model_kind(plan.model).unused_settings}
    )
    source = plan.source
    values: dict[str, object] = {
        "model": plan.model,
        "attention": plan.attention,
        "data": data_name(source.data),
        "validation": data_name(source.validation),
        "test": source.test and data_name(source.test),
        "text_column": source.text_column,
        "label_column": source.label_column,
        "split_column": source.split_column,
        "group_column": source.group_column,
        "split_seed": source.split_seed,
        "unlabelled": source.unlabelled and data_name(source.unlabelled),
        "adapt_to": source.adapt_to and data_name(source.adapt_to),
        "domain_column": source.domain_column,
        "limit": source.limit,
        **settings.model_dump(exclude=set() if source.adapt_to else {*DOMAIN}),
        "teachers": settings.teachers if source.unlabelled or settings.stretches else None,
        **sizes,
        **text.model_dump(),
        "device": plan.device,
    }
    return {name: _as_text(value) for name, value in values.items()}


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
