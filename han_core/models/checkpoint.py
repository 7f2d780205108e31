"""A trained model as a folder that describes itself.

``model.safetensors`` (weights), ``config.json`` (architecture, tokeniser, labels),
``vocabulary.json``, ``metrics.json`` (what it was trained on and what it reached) and
``history.jsonl`` (a line an epoch). A folder is hostile until proven otherwise: nothing is
unpickled, shapes are checked before memory is taken, and checksums before anything is
believed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from torch import Tensor

import han_core
from han_core.data.labels import check_names
from han_core.models.architecture import Architecture, ModelKind
from han_core.models.classifier import AttentionClassifier
from han_core.models.pretrained.base import find_base
from han_core.models.recurrent.classifier import InputTable
from han_core.models.registry import blank_model, model_kind, restored_model
from han_core.models.weights import Precision, read_weights, write_weights
from han_core.runtime.atomic_io import checksum, current_folder, read_json, whole_folder, write_json
from han_core.runtime.checksums import write_checksum
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.runtime.paths import checkpoints_root
from han_core.text.batch import NumberedDocument, number_document
from han_core.text.document import Document
from han_core.text.tokenizer import LATEST, MAXIMUM_TOKENS, Tokenizer
from han_core.text.vocabulary import Vocabulary
from han_core.text.word_pieces import WordPieces

WEIGHTS, CONFIG, VOCABULARY = "model.safetensors", "config.json", "vocabulary.json"
METRICS, HISTORY = "metrics.json", "history.jsonl"
CARD, README = "card.json", "README.md"  # for readers; nothing of it decides how a model is loaded


class TextConfig(BaseModel):
    """How texts are split and looked up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str = Field(default="en", pattern=r"^[a-z]{2,3}$")
    lowercase: bool = True
    maximum_tokens: int = Field(default=MAXIMUM_TOKENS, ge=1, le=1_000_000)
    segmentation: Literal["words", "characters"] = "words"
    tokenizer_version: int = Field(default=LATEST, ge=1, le=LATEST)


