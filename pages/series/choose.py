"""The models and the series that the page shows, and the address that names them.

The address is read when somebody arrives, and written from then on, so that a link opens the same
view.
"""

import hashlib
import re
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
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
from han_core.data.series_tables import TARGETS
from han_core.models.listing import list_systems
from han_core.models.series import SERIES
from han_core.models.system_folder import SystemCheckpoint, load_system
from han_core.runtime.messages import Locale, current_locale, mark, tr
from han_core.runtime.paths import checkpoints_root
from pages.shared.cache import fingerprint
from pages.shared.language import Late
from pages.shared.page import plain, restore_value, set_value
from pages.shared.upload_limits import sent_file

FIRST = "series-pulse"
KINDS = [ending.removeprefix(".") for ending in ENDINGS]
OWN = mark("Your file")
NAMES = ("model", "second", "data", "series", "wipe")
MISSING = {
    "model": mark("model {name}"),
    "second": mark("second {name}"),
    "data": mark("data {name}"),
}
_WIPE = re.compile(r"(\d{1,5})-(\d{1,5})-(line|mean)", re.ASCII)


@dataclass(frozen=True)
class Chosen:
    """One series (steps, channels) of a set.

    Attributes:
        target: as its file says; empty where it says none.
        place: what the address says of it; empty of a file that was sent.
    """

    name: str
    channels: tuple[str, ...]
    values: np.ndarray
    target: str
    place: Mapping[str, str] = field(default_factory=dict)


def checkpoint() -> SystemCheckpoint | None:
    """Draw the picker of models; None where there is none."""
    names = model_names()
    read_address(names, bundled_series())
    if not names:
        return None
    restore_value("series_checkpoint", FIRST if FIRST in names else names[0], names)
    name = st.selectbox(tr("Model"), names, key="series_checkpoint", persist_state="session",
                        label_visibility="collapsed", width=260)  # fmt: skip
    folder = checkpoints_root() / name
    return _loaded(str(folder), fingerprint(folder))


def model_names() -> list[str]:
    return [listing.name for listing in list_systems(checkpoints_root(), SERIES.name)]


def second(first: str) -> SystemCheckpoint | None:
    """Draw the picker of a second model for the same series; None where none is chosen."""
    names = [name for name in model_names() if name != first]
    if not names:
        return None
    if st.session_state.get("series_second") not in (None, *names):
        st.session_state["series_second"] = None
    restore_value("series_second", None)
    name = st.selectbox(tr("Second model"), names, index=None, key="series_second", width=220,
                        placeholder=tr("none"), persist_state="session")  # fmt: skip
    if name is None:
        return None
    folder = checkpoints_root() / name
    return _loaded(str(folder), fingerprint(folder))


def series(first: str) -> tuple[Chosen | None, SystemCheckpoint | None]:
    """Draw the pickers of a data set, of one of its series, and of a second model.

    Args:
        first: the name of the model that is shown already.

    Returns:
        The series, None while no file was sent, and the second model, None without one.
    """
    sources = [*bundled_series(), OWN]
    restore_value("series_source", sources[0], sources)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.selectbox(tr("Data"), sources, key="series_source", persist_state="session",
                              format_func=source_name, width=220)  # fmt: skip
        if source == OWN:
            st.file_uploader(tr("A file of time series"), type=KINDS, key="series_file")
            file = sent_file("series_file")
            if file is None:
                return None, None
            data = uploaded(file.getvalue(), file.name)
            if (column := target_column(data, "series_target_shown")) is not None:
                data = uploaded(file.getvalue(), file.name, column)
        else:
            data = _bundled(source)
        row = _row(source, data)
        other = second(first)
    for note in data.notes:
        st.caption(plain(note))
    target = data.targets[row] if data.targets else ""
    name = f"{data.name} {data.ids[row]}"
    place = {} if source == OWN else {"data": source, "series": f"{data.ids[row]}"}
    return Chosen(name, data.channels, data.values[row], target, place), other


def source_name(source: str) -> str:
    """Return how the pickers call a data set, or a file that is sent."""
    return tr(OWN) if source == OWN else source


