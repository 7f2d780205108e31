"""The weights that a run starts from: random ones, or those of a checkpoint.

The checkpoint decides model, sizes, language and words, and the attention form unless another
is asked for; classes are kept where the new data have the same ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from han_core.data.labels import same_classes
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import Checkpoint, TextConfig, load_checkpoint
from han_core.models.classifier import AttentionClassifier
from han_core.models.registry import build_model, model_kind
from han_core.runtime.errors import UserError, listed
from han_core.runtime.messages import tr
from han_core.text.vocabulary import RESERVED, UNKNOWN, Vocabulary
from han_core.text.word_vectors import read_vectors
from han_core.training.optimization import freeze_words
from han_core.training.settings import COMPUTED, Settings

SIZES = (
    frozenset(Architecture.model_fields)
    - COMPUTED
    - {
        name
        for name in Architecture.model_fields
        if name.startswith("dropout") or name == "attention_noise"
    }
)
"""Fields of the architecture that a run takes from the checkpoint that it starts from."""


def frozen_caution(name: str, own: Sequence[str], labels: Sequence[str]) -> str:
    """Return a warning for words that stay as a checkpoint learnt them for other classes."""
    return tr(
        "{name} learnt to tell {own} apart, and its word level stays frozen: for "
        "{labels}, training whole usually does much better.",
        name=name,
        own=listed(own, 5),
        labels=listed(labels, 5),
    )


@dataclass(frozen=True)
class Origin:
    """The checkpoint that a run starts from."""

    checkpoint: Checkpoint

    @property
    def vocabulary(self) -> Vocabulary:
        return self.checkpoint.vocabulary

    def model(self, model: str, attention: str | None) -> tuple[str, str]:
        """Model and attention form: the checkpoint's, but for a form asked for.

        Raises:
            UserError: if another model was asked for.
        """
        own = self.checkpoint.config.architecture
        self._agrees("model", model, own.model)
        return own.model, attention or own.attention

    def freezes(self, attention: str) -> None:
        """For a run that keeps the words as they are.

        Raises:
            UserError: if it has another attention form, which would stay as it was drawn.
        """
        self._agrees("attention", attention, self.checkpoint.config.architecture.attention)

    def sizes(self, changed: Mapping[str, object]) -> dict[str, object]:
        """Fields of the architecture: the checkpoint's, but for dropout and noise asked for.

        Raises:
            UserError: if other sizes were asked for.
        """
        own = self.checkpoint.config.architecture.model_dump(exclude=COMPUTED)
        for name in changed.keys() & SIZES:
            self._agrees(name, changed[name], own[name])
        return {**own, **changed}

    def text(self, requested: TextConfig) -> TextConfig:
        """How texts are split: as for the checkpoint, but for a limit asked for.

        Raises:
            UserError: if another language, segmentation or case was asked for.
        """
        own = self.checkpoint.config.text
        for name in requested.model_fields_set - {"maximum_tokens"}:
            self._agrees(name, getattr(requested, name), getattr(own, name))
        changed = requested.model_dump(include=requested.model_fields_set)
        return own.model_copy(update=changed)

    def names(self, classes: Sequence[str]) -> tuple[str, ...] | None:
        """The checkpoint's names for the classes of new data, in their order.

        None where they are not the same classes, each for each.
        """
        own = self.checkpoint.labels
        meanings = same_classes(classes, own)
        return None if meanings is None else tuple(own[meaning] for meaning in meanings)

    def has_classes(self, labels: Sequence[str]) -> bool:
        """Whether a run of these classes keeps the checkpoint's class layer."""
        return set(labels) == set(self.checkpoint.labels)

    def is_whole(self, labels: Sequence[str], architecture: Architecture) -> bool:
        """Whether a run takes all weights over, and so decides at first as the checkpoint does."""
        own = self.checkpoint.config.architecture.attention
        return self.has_classes(labels) and architecture.attention == own

    def frozen_caution(self, labels: Sequence[str]) -> str:
        """A warning, as a sentence, for frozen words that were learnt for other classes."""
        return frozen_caution(self.checkpoint.name, self.checkpoint.labels, labels)

    def describe(self, vocabulary: Vocabulary, labels: Sequence[str], attention: str) -> str:
        """What a run with this attention form takes over, as a sentence."""
        known = set(self.vocabulary.words)
        new = sum(word not in known for word in vocabulary.words)
        same = self.has_classes(labels)
        classes = f"{', '.join(labels[:10])}{', …' * (len(labels) > 10)}"
        own = self.checkpoint.config.architecture.attention
        parts = [tr("{kept:,} words kept, {new:,} added", kept=len(known) - len(RESERVED), new=new)]
        if attention != own:
            parts.append(
                tr("attention is {attention} instead of {own}", attention=attention, own=own)
            )
        parts.append(
            tr("class layer kept ({classes})", classes=classes)
            if same
            else tr("class layer drawn anew for other classes ({classes})", classes=classes)
        )
        return tr(
            "Starts from {name}: {parts}.", name=self.checkpoint.name, parts=tr("; ").join(parts)
        )

    def _agrees(self, name: str, requested: object, own: object) -> None:
        if requested != own:
            raise UserError(
                tr(
                    "{name}, which the run starts from, has {field} {own}; {field} {requested} was "
                    "asked for.",
                    name=self.checkpoint.name,
                    field=name,
                    own=own,
                    requested=requested,
                )
            )


