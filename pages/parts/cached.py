"""What is kept between reruns, for everybody who uses this server.

Everything is bounded, and everything that decides a result is part of its key.
It knows nothing about widgets.
"""

import gc
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from han_core.corpora.corpus import Corpus
    from han_core.corpora.table import Table
    from han_core.errors.predictions import Predictions
    from han_core.explanation.explanation import Explanation
    from han_core.models.checkpoint import Checkpoint
    from han_core.models.listing import Listing


def checkpoints_root() -> Path:
    """Where checkpoints are looked for: ``HANSCOPE_CHECKPOINTS``, else the shipped ones."""
    from han_core.models.checkpoint import SHIPPED

    return Path(os.environ.get("HANSCOPE_CHECKPOINTS") or SHIPPED)


def listings() -> dict[str, "Listing"]:
    """The checkpoints that can be chosen now, by name."""
    from han_core.models.listing import list_checkpoints

    return {listing.name: listing for listing in list_checkpoints(checkpoints_root())}


def broken() -> list[str]:
    """A sentence for each checkpoint that cannot be chosen."""
    from han_core.models.listing import broken_checkpoints

    return broken_checkpoints(checkpoints_root())


def explanation(checkpoint: str, device: str, text: str) -> "Explanation":
    """``explain``'s answer; ``checkpoint`` is a name among ``listings``.

    Raises:
        WrongInput: as ``load_checkpoint``, ``choose_device`` and ``explain`` do.
    """
    folder = checkpoints_root() / checkpoint
    return _explanation(str(folder), fingerprint(folder), device, text)


def predictions(
    checkpoint: str,
    device: str,
    corpus: "Corpus",
    corpus_key: str,
    progress: Callable[[int, int], None],
) -> "Predictions":
    """``score``'s answer; ``corpus_key`` says all that ``corpus`` was made from.

    A function in Streamlit's cache may not draw, so the cache holds an empty
    place for the answer, which is filled here, with progress.
    """
    from han_core.errors.predictions import score

    folder = checkpoints_root() / checkpoint
    mark = fingerprint(folder)
    place = _place(str(folder), mark, device, corpus_key)
    if "answer" not in place:
        place["answer"] = score(_checkpoint(str(folder), mark, device), corpus, progress)
    return place["answer"]


def fingerprint(folder: Path) -> str:
    """Another one whenever a file of ``folder`` is another; "" where there is no folder."""
    try:
        files = [(file.name, file.stat()) for file in sorted(folder.iterdir()) if file.is_file()]
    except OSError:
        return ""
    state = repr([(name, status.st_size, status.st_mtime_ns) for name, status in files])
    return hashlib.sha256(state.encode()).hexdigest()


@st.cache_data(max_entries=8, show_spinner=False)
def bundled(spec: str) -> "Corpus":
    from han_core.corpora.corpus import read_corpus

    return read_corpus(spec)


@st.cache_data(max_entries=4, show_spinner="Reading the file …")
def uploaded(data: bytes, filename: str) -> "Table":
    from han_core.corpora.corpus import read_upload

    return read_upload(data, filename)


@st.cache_resource(max_entries=8, show_spinner=False)
def settle(page: str) -> None:
    """Once for each page, when all that it needs is loaded.

    Streamlit collects garbage after every run; what stays for good is taken out
    of that, which is most of the latency of a rerun.
    """
    gc.collect()
    gc.freeze()


@st.cache_resource(max_entries=6, show_spinner=False)
def _checkpoint(folder: str, fingerprint: str, device: str) -> "Checkpoint":
    from han_core.device import choose_device
    from han_core.models.checkpoint import load_checkpoint

    return load_checkpoint(folder, choose_device(device))


@st.cache_data(max_entries=100, show_spinner="Running the model …")
def _explanation(folder: str, fingerprint: str, device: str, text: str) -> "Explanation":
    from han_core.explanation.explain import explain

    return explain(_checkpoint(folder, fingerprint, device), text)


@st.cache_resource(max_entries=6, show_spinner=False)
def _place(folder: str, fingerprint: str, device: str, corpus_key: str) -> dict:
    return {}
