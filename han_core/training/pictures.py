"""Train a network on texts with pictures: vocabulary, lesson, figures, checkpoint folder."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from han_core.data.pictures import PictureSet
from han_core.models.checkpoint import TextConfig
from han_core.models.han_image import (
    MODALITIES,
    HanImageConfig,
    HanImageNetwork,
    PictureBatch,
)
from han_core.models.picture_patches import standardised, varied
from han_core.models.picture_predict import (
    PictureDocument,
    answer_documents,
    collate_documents,
    config_of,
    network_answers,
    picture_tokenizer,
    prepared,
)
from han_core.models.predict import metrics
from han_core.models.system_folder import SystemCheckpoint
from han_core.runtime.errors import UserError, listed, shown
from han_core.runtime.messages import tr
from han_core.text.batch import Batch
from han_core.text.vocabulary import PADDING, RESERVED, UNKNOWN, Vocabulary
from han_core.training.callbacks import Callbacks
from han_core.training.loop import Lesson, LoopSettings
from han_core.training.settings import checked
from han_core.training.system_run import (
    COMPUTED,
    Preparation,
    fingerprint,
    sort_assignments,
    train_system,
)

MOST_CLASSES = 1_000
DEFAULTS: dict[str, object] = {"epochs": 30, "batch_size": 32, "weight_decay": 0.1}
TEXT = set(TextConfig.model_fields)


@dataclass(frozen=True)
class PictureRequest:
    """A run.

    Attributes:
        validation, test: None where there are none.
        sizes: fields of ``HanImageConfig``.
        text: fields of ``TextConfig``.
        out: the checkpoint folder to write.
        resume: go on with the run in ``out``, or begin one where there is none.
        reproduce: the command that does the same again.
    """

    training: PictureSet
    validation: PictureSet | None
    test: PictureSet | None
    sizes: Mapping[str, object]
    text: Mapping[str, object]
    settings: LoopSettings
    out: Path
    resume: bool = False
    reproduce: str = ""


def parse_assignments(pairs: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return what ``key=value`` pairs set: of the ``loop``, of ``sizes``, and of the ``text``.

    Raises:
        UserError: names the key that is unknown.
    """
    owners = {
        "loop": set(LoopSettings.model_fields),
        "sizes": set(HanImageConfig.model_fields) - COMPUTED - {"text", "words"},
        "text": TEXT,
    }
    return sort_assignments(pairs, owners)


def picture_size(sizes: Mapping[str, object]) -> int:
    """Return the pixels of a side that ``sizes`` ask for, before there is any picture.

    Raises:
        UserError: if that is no multiple of a patch, or too large.
    """
    asked = {"size": sizes["size"]} if "size" in sizes else {}
    blank = checked(HanImageConfig, {**asked, "words": RESERVED, "labels": ("a", "b")})
    assert isinstance(blank, HanImageConfig)
    return blank.size


def train_pictures(request: PictureRequest, device: torch.device, watch: Callbacks) -> dict:
    """Run ``request`` to its end; ``train_system`` says what it returns and raises."""
    return train_system(request, lambda: _prepare(request, device, watch), device, watch)


def _prepare(
    request: PictureRequest, device: torch.device, watch: Callbacks
) -> Preparation[PictureBatch]:
    """The vocabulary of the training texts, the network and the lesson."""
    training, test = request.training, request.test
    for note in training.notes:
        watch.say(note)
    config = _config(request)
    lesson = _PictureLesson(request, config, device)
    torch.manual_seed(request.settings.seed)
    model = HanImageNetwork(config).to(device)
    pixels = [one.pixels for one in training.pictures if one is not None]
    described = Lesson(
        len(training),
        lesson.collate,
        lesson.loss,
        lesson.validate if request.validation else None,
        lambda reached: (reached["accuracy"], -reached["loss"]),
        fingerprint(request.settings, config, training.texts, training.labels, arrays=pixels),
    )
    test_figures = None if test is None else lambda written: picture_figures(written, test)
    return Preparation("documents", len(training), config, model, described, test_figures)


