"""Hanscope for a class: everything is loaded before the first student comes.

``make class`` serves this in place of ``app.py``. The health check says ok once a text has
been explained by every checkpoint. Streamlit collects garbage after every run of a page,
which with thirty sessions' objects to look through takes longer than the page; so what
lives is set aside every few moments, and looked through once a minute. ``quotas`` says
what waits for a click because many share it. It draws nothing.
"""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

from han_core.runtime.devices import available_devices
from han_core.runtime.errors import UserError
from pages.shared import cache
from pages.shared.quotas import CLASS

PAUSE = 1.0  # seconds between two times of setting aside,
ROUNDS = 60  # which is done so often until everything is looked through
TEXT = "The first text of the day is ours. It is read so that nobody waits for the model."


@asynccontextmanager
async def warm(app: st.App) -> AsyncIterator[None]:
    """Loads what every page needs, then lets the server say that it is well."""
    os.environ[CLASS] = "1"
    _load()
    tidying = asyncio.create_task(_tidy())
    yield
    tidying.cancel()


async def _tidy() -> None:
    """Sets aside from garbage collection what lives, so that a collection is about news."""
    while True:
        gc.unfreeze()
        gc.collect()
        for _ in range(ROUNDS):
            gc.freeze()
            await asyncio.sleep(PAUSE)


def _load() -> None:
    device = available_devices()[0]
    for name in cache.listings():
        try:
            asked = cache.Question(name, device, TEXT)
            cache.evidence(asked, "word", "delete", "quick", lambda done, of: None)
        except UserError:  # the page says what is wrong with it
            continue


app = st.App(str(Path(__file__).parents[2] / "app.py"), lifespan=warm)
