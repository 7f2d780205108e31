"""The scores of a data set by a checkpoint: opened where they are stored, else computed.

A few documents are scored at once. Of more there is a preview first, and a button. For many a
process of its own starts, which goes on when the page is closed.
"""

import time
from pathlib import Path

import streamlit as st

from han_core.analysis.score_cache import (
    CachedScores,
    delete_scores,
    open_scores,
    request_folder,
)
from han_core.analysis.scoring import queue
from han_core.analysis.scoring.preview import ScoringPreview
from han_core.analysis.scoring.run import start_scoring
from han_core.analysis.sources import FileStatus, Scores, Source
from han_core.data.corpus import Corpus
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import JobState, job_state, stop_job
from han_core.runtime.messages import tr
from pages.errors import cached_scores, score_request, scoring_queue
from pages.errors.context import attempt, progress_bar, warn_later
from pages.shared import cache, controls, data_picker
from pages.shared.wording import plain

GONE = "gone:"
"""Prefix of the key of scores whose checkpoint was deleted."""


def checkpoint_picker(source: str) -> str:
    """Draw the picker; where only scores are left, the value is ``GONE`` with their key.

    Raises:
        UserError: if there is no checkpoint.
    """
    score_request.apply_fitting()
    stored = data_picker.kept_of(source)
    present = {cached_scores.checkpoint_sha256(name) for name in cache.listings() if stored}
    return controls.checkpoint({
        GONE + each.key: tr("{checkpoint} (deleted, its scores are kept)",
                             checkpoint=each.scores.manifest.checkpoint)
        for each in stored
        if each.scores.manifest.checkpoint_sha256 not in present
    })  # fmt: skip


def choose_checkpoint() -> None:
    """Choose a checkpoint that scored the documents of the picker before, the last one first."""
    source, names = st.session_state["source"], cache.listings()
    if not source.startswith(data_picker.KEPT):
        return
    scored_by = []
    for each in data_picker.kept_of(source):
        sha256 = each.scores.manifest.checkpoint_sha256
        present = [name for name in names if cached_scores.checkpoint_sha256(name) == sha256]
        scored_by += present or [GONE + each.key]
    if scored_by and st.session_state.get("checkpoint") not in scored_by:
        st.session_state["checkpoint"] = scored_by[0]


def present(checkpoint: str) -> str | None:
    """Return the name of a checkpoint that exists; None if only its scores are left."""
    return None if checkpoint.startswith(GONE) else checkpoint


def scored(checkpoint: str, device: str, source: Source, second: bool = False) -> Scores | None:
    """Return the scores once they are complete; None while another process computes them.

    Args:
        checkpoint: value of its picker.
        second: whether it is the second model; notices on the documents are shown for the first.

    Raises:
        UserError: as scoring does, or if scores or checkpoint cannot be read.
    """
    stored = _stored(checkpoint, source)
    if stored is not None and not second:
        score_request.mark_matched(source)
        scoring_queue.show_own()
    status = cached_scores.file_status(source)
    if status in ("changed", "gone"):
        if not second or stored is None:
            _show_changed(source, status, checkpoint, stored)
        if stored is None:
            return None
    picker = "beside" if second else "checkpoint"
    stored = stored or _score(checkpoint, device, source, picker)
    if stored is not None and not second:
        _show_notices(stored, checkpoint)
    return None if stored is None else stored.scores


def _stored(checkpoint: str, source: Source) -> CachedScores | None:
    if present(checkpoint):
        return cached_scores.find_scores(checkpoint, source)
    stored = open_scores(checkpoint.removeprefix(GONE))
    if stored is None:
        raise UserError(tr("These scores were deleted; choose other documents or a checkpoint."))
    return stored


def _show_notices(stored: CachedScores, checkpoint: str) -> None:
    if present(checkpoint) is None:
        st.warning(
            tr(
                "The checkpoint {checkpoint} was deleted. You can still read, annotate and "
                "export its scores, but it can score no more documents.",
                checkpoint=plain(stored.scores.manifest.checkpoint),
            )
        )
    for note in stored.origin.notes:
        st.caption(plain(note))


def _show_changed(
    source: Source, status: FileStatus, checkpoint: str, stored: CachedScores | None
) -> None:
    """Say that the file is not the one that was scored, and offer to score it as it is now."""
    if status == "changed":
        what = tr("The file {name} has changed since it was scored.", name=plain(source.name))
    else:
        what = tr("The file {name} no longer exists.", name=plain(source.name))
    shown = tr("You see the file as it was then.")
    if stored is None:
        shown = tr("{checkpoint} has no scores of the file as it was then.",
                   checkpoint=plain(checkpoint))  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(tr("{first} {second}", first=what, second=shown))
        if status == "changed":
            st.button(
                tr("Score the new version"), key=f"score_anew_{checkpoint}",
                on_click=data_picker.take_anew, args=(source,),
            )  # fmt: skip


