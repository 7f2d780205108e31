"""A data set through a model: opened where it was scored before, else scored, with progress.

Few documents are scored at once; for more a process of its own is begun, which goes on when
the page is closed.
"""

import time
from pathlib import Path

import streamlit as st

from han_core.analysis.score_cache import CachedScores, delete_scores, request_folder
from han_core.analysis.score_cache import open_scores as by_key
from han_core.analysis.scoring_job import start_scoring
from han_core.analysis.sources import FileStatus, Scores, Source
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import State, look, stop
from pages.errors import cached_scores, context
from pages.shared import cache, controls, data_picker, files
from pages.shared.wording import plain

GONE = "gone:"
"""Stands before the key of scores whose checkpoint is no longer there."""


def checkpoint(source: str) -> str:
    """The picker; ``GONE`` with a key where only scores of these documents are kept.

    Raises:
        UserError: if there is none to choose from.
    """
    there = data_picker.kept_of(source)
    present = (
        {cached_scores.checkpoint_sha256(name) for name in cache.listings()} if there else set()
    )
    return controls.checkpoint({
        GONE + each.key: f"{each.scores.manifest.checkpoint} · gone, its scores are kept"
        for each in there
        if each.scores.manifest.checkpoint_sha256 not in present
    })  # fmt: skip


def present(checkpoint: str) -> str | None:
    """The name of a checkpoint that can be asked more; None if only its scores are kept."""
    return None if checkpoint.startswith(GONE) else checkpoint


def scored(checkpoint: str, device: str, source: Source, beside: bool = False) -> Scores | None:
    """The scores once they are whole; None while another process makes them.

    Args:
        checkpoint: what its picker says.
        beside: of a second model; what is to say of the documents was said of the first.

    Raises:
        UserError: as scoring does, or if scores or checkpoint cannot be read.
    """
    found = _kept(checkpoint, source)
    standing = cached_scores.standing(source)
    if standing in ("changed", "gone"):
        if not beside or found is None:
            _say_changed(source, standing, checkpoint, found)
        if found is None:
            return None
    found = found or _here_or_apart(checkpoint, device, source)
    if found is not None and not beside:
        _say_of(found, checkpoint)
    return None if found is None else found.scores


def _say_of(found: CachedScores, checkpoint: str) -> None:
    """What there is to know of scores before they are read."""
    if present(checkpoint) is None:
        st.warning(
            f"The checkpoint {plain(found.scores.manifest.checkpoint)} is gone. Its scores are "
            "kept and can be read, coded and taken away; it can score nothing more."
        )
    for note in found.origin.notes:
        st.caption(plain(note))


def origin(scores: Scores) -> None:
    """The popover that says where scores come from, and the way to be rid of them."""
    with st.popover("Scores", icon=":material/info:", key="about_scores"):
        found = by_key(scores.folder.name)
        for line in about(found) if found else ():
            st.markdown(line)
        key = scores.folder.name
        st.button("Delete them", key="forget_scores", on_click=_forget, args=(key,))
        st.caption("They are made anew when somebody asks for them again.")


def about(found: CachedScores) -> list[str]:
    """Where scores come from, in lines of Markdown."""
    manifest, origin = found.scores.manifest, found.origin
    when = time.strftime("%d %B %Y, %H:%M", time.localtime(origin.at))
    figures = "" if origin.accuracy is None else f", accuracy {origin.accuracy:.1%}"
    return [
        f"**{plain(manifest.checkpoint)}** on **{plain(origin.source.name)}**: "
        f"{manifest.rows:,} documents{figures}",
        f"Scored {when}, {found.size / 1e6:,.1f} MB beside the documents.",
    ]


def _forget(key: str) -> None:
    try:
        delete_scores(key)
    except UserError as error:
        context.say(str(error))
    files.forget_scores()


def _kept(checkpoint: str, source: Source) -> CachedScores | None:
    if present(checkpoint):
        return cached_scores.find(checkpoint, source)
    found = by_key(checkpoint.removeprefix(GONE))
    if found is None:
        raise UserError("These scores are not kept any more.")
    return found


def _say_changed(
    source: Source, standing: FileStatus, checkpoint: str, found: CachedScores | None
) -> None:
    """Says that the file is another by now, and offers to score it as it is."""
    what = "has changed since it was scored" if standing == "changed" else "is no longer there"
    shown = "What is shown is of the file as it was."
    if found is None:
        shown = f"{plain(checkpoint)} did not score it as it was."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(f"The file {plain(source.name)} {what}. {shown}")
        if standing == "changed":
            st.button(
                "Score it anew", key=f"score_anew_{checkpoint}",
                on_click=data_picker.take_anew, args=(source,),
            )  # fmt: skip


def _here_or_apart(checkpoint: str, device: str, source: Source) -> CachedScores | None:
    work = request_folder(source, cached_scores.checkpoint_sha256(checkpoint))
    state = look(work)
    if state is not None and state.kind in ("failed", "stopped"):
        _ended(state, checkpoint, device, source)
        return None
    if state is None or state.kind == "done":  # of scores that were deleted
        corpus = cached_scores.corpus(source)
        if corpus is not None:
            return _at_once(checkpoint, device, corpus, source)
        _begin(checkpoint, device, source)
    _under_way(work, checkpoint)
    return None


def _at_once(checkpoint: str, device: str, corpus, source: Source) -> CachedScores:
    bar = st.empty()

    def progress(done: int, of: int) -> None:
        bar.progress(done / of, f"Scored {done:,} of {of:,} documents")

    try:
        return cached_scores.keep_here(checkpoint, device, corpus, source, progress)
    finally:
        bar.empty()


def _begin(checkpoint: str, device: str, source: Source) -> None:
    start_scoring(cache.checkpoints_root() / checkpoint, device, source)


def _under_way(work: Path, checkpoint: str) -> None:
    """Progress, drawn anew by itself until the other process has ended."""

    def part() -> None:
        state = look(work)
        if state is None or state.kind != "working":
            files.forget_scores()
            st.rerun()
        st.progress(state.share, f"{plain(checkpoint)}: {told(state)}")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Stop", key=f"score_stop_{checkpoint}", on_click=stop, args=(work,))
            st.caption("This goes on when the page is closed; what is scored stays.")

    st.fragment(part, run_every=1.0)()


def told(state: State) -> str:
    """How far scoring is, in words."""
    if not state.of:
        return f"{plain(state.text)} …"
    left = "" if state.seconds_left is None else f", about {_duration(state.seconds_left)} left"
    return f"{plain(state.text)} {state.done:,} of {state.of:,} documents{left}"


def _duration(seconds: float) -> str:
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(1, seconds):.0f} seconds"


def _ended(state: State, checkpoint: str, device: str, source: Source) -> None:
    """Why it ended early, and the way to begin again."""
    if state.kind == "failed":
        st.error(plain(state.text))
    else:
        done = f" at {state.done:,} of {state.of:,} documents" if state.of else ""
        st.info(f"Scoring was stopped{done}; what is scored stays.")
    st.button(
        f"Score by {plain(checkpoint)}", key=f"score_again_{checkpoint}",
        on_click=_begin, args=(checkpoint, device, source),
    )  # fmt: skip
