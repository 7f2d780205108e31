"""From texts and pictures to the predictions and the attention of a ``HanImageNetwork``."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch

from han_core.data.pictures import Picture, PictureSet
from han_core.models.checkpoint import TextConfig
from han_core.models.han_image import (
    NOTHING,
    HanImageConfig,
    HanImageNetwork,
    PictureBatch,
    PictureOutput,
)
from han_core.models.predict import check_finite
from han_core.models.system_folder import SystemCheckpoint
from han_core.text.batch import NumberedDocument, collate, number_document
from han_core.text.document import Document
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import Vocabulary

BATCH_DOCUMENTS, BATCH_TOKENS = 64, 20_000  # of a pass


@dataclass(frozen=True)
class PictureDocument:
    """A document as the network reads it.

    Attributes:
        text: its sentences and words.
        words: their numbers; None where there is no word, or the text is left out.
        picture: None where there is none, or it is left out.

    Raises:
        ValueError: if both are None.
    """

    text: Document
    words: NumberedDocument | None
    picture: Picture | None

    def __post_init__(self) -> None:
        if self.words is None and self.picture is None:
            raise ValueError("A document has words or a picture.")

    def without_text(self) -> "PictureDocument":
        return replace(self, words=None)

    def without_picture(self) -> "PictureDocument":
        return replace(self, picture=None)


@dataclass(frozen=True)
class PictureAnswer:
    """The prediction for a document, and the attention that led to it.

    Attributes:
        probabilities: (classes,)
        sentences, words: (sentences,) and (tokens,) as of ``Output``; empty without a text.
        patches: (rows, columns) with sum 1; None without a picture.
        modalities: (2,) weights of text and picture; None where the fusion has none.
    """

    probabilities: np.ndarray
    sentences: np.ndarray
    words: np.ndarray
    patches: np.ndarray | None
    modalities: np.ndarray | None


def config_of(checkpoint: SystemCheckpoint) -> HanImageConfig:
    """Return the configuration of a checkpoint for texts with pictures."""
    assert isinstance(checkpoint.config, HanImageConfig)
    return checkpoint.config


def network_of(checkpoint: SystemCheckpoint) -> HanImageNetwork:
    """Return its network."""
    assert isinstance(checkpoint.model, HanImageNetwork)
    return checkpoint.model


@lru_cache(maxsize=8)
def picture_tokenizer(text: TextConfig) -> Tokenizer:
    """Return the tokenizer of the text side."""
    return Tokenizer(text.language, text.maximum_tokens, text.segmentation, text.tokenizer_version)


@lru_cache(maxsize=8)
def _vocabulary(words: tuple[str, ...], lowercase: bool) -> Vocabulary:
    return Vocabulary(words, lowercase)


def picture_document(
    text: Document, picture: Picture | None, config: HanImageConfig
) -> PictureDocument:
    """Return a text, which may have no word, and a picture of the network's size as it reads them.

    Raises:
        ValueError: if the picture has another size, or there is neither a word nor a picture.
    """
    if picture is not None and picture.placement.size != config.size:
        raise ValueError(f"{picture.placement.size} pixels came, {config.size} expected.")
    vocabulary = _vocabulary(config.words, config.text.lowercase)
    words = number_document(text, vocabulary) if text.tokens else None
    return PictureDocument(text, words, picture)


def prepared(data: PictureSet, config: HanImageConfig) -> list[PictureDocument]:
    """Return the documents of a set as ``picture_document`` does."""
    tokenizer = picture_tokenizer(config.text)
    return [
        picture_document(tokenizer(text), picture, config)
        for text, picture in zip(data.texts, data.pictures, strict=True)
    ]


def collate_documents(
    documents: Sequence[PictureDocument], size: int, targets: np.ndarray | None = None
) -> PictureBatch:
    """Return a batch of documents with pictures of ``size`` and their classes (documents,)."""
    blank = np.zeros((size, size, 3), np.uint8)
    pixels = [blank if one.picture is None else one.picture.pixels for one in documents]
    present = [[one.words is not None, one.picture is not None] for one in documents]
    return PictureBatch(
        collate([one.words or NOTHING for one in documents]),
        torch.from_numpy(np.stack(pixels)),
        torch.tensor(present),
        None if targets is None else torch.from_numpy(targets),
    )


def answer_documents(
    checkpoint: SystemCheckpoint,
    documents: Sequence[PictureDocument],
    patches: np.ndarray | None = None,
) -> list[PictureAnswer]:
    """Return the predictions of documents, in their order.

    Args:
        patches: (documents, patches) attention to use instead of the network's own.

    Raises:
        UserError: if the model's weights are too large to give numbers.
    """
    model, config = network_of(checkpoint), config_of(checkpoint)
    return network_answers(model, config, documents, checkpoint.name, patches)


def network_answers(
    model: HanImageNetwork,
    config: HanImageConfig,
    documents: Sequence[PictureDocument],
    name: str,
    patches: np.ndarray | None = None,
) -> list[PictureAnswer]:
    """As ``answer_documents``, of a network in evaluation mode; ``name`` is for sentences."""
    device = model.output.weight.device
    answers: list[PictureAnswer] = []
    for start, end in _runs(documents):
        batch = collate_documents(documents[start:end], config.size).to(device)
        given = None
        if patches is not None:
            given = torch.from_numpy(patches[start:end]).float().to(device)
        with torch.inference_mode():
            output = model(batch, patches=given)
        check_finite(output.scores, name)
        answers += _answers(output, batch, config.patches)
    return answers


def _runs(documents: Sequence[PictureDocument]) -> list[tuple[int, int]]:
    """Runs of documents for one pass each."""
    runs, start, tokens = [], 0, 0
    for at, one in enumerate(documents):
        tokens += 1 if one.words is None else len(one.words.words)
        if at > start and (at - start == BATCH_DOCUMENTS or tokens > BATCH_TOKENS):
            runs.append((start, at))
            start, tokens = at, 0
    return [*runs, (start, len(documents))] if documents else []


def _answers(output: PictureOutput, batch: PictureBatch, patches: int) -> list[PictureAnswer]:
    probabilities = output.scores.cpu().double().softmax(1).numpy()
    tokens, sentences = batch.text.tokens_per_document, batch.text.document_lengths
    words = output.word_weights.cpu().double().split(tokens.tolist())
    parts = output.sentence_weights.cpu().double().split(sentences.tolist())
    grids = output.patches.cpu().double().view(-1, patches, patches).numpy()
    weights = None if output.modalities is None else output.modalities.cpu().double().numpy()
    answers = []
    for row, (has_text, has_picture) in enumerate(batch.present.tolist()):
        answers.append(
            PictureAnswer(
                probabilities[row],
                parts[row].numpy() if has_text else np.empty(0),
                words[row].numpy() if has_text else np.empty(0),
                grids[row] if has_picture else None,
                None if weights is None else weights[row],
            )
        )
    return answers
