"""A checkpoint that a run starts from, and what it decides about the run.

It gives model, sizes, language and words, and the attention form unless another is asked
for; classes are kept where the new data have the same ones. It knows nothing about weights
or training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from han_core.corpora.labels import same_classes
from han_core.models.checkpoint import Checkpoint, TextConfig, load_checkpoint
from han_core.planning.settings import COMPUTED, Settings
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.wrong_input import WrongInput

SIZES = ("embedding", "hidden", "attention_size")


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
            WrongInput: if another model was asked for.
        """
        own = self.checkpoint.config.architecture
        self._agrees("model", model, own.model)
        return own.model, attention or own.attention

    def freezes(self, attention: str) -> None:
        """For a run that keeps the words as they are.

        Raises:
            WrongInput: if it has another attention form, which would stay as it was drawn.
        """
        self._agrees("attention", attention, self.checkpoint.config.architecture.attention)

    def sizes(self, asked: Mapping[str, object]) -> dict[str, object]:
        """Fields of the architecture: the checkpoint's, but for dropout and noise asked for.

        Raises:
            WrongInput: if other sizes were asked for.
        """
        own = self.checkpoint.config.architecture.model_dump(exclude=COMPUTED)
        for name in SIZES:
            if name in asked:
                self._agrees(name, asked[name], own[name])
        return {**own, **asked}

    def text(self, asked: TextConfig) -> TextConfig:
        """How texts are split: as for the checkpoint, but for a limit asked for.

        Raises:
            WrongInput: if another language, segmentation or case was asked for.
        """
        own = self.checkpoint.config.text
        for name in asked.model_fields_set & {"language", "segmentation", "lowercase"}:
            self._agrees(name, getattr(asked, name), getattr(own, name))
        given = asked.model_dump(include=asked.model_fields_set)
        return own.model_copy(update=given)

    def names(self, classes: Sequence[str]) -> tuple[str, ...] | None:
        """The checkpoint's names for the classes of new data, in their order.

        None where they are not the same classes, each for each.
        """
        own = self.checkpoint.labels
        meanings = same_classes(classes, own)
        return None if meanings is None else tuple(own[meaning] for meaning in meanings)

    def kept(self, vocabulary: Vocabulary, labels: Sequence[str], attention: str) -> str:
        """What a run with this attention form takes over, as a sentence."""
        known = set(self.vocabulary.words)
        new = sum(word not in known for word in vocabulary.words)
        same = set(labels) == set(self.checkpoint.labels)
        classes = f"{', '.join(labels[:10])}{', …' * (len(labels) > 10)}"
        layer = "kept" if same else "drawn anew for other classes"
        own = self.checkpoint.config.architecture.attention
        form = "" if attention == own else f" attention is {attention} instead of {own};"
        return (
            f"Starts from {self.checkpoint.name}: {len(known) - len(RESERVED):,} words kept, "
            f"{new:,} added;{form} class layer {layer} ({classes})."
        )

    def _agrees(self, name: str, asked: object, own: object) -> None:
        if asked != own:
            raise WrongInput(
                f"{self.checkpoint.name}, which the run starts from, has {name} {own}; "
                f"{name} {asked} was asked for."
            )


def origin(settings: Settings, begun: Path | None = None) -> Origin | None:
    """The checkpoint named by ``start_from``; None where a run starts from nothing.

    Args:
        begun: the folder of the run to go on with, which stands for the one it began from.

    Raises:
        WrongInput: as ``load_checkpoint``.
    """
    return Origin(load_checkpoint(begun or settings.start_from)) if settings.start_from else None
