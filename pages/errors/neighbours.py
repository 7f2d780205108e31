"""Which training documents a document is compared with: picked, and read in the background.

The training documents nearest to the one that is being read, with their labels.
"""

from pathlib import Path

import streamlit as st

from han_core.analysis.document_table import ScoredDocument
from han_core.analysis.embedding_cache import Note, list_vectors
from han_core.analysis.sources import Source, source_of
from han_core.analysis.training_documents import (
    Neighbours,
    TrainingSet,
    begin,
    named_source,
    neighbour_table,
    state,
    stop,
    vectors_key,
)
from han_core.models.checkpoint import read_metrics
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import State
from pages.errors import cached_scores, scoring, sentences
from pages.errors.context import ErrorsContext
from pages.shared import cache, data_picker, files
from pages.shared import files as uploading
from pages.shared.components import hooked
from pages.shared.page import restore_value
from pages.shared.wording import plain

PICKER, UPLOAD = "training_documents", "training_upload"
BUNDLED = ("bundled:classroom@train", "bundled:classroom/all@all")


def key(bench: ErrorsContext, checkpoint: str) -> str | None:
    """The picker, and the key of the vectors of what it says; None while they are not there.

    Raises:
        UserError: if a file cannot be read.
    """
    notes = _kept(bench)
    sources = {data: _asked(bench, checkpoint, source) for data, source in
               _sources(checkpoint, bench).items()}  # fmt: skip
    chosen = _picked(checkpoint, notes, sources)
    if chosen in notes:
        return chosen
    asked = sources.get(chosen)
    if chosen == data_picker.UPLOAD:
        sent = _upload()
        asked = None if sent is None else _asked(bench, checkpoint, sent)
    if asked is None:
        return None
    if found := vectors_key(asked):
        return found
    _wait(asked, state(asked))
    return None


def _kept(bench: ErrorsContext) -> dict[str, Note]:
    """What is kept for the checkpoint, by the keys."""
    sha256 = bench.store.scores.manifest.checkpoint_sha256
    return {note.key: note for note in list_vectors(sha256)}


def _picked(checkpoint: str, notes: dict[str, Note], sources: dict[str, TrainingSet]) -> str:
    """A key among ``notes``, a name among ``sources``, or ``UPLOAD``."""
    names = {key: f"{note.data} ({note.rows:,} documents)" for key, note in notes.items()}
    read = {data: found for data, asked in sources.items() if (found := vectors_key(asked))}
    unread = [asked.source for data, asked in sources.items() if data not in read]
    names |= {source.data: _named(checkpoint, source) for source in unread}
    names[data_picker.UPLOAD] = data_picker.OWN[data_picker.UPLOAD]
    held = st.session_state.get(PICKER, "")
    held = read.get(held, held)  # they have been read since they were chosen
    st.session_state[PICKER] = held if held in names else next(iter(names))
    restore_value(PICKER, next(iter(names)))
    return st.selectbox(
        "Training documents", list(names), key=PICKER, persist_state="session",
        format_func=lambda each: names.get(each, each), width=480,
    )  # fmt: skip


def _sources(checkpoint: str, bench: ErrorsContext) -> dict[str, Source]:
    """Documents that can be read here, by ``Source.data``; what the checkpoint names is first."""
    named = _trained_on(checkpoint)
    found = [named] if named is not None else []
    found += [source_of(spec) for spec in BUNDLED]
    for each in files.list_scores():
        if set(each.scores.manifest.classes) == set(bench.store.labels):
            found.append(each.origin.source)
    there: dict[str, Source] = {}
    for source in found:
        there.setdefault(source.data, source)
    return there


def _trained_on(checkpoint: str) -> Source | None:
    return named_source(read_metrics(cache.checkpoints_root() / checkpoint))


def _named(checkpoint: str, source: Source) -> str:
    if source == _trained_on(checkpoint):
        return f"What it was trained on: {source.name}"
    return data_picker.BUNDLED.get(source.data, source.name)


def _upload() -> Source | None:
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
        st.session_state[key] = data_picker.guessed_column(columns, name, otherwise)
    restore_value(key, columns[0])
    return st.selectbox(title, columns, key=key, persist_state="session")


def _asked(bench: ErrorsContext, checkpoint: str, source: Source) -> TrainingSet:
    folder = Path(cache.checkpoints_root() / checkpoint)
    sha256 = bench.store.scores.manifest.checkpoint_sha256
    return TrainingSet(folder, sha256, bench.device, source)


def _wait(asked: TrainingSet, found: State | None) -> None:
    """The button that begins the work, or how far it is."""
    if found is not None and found.kind == "working":
        _progress(asked)
        return
    if found is not None:
        (st.error if found.kind == "failed" else st.info)(plain(found.text))
    st.button(
        "Read the training documents" if found is None else "Begin again",
        key="begin_vectors", on_click=begin, args=(asked,),
    )  # fmt: skip
    st.caption(sentences.NOT_YET)


@st.fragment(run_every=1.0)
def _progress(asked: TrainingSet) -> None:
    found = state(asked)
    if found is None or found.kind != "working":
        st.rerun()
    st.progress(found.share, scoring.told(found))
    st.button("Stop", key="stop_vectors", on_click=stop, args=(asked,))


TABLE = "nearest_table"
LONGEST = 20_000  # characters of a training document that are shown


def beside(bench: ErrorsContext, read: ScoredDocument) -> None:
    """What is near the document, once the training documents were read."""
    # The inner container keeps the page's distances, which a hooked one has not.
    with hooked("nearest", key="nearest"), st.container():
        st.subheader("Nearest training documents", anchor=False)
        if bench.checkpoint is None:
            st.caption(sentences.TRAINING_GONE)
            return
        st.caption(sentences.NEAREST)
        try:
            vectors = key(bench, bench.checkpoint)
            if vectors is not None:
                _nearest(bench, bench.checkpoint, read, vectors)
        except UserError as error:  # of a file: the rest of the page goes on
            st.error(plain(str(error)))


def _nearest(bench: ErrorsContext, checkpoint: str, read: ScoredDocument, key: str) -> None:
    found = cached_scores.neighbours(checkpoint, bench.device, key, read.text)
    if found is None:
        st.info(sentences.LOST)
        return
    st.markdown(sentences.votes(found, read))
    if said := sentences.same_text(found, read):
        st.markdown(said)
    column = st.column_config
    event = st.dataframe(
        neighbour_table(found, read.true),
        # Another document has other neighbours, and no row of them is chosen.
        key=f"{TABLE}_{read.content}", hide_index=True, on_select="rerun",
        selection_mode="single-row", alt="Nearest training documents",
        column_config={
            "similarity": column.NumberColumn(format="%.3f", width="small"),
            "differs": column.CheckboxColumn("other label", width="small"),
            "same_text": column.CheckboxColumn("same text", width="small"),
            "excerpt": column.TextColumn("text", width="large"),
        },
    )  # fmt: skip
    if rows := event["selection"]["rows"]:
        _whole(found, rows[0])


def _whole(found: Neighbours, row: int) -> None:
    """The text of a training document."""
    if row < len(found.found):
        document = found.found[row].document
        with st.container(border=True, height=240):
            st.markdown(f"**{plain(document.id)}**, labelled **{plain(document.label)}**")
            st.markdown(plain(document.text[:LONGEST]))
