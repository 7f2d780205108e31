"""The queue of scorings as its visitors see it: how far each one is, whose it is, and its end."""

import hashlib
import time
from pathlib import Path
from threading import Thread

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from han_core.analysis.scoring.queue import (
    QueuedScoring,
    claim,
    mark_present,
    scoring_queue,
    visitor_of,
)
from han_core.runtime.jobs import JobState, job_state, stop_job
from han_core.runtime.messages import mark, tr
from pages.shared.wording import plain

SIGN_SECONDS = 5.0  # between two signs that a visitor is still there
HELP = mark(
    "One data set is scored at a time. What waits leaves the queue a minute after "
    "its visitor has closed the page; what is being scored goes on to its end."
)


def attend(work: Path) -> bool:
    """Ask for the scoring in ``work`` in the visitor's name; return whether it is theirs.

    While their browser is connected, a thread says so until scoring ends.
    """
    session = _session_id()
    visitor = _visitor(session)
    was_theirs = visitor_of(work) == visitor
    if not claim(work, visitor):
        return False
    if not was_theirs:
        Thread(target=_stay, args=(work, session, visitor), daemon=True).start()
    return True


def _stay(work: Path, session: str, visitor: str) -> None:
    while (state := job_state(work)) is not None and state.kind == "working":
        if visitor_of(work) != visitor:
            return
        if not runtime.exists() or runtime.get_instance().is_active_session(session):
            mark_present(work)
        time.sleep(SIGN_SECONDS)


def _session_id() -> str:
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""


def _visitor(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()


def show_own() -> None:
    """Draw the queue, again every second, while the visitor has something in it."""
    visitor = _visitor(_session_id())
    if not any(one.visitor == visitor for one in scoring_queue()):
        return

    def panel() -> None:
        queue = scoring_queue()
        if not any(one.visitor == visitor for one in queue):
            st.rerun()
        show(queue)

    st.fragment(panel, run_every=1.0)()


def show(queue: list[QueuedScoring], shown: Path | None = None) -> None:
    """Draw what is scored and what waits, with a button to end what is the visitor's own.

    Args:
        shown: folder of the request that has a button elsewhere.
    """
    visitor = _visitor(_session_id())
    with st.container(border=True, key="scoring_queue"):
        st.markdown(tr("**Scoring queue** ({count:,})", count=len(queue)), help=tr(HELP))
        for number, one in enumerate(queue):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(queue_line(one, one.visitor == visitor))
                if one.visitor == visitor and one.folder != shown:
                    st.button(
                        tr("Remove") if one.is_waiting else tr("Stop"), key=f"queue_stop_{number}",
                        on_click=stop_job, args=(one.folder,),
                    )  # fmt: skip


def queue_line(one: QueuedScoring, own: bool) -> str:
    """Return file, model, how far it is, since when, and whose, as Markdown."""
    progress = tr("waiting") if one.is_waiting else progress_line(one.state)
    asked = duration(max(2.0, time.time() - one.since))
    return tr(
        "**{source}** with **{checkpoint}**: {progress} · asked for {time} ago · {whose}",
        source=plain(one.source),
        checkpoint=plain(one.checkpoint),
        progress=progress,
        time=asked,
        whose=tr("yours") if own else tr("another visitor's"),
    )


def progress_line(state: JobState) -> str:
    """Return how far a job is and how long it will take, as Markdown."""
    if not state.of:
        return f"{plain(tr(state.text))} …"
    done = tr("{step} {done:,} of {of:,} documents",
              step=plain(tr(state.text)), done=state.done, of=state.of)  # fmt: skip
    if state.seconds_left is None:
        return done
    return tr("{done}, about {time} left", done=done, time=duration(state.seconds_left))


def duration(seconds: float) -> str:
    """Return seconds in a rough unit: "2 hours"."""
    if seconds >= 2 * 3600:
        return tr("{number:.0f} hours", number=seconds / 3600)
    if seconds >= 2 * 60:
        return tr("{number:.0f} minutes", number=seconds / 60)
    return tr("{number:.0f} seconds", number=max(1, seconds))
