"""Hanscope for a class: everything is loaded before the first student comes.

``make class`` serves this in place of ``app.py``. The health check says ok once a text has
been explained by every checkpoint, and what was loaded by then is taken out of garbage
collection, which is most of the latency of many sessions. ``quotas`` says what waits for a
click because many share it. It draws nothing.
"""

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

from pages.parts.quotas import CLASS

TEXT = "The first text of the day is ours. It is read so that nobody waits for the model."


@asynccontextmanager
async def warm(app: st.App) -> AsyncIterator[None]:
    """Loads what every page needs, then lets the server say that it is well."""
    os.environ[CLASS] = "1"
    _load()
    gc.collect()
    gc.freeze()
    yield


def _load() -> None:
    from han_core.device import available_devices
    from han_core.figures import bars, deletion, heatmap  # noqa: F401  # plotly and the renderers
    from han_core.wrong_input import WrongInput
    from pages.parts import cached

    device = available_devices()[0]
    for name in cached.listings():
        try:
            asked = cached.Question(name, device, TEXT)
            cached.evidence(asked, "word", "delete", "quick", lambda done, of: None)
        except WrongInput:  # the page says what is wrong with it
            continue


app = st.App(str(Path(__file__).parents[2] / "app.py"), lifespan=warm)