def target_column(data: SeriesSet, key: str) -> str | None:
    """Draw the picker of the column of targets, where there are several to choose from."""
    if len(data.single) < 2:
        return None
    usual = [at for at, name in enumerate(data.single) if name in TARGETS]
    return st.selectbox(tr("Column of the target"), data.single, index=usual[0] if usual else None,
                        placeholder=tr("none"), format_func=plain, width=200,
                        key=f"{key}_{_short(repr(data.single))}")  # fmt: skip


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _row(source: str, data: SeriesSet) -> int:
    """Draw the picker of a series; those for testing come first."""
    rows = sorted(
        range(len(data)), key=lambda row: not (data.splits and data.splits[row] == "test")
    )
    ids = [f"{data.ids[row]}" for row in rows]
    key = f"series_row_{_short(source)}"
    if (wanted := named_row(ids)) is not None:
        set_value(key, wanted)
    picked = st.selectbox(
        tr("Series"), range(len(rows)), format_func=lambda at: plain(ids[at]), key=key, width=220,
    )  # fmt: skip
    return rows[picked]


@st.cache_resource(max_entries=8, show_spinner=False)
def _loaded(folder: str, mark: str) -> SystemCheckpoint:
    return load_system(folder, SERIES)


def _bundled(name: str) -> SeriesSet:
    return _read(str(bundled_path(name)), f"{BUNDLED}{name}", current_locale())


@st.cache_resource(max_entries=4, show_spinner=Late(mark("Reading the series …")))
def _read(path: str, name: str, locale: Locale) -> SeriesSet:
    """The series; their notes are in one language."""
    return read_series(name)


def uploaded(data: bytes, filename: str, target: str | None = None) -> SeriesSet:
    """Return the series of a file that was sent; without ``target`` by the usual names.

    Raises:
        UserError: as ``read_series``.
    """
    return _uploaded(data, filename, target, current_locale())


@st.cache_resource(max_entries=4, show_spinner=Late(mark("Reading the file …")))
def _uploaded(data: bytes, filename: str, target: str | None, locale: Locale) -> SeriesSet:
    with tempfile.NamedTemporaryFile(suffix=Path(filename).suffix) as file:
        file.write(data)
        file.flush()
        return read_series(file.name, target, False, limits=USUAL, filename=filename)


def read_address(models: Collection[str], sources: Collection[str]) -> None:
    """Take from the address, once a visit, what can be shown; say what cannot.

    Args:
        models, sources: what can be chosen.
    """
    visit = st.session_state["visit"]
    if st.session_state.get("series_address") == visit:
        return
    st.session_state["series_address"] = visit
    named = {name: st.query_params[name] for name in NAMES if name in st.query_params}
    missing = []
    for name, key, there in (
        ("model", "series_checkpoint", models),
        ("second", "series_second", models),
        ("data", "series_source", sources),
    ):
        if name in named and named[name] in there:
            set_value(key, named[name])
        elif name in named:
            missing.append(tr(MISSING[name], name=named[name][:60]))
    if missing:
        st.warning(
            plain(
                tr(
                    "The link names what is not on this server: {names}.",
                    names=tr(", ").join(missing),
                )
            )
        )
    st.session_state["series_named"] = named


def named_row(ids: list[str]) -> int | None:
    """Return the place of the series that the address names, once; None where it names none."""
    wanted = st.session_state.get("series_named", {}).pop("series", None)
    return ids.index(wanted) if wanted in ids else None


def named_stretch(last: int) -> tuple[int, int, str] | None:
    """Return the stretch to wipe that the address names, once: first and last step, and filling."""
    match = _WIPE.fullmatch(st.session_state.get("series_named", {}).pop("wipe", ""))
    if match is None or not int(match[1]) <= int(match[2]) <= last:
        return None
    return int(match[1]), int(match[2]), match[3]


def write_address(values: Mapping[str, str]) -> None:
    """Let the address say what is shown; an empty value is left out."""
    for name in NAMES:
        value = values.get(name, "")
        if value and st.query_params.get(name) != value:
            st.query_params[name] = value
        elif not value and name in st.query_params:
            del st.query_params[name]
