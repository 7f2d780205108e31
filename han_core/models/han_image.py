"""A document with a picture: a Hierarchical Attention Network beside a small network of patches.

The text's vector (Yang et al. 2016, section 2.2) and the picture's (attention over patches) are
brought to one size and fused. ``fusion`` says how:

* attention: a third level of additive attention over the two, whose weights sum to 1; a part that
  is missing has weight 0
* concatenation: both beside each other through a hidden layer, with a learnt vector in the place
  of a part that is missing; there are no weights between the two
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn

from han_core.data.labels import check_names
from han_core.models.architecture import Architecture
from han_core.models.attention import AdditiveAttention
from han_core.models.checkpoint import TextConfig
from han_core.models.han import HierarchicalAttention
from han_core.models.picture_patches import PATCH, PatchNetwork, standardised
from han_core.models.system_folder import System, SystemConfig
from han_core.runtime.messages import mark
from han_core.text.batch import Batch, NumberedDocument, owners
from han_core.text.vocabulary import PADDING, RESERVED

Fusion = Literal["attention", "concatenation"]
MODALITIES = ("text", "image")
NOTHING = NumberedDocument(np.array([PADDING], np.int32), np.array([1], np.int32))
"""What stands in a batch for a text that is missing: one word whose vector is 0."""


class HanImageConfig(SystemConfig):
    """Words and sizes of the network.

    Attributes:
        words: the vocabulary.
        size: pixels of the side of the square that a picture is fitted into.
        fusion: how text and picture come together.
        embedding, hidden: of a word, and of one direction of an encoder.
        width: channels of the first block of convolutions.
        attention_size: units of every attention.
        fused: numbers of each part, and of the document's vector.
        dropout_words, dropout: in training, on words, and on all vectors after them.
        dropout_modality: in training, how often a document loses its text, and its picture.
        alone: in training, the weight of the loss of each part alone, beside 1 of both.
        unknown_words: in training, the share of words that are read as unknown.
        smoothing: in training, the share of each target that is spread over all classes (Szegedy
            et al. 2016, section 7).
        variation: in training, how far pictures are moved, as a share of half their side.
    """

    system: Literal["han-image"] = "han-image"
    text: TextConfig = TextConfig()
    words: tuple[str, ...] = Field(min_length=2, max_length=100_000)
    size: int = Field(default=48, ge=PATCH, le=256, multiple_of=PATCH)
    fusion: Fusion = "attention"
    embedding: int = Field(default=100, ge=1, le=2_048)
    hidden: int = Field(default=50, ge=1, le=1_024)
    width: int = Field(default=32, ge=1, le=256)
    attention_size: int = Field(default=64, ge=1, le=1_024)
    fused: int = Field(default=128, ge=1, le=2_048)
    dropout_words: float = Field(default=0.5, ge=0, lt=1)
    dropout: float = Field(default=0.5, ge=0, lt=1)
    dropout_modality: float = Field(default=0.15, ge=0, le=0.5)
    alone: float = Field(default=0.3, ge=0, le=10)
    unknown_words: float = Field(default=0.1, ge=0, lt=1)
    smoothing: float = Field(default=0.1, ge=0, lt=1)
    variation: float = Field(default=0.125, ge=0, le=1)

    @field_validator("labels")
    @classmethod
    def _can_name_classes(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        check_names(labels)
        if len(labels) < 2:
            raise ValueError("two classes or more are expected")
        return labels

    @model_validator(mode="after")
    def _words_are_a_vocabulary(self) -> "HanImageConfig":
        if self.words[:2] != RESERVED or len(set(self.words)) != len(self.words):
            raise ValueError("a vocabulary begins with the reserved words, each word once")
        return self

    @property
    def patches(self) -> int:
        """Rows, and columns, of patches."""
        return self.size // PATCH

    @property
    def architecture(self) -> Architecture:
        """Sizes of the text's network, whose own output layer is not used."""
        return Architecture(
            model="han",
            vocabulary_size=len(self.words),
            classes=2,
            embedding=self.embedding,
            hidden=self.hidden,
            attention_size=self.attention_size,
            dropout_words=self.dropout_words,
            dropout_document=self.dropout,
        )


