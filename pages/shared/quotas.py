"""How much one visitor gets unasked: everything when alone, less in a class.

Thirty students share what one person has to themselves, so in a class what takes long waits
for a click. ``class_mode`` sets the environment variable that says so. It knows nothing
about what the sections hold.
"""

import os
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.explanation.faithfulness import Stage
from han_core.models.registry import model_kind

CLASS = "HANSCOPE_CLASS"


@dataclass(frozen=True)
class Quotas:
    """
    Attributes:
        characters: of the longest text that can be pasted; far more stops a browser.
        folded: whether figures beyond bars and heatmap wait, folded, until they are opened.
        beside: whether a process of its own measures evidence.
    """

    characters: int = 1_000_000
    folded: bool = False
    beside: bool = False

    def words_at_once(self, stage: Stage, model: str) -> int:
        """Words of the longest text whose evidence is measured without a click."""
        words = model_kind(model).evidence_words
        if stage == "thorough":
            return 0 if self.beside else words.thorough
        return words.shared if self.beside else words.quick


ALONE = Quotas()
IN_CLASS = Quotas(characters=100_000, folded=True, beside=True)


def current() -> Quotas:
    """What holds on this server."""
    return IN_CLASS if os.environ.get(CLASS) else ALONE


def place(key: str) -> DeltaGenerator | None:
    """Where figures go; None while they are folded, and then they are not made either."""
    if not current().folded:
        return st.container()
    fold = st.expander("Figures", on_change="rerun", key=key)
    return fold if fold.open else None
