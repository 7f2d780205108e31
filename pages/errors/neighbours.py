"""Documents like the one that is being read, with their labels.

The reader picks among which: training documents, the open data set itself, others that were
scored. The model reads them once, in the background.
"""

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
from han_core.runtime.errors import UserError, counted
from han_core.runtime.jobs import JobState
from han_core.runtime.messages import mark, tr, trn
from pages.errors import cached_scores, scoring_queue, sentences
from pages.errors.context import ErrorsContext
from pages.shared import cache, data_picker
from pages.shared.components import hooked
from pages.shared.page import restore_value
from pages.shared.wording import plain

PICKER, UPLOAD, TABLE = "training_documents", "training_upload", "nearest_table"
OPEN = mark("This data set")
BUNDLED = ("bundled:classroom@train", "bundled:classroom/all@all")
LONGEST = 20_000  # characters of a training document that are shown


def panel(errors: ErrorsContext, document: ScoredDocument) -> None:
    """Draw the picker of the training documents, and the nearest once they were read."""
    # The inner container keeps the page's distances, which a hooked one does not.
    with hooked("nearest", key="nearest"), st.container():
        if errors.checkpoint is None:
            st.caption(tr(sentences.NO_NEIGHBOURS))
            return
        st.caption(tr(sentences.NEAREST))
        try:
            key = _vectors_key(errors, errors.checkpoint)
            if key is not None:
                _nearest(errors, errors.checkpoint, document, key)
        except UserError as error:  # of a file: the rest of the page goes on
            st.error(plain(str(error)))


def _vectors_key(errors: ErrorsContext, checkpoint: str) -> str | None:
    """The picker, and the key of the vectors of its documents; None before they were read."""
    sha256 = errors.store.scores.manifest.checkpoint_sha256
    read = {note.key: _read_name(note, errors.data) for note in list_vectors(sha256)}
    requests = {
        data: _training_set(errors, checkpoint, source)
        for data, source in _sources(checkpoint, errors).items()
    }
    names = {data: _source_name(checkpoint, errors, each.source) for data, each in requests.items()}
    chosen = _picked(names, read, requests)
    if chosen in read:
        return chosen
    request = requests.get(chosen)
    if chosen == data_picker.UPLOAD and (source := _upload()) is not None:
        request = _training_set(errors, checkpoint, source)
    if request is None:
        return None
    if key := vectors_key(request):
        return key
    _read(request, state(request))
    return None


def _read_name(note: Note, data: str) -> str:
    name = tr(OPEN) if note.data_sha256 == data else note.data
    return f"{name} ({counted(note.rows, 'document')})"


def _picked(titles: dict[str, str], read: dict[str, str], requests: dict[str, TrainingSet]) -> str:
    """A key among ``read``, a name among ``requests``, or ``UPLOAD``."""
    keys = {data: key for data, request in requests.items() if (key := vectors_key(request))}
    names = read | {data: title for data, title in titles.items() if data not in keys}
    names[data_picker.UPLOAD] = tr(data_picker.OWN[data_picker.UPLOAD])
    chosen = st.session_state.get(PICKER, "")
    chosen = keys.get(chosen, chosen)  # they were read since they were chosen
    st.session_state[PICKER] = chosen if chosen in names else next(iter(names))
    restore_value(PICKER, next(iter(names)))
    return st.selectbox(
        tr("Among"), list(names), key=PICKER, persist_state="session",
        format_func=lambda each: names.get(each, each), width=480,
    )  # fmt: skip


def _sources(checkpoint: str, errors: ErrorsContext) -> dict[str, Source]:
    """Documents that can be read, by ``Source.data``; what the checkpoint names is first."""
    named = [_trained_on(checkpoint), _open(errors)]
    sources = [each for each in named if each is not None]
    sources += [source_of(spec) for spec in BUNDLED]
    sources += [
        each.origin.source
        for each in data_picker.list_scores()
        if set(each.scores.manifest.classes) == set(errors.store.labels)
    ]
    by_data: dict[str, Source] = {}
    for source in sources:
        by_data.setdefault(source.data, source)
    return by_data


def _trained_on(checkpoint: str) -> Source | None:
    return named_source(read_metrics(cache.checkpoints_root() / checkpoint))


def _open(errors: ErrorsContext) -> Source | None:
    """The open data set, where it can be read again."""
    of_data = [
        each.origin.source
        for each in data_picker.list_scores()
        if each.scores.manifest.data_sha256 == errors.data
    ]
    return of_data[0] if of_data else None


def _source_name(checkpoint: str, errors: ErrorsContext, source: Source) -> str:
    if source == _trained_on(checkpoint):
        return tr("What it was trained on: {name}", name=source.name)
    if source == _open(errors):
        return tr("This data set: {name}", name=source.name)
    return tr(data_picker.BUNDLED.get(source.data, source.name))


def _upload() -> Source | None:
    upload = data_picker.upload(UPLOAD, tr("CSV, TSV, JSONL or Parquet, with texts and labels"))
    if upload is None:
        return None
    columns = data_picker.table(upload[1]).columns
    pickers = st.columns(2)
    with pickers[0]:
        text = _column(tr("Column of the texts"), columns, "text", 0)
    with pickers[1]:
        label = _column(tr("Column of the labels"), columns, "label", 1)
    return source_of(upload[1], text, label)