@dataclass(frozen=True)
class PictureBatch:
    """Documents with pictures.

    Attributes:
        text: of every document; ``NOTHING`` where it is missing.
        pixels: (documents, size, size, 3) uint8; anything where the picture is missing.
        present: (documents, 2) bool, whether there is a text, and a picture.
        targets: (documents,) classes; None where nobody knows them.

    Raises:
        ValueError: if the numbers of documents differ, or one has neither text nor picture.
    """

    text: Batch
    pixels: Tensor
    present: Tensor
    targets: Tensor | None = None

    def __post_init__(self) -> None:
        documents = len(self.text)
        if len(self.pixels) != documents or self.present.shape != (documents, 2):
            raise ValueError(f"{documents} texts, {len(self.pixels)} pictures.")
        if not self.present.any(1).all():
            raise ValueError("A document has a text or a picture.")

    def to(self, device: torch.device) -> "PictureBatch":
        targets = None if self.targets is None else self.targets.to(device)
        return PictureBatch(
            self.text.to(device), self.pixels.to(device), self.present.to(device), targets
        )


@dataclass(frozen=True)
class PictureOutput:
    """What the network answers.

    Attributes:
        scores: (documents, classes) logits.
        sentence_weights, word_weights: as of ``Output``; of no meaning where the text is missing.
        patches: (documents, patches) sum 1 in each picture; of no meaning where it is missing.
        modalities: (documents, 2) weights of text and picture with sum 1; None where the fusion
            has none.
        patch_states: (documents, patches, size) what the attention over patches weighs.
        parts: (documents, 2, fused) what is fused.
    """

    scores: Tensor
    sentence_weights: Tensor
    word_weights: Tensor
    patches: Tensor
    modalities: Tensor | None
    patch_states: Tensor
    parts: Tensor


class HanImageNetwork(nn.Module):
    """The network of a configuration."""

    def __init__(self, config: HanImageConfig):
        super().__init__()
        self.text = HierarchicalAttention(config.architecture)
        self.text.add_module("classifier", nn.Identity())  # the document's vector is fused
        self.image = PatchNetwork(config.width, config.attention_size)
        self.text_part = nn.Linear(2 * config.hidden, config.fused)
        self.image_part = nn.Linear(self.image.size, config.fused)
        fusion = _AttentionFusion if config.fusion == "attention" else _ConcatenationFusion
        self.fusion = fusion(config)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.fused, len(config.labels))

    def forward(
        self, batch: PictureBatch, pixels: Tensor | None = None, patches: Tensor | None = None
    ) -> PictureOutput:
        """Return scores and attention of each document.

        Args:
            pixels: (documents, 3, size, size) standardised ones instead of the batch's.
            patches: (documents, patches) attention to use instead of the network's own.
        """
        text = self.text(batch.text)
        image = self.image(standardised(batch.pixels) if pixels is None else pixels, patches)
        parts = torch.stack(
            (self.text_part(text.documents), self.image_part(self.dropout(image.vectors))), 1
        ).relu()  # (documents, 2, fused)
        scores, weights = self.decide(parts, batch.present)
        return PictureOutput(
            scores,
            text.sentence_weights,
            text.word_weights,
            image.attention,
            weights,
            image.states,
            parts,
        )

    def decide(self, parts: Tensor, present: Tensor) -> tuple[Tensor, Tensor | None]:
        """Fuse the parts that are there: (documents, 2, fused), (documents, 2) bool.

        Returns:
            scores (documents, classes), and the weights of the two, (documents, 2) or None.
        """
        vectors, weights = self.fusion(parts, present)
        return self.output(self.dropout(vectors)), weights


class _AttentionFusion(nn.Module):
    """A weighted sum of the parts that are there."""

    def __init__(self, config: HanImageConfig):
        super().__init__()
        self.attention = AdditiveAttention(config.fused, config.attention_size)

    def forward(self, parts: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """(documents, 2, fused), (documents, 2) → (documents, fused), (documents, 2)"""
        owner = owners(present.sum(1))
        pooled, weights = self.attention(parts[present], owner, parts[:, 0])
        return pooled, weights.new_zeros(present.shape).masked_scatter(present, weights)


class _ConcatenationFusion(nn.Module):
    """A hidden layer over both parts."""

    def __init__(self, config: HanImageConfig):
        super().__init__()
        self.missing = nn.Parameter(torch.zeros(2, config.fused))
        self.hidden = nn.Linear(2 * config.fused, config.fused)

    def forward(self, parts: Tensor, present: Tensor) -> tuple[Tensor, None]:
        """As ``_AttentionFusion``, without weights."""
        filled = torch.where(present.unsqueeze(2), parts, self.missing)
        return self.hidden(filled.flatten(1)).relu(), None


HAN_IMAGE = System(
    name="han-image",
    title=mark("Text with a picture"),
    input=mark("a text, a picture, or both"),
    output=mark("a class"),
    config=HanImageConfig,
    build=HanImageNetwork,
    commands="han_core.cli.pictures",
    page="Pictures",
    worker="han_core.cli.picture_job",
    abilities=frozenset({"attention", "deletion", "gradient", "what-if"}),
)
