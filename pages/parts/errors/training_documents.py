"""Which training documents a document is compared with: picked, and read in the background."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import cached, files, labelled, uploading
from pages.parts.errors import cached as kept
from pages.parts.errors import labels_saying, scored
from pages.parts.kept import carry
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.errors.kept.background import State
    from han_core.errors.kept.source import Source
    from han_core.errors.labels.training_set import TrainingSet
    from han_core.errors.labels.vectors import Note
    from pages.parts.errors.bench import Bench

PICKER, UPLOAD = "training_documents", "training_upload"
BUNDLED = ("bundled:classroom@train", "bundled:classroom/all@all")


def key(bench: "Bench", checkpoint: str) -> str | None:
    """The picker, and the key of the vectors of what it says; None while they are not there.

    Raises:
        WrongInput: if a file cannot be read.
    """
    from han_core.errors.labels.training_set import key_of, state

    notes = _kept(bench)
    sources = {data: _asked(bench, checkpoint, source) for data, source in
               _sources(checkpoint, bench).items()}  # fmt: skip
    chosen = _picked(checkpoint, notes, sources)
    if chosen in notes:
        return chosen
    asked = sources.get(chosen)
    if chosen == labelled.UPLOAD:
        sent = _upload()
        asked = None if sent is None else _asked(bench, checkpoint, sent)
    if asked is None:
        return None
    if found := key_of(asked):
        return found
    _wait(asked, state(asked))
    return None


def _kept(bench: "Bench") -> "dict[str, Note]":
    """What is kept for the checkpoint, by the keys."""
    from han_core.errors.labels.vectors import kept_vectors

    sha256 = bench.store.scores.manifest.checkpoint_sha256
    return {note.key: note for note in kept_vectors(sha256)}


def _picked(checkpoint: str, notes: "dict[str, Note]", sources: "dict[str, TrainingSet]") -> str:
    """A key among ``notes``, a name among ``sources``, or ``UPLOAD``."""
    from han_core.errors.labels.training_set import key_of

    names = {key: f"{note.data} ({note.rows:,} documents)" for key, note in notes.items()}
    read = {data: found for data, asked in sources.items() if (found := key_of(asked))}
    unread = [asked.source for data, asked in sources.items() if data not in read]
    names |= {source.data: _named(checkpoint, source) for source in unread}
    names[labelled.UPLOAD] = labelled.OWN[labelled.UPLOAD]
    held = st.session_state.get(PICKER, "")
    held = read.get(held, held)  # they have been read since they were chosen
    st.session_state[PICKER] = held if held in names else next(iter(names))
    carry(PICKER, next(iter(names)))
    return st.selectbox(
        "Training documents", list(names), key=PICKER, persist_state="session",
        format_func=lambda each: names.get(each, each), width=480,
    )  # fmt: skip


def _sources(checkpoint: str, bench: "Bench") -> "dict[str, Source]":
    """Documents that can be read here, by ``Source.data``; what the checkpoint names is first."""
    from han_core.errors.kept.source import source_of

    named = _trained_on(checkpoint)
    found = [named] if named is not None else []
    found += [source_of(spec) for spec in BUNDLED]
    for each in kept.kept_scores():
        if set(each.scores.manifest.classes) == set(bench.store.labels):
            found.append(each.origin.source)
    there: dict[str, Source] = {}
    for source in found:
        there.setdefault(source.data, source)
    return there


def _trained_on(checkpoint: str) -> "Source | None":
    from han_core.errors.labels.training_set import named_source
    from han_core.models.checkpoint import read_metrics

    return named_source(read_metrics(cached.checkpoints_root() / checkpoint))


def _named(checkpoint: str, source: "Source") -> str:
    if source == _trained_on(checkpoint):
        return f"What it was trained on: {source.name}"
    return labelled.BUNDLED.get(source.data, source.name)


def _upload() -> "Source | None":
    from han_core.errors.kept.source import source_of

    sent = uploading.upload(UPLOAD, "CSV, TSV, JSONL or Parquet, with texts and labels")
    if sent is None:
        return None
    columns = files.table(sent[1]).columns
    pickers = st.columns(2)
    with pickers[0]:
        text = _column("Column of the texts", columns, "text", 0)
    with pickers[1]:
        label = _column("Column of the labels", columns, "label", 1)
    return source_of(sent[1], text, label)


def _column(title: str, columns: tuple[str, ...], name: str, otherwise: int) -> str:
    key = f"training_{name}"
    if st.session_state.get(key) not in columns:
        st.session_state[key] = labelled.guessed_column(columns, name, otherwise)
    carry(key, columns[0])
    return st.selectbox(title, columns, key=key, persist_state="session")


def _asked(bench: "Bench", checkpoint: str, source: "Source") -> "TrainingSet":
    from han_core.errors.labels.training_set import TrainingSet

    folder = Path(cached.checkpoints_root() / checkpoint)
    sha256 = bench.store.scores.manifest.checkpoint_sha256
    return TrainingSet(folder, sha256, bench.device, source)


def _wait(asked: "TrainingSet", found: "State | None") -> None:
    """The button that begins the work, or how far it is."""
    from han_core.errors.labels.training_set import begin

    if found is not None and found.kind == "working":
        _progress(asked)
        return
    if found is not None:
        (st.error if found.kind == "failed" else st.info)(plain(found.text))
    st.button(
        "Read the training documents" if found is None else "Begin again",
        key="begin_vectors", on_click=begin, args=(asked,),
    )  # fmt: skip
    st.caption(labels_saying.NOT_YET)


@st.fragment(run_every=1.0)
def _progress(asked: "TrainingSet") -> None:
    from han_core.errors.labels.training_set import state, stop

    found = state(asked)
    if found is None or found.kind != "working":
        st.rerun()
    st.progress(found.share, scored.told(found))
    st.button("Stop", key="stop_vectors", on_click=stop, args=(asked,))
