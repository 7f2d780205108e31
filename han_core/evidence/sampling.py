"""Which documents of a data set to measure, where measuring all would take too long.

It knows classes as the model predicts them; a data set needs no labels.
"""

from collections.abc import Callable, Sequence

import numpy as np

from han_core.evidence.methods import MOST_READ
from han_core.evidence.subject import Progress
from han_core.models.checkpoint import Checkpoint
from han_core.text.batch import number_document
from han_core.training.evaluate import predict_numbered
from han_core.wrong_input import WrongInput

DOCUMENTS = 500
"""Documents measured unless another number is asked for."""


def sample(
    checkpoint: Checkpoint,
    texts: Sequence[str],
    documents: int = DOCUMENTS,
    seed: int = 0,
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
) -> list[int]:
    """Which texts to measure, in order: as many of each class and length as in the whole.

    Every n-th of the texts sorted by predicted class and length, from a random start
    (systematic sampling, Cochran 1977, chapter 8). Texts too long to leave out each word
    by itself are never chosen.

    Args:
        progress: told how many texts have been classified.
        say: told, in a sentence, how many texts were too long to be chosen.

    Raises:
        WrongInput: if a text has no word, or no text is short enough.
        ValueError: if no document is asked for.
    """
    if documents < 1:
        raise ValueError(f"a sample of at least one document is expected, {documents} came")
    numbered = []
    for at, text in enumerate(texts, start=1):
        document = checkpoint.tokenizer(text)
        if not document.sentences:
            raise WrongInput(f"Texts with at least one word are expected; number {at} has none.")
        numbered.append(number_document(document, checkpoint.vocabulary))
    lengths = np.array([len(document.words) for document in numbered])
    fit = np.flatnonzero(lengths**2 <= MOST_READ)
    if not len(fit):
        raise WrongInput(f"Texts of at most {int(MOST_READ**0.5):,} words are expected; none came.")
    if len(fit) < len(lengths) and say is not None:
        most = f"{int(MOST_READ**0.5):,} words"
        say(f"{len(lengths) - len(fit):,} of {len(lengths):,} texts are above {most}: left out.")
    if len(fit) <= documents:
        if progress is not None:
            progress(len(fit), len(fit))
        return fit.tolist()
    probabilities = predict_numbered(checkpoint.model, [numbered[i] for i in fit], progress)
    return fit[spread(probabilities.argmax(1), lengths[fit], documents, seed)].tolist()


def sample_of_scored(
    classes: np.ndarray, lengths: np.ndarray, documents: int = DOCUMENTS, seed: int = 0
) -> np.ndarray:
    """As ``sample``, where predicted classes and lengths in tokens (documents,) are known.

    Raises:
        WrongInput: if no document is short enough.
    """
    fit = np.flatnonzero(lengths.astype(np.int64) ** 2 <= MOST_READ)
    if not len(fit):
        raise WrongInput(f"Texts of at most {int(MOST_READ**0.5):,} words are expected; none came.")
    if len(fit) <= documents:
        return fit
    return fit[spread(classes[fit], lengths[fit], documents, seed)]


def spread(classes: np.ndarray, lengths: np.ndarray, number: int, seed: int) -> np.ndarray:
    """``number`` of the rows, ascending, spread evenly over classes and lengths."""
    rng = np.random.default_rng(seed)
    queue = np.lexsort((rng.random(len(classes)), lengths, classes))
    places = (np.arange(number) + rng.random()) * (len(classes) / number)
    return np.sort(queue[places.astype(int)])
