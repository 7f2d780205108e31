"""How much one visitor gets without a click: everything when alone, less in a class.

``class_mode`` sets the environment variable that tells which of the two holds.
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
        characters: the longest text that can be pasted; far more stops a browser.
        folded: whether figures beyond bars and heatmaps are drawn only when opened.
        worker: whether a worker process measures evidence.
    """

    characters: int = 1_000_000
    folded: bool = False
    worker: bool = False

    def words_at_once(self, stage: Stage, model: str) -> int:
        """Words of the longest text whose evidence is measured without a click."""
        words = model_kind(model).evidence_words
        if stage == "thorough":
            return 0 if self.worker else words.thorough
        return words.shared if self.worker else words.quick


ALONE = Quotas()
IN_CLASS = Quotas(characters=100_000, folded=True, worker=True)


def current() -> Quotas:
    """Return the quotas of this server."""
    return IN_CLASS if os.environ.get(CLASS) else ALONE


def place(key: str) -> DeltaGenerator | None:
    """Return where figures go; None while they are folded, and then they are not made either."""
    if not current().folded:
        return st.container()
    fold = st.expander("Figures", on_change="rerun", key=key)
    return fold if fold.open else None
