"""From an architecture to a module with random weights."""

from torch import nn

from han_core.models.architecture import Architecture
from han_core.models.bilstm import BiLSTMAttention
from han_core.models.classifier import AttentionClassifier
from han_core.models.han import HierarchicalAttention

MODELS: dict[str, type[AttentionClassifier]] = {
    "han": HierarchicalAttention,
    "bilstm": BiLSTMAttention,
}


def build_model(architecture: Architecture) -> AttentionClassifier:
    """A model with random weights from torch's global random state."""
    return MODELS[architecture.model](architecture)


def count_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