def origin(settings: Settings, begun: Path | None = None) -> Origin | None:
    """The checkpoint named by ``start_from``; None where a run starts from nothing.

    Args:
        begun: the folder of the run to go on with, which stands for the one it began from.

    Raises:
        UserError: as ``load_checkpoint``.
    """
    return Origin(load_checkpoint(begun or settings.start_from)) if settings.start_from else None


def starting_model(
    architecture: Architecture,
    vocabulary: Vocabulary,
    labels: Sequence[str],
    settings: Settings,
    origin: Origin | None = None,
) -> tuple[AttentionClassifier, int]:
    """A model with weights drawn by the seed or taken over, and how many words have given vectors.

    Taken over are all weights of ``origin`` but those of its class layer where
    ``labels`` are not its classes, and of its attention where that has another form.
    A word that it does not know begins as its unknown word, so that a model of the same
    form decides at first exactly as it did, or with its vector in the given file.
    Torch's random numbers start anew with the seed.

    Raises:
        UserError: if the file of vectors is missing, broken, or holds none of the words.
        RuntimeError: if its vectors are of another size than the model's, or the model
            of ``origin`` is.
    """
    torch.manual_seed(settings.seed)
    model = build_model(architecture)
    known: frozenset[str] = frozenset()
    if origin:
        weights = _taken_over(origin, vocabulary, labels)
        if architecture.attention != origin.checkpoint.config.architecture.attention:
            weights = {name: w for name, w in weights.items() if not _of_attention(name)}
        model.load_state_dict({**model.state_dict(), **weights})
        known = frozenset(origin.vocabulary.words)
    if model_kind(architecture.model).pretrained:  # its pieces have the vectors of the base
        return model, 0
    found = _give_vectors(model, vocabulary, known, settings)
    model.embedding.weight.requires_grad_(not settings.freeze_vectors)
    if settings.freeze_words:
        freeze_words(model)
    return model, found


def _taken_over(origin: Origin, vocabulary: Vocabulary, labels: Sequence[str]) -> dict[str, Tensor]:
    """Weights by name for a model of ``vocabulary`` and ``labels``."""
    own = origin.checkpoint.labels
    weights = dict(origin.checkpoint.model.state_dict())
    numbers = {word: number for number, word in enumerate(origin.vocabulary.words)}
    rows = [numbers.get(word, UNKNOWN) for word in vocabulary.words]
    if "embedding.weight" in weights:
        weights["embedding.weight"] = weights["embedding.weight"][rows]
    same = set(labels) == set(own)
    for name in ("classifier.weight", "classifier.bias"):
        layer = weights.pop(name)
        if same:
            weights[name] = layer[[own.index(label) for label in labels]]
    return weights


def _of_attention(name: str) -> bool:
    return name.partition(".")[0].endswith("attention")


def _give_vectors(
    model: AttentionClassifier, vocabulary: Vocabulary, known: frozenset[str], settings: Settings
) -> int:
    """Give words that are not ``known`` their vectors in a file; how many it held."""
    new = [number for number, word in enumerate(vocabulary.words) if word not in known]
    if not settings.vectors or not new:
        return 0
    words = tuple(word for word in vocabulary.words if word not in known)
    table, found = read_vectors(
        settings.vectors,
        Vocabulary(words if not known else (*RESERVED, *words), vocabulary.lowercase),
        settings.seed,
    )
    with torch.no_grad():
        model.embedding.weight[new] = torch.from_numpy(table[len(table) - len(new) :])
    return found
