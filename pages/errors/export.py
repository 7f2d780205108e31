"""The view Export: a table, a report, and the import of tags and notes.

A file is made on request, with progress, and then offered for download. It lies in a temporary
folder until another one is made or the session ends.
"""

import shlex
import tempfile
import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from han_core.analysis.export import export_table
from han_core.analysis.filters import chips, to_text
from han_core.analysis.query import CLASSES, NUMBERS, STANDARD_ORDERS, sort_rows
from han_core.runtime.errors import UserError, counted
from han_core.runtime.messages import tr
from han_core.viz.report import MOST_DOCUMENTS, ReportScope, error_analysis_report
from pages.errors import cached_scores, import_annotations, reading, sentences
from pages.errors.context import ErrorsContext, progress_bar, switch
from pages.shared import cache
from pages.shared.wording import plain

MOST_BYTES = 100 * 2**20
"""Largest file for a browser: during the download it is in the server's memory."""

Progress = Callable[[int, int], None]


class Download(NamedTuple):
    """A file that can be downloaded.

    Attributes:
        key: everything that the file depends on; under another key it is not offered.
        folder: deleted when the last reference to it goes.
    """

    key: tuple
    folder: tempfile.TemporaryDirectory
    name: str
    at: datetime

    @property
    def path(self) -> Path:
        return Path(self.folder.name) / self.name


def download(
    slot: str,
    key: tuple,
    label: str,
    name: str,
    mime: str,
    make: Callable[[Path, Progress], object],
    disabled: bool = False,
) -> None:
    """Draw a button that makes the file, and then one that downloads it.

    Args:
        slot: unique on the page; the buttons' keys are ``make_`` and ``save_`` with it.
        key: everything that the file depends on.
        make: writes it to a path; may raise ``UserError``, which is shown.
    """
    state_key = f"made_{slot}"
    bar = st.container(horizontal=True, vertical_alignment="center")
    if bar.button(label, key=f"make_{slot}", disabled=disabled):
        st.session_state.pop(state_key, None)  # no two files at once
        _make(state_key, key, name, make)
    made: Download | None = st.session_state.get(state_key)
    if made is not None and made.key == key and made.path.exists():
        bar.download_button(
            tr(
                "Download {name} ({size})",
                name=plain(made.name),
                size=size(made.path.stat().st_size),
            ),
            made.path.read_bytes,
            file_name=made.name,
            mime=mime,
            on_click="ignore",
            type="primary",
            key=f"save_{slot}",
        )
        bar.caption(tr("Created at {time}.", time=f"{made.at:%H:%M:%S}"))


def _make(state_key: str, key: tuple, name: str, make: Callable[[Path, Progress], object]) -> None:
    folder = tempfile.TemporaryDirectory(prefix="hanscope-made-", ignore_cleanup_errors=True)
    try:
        with progress_bar(tr("Written:")) as progress:
            make(Path(folder.name) / name, progress)
    except UserError as error:
        st.error(plain(str(error)))
    else:
        st.session_state[state_key] = Download(key, folder, name, datetime.now().astimezone())


def size(number: int) -> str:
    """Return a number of bytes as "1.2 MB"."""
    return f"{max(1, round(number / 1e3)):,} kB" if number < 1e6 else f"{number / 1e6:,.1f} MB"


def panel(errors: ErrorsContext) -> None:
    """Draw the table, the report and the import."""
    order = sort_rows(errors.store, errors.rows, _order(errors))
    st.header(tr("Table"), anchor=False)
    st.caption(tr(sentences.EXPORT_TABLE))
    _table(errors, order)
    st.header(tr("Report"), anchor=False)
    st.caption(tr(sentences.EXPORT_REPORT))
    _report(errors, order)
    st.header(tr("Import tags and notes"), anchor=False)
    st.caption(tr(sentences.IMPORT))
    import_annotations.panel(errors)


def _order(errors: ErrorsContext):
    """The order of the view Documents, unless it is by a column of other data."""
    order = st.session_state.get("errors_order", STANDARD_ORDERS[0])
    columns = {"id", *NUMBERS, *CLASSES, *errors.store.documents.columns}
    if errors.store.other is None:
        columns.discard("other")
    return STANDARD_ORDERS[0] if isinstance(order, tuple) and order[0] not in columns else order


def _table(errors: ErrorsContext, order: np.ndarray) -> None:
    kind = switch(tr("File format"), sentences.KINDS, "taking_kind")

    def make(path: Path, progress: Progress) -> None:
        export_table(errors.store, order, cached_scores.notes(), path, kind, MOST_BYTES, progress)

    download(
        "table", (*_selection_key(errors, order), kind),
        tr("Create a table of {documents}", documents=counted(len(order), "document")),
        f"errors.{kind}", sentences.MIMES[kind], make,
    )  # fmt: skip
    with st.expander(tr("On the command line")):
        st.caption(tr(sentences.LARGE, size=size(MOST_BYTES)))
        st.code(_command(errors, kind), language="bash", wrap_lines=True)


def _report(errors: ErrorsContext, order: np.ndarray) -> None:
    shown = _shown(errors, order, MOST_DOCUMENTS)

    def make(path: Path, progress: Progress) -> None:
        conditions = tuple(chip.words for chip in chips(errors.filter))
        scope = ReportScope(errors.store, errors.rows, conditions, errors.marks)
        database, model = cached_scores.notes(), _model(errors)
        html = error_analysis_report(scope, shown.tolist(), database, model)
        path.write_text(html, encoding="utf-8")

    download(
        "report", (*_selection_key(errors, order), zlib.crc32(shown.tobytes())),
        tr("Create a report with {documents}", documents=counted(len(shown), "document")),
        "errors.html", "text/html", make,
    )  # fmt: skip


def _shown(errors: ErrorsContext, order: np.ndarray, most: int) -> np.ndarray:
    """The rows of the report: those collected while reading, or the first of the table."""
    collected = np.array(reading.collected_rows(errors), dtype=np.int64)
    if len(collected):
        options = (sentences.COLLECTED, sentences.FIRST)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.segmented_control(
                tr("Documents of the report"), options, key="report_of", default=options[0],
                format_func=tr,                required=True,
            )  # fmt: skip
            st.button(
                tr("Remove all"),
                key="collect_none",
                on_click=reading.clear_collected,
                args=(errors,),
            )
        if chosen == sentences.COLLECTED:
            return collected[:most]
    st.session_state.setdefault("report_first", 20)
    number = st.number_input(
        tr("Number of documents"), 0, most, key="report_first", width=200, persist_state="session"
    )
    return order[: int(number)]


def _model(errors: ErrorsContext):
    if errors.checkpoint is None:
        return None
    return cache.checkpoint_of(*cache.folder_of(errors.checkpoint), errors.device)


def _selection_key(errors: ErrorsContext, order: np.ndarray) -> tuple:
    """Everything that decides which documents a file has."""
    other = errors.store.other
    return (
        errors.store.scores.folder.name,
        other and other.folder.name,
        errors.filter,
        len(order),
        zlib.crc32(np.ascontiguousarray(order).tobytes()),
    )


def _command(errors: ErrorsContext, kind: str) -> str:
    """The command that writes the same table."""
    words = ["python", "-m", "han_core", "export"]
    words += ["--scores", errors.store.scores.folder.name[:12]]
    if errors.store.other is not None:
        words += ["--beside", errors.store.other.folder.name[:12]]
    if text := to_text(errors.filter):
        words += ["--filter", text]
    return shlex.join([*words, "--out", f"errors.{kind}"])
