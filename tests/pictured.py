"""Made documents: a word and a coloured square say the class, all else is noise."""

import numpy as np

from han_core.data.pictures import Picture, PictureSet
from han_core.data.placement import Placement

SIZE = 32
COLOURS = {"red": (220, 30, 30), "blue": (30, 30, 220)}
WORDS = ("good", "bad")
SMALL: dict[str, object] = {
    "size": SIZE,
    "width": 8,
    "embedding": 12,
    "hidden": 8,
    "attention_size": 12,
    "fused": 24,
    "dropout": 0.0,
    "dropout_words": 0.0,
    "unknown_words": 0.0,
    "smoothing": 0.0,
    "variation": 0.0,
}


def picture_of(pixels: np.ndarray) -> Picture:
    """A square picture that fills its square."""
    side = len(pixels)
    return Picture(pixels, Placement.fitted(side, side, 1, side))


def square(colour: str, row: int, column: int) -> np.ndarray:
    """White, with a grey patch of noise and one patch of a colour in a grid of 4 × 4."""
    pixels = np.full((SIZE, SIZE, 3), 255, np.uint8)
    other = (row + 2) % 4, (column + 2) % 4
    pixels[8 * other[0] : 8 * other[0] + 8, 8 * other[1] : 8 * other[1] + 8] = 128
    pixels[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = COLOURS[colour]
    return pixels


def planted(count: int, seed: int = 0) -> tuple[PictureSet, np.ndarray]:
    """Documents, and the patch (documents, 2) on which each one's square stands."""
    chance = np.random.default_rng(seed)
    texts, pictures, labels, places = [], [], [], []
    for _ in range(count):
        colour, word = chance.choice(list(COLOURS)), chance.choice(WORDS)
        row, column = chance.integers(0, 4, 2).tolist()
        words = chance.permutation([word, "the", "thing"])
        texts.append(" ".join(words))
        pictures.append(picture_of(square(colour, row, column)))
        labels.append(f"{colour}, {word}")
        places.append((row, column))
    ids = tuple(map(str, range(1, count + 1)))
    data = PictureSet("planted", tuple(texts), tuple(pictures), tuple(labels), ids)
    return data, np.array(places)
