"""A file that is made on request, with progress, and then offered.

It waits in a folder of its own until another is made or the session ends. It knows nothing
about what is in it.
"""

import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from han_core.wrong_input import WrongInput
from pages.parts.wording import plain

MOST_BYTES = 100 * 2**20
"""Of a file for a browser: while it is fetched, the server holds all of it."""

Progress = Callable[[int, int], None]


class Made(NamedTuple):
    """A file that was made.

    Attributes:
        key: of what; a file of something else is not offered.
        folder: deletes itself when nobody holds it any longer.
    """

    key: tuple
    folder: tempfile.TemporaryDirectory
    name: str
    at: datetime

    @property
    def path(self) -> Path:
        return Path(self.folder.name) / self.name


def offer(
    slot: str,
    key: tuple,
    label: str,
    name: str,
    mime: str,
    make: Callable[[Path, Progress], object],
    disabled: bool = False,
) -> None:
    """A button that makes the file, and beside it the one that saves what was made.

    Args:
        slot: its own on the page; the buttons' keys are ``make_`` and ``save_`` with it.
        key: all that the file is made from.
        make: writes it to a path; may raise ``WrongInput``, which is shown.
    """
    held = f"made_{slot}"
    bar = st.container(horizontal=True, vertical_alignment="center")
    if bar.button(label, key=f"make_{slot}", disabled=disabled):
        st.session_state.pop(held, None)  # two of them need not be there at once
        _make(held, key, name, make)
    made: Made | None = st.session_state.get(held)
    if made is not None and made.key == key and made.path.exists():
        bar.download_button(
            f"Save {made.name} ({size(made.path.stat().st_size)})",
            made.path.read_bytes,
            file_name=made.name,
            mime=mime,
            on_click="ignore",
            type="primary",
            key=f"save_{slot}",
        )
        bar.caption(f"Made at {made.at:%H:%M:%S}.")


def _make(held: str, key: tuple, name: str, make: Callable[[Path, Progress], object]) -> None:
    bar = st.empty()

    def progress(done: int, of: int) -> None:
        bar.progress(done / max(1, of), f"{done:,} of {of:,} documents")

    folder = tempfile.TemporaryDirectory(prefix="hanscope-made-", ignore_cleanup_errors=True)
    try:
        make(Path(folder.name) / name, progress)
    except WrongInput as error:
        st.error(plain(str(error)))
    else:
        st.session_state[held] = Made(key, folder, name, datetime.now().astimezone())
    finally:
        bar.empty()


def size(number: int) -> str:
    """ "1.2 MB" of so many bytes."""
    return f"{max(1, round(number / 1e3)):,} kB" if number < 1e6 else f"{number / 1e6:,.1f} MB"
