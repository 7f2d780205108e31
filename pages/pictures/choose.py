"""The model, the text and the picture that the page shows."""

from dataclasses import dataclass

import streamlit as st

from han_core.data.pictures import (
    BUNDLED,
    PICTURES,
    Picture,
    PictureSet,
    bundled_pictures,
    read_picture,
    read_pictures,
)
from han_core.models.han_image import HAN_IMAGE
from han_core.models.listing import list_systems
from han_core.models.picture_predict import config_of
from han_core.models.system_folder import SystemCheckpoint, load_system
from han_core.runtime.messages import Locale, current_locale, mark, tr
from han_core.runtime.paths import checkpoints_root
from pages.shared import cache
from pages.shared.language import Late
from pages.shared.page import is_stale, mark_drawn, plain, restore_value, set_value
from pages.shared.upload_limits import sent_file

FIRST = "openmoji"
OWN = mark("Your own")
KINDS = [ending.removeprefix(".") for ending in PICTURES]


@dataclass(frozen=True)
class Chosen:
    """A text with its picture, either of which may be missing.

    Attributes:
        name: for people.
        label: as its file says; empty where it says none.
        others: documents with pictures that could stand in its place.
    """

    name: str
    text: str
    picture: Picture | None
    label: str
    others: PictureSet | None


def checkpoint() -> SystemCheckpoint | None:
    """Draw the picker of models; None where there is none."""
    names = [listing.name for listing in list_systems(checkpoints_root(), HAN_IMAGE.name)]
    if not names:
        return None
    restore_value("pictures_checkpoint", FIRST if FIRST in names else names[0], names)
    name = st.selectbox(tr("Model"), names, key="pictures_checkpoint", persist_state="session",
                        label_visibility="collapsed", width=260)  # fmt: skip
    folder = checkpoints_root() / name
    return _loaded(str(folder), cache.fingerprint(folder))


def document(checkpoint: SystemCheckpoint) -> Chosen | None:
    """Draw the pickers of a document; None while there is neither text nor picture.

    Raises:
        UserError: if the picture that was sent cannot be read.
    """
    size, sources = config_of(checkpoint).size, [*bundled_pictures(), OWN]
    restore_value("pictures_source", sources[0], sources)
    with st.container(horizontal=True, vertical_alignment="bottom", key="pictures_row"):
        source = st.selectbox(tr("Data"), sources, key="pictures_source", persist_state="session",
                              format_func=source_name, width=180)  # fmt: skip
        data = None if source == OWN else _bundled(source, size)
        row = None if data is None else _row(data)
        text = _text("" if data is None or row is None else data.texts[row])
    if data is not None and row is not None:
        label = data.labels[row] if data.labels else ""
        return Chosen(data.ids[row], text, data.pictures[row], label, data)
    picture = _sent(size)
    if not text.strip() and picture is None:
        return None
    return Chosen(tr("Your document"), text, picture, "", _bundled(sources[0], size))


def source_name(source: str) -> str:
    """Return how the pickers call a data set, or a document that is sent."""
    return tr(OWN) if source == OWN else source


def _row(data: PictureSet) -> int:
    """Draw the picker of a document."""
    return st.selectbox(
        tr("Document"), range(len(data)), format_func=lambda row: plain(data.ids[row]),
        key="pictures_document", width=240,
    )  # fmt: skip


def _text(own: str) -> str:
    """Draw the text, which can be written anew; another document brings its own."""
    if st.session_state.get("pictures_text_of") != own:
        set_value("pictures_text", own)
        st.session_state["pictures_text_of"] = own
    restore_value("pictures_text", own)
    is_stale("pictures_text")
    st.text_input(
        tr("Text"), key="pictures_text", persist_state="session", width="stretch",
        max_chars=cache.quotas().characters, placeholder=tr("A text to go with it"),
    )  # fmt: skip
    mark_drawn("pictures_text")
    return str(st.session_state["pictures_text"])


def _sent(size: int) -> Picture | None:
    """Draw the upload of a picture, and what was remarkable in it."""
    st.file_uploader(tr("A picture"), type=KINDS, key="pictures_file")
    file = sent_file("pictures_file")
    if file is None:
        return None
    data = _read_sent(file.getvalue(), file.name, size)
    for note in data.notes:
        st.caption(plain(note))
    return data.pictures[0]


@st.cache_resource(max_entries=8, show_spinner=False)
def _loaded(folder: str, mark: str) -> SystemCheckpoint:
    return load_system(folder, HAN_IMAGE)


@st.cache_resource(max_entries=4, show_spinner=Late(mark("Reading the pictures …")))
def _bundled(name: str, size: int) -> PictureSet:
    return read_pictures(f"{BUNDLED}{name}", size, show=True)


def _read_sent(content: bytes, filename: str, size: int) -> PictureSet:
    return _cached_sent(content, filename, size, current_locale())


@st.cache_resource(max_entries=16, show_spinner=Late(mark("Reading the picture …")))
def _cached_sent(content: bytes, filename: str, size: int, locale: Locale) -> PictureSet:
    """The picture; its notes are in one language."""
    return read_picture(content, filename, size)
