"""The model that a run starts from.

It knows nothing about training.
"""

import torch

from han_core.models.architecture import Architecture
from han_core.models.build import build_model
from han_core.models.classifier import AttentionClassifier
from han_core.text.vectors import read_vectors
from han_core.text.vocabulary import Vocabulary
from han_core.training.settings import Settings


def starting_model(
    architecture: Architecture, vocabulary: Vocabulary, settings: Settings
) -> tuple[AttentionClassifier, int]:
    """A model with weights drawn by the seed, and how many words have given vectors.

    Torch's random numbers start anew with the seed.

    Raises:
        WrongInput: if the file of vectors is missing, broken, or holds none of the words.
        RuntimeError: if its vectors are of another size than the model's.
    """
    torch.manual_seed(settings.seed)
    model = build_model(architecture)
    found = 0
    if settings.vectors:
        table, found = read_vectors(settings.vectors, vocabulary, settings.seed)
        with torch.no_grad():
            model.embedding.weight.copy_(torch.from_numpy(table))
    model.embedding.weight.requires_grad_(not settings.freeze_vectors)
    return model, found