class _PictureLesson:
    """Batches, loss and validation of a request."""

    def __init__(self, request: PictureRequest, config: HanImageConfig, device: torch.device):
        self.config, self.device = config, device
        self.documents = prepared(request.training, config)
        self.targets = targets_of(request.training, config)
        self.validation: tuple[list[PictureDocument], np.ndarray] | None = None
        if request.validation is not None:
            targets = targets_of(request.validation, config)
            self.validation = prepared(request.validation, config), targets
        if request.test is not None:
            targets_of(request.test, config)

    def collate(self, rows: Sequence[int]) -> PictureBatch:
        """Documents of which some lose their text, their picture, or a word."""
        chance = torch.rand(len(rows)).tolist()
        chosen = [
            _thinned(self.documents[row], drawn, self.config.dropout_modality)
            for row, drawn in zip(rows, chance, strict=True)
        ]
        batch = collate_documents(chosen, self.config.size, self.targets[list(rows)])
        if self.config.unknown_words:
            batch = replace(batch, text=_some_unknown(batch.text, self.config.unknown_words))
        return batch.to(self.device)

    def loss(self, model: nn.Module, batch: PictureBatch) -> Tensor:
        """Cross-entropy of the whole documents, and ``alone`` times that of each part of them."""
        assert isinstance(model, HanImageNetwork)
        assert batch.targets is not None
        pixels = standardised(batch.pixels)
        if self.config.variation:
            pixels = varied(pixels, self.config.variation)
        output = model(batch, pixels)
        smoothing = self.config.smoothing
        loss = cross_entropy(output.scores, batch.targets, label_smoothing=smoothing)
        whole = batch.present.all(1)
        if not self.config.alone or not whole.any():
            return loss
        targets = batch.targets[whole]
        for part in range(len(MODALITIES)):
            only = torch.zeros_like(batch.present[whole])
            only[:, part] = True
            scores, _ = model.decide(output.parts[whole], only)
            part_loss = cross_entropy(scores, targets, label_smoothing=smoothing)
            loss = loss + self.config.alone * part_loss
        return loss

    def validate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, HanImageNetwork)
        assert self.validation is not None
        documents, targets = self.validation
        answers = network_answers(model, self.config, documents, tr("The model"))
        return metrics(np.stack([answer.probabilities for answer in answers]), targets)


def _thinned(document: PictureDocument, drawn: float, share: float) -> PictureDocument:
    """The document without its text in the lowest ``share``, without its picture in the highest."""
    if document.words is None or document.picture is None or share <= drawn < 1 - share:
        return document
    return document.without_text() if drawn < share else document.without_picture()


def _some_unknown(text: Batch, share: float) -> Batch:
    """The texts with a ``share`` of their words unknown, as many words of new texts are."""
    unknown = torch.rand(len(text.words)) < share
    words = text.words.masked_fill(unknown & (text.words != PADDING), UNKNOWN)
    return replace(text, words=words)


def _config(request: PictureRequest) -> HanImageConfig:
    text = checked(TextConfig, dict(request.text))
    assert isinstance(text, TextConfig)
    tokenizer = picture_tokenizer(text)
    words = (tokenizer(one).token_texts() for one in request.training.texts)
    vocabulary = Vocabulary.build(words, minimum_count=1, lowercase=text.lowercase)
    values = {
        "text": text,
        "words": vocabulary.words,
        "labels": class_names(request.training),
    }
    config = checked(HanImageConfig, {**request.sizes, **values})
    assert isinstance(config, HanImageConfig)
    return config


def class_names(data: PictureSet) -> tuple[str, ...]:
    """Return the classes in order.

    Raises:
        UserError: if there is only one, or nearly each document has a class of its own.
    """
    counts = Counter(data.labels)
    if not 2 <= len(counts) <= min(MOST_CLASSES, max(2, len(data) // 2)):
        raise UserError(
            tr(
                "Training needs documents of at least two classes, and several of each; {classes} "
                "came in {data}.",
                classes=listed(tuple(counts), 5) or tr("none"),
                data=data.name,
            )
        )
    return tuple(sorted(counts))


def targets_of(data: PictureSet, config: HanImageConfig) -> np.ndarray:
    """Return the class of each document (documents,) int64.

    Raises:
        UserError: if there are none, or one is no class of the model.
    """
    if not data.labels:
        raise UserError(
            tr("{name} has no labels; a class for each document was expected.", name=data.name)
        )
    classes = {label: number for number, label in enumerate(config.labels)}
    for label in data.labels:
        if label not in classes:
            raise UserError(
                tr(
                    '{name} has the class "{label}", which the model does not know; its classes '
                    "are {listed}.",
                    name=data.name,
                    label=shown(label),
                    listed=listed(config.labels, 10),
                )
            )
    return np.array([classes[label] for label in data.labels], np.int64)


def picture_figures(checkpoint: SystemCheckpoint, data: PictureSet) -> dict[str, float]:
    """Return accuracy, macro F1 and loss; and the accuracy with texts and with pictures alone.

    Raises:
        UserError: as ``targets_of`` and ``answer_documents``.
    """
    config = config_of(checkpoint)
    documents, targets = prepared(data, config), targets_of(data, config)
    figures = _figures(checkpoint, documents, targets)
    whole = [one.words is not None and one.picture is not None for one in documents]
    if not all(whole):
        return figures
    texts = [one.without_picture() for one in documents]
    pictures = [one.without_text() for one in documents]
    return figures | {
        "accuracy_text_alone": _figures(checkpoint, texts, targets)["accuracy"],
        "accuracy_image_alone": _figures(checkpoint, pictures, targets)["accuracy"],
    }


def _figures(
    checkpoint: SystemCheckpoint, documents: Sequence[PictureDocument], targets: np.ndarray
) -> dict[str, float]:
    answers = answer_documents(checkpoint, documents)
    return metrics(np.stack([answer.probabilities for answer in answers]), targets)


def timed_evaluation(checkpoint: SystemCheckpoint, data: PictureSet) -> dict:
    """As ``picture_figures``, with the number of documents and the documents a second."""
    started = time.perf_counter()
    figures = picture_figures(checkpoint, data)
    speed = len(data) / (time.perf_counter() - started)
    return {"n": len(data), **figures, "documents_per_second": round(speed, 2)}
