"""One document: its words and its picture with attention, the prediction, and the evidence."""

from typing import Literal

import numpy as np
import streamlit as st

from han_core.explanation.pictures import (
    PictureExplanation,
    deletion_evidence,
    explain_documents,
    grad_cam,
)
from han_core.models.picture_predict import config_of, picture_tokenizer
from han_core.models.system_folder import SystemCheckpoint
from han_core.runtime.messages import mark, tr
from han_core.text.edits import removed_runs
from han_core.viz import colour_scale
from han_core.viz.colour_scale import reading_scale
from han_core.viz.heatmap import Colour, heatmap
from han_core.viz.pictures import (
    contribution_rows,
    evidence_rows,
    modality_sentence,
    picture_view,
    prediction_line,
    verdict_sentences,
)
from pages.pictures.choose import Chosen
from pages.pictures.what_if import Changed, changed, take_patch, take_word
from pages.shared.components import draw, draw_picture, figure_export, hooked
from pages.shared.page import plain

Shown = Literal["attention", "grad_cam"]
SHOWN: dict[Shown, str] = {"attention": mark("Attention"), "grad_cam": "Grad-CAM"}
FIGURES = {"text": mark("Figures for words"), "image": mark("Figures for patches")}
MEASURES: dict[Shown, str] = {"attention": mark("attention"), "grad_cam": mark("sum of Grad-CAM")}


def show(checkpoint: SystemCheckpoint, chosen: Chosen) -> None:
    """Draw everything about one document.

    Raises:
        UserError: if no word would stay, or the model gives no numbers.
    """
    change = changed(checkpoint, chosen)
    before, now = explain_documents(checkpoint, [change.before, change.now], ["1", "2"])
    left, right = st.columns([7, 5], gap="medium")
    with left:
        if change.now.words is not None:
            _words(checkpoint, change, now)
        if change.now.picture is not None:
            _picture(checkpoint, change, now)
    with right:
        _prediction(chosen, change, before, now)
        _contributions(now)
        _evidence(checkpoint, change, now)


def _words(checkpoint: SystemCheckpoint, change: Changed, now: PictureExplanation) -> None:
    """Draw the text; a click takes a word out."""
    tokenizer = picture_tokenizer(config_of(checkpoint).text)
    colour = Colour(now.text.weights("document"), reading_scale([now.text], "document"))
    out = [
        (run.before, run.text, str(run.edit))
        for run in removed_runs(change.before.text, change.edited)
    ]
    with st.container(key="pictures_words", gap="small"):
        st.html(colour_scale.scale_only(colour.scale))
        draw(
            heatmap(now.text, colour, out=out),
            "pictures_heatmap",
            lambda act: take_word(act, change.before.text, change.edited, tokenizer),
        )
    seen = colour_scale.seen_line(now.text)
    st.caption(tr("{seen} Click a word to take it out.", seen=seen))
    figure_export("pictures_words", "words")


def _picture(checkpoint: SystemCheckpoint, change: Changed, now: PictureExplanation) -> None:
    """Draw the picture; a click makes a patch white."""
    assert change.now.picture is not None
    assert now.patches is not None
    shown: Shown = st.segmented_control(
        tr("Colour patches by"),
        list(SHOWN),
        default="attention",
        format_func=lambda shown: tr(SHOWN[shown]),
        required=True,
        key="pictures_shown",
        help=tr(
            "Attention over patches, or Grad-CAM (Selvaraju et al. 2017): how much a patch's "
            "state raises the score of the predicted class. The two often disagree."
        ),
    )
    values = now.patches if shown == "attention" else grad_cam(checkpoint, change.now)
    with st.container(key="pictures_picture"):
        view = picture_view(change.now.picture, values, tr(MEASURES[shown]), change.white)
        draw_picture(view, "pictures_map", take_patch)
    st.caption(_caption(values))
    figure_export("pictures_picture", "picture")


def _caption(values: np.ndarray) -> str:
    if not values.any():
        return tr("Grad-CAM is 0 everywhere: no patch raises the score of the predicted class.")
    return tr("Click a patch to make it white, and again to bring it back.")


def _prediction(
    chosen: Chosen, change: Changed, before: PictureExplanation, now: PictureExplanation
) -> None:
    st.header(tr("Prediction"), anchor=False)
    with hooked("prediction", key="pictures_prediction"):
        line = prediction_line(now)
        if change.is_changed:
            line = f"{prediction_line(before)} → {line}"
        st.markdown(f"**{plain(line)}**")
    if chosen.label:
        st.caption(tr("The file says: {label}", label=plain(chosen.label)))


def _contributions(now: PictureExplanation) -> None:
    """Draw what each part says without the other."""
    st.header(
        tr("What each side adds"),
        anchor=False,
        help=tr(
            "The same model reads the text without the picture, and the picture without the "
            "text. Bars show the probability of the class that it predicts with both."
        ),
    )
    st.html(contribution_rows(now))
    st.markdown(plain(modality_sentence(now)))


def _evidence(checkpoint: SystemCheckpoint, change: Changed, now: PictureExplanation) -> None:
    """Draw the verdicts on words and patches, and what they rest on."""
    st.header(
        tr("Deletion test"),
        anchor=False,
        help=tr(
            "The tenth of the words, or of the patches, with most attention is taken out: "
            "words are left out, patches become white. Others, as many, are taken out beside "
            "it; of patches only those that are not white."
        ),
    )
    evidence = deletion_evidence(checkpoint, change.now, now)
    for part, deletion in evidence.items():
        title, sentence = verdict_sentences(part, deletion)
        with hooked(f"verdict-{part}", key=f"pictures_verdict_{part}"):
            st.markdown(tr("**{title}.** {sentence}", title=title, sentence=sentence))
        with st.expander(tr(FIGURES[part]), key=f"pictures_figures_{part}"):
            st.table(evidence_rows(part, deletion))
    if not evidence:
        st.markdown(tr("There is only one word, and nothing in the picture, to take out."))