def _column(title: str, columns: tuple[str, ...], name: str, otherwise: int) -> str:
    key = f"training_{name}"
    if st.session_state.get(key) not in columns:
        st.session_state[key] = data_picker.guessed_column(columns, name, otherwise)
    restore_value(key, columns[0])
    return st.selectbox(title, columns, key=key, persist_state="session")


def _training_set(errors: ErrorsContext, checkpoint: str, source: Source) -> TrainingSet:
    sha256 = errors.store.scores.manifest.checkpoint_sha256
    return TrainingSet(cache.checkpoints_root() / checkpoint, sha256, errors.device, source)


def _read(request: TrainingSet, progress: JobState | None) -> None:
    """The button that starts reading, or how far it is."""
    if progress is not None and progress.kind == "working":
        _progress(request)
        return
    if progress is not None:
        (st.error if progress.kind == "failed" else st.info)(plain(progress.text))
    st.button(
        tr("Read these documents") if progress is None else tr("Start again"),
        key="begin_vectors", on_click=begin, args=(request,),
    )  # fmt: skip
    st.caption(tr(sentences.READ_TRAINING))


@st.fragment(run_every=1.0)
def _progress(request: TrainingSet) -> None:
    progress = state(request)
    if progress is None or progress.kind != "working":
        st.rerun()
    st.progress(progress.share, scoring_queue.progress_line(progress))
    st.button(tr("Stop"), key="stop_vectors", on_click=stop, args=(request,))


def _nearest(errors: ErrorsContext, checkpoint: str, document: ScoredDocument, key: str) -> None:
    is_open = any(
        note.key == key and note.data_sha256 == errors.data
        for note in list_vectors(errors.store.scores.manifest.checkpoint_sha256)
    )
    nearest = cached_scores.neighbours(
        checkpoint, errors.device, key, document.text, document.row if is_open else None
    )
    if nearest is None:
        st.info(tr(sentences.VECTORS_DELETED))
        return
    st.markdown(votes_line(nearest, document))
    if line := same_text_line(nearest, document):
        st.markdown(line)
    column = st.column_config
    event = st.dataframe(
        neighbour_table(nearest, document.true),
        # Another document has other neighbours, and no row of them is selected.
        key=f"{TABLE}_{document.content}", hide_index=True, on_select="rerun",
        selection_mode="single-row", alt=tr("Documents like this one"),
        column_config={
            "similarity": column.NumberColumn(tr("similarity"), format="%.3f", width="small"),
            "label": tr("label"),
            "differs": column.CheckboxColumn(tr("other label"), width="small"),
            "same_text": column.CheckboxColumn(tr("same text"), width="small"),
            "id": tr("id"),
            "excerpt": column.TextColumn(tr("text"), width="large"),
        },
    )  # fmt: skip
    if rows := event["selection"]["rows"]:
        _text(nearest, rows[0])


def votes_line(nearest: Neighbours, document: ScoredDocument) -> str:
    """Return how the nearest other texts are labelled, compared with label and prediction."""
    number = sum(nearest.votes.values())
    if not number:
        return tr("There is no other text among these documents.")
    counts = [f"{count} **{plain(label)}**" for label, count in nearest.votes.items()]
    classes = tr(", ").join(counts[:5])
    if beyond := counts[5:]:
        classes = tr("{classes} and {count} more classes", classes=classes, count=len(beyond))
    same = nearest.votes.get(document.true, 0)
    if document.right:
        return tr(
            "Of the {number} nearest, {classes}: {same} of {number} have this document's label.",
            number=number, classes=classes, same=same,
        )  # fmt: skip
    return tr(
        "Of the {number} nearest, {classes}: {same} of {number} have this document's label, "
        "{predicted} the predicted class.",
        number=number,
        classes=classes,
        same=same,
        predicted=nearest.votes.get(document.predicted, 0),
    )


def same_text_line(nearest: Neighbours, document: ScoredDocument) -> str:
    """Return how exact copies are labelled among the documents; "" if there is none."""
    labels = nearest.labels_of_same_text
    if not labels:
        return ""
    number = sum(one.same_text for one in nearest.documents)
    named = tr(" and ").join(plain(label) for label in labels)
    if set(labels) == {document.true}:
        return trn(
            "An exact copy of this text is among these documents, labelled **{labels}** too.",
            "{count} exact copies are among these documents, labelled **{labels}** too.",
            number, labels=named,
        )  # fmt: skip
    return trn(
        "⚠ An exact copy of this text is among these documents, labelled **{labels}**.",
        "⚠ {count} exact copies are among these documents, labelled **{labels}**.",
        number, labels=named,
    )  # fmt: skip


def _text(nearest: Neighbours, row: int) -> None:
    """The text of a training document."""
    if row < len(nearest.documents):
        document = nearest.documents[row].document
        with st.container(border=True, height=240):
            st.markdown(
                tr(
                    "**{id}**, labelled **{label}**",
                    id=plain(document.id),
                    label=plain(document.label),
                )
            )
            st.markdown(plain(document.text[:LONGEST]))
