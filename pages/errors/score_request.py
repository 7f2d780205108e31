"""What is shown before documents are scored: their preview, the label match, and the button.

A checkpoint whose classes fit is chosen once for each choice of documents; from then on the
choice is the reader's.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from han_core.analysis.scoring.preview import (
    ScoringPreview,
    label_match,
    preview_corpus,
    preview_table,
)
from han_core.analysis.sources import Source
from han_core.data.labels import LabelsError, fitting_classes
from han_core.runtime.errors import joined
from han_core.runtime.messages import mark, tr, trn
from pages.errors import cached_scores
from pages.shared import cache, data_picker
from pages.shared.page import set_value
from pages.shared.wording import plain

AT_ONCE = 300  # documents up to which nobody is asked
MOST_OFFERED = 6  # checkpoints with a button
ASKED, MATCHED, WANTED = "scoring_asked", "scoring_matched", "scoring_checkpoint"
MATCH_HELP = mark("The class of the model that each label of the file means.")


def preview(source: Source) -> ScoringPreview | None:
    """Return a preview of the documents; None for data of the hub, which are not here yet.

    Raises:
        UserError: if the file cannot be read.
    """
    if source.path is None:
        return None
    if source.size is not None and source.size <= cached_scores.PROCESS_BYTES:
        return preview_corpus(cached_scores.read_corpus(source))
    table = data_picker.table(source.data)
    return preview_table(table, source.text_column, source.label_column)


def is_asked_for(source: Source, documents: ScoringPreview | None, work: Path) -> bool:
    """Return whether to begin: the button was pressed, or the documents are few or bundled."""
    if work.name in st.session_state.get(ASKED, ()):
        return True
    few = documents is not None and documents.documents <= AT_ONCE
    return few or source.data.startswith("bundled:")


def panel(
    documents: ScoringPreview | None, source: Source, checkpoint: str, work: Path, picker: str
) -> None:
    """Draw the preview of the documents, for the first model, and the button that begins."""
    with st.container(border=True, key=f"score_request_{picker}"):
        if documents is not None and picker == "checkpoint":
            _show_preview(documents, cache.listings()[checkpoint].classes)
        st.button(
            button_label(documents, source, checkpoint), key=f"score_start_{picker}",
            type="primary", on_click=_ask, args=(work.name,),
        )  # fmt: skip


def button_label(documents: ScoringPreview | None, source: Source, checkpoint: str) -> str:
    """Return "Score 600 documents with han-imdb", as Markdown."""
    if documents is None:
        name = plain(source.name)
        return tr("Score {name} with {checkpoint}", name=name, checkpoint=plain(checkpoint))
    return tr(
        "Score {number:,} documents with {checkpoint}",
        number=documents.documents, checkpoint=plain(checkpoint),
    )  # fmt: skip


def _show_preview(documents: ScoringPreview, names: Sequence[str]) -> None:
    classes = len(documents.classes)
    numbers = trn(
        "{documents:,} documents, {count:,} class", "{documents:,} documents, {count:,} classes",
        classes, documents=documents.documents,
    )  # fmt: skip
    st.markdown(f"**{numbers}**", help=tr(MATCH_HELP))
    grid = st.grid(2, min_column_width=300)
    with grid.cell():
        st.dataframe(
            label_match(documents.classes, names), hide_index=True, key="score_labels",
            height=38 + 35 * min(6, classes), alt=tr("Labels of the file and classes of the model"),
            column_config={
                "label": tr("label"),
                "documents": tr("documents"),
                "class": tr("class of the model"),
            },
        )  # fmt: skip
    with grid.cell():
        st.dataframe(
            pd.DataFrame(documents.first, columns=["label", "text"]), hide_index=True,
            key="score_texts", alt=tr("First documents of the file"),
            column_config={
                "label": tr("label"),
                "text": st.column_config.TextColumn(tr("first texts"), width="large"),
            },
        )  # fmt: skip


def _ask(work: str) -> None:
    st.session_state[ASKED] = {*st.session_state.get(ASKED, ()), work}


def forget(work: Path) -> None:
    """Ask again before the same is scored another time."""
    st.session_state[ASKED] = {*st.session_state.get(ASKED, ())} - {work.name}


def apply_fitting() -> None:
    """Set the picker of the checkpoint, drawn next, to the one that was found to fit."""
    if WANTED in st.session_state:
        name, sentence = st.session_state.pop(WANTED)
        set_value("checkpoint", name)
        st.toast(plain(sentence), duration="long")


def mark_matched(source: Source) -> None:
    """Note that the checkpoint was chosen for these documents, so that it stays."""
    st.session_state[MATCHED] = (source.data, source.label_column)


def choose_fitting(source: Source, labels: Sequence[str], checkpoint: str) -> None:
    """Choose a checkpoint whose classes fit, and draw the page again, if this one's do not."""
    if st.session_state.get(MATCHED) == (source.data, source.label_column):
        return
    mark_matched(source)
    names = fitting_checkpoints(labels)
    if names and checkpoint not in names:
        sentence = tr(
            "{checkpoint} does not have the classes of {source}; {other} was chosen.",
            checkpoint=checkpoint, source=source.name, other=names[0],
        )  # fmt: skip
        st.session_state[WANTED] = names[0], sentence
        st.rerun()


def fitting_checkpoints(labels: Sequence[str]) -> list[str]:
    """Return names of checkpoints that the labels can be matched with, best ones first."""
    return fitting_classes(labels, {name: one.classes for name, one in cache.listings().items()})


def offer_fitting(problem: str, labels: Sequence[str], picker: str) -> None:
    """Say which checkpoints have classes that fit, with a button for each."""
    names = fitting_checkpoints(labels)
    if picker == "beside":
        names = [name for name in names if name != st.session_state["checkpoint"]]
    st.error(plain(tr("{first} {second}", first=problem, second=fitting_line(names))))
    with st.container(horizontal=True, key=f"fits_{picker}"):
        for number, name in enumerate(names[:MOST_OFFERED]):
            st.button(
                tr("Use {name}", name=plain(name)), key=f"fits_{picker}_{number}",
                on_click=st.session_state.update, args=({picker: name},),
            )  # fmt: skip


def fitting_line(names: Sequence[str]) -> str:
    """Return which checkpoints can score the documents."""
    if not names:
        return tr("No model here has classes that fit; train one on the page Train.")
    more = len(names) - MOST_OFFERED
    beyond = [tr("{more:,} more", more=more)] if more > 0 else []
    return trn(
        "The classes of this model fit: {names}.", "The classes of these models fit: {names}.",
        len(names), names=joined([*names[:MOST_OFFERED], *beyond]),
    )  # fmt: skip


def mismatch(documents: ScoringPreview, checkpoint: str) -> LabelsError | None:
    """Return why the labels do not say which classes of the checkpoint they mean, or None."""
    try:
        label_match(documents.classes, cache.listings()[checkpoint].classes)
    except LabelsError as error:
        return error
    return None