def _score(checkpoint: str, device: str, source: Source, picker: str) -> CachedScores | None:
    """Preview the documents, and score them once that is asked for."""
    work = request_folder(source, cached_scores.checkpoint_sha256(checkpoint))
    state = job_state(work)
    if state is None or state.kind == "done":  # of scores that were deleted
        documents = score_request.preview(source)
        if documents is not None and _is_mismatch(documents, source, checkpoint, picker):
            return None
        if not score_request.is_asked_for(source, documents, work):
            score_request.panel(documents, source, checkpoint, work, picker)
            return None
        corpus = cached_scores.corpus(source)
        stored = None if corpus is None else _score_here(checkpoint, device, corpus, source)
        score_request.forget(work)
        if stored is not None:
            return stored
        _start(checkpoint, device, source)
    elif state.kind in ("failed", "stopped"):
        if labels := state.answer.get("labels"):
            score_request.offer_fitting(state.text, labels, picker)
        else:
            _show_end(state, checkpoint, device, source)
        return None
    _show_progress(work, checkpoint)
    return None


def _is_mismatch(documents: ScoringPreview, source: Source, checkpoint: str, picker: str) -> bool:
    """Choose a checkpoint that fits, or say why the labels are not those of this one's classes."""
    if picker == "checkpoint":
        score_request.choose_fitting(source, list(documents.classes), checkpoint)
    error = score_request.mismatch(documents, checkpoint)
    if error is not None:
        score_request.offer_fitting(str(error), error.details["labels"], picker)
    return error is not None


def _score_here(checkpoint: str, device: str, corpus: Corpus, source: Source) -> CachedScores:
    with progress_bar(tr("Scored")) as progress:
        return cached_scores.score_in_process(checkpoint, device, corpus, source, progress)


def _start(checkpoint: str, device: str, source: Source) -> None:
    start_scoring(cache.checkpoints_root() / checkpoint, device, source)
    scoring_queue.attend(request_folder(source, cached_scores.checkpoint_sha256(checkpoint)))


def _show_progress(work: Path, checkpoint: str) -> None:
    """Progress and the queue, drawn again every second until the other process has ended."""

    def panel() -> None:
        state = job_state(work)
        if state is None or state.kind != "working":
            data_picker.forget_scores()
            st.rerun()
        st.progress(state.share, f"{plain(checkpoint)}: {scoring_queue.progress_line(state)}")
        if scoring_queue.attend(work):
            st.button(tr("Stop"), key=f"score_stop_{checkpoint}", on_click=stop_job, args=(work,))
        scoring_queue.show(queue.scoring_queue(), work)

    st.fragment(panel, run_every=1.0)()


def _show_end(state: JobState, checkpoint: str, device: str, source: Source) -> None:
    """Why scoring ended early, and a button that starts it again."""
    if state.kind == "failed":
        st.error(plain(state.text))
    else:
        st.info(stopped_line(state))
    st.button(
        tr("Score with {checkpoint}", checkpoint=plain(checkpoint)),
        key=f"score_again_{checkpoint}",
        on_click=_start, args=(checkpoint, device, source),
    )  # fmt: skip


def stopped_line(state: JobState) -> str:
    """Return how far scoring had come when it was stopped."""
    if not state.of:
        return tr("Scoring was stopped; scores so far are kept.")
    return tr(
        "Scoring was stopped at {done:,} of {of:,} documents; scores so far are kept.",
        done=state.done, of=state.of,
    )  # fmt: skip


def scores_popover(scores: Scores) -> None:
    """Draw the popover that says where the scores come from, with a button to delete them."""
    key = scores.folder.name
    with st.popover(tr("Scores"), icon=":material/info:", key="about_scores"):
        if stored := open_scores(key):
            st.markdown("\n\n".join(origin_lines(stored)))
        st.button(tr("Delete these scores"), key="forget_scores", on_click=_delete, args=(key,))
        st.caption(tr("Documents are scored again when somebody opens them again."))


def origin_lines(stored: CachedScores) -> list[str]:
    """Return which model scored which documents, when, and the size, as lines of Markdown."""
    manifest, origin = stored.scores.manifest, stored.origin
    when = time.strftime(tr("%d %B %Y, %H:%M"), time.localtime(origin.at))
    parts = [
        tr("**{checkpoint}** on **{source}**: {rows:,} documents",
           checkpoint=plain(manifest.checkpoint), source=plain(origin.source.name),
           rows=manifest.rows),
    ]  # fmt: skip
    if origin.accuracy is not None:
        parts.append(tr("accuracy {accuracy:.1%}", accuracy=origin.accuracy))
    return [
        tr(", ").join(parts),
        tr("Scored {when}; {size:,.1f} MB in addition to the documents.", when=when,
           size=stored.size / 1e6),
    ]  # fmt: skip


def _delete(key: str) -> None:
    attempt(lambda: delete_scores(key), warn_later)
    data_picker.forget_scores()
