"""What a document with a picture rests on: attention over words, patches and the two, and evidence.

* each part alone: the same network reads the text without the picture, and the picture alone
* deletion: words are left out, patches made white, those with most attention beside others; of a
  picture only patches that whitening changes are compared with, for an empty background is free
* Grad-CAM (Selvaraju et al. 2017, equations 1 and 2) as another ranking of patches
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
import torch

from han_core.data.pictures import Picture, PictureSet
from han_core.explanation.explanation import Explanation
from han_core.explanation.series import Verdict, deletion_verdict
from han_core.models.han_image import MODALITIES
from han_core.models.picture_predict import (
    PictureAnswer,
    PictureDocument,
    answer_documents,
    collate_documents,
    config_of,
    network_of,
    prepared,
)
from han_core.models.system_folder import SystemCheckpoint
from han_core.text.batch import NumberedDocument
from han_core.text.document import Document

SHARE = 0.1  # of words, or of patches, that are taken out
DRAWS = 60  # other choices that are compared with, at most
WHITE = 255


class Alone(NamedTuple):
    """What the network says of one part without the other, or of both.

    Attributes:
        label: the class that it would predict.
        probability: of the class that is predicted with both.
    """

    label: str
    probability: float


@dataclass(frozen=True)
class PictureExplanation:
    """The decision about a document with a picture, and where attention stood.

    Attributes:
        text: prediction and attention over the text; its weights are empty where there is none.
        picture: None where there is none.
        patches: (rows, columns) with sum 1; None without a picture.
        weights: (2,) of text and picture, with sum 1; None where the fusion has none.
        alone: by "text", "image" and "both"; a part that is missing is missing here.

    Raises:
        ValueError: if weights do not sum to 1.
    """

    text: Explanation
    picture: Picture | None
    patches: np.ndarray | None
    weights: np.ndarray | None
    alone: dict[str, Alone]

    def __post_init__(self) -> None:
        for weights in (self.patches, self.weights):
            if weights is not None and abs(weights.sum() - 1) > 1e-4:
                raise ValueError("Attention weights with sum 1 expected.")

    def to_json(self) -> dict:
        """As ``explain`` prints it: the text as ever, ``image`` and ``modalities``."""
        weights = None
        if self.weights is not None:
            weights = dict(zip(MODALITIES, map(float, self.weights), strict=True))
        modalities: dict = {name: one.probability for name, one in self.alone.items()}
        return {
            **self.text.to_json(),
            "image": self._image(),
            "modalities": {
                **dict.fromkeys((*MODALITIES, "both")),
                **modalities,
                "labels": {name: one.label for name, one in self.alone.items()},
                "weights": weights,
            },
        }

    def _image(self) -> dict | None:
        """The map of patches: cells [row, column], their weights, and their pixels in the file."""
        if self.picture is None or self.patches is None:
            return None
        place, rows = self.picture.placement, len(self.patches)
        cells = [(row, column) for row in range(rows) for column in range(rows)]
        boxes = [place.stored_box(place.cell_box(row, column, rows)) for row, column in cells]
        return {
            "name": "image attention",
            "key_axis": "patch",
            "rows": rows,
            "columns": rows,
            "keys": [list(cell) for cell in cells],
            "weights": self.patches.flatten().tolist(),
            "boxes": [box and list(box) for box in boxes],
            **place.to_json(),
        }


def explain_pictures(checkpoint: SystemCheckpoint, data: PictureSet) -> list[PictureExplanation]:
    """Explain each document, with both parts and with each alone.

    Raises:
        UserError: as ``answer_documents``.
    """
    return explain_documents(checkpoint, prepared(data, config_of(checkpoint)), _ids(data))


def _ids(data: PictureSet) -> tuple[str, ...]:
    return data.ids or tuple(str(number) for number in range(1, len(data) + 1))


def explain_documents(
    checkpoint: SystemCheckpoint, documents: Sequence[PictureDocument], ids: Sequence[str]
) -> list[PictureExplanation]:
    """As ``explain_pictures``, of documents that have been prepared."""
    variants = [_variants(document) for document in documents]
    flat = [one for each in variants for one in each.values()]
    answers = iter(answer_documents(checkpoint, flat))
    return [
        _explanation(checkpoint, id, document, {name: next(answers) for name in each})
        for id, document, each in zip(ids, documents, variants, strict=True)
    ]


def _variants(document: PictureDocument) -> dict[str, PictureDocument]:
    """The document, and each part of it alone."""
    variants = {"both": document}
    if document.words is not None:
        variants["text"] = document.without_picture()
    if document.picture is not None:
        variants["image"] = document.without_text()
    return variants


def _explanation(
    checkpoint: SystemCheckpoint,
    id: str,
    document: PictureDocument,
    answers: dict[str, PictureAnswer],
) -> PictureExplanation:
    config, whole, text = config_of(checkpoint), answers["both"], document.text
    chosen = int(whole.probabilities.argmax())
    known = np.empty(0, bool) if document.words is None else document.words.known
    explanation = Explanation(
        id,
        text if document.words is not None else Document(text.text, (), 0),  # left out
        config.labels,
        whole.probabilities,
        whole.sentences,
        whole.words,
        known,
    )
    alone = {
        name: Alone(
            config.labels[int(one.probabilities.argmax())], float(one.probabilities[chosen])
        )
        for name, one in answers.items()
    }
    return PictureExplanation(explanation, document.picture, whole.patches, whole.modalities, alone)


def without_patches(picture: Picture, patches: np.ndarray) -> Picture:
    """Return a picture with some of its patches white.

    Args:
        patches: (rows, columns) bool.
    """
    pixels, rows = picture.pixels.copy(), len(patches)
    for row, column in np.argwhere(patches).tolist():
        left, top, right, bottom = picture.placement.cell_box(row, column, rows)
        pixels[top:bottom, left:right] = WHITE
    return replace(picture, pixels=pixels)


def inked(picture: Picture, rows: int) -> np.ndarray:
    """Return which patches (rows, columns) have a pixel that is not white."""
    size = picture.placement.size
    side = size // rows
    coloured = (picture.pixels != WHITE).any(2)
    return coloured.reshape(rows, side, rows, side).any((1, 3))


def without_words(words: NumberedDocument, tokens: Sequence[int]) -> NumberedDocument | None:
    """Return a text without some of its words, and sentences without any; None if none stays."""
    kept = np.ones(len(words.words), bool)
    kept[list(tokens)] = False
    if not kept.any():
        return None
    sentence = np.repeat(np.arange(len(words.sentence_lengths)), words.sentence_lengths)
    lengths = np.bincount(sentence[kept], minlength=len(words.sentence_lengths))
    return NumberedDocument(words.words[kept], lengths[lengths > 0].astype(np.int32))


def grad_cam(checkpoint: SystemCheckpoint, document: PictureDocument) -> np.ndarray:
    """Return Grad-CAM's values of the predicted class (rows, columns), not negative.

    The states' gradients are averaged over the patches, and weight the states; what speaks
    against the class counts as 0. Attention is the network's own, held as it is.
    """
    model, config = network_of(checkpoint), config_of(checkpoint)
    batch = collate_documents([document], config.size).to(checkpoint.device)
    with torch.enable_grad():
        output = model(batch)
        (gradient,) = torch.autograd.grad(output.scores[0].max(), output.patch_states)
    channels = gradient[0].mean(0)  # (size,) the weights α of equation 1
    values = (output.patch_states[0].detach() @ channels).relu()
    return values.view(config.patches, config.patches).cpu().double().numpy()


@dataclass(frozen=True)
class Deletion:
    """What becomes of a prediction without the words or patches that a ranking puts first.

    Attributes:
        count: items that were taken out.
        attention: fall of the predicted class's probability without those of most attention.
        others: (choices,) the same without other items, as many.
        gradient: without those of Grad-CAM; None of words.
    """

    count: int
    attention: float
    others: np.ndarray
    gradient: float | None = None

    @property
    def verdict(self) -> Verdict:
        """What may be said of this document."""
        return deletion_verdict(self.attention, self.others)

    def to_json(self) -> dict:
        return {
            "count": self.count,
            "attention": self.attention,
            "gradient": self.gradient,
            "random": float(self.others.mean()) if len(self.others) else None,
            "verdict": self.verdict,
        }


def deletion_evidence(
    checkpoint: SystemCheckpoint, document: PictureDocument, answer: PictureExplanation
) -> dict[str, Deletion]:
    """Return what happens without the ``SHARE`` of words, and of patches, with most attention."""
    evidence = {}
    if document.words is not None and len(document.words.words) > 1:
        evidence["text"] = _without_top_words(checkpoint, document, answer)
    picture, patches = document.picture, answer.patches
    if picture is not None and patches is not None and inked(picture, len(patches)).any():
        evidence["image"] = _without_top_patches(checkpoint, document, patches)
    return evidence


def _without_top_words(
    checkpoint: SystemCheckpoint, document: PictureDocument, answer: PictureExplanation
) -> Deletion:
    assert document.words is not None
    weights, words = answer.text.document_weights, document.words
    count = min(_share(len(weights)), len(weights) - 1)
    top = np.argsort(-weights, kind="stable")[:count]
    choices = _others(np.arange(len(weights)), top)
    changed = [
        replace(document, words=without_words(words, chosen.tolist())) for chosen in (top, *choices)
    ]
    falls = _falls(checkpoint, document, changed)
    return Deletion(count, falls[0], falls[1:])


def _without_top_patches(
    checkpoint: SystemCheckpoint, document: PictureDocument, attention: np.ndarray
) -> Deletion:
    assert document.picture is not None
    picture, shape = document.picture, attention.shape
    count = _share(attention.size)
    top, cam = (
        np.argsort(-values.flatten(), kind="stable")[:count]
        for values in (attention, grad_cam(checkpoint, document))
    )
    choices = _others(np.flatnonzero(inked(picture, len(attention))), top)
    changed = []
    for chosen in (top, cam, *choices):
        white = np.zeros(attention.size, bool)
        white[chosen] = True
        changed.append(replace(document, picture=without_patches(picture, white.reshape(shape))))
    falls = _falls(checkpoint, document, changed)
    return Deletion(count, falls[0], falls[2:], falls[1])


def _share(items: int) -> int:
    return max(1, round(SHARE * items))


def _others(items: np.ndarray, top: np.ndarray) -> list[np.ndarray]:
    """Other choices of as many ``items`` as ``top`` has, without any of these where enough stay.

    All of them where they are few, else ``DRAWS`` by chance, the same each time.
    """
    rest = np.setdiff1d(items, top)
    count = min(len(top), len(rest))
    if not count:
        return []
    if count == 1 and len(rest) <= DRAWS:
        return [np.array(chosen) for chosen in combinations(rest.tolist(), 1)]
    chance = np.random.default_rng(0)
    return [chance.choice(rest, count, replace=False) for _ in range(DRAWS)]


def _falls(
    checkpoint: SystemCheckpoint, document: PictureDocument, changed: Sequence[PictureDocument]
) -> np.ndarray:
    """How far the predicted class's probability falls in each changed document."""
    answers = answer_documents(checkpoint, [document, *changed])
    chosen = int(answers[0].probabilities.argmax())
    values = np.array([answer.probabilities[chosen] for answer in answers])
    return values[0] - values[1:]


def explained_evidence(
    checkpoint: SystemCheckpoint, data: PictureSet
) -> Iterator[tuple[PictureExplanation, dict[str, Deletion]]]:
    """Yield the explanation of each document and its evidence."""
    documents = prepared(data, config_of(checkpoint))
    explained = explain_documents(checkpoint, documents, _ids(data))
    for document, one in zip(documents, explained, strict=True):
        yield one, deletion_evidence(checkpoint, document, one)
