"""What is loaded once, for everybody who uses this server: models, and who answers for them.

``mark`` is the ``cached.fingerprint`` of a checkpoint's folder: another folder, another model.
It knows nothing about documents.
"""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import quotas
from pages.parts.turns import TURNS

if TYPE_CHECKING:
    from han_core.evidence.beside import Asked, Beside
    from han_core.evidence.faithfulness import Evidence
    from han_core.evidence.subject import Progress
    from han_core.explanation.together import Together
    from han_core.models.checkpoint import Checkpoint

SHORT = 5_000
"""Characters of a text that is answered at once."""


@st.cache_resource(max_entries=8, show_spinner=False)
def checkpoint_of(folder: str, mark: str, device: str) -> "Checkpoint":
    """The loaded checkpoint of a folder.

    Raises:
        WrongInput: as ``load_checkpoint`` and ``choose_device`` do.
    """
    from han_core.device import choose_device
    from han_core.models.checkpoint import load_checkpoint

    return load_checkpoint(folder, choose_device(device))


@st.cache_resource(max_entries=6, show_spinner=False)
def together_of(folder: str, mark: str, device: str) -> "Together":
    """Answers those who ask this checkpoint at the same time in common passes."""
    from han_core.explanation.together import Together

    return Together(checkpoint_of(folder, mark, device))


@st.cache_resource(max_entries=2, show_spinner=False)
def twin_of(folder: str, mark: str, device: str) -> "Checkpoint":
    """The same model before it learnt anything."""
    from han_core.evidence.placebo import untrained_twin

    return untrained_twin(checkpoint_of(folder, mark, device))


@st.cache_resource(max_entries=2, show_spinner=False)
def _beside(long: bool) -> "Beside":
    from han_core.evidence.beside import Beside

    return Beside()


def measured_beside(asked: "Asked", device: str, progress: "Progress") -> "Evidence | None":
    """Evidence by a process of its own, while others have their turn; None: measure it here.

    Whoever asks about a long text waits for others who do, and nobody else does.

    Raises:
        WrongInput: as ``Beside.evidence`` does.
    """
    if not quotas.current().beside or checkpoint_of(*asked[:2], device).device.type != "cpu":
        return None
    process = _beside(len(asked.document.text) > SHORT)
    with TURNS.paused():
        return process.evidence(asked, progress)