class Config(BaseModel):
    """All that is needed to build a model again, apart from its weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    library: str = f"hanscope {han_core.__version__}"
    architecture: Architecture
    text: TextConfig = TextConfig()
    labels: tuple[str, ...]
    weights: Precision = "float32"
    sha256: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _names_the_tokenizer(cls, values: object) -> object:
        """A folder from before tokenizers had versions goes on reading with the first."""
        if isinstance(values, dict) and isinstance(text := values.get("text"), dict):
            return {**values, "text": {"tokenizer_version": 1, **text}}
        return values

    @field_validator("labels")
    @classmethod
    def _can_name_classes(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        check_names(labels)
        return labels

    @field_validator("architecture")
    @classmethod
    def _is_registered(cls, architecture: Architecture) -> Architecture:
        model_kind(architecture.model)
        return architecture


@dataclass(frozen=True)
class Checkpoint:
    """A model and all that is needed to use it.

    Attributes:
        name: the folder's name.
        model: in evaluation mode, float32.
        metrics: the content of ``metrics.json``.

    Raises:
        UserError: if labels, vocabulary and architecture disagree in number.
    """

    name: str
    config: Config
    vocabulary: Vocabulary
    model: AttentionClassifier
    metrics: dict

    def __post_init__(self) -> None:
        check_numbers(self.config, len(self.vocabulary))

    @property
    def labels(self) -> tuple[str, ...]:
        return self.config.labels

    @property
    def kind(self) -> ModelKind:
        return model_kind(self.config.architecture.model)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        text = self.config.text
        return Tokenizer(
            text.language, text.maximum_tokens, text.segmentation, text.tokenizer_version
        )

    def number(self, document: Document) -> NumberedDocument:
        """Return a document, which has at least one token, as the model reads it."""
        if self.pieces is None:
            return number_document(document, self.vocabulary)
        return self.pieces.number(document)

    @cached_property
    def pieces(self) -> WordPieces | None:
        """What the model reads in place of words, if its base reads pieces of them."""
        return find_base(self.config.architecture.base).pieces if self.kind.pretrained else None

    @property
    def special(self) -> tuple[str, ...]:
        """Names of the special positions around a window, such as [CLS] and [SEP]."""
        return self.pieces.special_names if self.pieces else ()

    @cached_property
    def inputs(self) -> InputTable:
        return InputTable(self.model)

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device


def save_checkpoint(
    folder: Path,
    config: Config,
    vocabulary: Vocabulary,
    weights: dict[str, Tensor],
    metrics: dict,
    history: Sequence[dict],
    resume: dict[str, bytes] | None = None,
) -> None:
    """Write a whole folder or nothing; ``resume`` adds files under ``resume/``."""
    with whole_folder(folder) as new:
        write_weights(new / WEIGHTS, weights, config.weights)
        write_json(new / VOCABULARY, list(vocabulary.words))
        sums = {name: checksum(new / name) for name in (WEIGHTS, VOCABULARY)}
        write_json(new / CONFIG, config.model_copy(update={"sha256": sums}).model_dump())
        write_json(new / METRICS, metrics)
        lines = [json.dumps(epoch) + "\n" for epoch in history]
        (new / HISTORY).write_text("".join(lines), encoding="utf-8")
        for name, content in (resume or {}).items():
            (new / "resume").mkdir(exist_ok=True)
            (new / "resume" / name).write_bytes(content)
            write_checksum(new / "resume" / name)


def load_checkpoint(folder: str | Path, device: torch.device | str = "cpu") -> Checkpoint:
    """Load a folder, or a checkpoint of ``checkpoints_root`` by its name.

    Raises:
        UserError: if a file is missing or damaged, or the parts do not fit.
    """
    named = find_folder(folder)
    folder = current_folder(named)
    config = read_config(folder)
    words = read_json(folder / VOCABULARY, largest=500_000_000)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise UserError(
            tr(
                "{vocabulary} in {name} is not the list of words that is expected.",
                vocabulary=VOCABULARY,
                name=folder.name,
            )
        )
    check_numbers(config, len(words))
    for name, expected in config.sha256.items():
        if name not in (WEIGHTS, VOCABULARY) or not (folder / name).is_file():
            raise UserError(tr("{name} has no {name_2}.", name=folder.name, name_2=name))
        if checksum(folder / name) != expected:
            raise UserError(
                tr(
                    "{name} in {name_2} is damaged: its checksum is wrong.",
                    name=name,
                    name_2=folder.name,
                )
            )
    weights = read_weights(folder / WEIGHTS, blank_model(config.architecture).state_dict())
    model = restored_model(config.architecture, weights).to(device).eval().requires_grad_(True)
    vocabulary = Vocabulary(tuple(words), config.text.lowercase)
    return Checkpoint(named.name, config, vocabulary, model, read_metrics(folder))


def find_folder(folder: str | Path) -> Path:
    """Return ``folder`` itself, or the checkpoint of that name in ``checkpoints_root``.

    It may not be there while it is replaced: ``standing`` says where its files are.

    Raises:
        UserError: names ``folder`` as it was given, if it is no checkpoint's.
    """
    given = str(folder)
    try:
        path = Path(folder).resolve()
        known = checkpoints_root().resolve() / path.name
        if not current_folder(path).is_dir() and known.name == given:
            path = known
        if given and current_folder(path).is_dir():
            if (current_folder(path) / CONFIG).exists():
                return path
            raise UserError(tr("{given} has no {config}.", given=given, config=CONFIG))
    except (OSError, ValueError) as error:  # a name too long, or with a NUL in it
        if isinstance(error, UserError):
            raise
        raise UserError(tr("{given!r} cannot be the name of a folder.", given=given)) from error
    raise UserError(tr("A checkpoint folder is expected; {given!r} is none.", given=given))


def read_config(folder: Path) -> Config:
    """Return the configuration of a folder.

    Raises:
        UserError: names the field that is wrong.
    """
    try:
        return Config.model_validate(read_json(folder / CONFIG))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "it"
        message = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise UserError(
            tr(
                "{config} in {name} does not fit: {field}: {message}.",
                config=CONFIG,
                name=folder.name,
                field=field,
                message=message,
            )
        ) from error


def read_metrics(folder: Path) -> dict:
    """Return the content of ``metrics.json``; empty where it is missing or cannot be read."""
    try:
        metrics = read_json(folder / METRICS)
    except UserError:
        return {}
    return metrics if isinstance(metrics, dict) else {}


def check_numbers(config: Config, words: int | None = None) -> None:
    """Check that a configuration names as many classes, and has as many words, as it says.

    Raises:
        UserError: says both numbers.
    """
    architecture = config.architecture
    if words is not None and architecture.vocabulary_size != words:
        raise UserError(
            tr(
                "The configuration speaks of {vocabulary_size} words; {words} came.",
                vocabulary_size=architecture.vocabulary_size,
                words=words,
            )
        )
    if architecture.classes != len(config.labels):
        raise UserError(
            tr(
                "The configuration speaks of {classes} classes and names {count}.",
                classes=architecture.classes,
                count=len(config.labels),
            )
        )
