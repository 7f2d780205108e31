"""The model and the series that the page shows."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from han_core.data.sandbox import USUAL
from han_core.data.series import (
    BUNDLED,
    ENDINGS,
    SeriesSet,
    bundled_path,
    bundled_series,
    read_series,
)
from han_core.models.listing import list_systems
from han_core.models.series import SERIES
from han_core.models.system_folder import SystemCheckpoint, load_system
from han_core.runtime.paths import checkpoints_root
from pages.shared.cache import fingerprint
from pages.shared.page import plain, restore_value
from pages.shared.upload_limits import sent_file

FIRST = "series-pulse"
KINDS = [ending.removeprefix(".") for ending in ENDINGS]
OWN = "Your file"


@dataclass(frozen=True)
class Chosen:
    """One series (steps, channels) of a set.

    Attributes:
        target: as its file says; empty where it says none.
    """

    name: str
    channels: tuple[str, ...]
    values: np.ndarray
    target: str


def checkpoint() -> SystemCheckpoint | None:
    """Draw the picker of models; None where there is none."""
    names = [listing.name for listing in list_systems(checkpoints_root(), SERIES.name)]
    if not names:
        return None
    restore_value("series_checkpoint", FIRST if FIRST in names else names[0], names)
    name = st.selectbox("Model", names, key="series_checkpoint", persist_state="session",
                        label_visibility="collapsed", width=260)  # fmt: skip
    folder = checkpoints_root() / name
    return _loaded(str(folder), fingerprint(folder))


def series() -> Chosen | None:
    """Draw the pickers of a data set and of one of its series; None while no file was sent."""
    sources = [*bundled_series(), OWN]
    restore_value("series_source", sources[0], sources)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.selectbox("Data", sources, key="series_source", persist_state="session",
                              width=220)  # fmt: skip
        if source == OWN:
            st.file_uploader("A file of time series", type=KINDS, key="series_file")
            file = sent_file("series_file")
            if file is None:
                return None
            data = uploaded(file.getvalue(), file.name)
        else:
            data = _bundled(source)
        row = _row(source, data)
    for note in data.notes:
        st.caption(plain(note))
    target = data.targets[row] if data.targets else ""
    return Chosen(f"{data.name} {data.ids[row]}", data.channels, data.values[row], target)


def _row(source: str, data: SeriesSet) -> int:
    """Draw the picker of a series; those for testing come first."""
    rows = sorted(
        range(len(data)), key=lambda row: not (data.splits and data.splits[row] == "test")
    )
    ids = [f"{data.ids[row]}" for row in rows]
    picked = st.selectbox(
        "Series", range(len(rows)), format_func=lambda at: plain(ids[at]),
        key=f"series_row_{hashlib.sha256(source.encode()).hexdigest()[:8]}", width=220,
    )  # fmt: skip
    return rows[picked]


@st.cache_resource(max_entries=8, show_spinner=False)
def _loaded(folder: str, mark: str) -> SystemCheckpoint:
    return load_system(folder, SERIES)


def _bundled(name: str) -> SeriesSet:
    return _read(str(bundled_path(name)), f"{BUNDLED}{name}")


@st.cache_resource(max_entries=4, show_spinner="Reading the series …")
def _read(path: str, name: str) -> SeriesSet:
    return read_series(name)


@st.cache_resource(max_entries=4, show_spinner="Reading the file …")
def uploaded(data: bytes, filename: str) -> SeriesSet:
    """Return the series of a file that was sent.

    Raises:
        UserError: as ``read_series``.
    """
    with tempfile.NamedTemporaryFile(suffix=Path(filename).suffix) as file:
        file.write(data)
        file.flush()
        return read_series(file.name, labelled=False, limits=USUAL, filename=filename)
