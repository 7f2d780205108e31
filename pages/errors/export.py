"""A file that is made on request, with progress, and then offered.

It waits in a folder of its own until another is made or the session ends. It knows nothing
about what is in it.

The view Take away: a table, a report, and tags and notes brought back.
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
from han_core.viz.report import MOST_DOCUMENTS, ReportScope, error_analysis_report
from pages.errors import cached_scores, import_annotations, reading, sentences
from pages.errors.context import ErrorsContext, switch
from pages.shared import cache
from pages.shared.wording import plain

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
        make: writes it to a path; may raise ``UserError``, which is shown.
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
    except UserError as error:
        st.error(plain(str(error)))
    else:
        st.session_state[held] = Made(key, folder, name, datetime.now().astimezone())
    finally:
        bar.empty()


def size(number: int) -> str:
    """ "1.2 MB" of so many bytes."""
    return f"{max(1, round(number / 1e3)):,} kB" if number < 1e6 else f"{number / 1e6:,.1f} MB"


def panel(bench: ErrorsContext) -> None:
    """The three of them, one under the other."""
    order = sort_rows(bench.store, bench.rows, _order(bench))
    st.subheader("A table", anchor=False)
    st.caption(sentences.EXPORT_TABLE)
    _table(bench, order)
    st.subheader("A report", anchor=False)
    st.caption(sentences.REPORT)
    _report(bench, order)
    st.subheader("Tags and notes brought back", anchor=False)
    st.caption(sentences.BACK)
    import_annotations.panel(bench)


def _order(bench: ErrorsContext):
    """The order of the table of documents, unless it is by a column of other data."""
    held = st.session_state.get("errors_order", STANDARD_ORDERS[0])
    there = {"id", *NUMBERS, *CLASSES, *bench.store.documents.columns}
    if bench.store.other is None:
        there.discard("other")
    return STANDARD_ORDERS[0] if isinstance(held, tuple) and held[0] not in there else held


def _table(bench: ErrorsContext, order: np.ndarray) -> None:
    kind = switch("Kind of file", sentences.KINDS, "taking_kind")

    def make(path: Path, progress: Progress) -> None:
        export_table(bench.store, order, cached_scores.notes(), path, kind, MOST_BYTES, progress)

    offer(
        "table", (*_what(bench, order), kind),
        f"Make a table of {counted(len(order), 'document')}",
        f"errors.{kind}", sentences.MIMES[kind], make,
    )  # fmt: skip
    with st.expander("Without a browser"):
        st.caption(sentences.LARGE.format(size=size(MOST_BYTES)))
        st.code(_command(bench, kind), language="bash", wrap_lines=True)


def _report(bench: ErrorsContext, order: np.ndarray) -> None:
    shown = _shown(bench, order, MOST_DOCUMENTS)

    def make(path: Path, progress: Progress) -> None:
        conditions = tuple(chip.words for chip in chips(bench.filter))
        part = ReportScope(bench.store, bench.rows, conditions, bench.marks)
        html = error_analysis_report(part, shown.tolist(), cached_scores.notes(), _model(bench))
        path.write_text(html, encoding="utf-8")

    offer(
        "report", (*_what(bench, order), zlib.crc32(shown.tobytes())),
        f"Make a report with {counted(len(shown), 'document')}", "errors.html", "text/html", make,
    )  # fmt: skip


def _shown(bench: ErrorsContext, order: np.ndarray, most: int) -> np.ndarray:
    """The rows of the report: those put aside, or the first of the table."""
    aside = np.array(reading.rows(bench), dtype=np.int64)
    if len(aside):
        ways = (sentences.CHOSEN, sentences.FIRST)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            way = st.segmented_control(
                "Documents of the report", ways, key="report_of", default=ways[0], required=True
            )
            st.button("Put none aside", key="collect_none", on_click=reading.clear, args=(bench,))
        if way == sentences.CHOSEN:
            return aside[:most]
    st.session_state.setdefault("report_first", 20)
    number = st.number_input(
        "How many of the table", 0, most, key="report_first", width=200, persist_state="session"
    )
    return order[: int(number)]


def _model(bench: ErrorsContext):
    if bench.checkpoint is None:
        return None
    folder = cache.checkpoints_root() / bench.checkpoint
    return cache.checkpoint_of(str(folder), cache.fingerprint(folder), bench.device)


def _what(bench: ErrorsContext, order: np.ndarray) -> tuple:
    """All that decides which documents a file holds, and what of them."""
    other = bench.store.other
    return (
        bench.store.scores.folder.name,
        other and other.folder.name,
        bench.filter,
        len(order),
        zlib.crc32(np.ascontiguousarray(order).tobytes()),
    )


def _command(bench: ErrorsContext, kind: str) -> str:
    """What writes the same table from a shell."""
    words = ["python", "-m", "han_core", "export"]
    words += ["--scores", bench.store.scores.folder.name[:12]]
    if bench.store.other is not None:
        words += ["--beside", bench.store.other.folder.name[:12]]
    if text := to_text(bench.filter):
        words += ["--filter", text]
    return shlex.join([*words, "--out", f"errors.{kind}"])
