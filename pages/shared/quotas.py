"""How much one visitor gets unasked: everything when alone, less in a class.

Thirty students share what one person has to themselves, so in a class what takes long waits
for a click. ``class_mode`` sets the environment variable that says so. It knows nothing
about what the sections hold.
"""

import os
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.explanation.faithfulness import Stage

CLASS = "HANSCOPE_CLASS"


@dataclass(frozen=True)
class Quotas:
    """
    Attributes:
        characters: of the longest text that can be pasted; far more stops a browser.
        at_once: words up to which evidence is measured unasked, by stage and model: about a
            second's worth to one person, a few hundredths to each of a class.
        folded: whether figures beyond bars and heatmap wait, folded, until they are opened.
        beside: whether a process of its own measures evidence.
    """

    characters: int = 1_000_000
    at_once: dict[Stage, dict[str, int]] = field(
        default_factory=lambda: {
            "brief": {"han": 2_000, "bilstm": 900},
            "quick": {"han": 2_000, "bilstm": 900},
            "thorough": {"han": 1_000, "bilstm": 350},
        }
    )
    folded: bool = False
    beside: bool = False


ALONE = Quotas()
IN_CLASS = Quotas(
    characters=100_000,
    at_once={
        "brief": {"han": 600, "bilstm": 300},
        "quick": {"han": 600, "bilstm": 300},
        "thorough": {"han": 0, "bilstm": 0},
    },
    folded=True,
    beside=True,
)


def current() -> Quotas:
    """What holds on this server."""
    return IN_CLASS if os.environ.get(CLASS) else ALONE


def place(key: str) -> DeltaGenerator | None:
    """Where figures go; None while they are folded, and then they are not made either."""
    if not current().folded:
        return st.container()
    fold = st.expander("Figures", on_change="rerun", key=key)
    return fold if fold.open else None
