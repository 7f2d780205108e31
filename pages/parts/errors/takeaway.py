"""The view Take away: a table, a report, and tags and notes brought back."""

import shlex
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from han_core.corpora.wording import counted
from pages.parts import cached as models
from pages.parts import loaded
from pages.parts.errors import bringing_back, cached, collected, made, taking_saying
from pages.parts.errors.switch import switch

if TYPE_CHECKING:
    from pages.parts.errors.bench import Bench


def panel(bench: "Bench") -> None:
    """The three of them, one under the other."""
    from han_core.errors.asked.table import ordered

    order = ordered(bench.store, bench.rows, _order(bench))
    st.subheader("A table", anchor=False)
    st.caption(taking_saying.TABLE)
    _table(bench, order)
    st.subheader("A report", anchor=False)
    st.caption(taking_saying.REPORT)
    _report(bench, order)
    st.subheader("Tags and notes brought back", anchor=False)
    st.caption(taking_saying.BACK)
    bringing_back.panel(bench)


def _order(bench: "Bench"):
    """The order of the table of documents, unless it is by a column of other data."""
    from han_core.errors.asked.ordering import CLASSES, NUMBERS
    from han_core.errors.asked.table import USUAL

    held = st.session_state.get("errors_order", USUAL[0])
    there = {"id", *NUMBERS, *CLASSES, *bench.store.documents.columns}
    if bench.store.other is None:
        there.discard("other")
    return USUAL[0] if isinstance(held, tuple) and held[0] not in there else held


def _table(bench: "Bench", order: np.ndarray) -> None:
    from han_core.errors.taken.export import export_table

    kind = switch("Kind of file", taking_saying.KINDS, "taking_kind")

    def make(path: Path, progress: made.Progress) -> None:
        export_table(bench.store, order, cached.notes(), path, kind, made.MOST_BYTES, progress)

    made.offer(
        "table", (*_what(bench, order), kind),
        f"Make a table of {counted(len(order), 'document')}",
        f"errors.{kind}", taking_saying.MIMES[kind], make,
    )  # fmt: skip
    with st.expander("Without a browser"):
        st.caption(taking_saying.LARGE.format(size=made.size(made.MOST_BYTES)))
        st.code(_command(bench, kind), language="bash", wrap_lines=True)


def _report(bench: "Bench", order: np.ndarray) -> None:
    from han_core.errors.asked.filter import chips
    from han_core.sharing.report import MOST_DOCUMENTS, Part, report_page

    shown = _shown(bench, order, MOST_DOCUMENTS)

    def make(path: Path, progress: made.Progress) -> None:
        conditions = tuple(chip.words for chip in chips(bench.filter))
        part = Part(bench.store, bench.rows, conditions, bench.marks)
        html = report_page(part, shown.tolist(), cached.notes(), _model(bench))
        path.write_text(html, encoding="utf-8")

    made.offer(
        "report", (*_what(bench, order), zlib.crc32(shown.tobytes())),
        f"Make a report with {counted(len(shown), 'document')}", "errors.html", "text/html", make,
    )  # fmt: skip


def _shown(bench: "Bench", order: np.ndarray, most: int) -> np.ndarray:
    """The rows of the report: those put aside, or the first of the table."""
    aside = np.array(collected.rows(bench), dtype=np.int64)
    if len(aside):
        ways = (taking_saying.CHOSEN, taking_saying.FIRST)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            way = st.segmented_control(
                "Documents of the report", ways, key="report_of", default=ways[0], required=True
            )
            st.button("Put none aside", key="collect_none", on_click=collected.clear, args=(bench,))
        if way == taking_saying.CHOSEN:
            return aside[:most]
    st.session_state.setdefault("report_first", 20)
    number = st.number_input(
        "How many of the table", 0, most, key="report_first", width=200, persist_state="session"
    )
    return order[: int(number)]


def _model(bench: "Bench"):
    if bench.checkpoint is None:
        return None
    folder = models.checkpoints_root() / bench.checkpoint
    return loaded.checkpoint_of(str(folder), models.fingerprint(folder), bench.device)


def _what(bench: "Bench", order: np.ndarray) -> tuple:
    """All that decides which documents a file holds, and what of them."""
    other = bench.store.other
    return (
        bench.store.scores.folder.name,
        other and other.folder.name,
        bench.filter,
        len(order),
        zlib.crc32(np.ascontiguousarray(order).tobytes()),
    )


def _command(bench: "Bench", kind: str) -> str:
    """What writes the same table from a shell."""
    from han_core.errors.asked.filter_link import to_text

    words = ["python", "-m", "han_core", "export"]
    words += ["--scores", bench.store.scores.folder.name[:12]]
    if bench.store.other is not None:
        words += ["--beside", bench.store.other.folder.name[:12]]
    if text := to_text(bench.filter):
        words += ["--filter", text]
    return shlex.join([*words, "--out", f"errors.{kind}"])
