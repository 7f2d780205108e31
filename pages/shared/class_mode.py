"""Hanscope for a class: models and pages are loaded before the first student comes.

``make class`` serves this in place of ``app.py``. The health check says ok once every
checkpoint has explained a text. Streamlit collects garbage after every run of a page, which
takes longer than the page with the objects of thirty sessions; so living objects are frozen
every second, and all are collected once a minute. ``cache.Quotas`` says what waits for a click.
"""

import asyncio
import gc
import importlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

from han_core.runtime.devices import available_devices
from han_core.runtime.errors import UserError
from pages.shared import cache
from pages.shared.cache import CLASS

PAUSE = 1.0  # seconds between two freezes
ROUNDS = 60  # freezes between two full collections
HEAVY = (
    "han_core.analysis.dataset",
    "han_core.training.runs.manage",
    "han_core.viz.charts.evidence",
)
TEXT = "This text is explained at the start. So no visitor waits for the model to load."


@asynccontextmanager
async def warm(app: st.App) -> AsyncIterator[None]:
    """Load what every page needs before the server reports that it is healthy."""
    os.environ[CLASS] = "1"
    _load()
    freezing = asyncio.create_task(_freeze_objects())
    yield
    freezing.cancel()


async def _freeze_objects() -> None:
    """Keep living objects out of garbage collection, so that it only looks at new ones."""
    while True:
        gc.unfreeze()
        gc.collect()
        for _ in range(ROUNDS):
            gc.freeze()
            await asyncio.sleep(PAUSE)


def _load() -> None:
    for module in HEAVY:
        importlib.import_module(module)
    device = available_devices()[0]
    for name in cache.listings():
        try:
            question = cache.Question(name, device, TEXT)
            cache.evidence(question, "word", "delete", "quick", lambda done, of: None)
        except UserError:  # the page says what is wrong with it
            continue


app = st.App(str(Path(__file__).parents[2] / "app.py"), lifespan=warm)
