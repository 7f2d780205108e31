"""A model with self-attention and a document that it has read."""

import pytest

from han_core.explanation.model_probe import probe_text
from tests.conftest import WORDS
from tests.self_attentive import self_attentive

TEXT = "the quiet river walk. bread and music under the window. road unheard"


@pytest.fixture
def self_attentive_probe(monkeypatch):
    """The probe of a document by a random model of two layers with two heads."""
    return probe_text(self_attentive(monkeypatch, WORDS), TEXT)
