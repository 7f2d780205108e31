"""The weights that a run starts from: drawn, or those of a checkpoint.

It knows nothing about training.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from han_core.models.architecture import Architecture
from han_core.models.build import build_model
from han_core.models.classifier import AttentionClassifier
from han_core.planning.settings import Settings
from han_core.text.vectors import read_vectors
from han_core.text.vocabulary import RESERVED, UNKNOWN, Vocabulary
from han_core.training.origin import Origin
from han_core.training.rates import freeze_words


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
        WrongInput: if the file of vectors is missing, broken, or holds none of the words.
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
    """Gives words that are not ``known`` their vectors in a file; how many it held."""
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
