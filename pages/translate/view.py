"""One sentence: its translation, the alignment, the evidence, and another translation."""

from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from han_core.explanation.translation import (
    SourceWordRemoval,
    coverage,
    decoder_steps,
    source_word_removal,
)
from han_core.models.beam_search import SearchSettings
from han_core.models.system_folder import SystemCheckpoint
from han_core.models.translate import Translation, continued, translate_texts
from han_core.models.translator import TranslatorConfig
from han_core.runtime.atomic_io import safe_name
from han_core.runtime.messages import mark, tr
from han_core.viz.alignment import (
    alignment_csv,
    alignment_page,
    alignment_view,
    attention_scale,
    drop_scale,
    translation_json,
)
from han_core.viz.colour_scale import Scale, scale_only
from han_core.viz.translation import (
    VERDICTS,
    alignment_error_sentence,
    coverage_sentences,
    forced_sentence,
    removal_rows,
    side_names,
    unit,
    unknown_sentence,
    verdict_sentence,
)
from pages.shared.components import draw_alignment, figure_export, hooked
from pages.shared.language import in_language
from pages.shared.page import is_stale, mark_drawn, plain, set_value, user_errors_shown
from pages.translate import choose

Shown = Literal["attention", "drops"]
SHOWN: dict[Shown, str] = {"attention": mark("Attention"), "drops": mark("Words taken out")}
BESIDE = 24  # source words whose table leaves room for the evidence
AT_ONCE = 250_000  # words × words × words that are measured without being asked for


def show(checkpoint: SystemCheckpoint, text: str, settings: SearchSettings) -> None:
    """Draw everything about one sentence.

    Raises:
        UserError: if it holds no word, or too many.
    """
    (translation,) = translate_texts(checkpoint, [text], settings=settings)
    if not translation.target:
        st.info(tr("The model ends before it says a word."))
        return
    with hooked("translation", key="translate_translation"):
        st.header(plain(translation.translation), anchor=False)
    if unknown := unknown_sentence(translation):
        st.caption(plain(unknown))
    removal = _removal(checkpoint, translation)
    if len(translation.source) <= BESIDE:
        left, right = st.columns([7, 5], gap="medium")
    else:  # a wide table
        left, right = st.container(), st.container()
    with left:
        _alignment(checkpoint, translation, settings, removal)
    with right:
        _evidence(checkpoint, translation, removal)
        _coverage(translation)
        with user_errors_shown():
            _other(checkpoint, translation, settings)
    _share(checkpoint, translation, removal)


def _alignment(
    checkpoint: SystemCheckpoint,
    translation: Translation,
    settings: SearchSettings,
    removal: SourceWordRemoval | None,
) -> None:
    """Draw both sentences, the decoder's steps and the table of target × source."""
    shown: Shown = "attention"
    if removal is not None:
        shown = st.segmented_control(
            tr("Colour by"),
            list(SHOWN),
            default="attention",
            format_func=lambda shown: tr(SHOWN[shown]),
            required=True,
            key="translate_shown",
            label_visibility="collapsed",
            help=tr("Attention, or what the probability of each word loses without a source word."),
        )
    if shown == "drops" and removal is not None:
        _draw(checkpoint, translation, settings, "own", removal)
    else:
        _draw(checkpoint, translation, settings, "own")


def _draw(
    checkpoint: SystemCheckpoint,
    translation: Translation,
    settings: SearchSettings,
    key: str,
    removal: SourceWordRemoval | None = None,
) -> None:
    """Draw a translation, coloured by attention, or by what taking words out does."""

    def go_on(step: int, candidate: int) -> None:
        word = decoder_steps(checkpoint, translation)[step][candidate].word
        if other := continued(checkpoint, translation, step, word, settings):
            set_value("translate_other", other)

    scale = attention_scale() if removal is None else drop_scale(removal)
    view = _view(checkpoint, translation, scale, removal)
    with st.container(key=f"translate_alignment_{key}"):
        draw_alignment(view, f"alignment_{key}", go_on)
        st.html(scale_only(scale))
    figure_export(f"translate_alignment_{key}", translation.text[:40])


def _view(
    checkpoint: SystemCheckpoint,
    translation: Translation,
    scale: Scale,
    removal: SourceWordRemoval | None = None,
) -> dict[str, Any]:
    config = checkpoint.config
    assert isinstance(config, TranslatorConfig)
    values = translation.alignment if removal is None else removal.drops
    totals = translation.alignment.sum(0) if removal is None else None
    steps = decoder_steps(checkpoint, translation)
    return alignment_view(translation, steps, values, scale, side_names(config), totals, True)


def _share(
    checkpoint: SystemCheckpoint, translation: Translation, removal: SourceWordRemoval | None
) -> None:
    """Draw the downloads; a file is made when it is asked for."""

    def page() -> bytes:
        scale, title = attention_scale(), f"{checkpoint.name}: {translation.translation}"
        return alignment_page(_view(checkpoint, translation, scale), scale, title).encode()

    files: dict[str, tuple[Callable[[], str | bytes], str, str]] = {
        tr("Page (HTML)"): (in_language(page), "html", "text/html"),
        tr("Words (CSV)"): (lambda: alignment_csv(translation, removal), "csv", "text/csv"),
        "JSON": (lambda: translation_json(translation, removal), "json", "application/json"),
    }
    name = safe_name(f"{checkpoint.name}-{translation.text[:40]}")
    with st.popover(tr("Share"), icon=":material/share:", key="translate_share"):
        with st.container(horizontal=True):
            for label, (make, ending, mime) in files.items():
                st.download_button(label, make, file_name=f"{name}.{ending}", mime=mime,
                                   on_click="ignore", key=f"translate_get_{ending}")  # fmt: skip
        if choose.write_address(checkpoint):
            st.caption(tr("The address of this page opens the same view."))
        else:
            st.caption(tr("The sentence is too long for a link."))


def _removal(checkpoint: SystemCheckpoint, translation: Translation) -> SourceWordRemoval | None:
    """What taking out source words does; None where it cannot be asked or has not been."""
    words = len(translation.source)
    if words < 2:
        return None
    if words * words * len(translation.target) > AT_ONCE and not st.button(
        tr("Measure what source words do"), key="translate_measure"
    ):
        return None
    return source_word_removal(checkpoint, translation)


def _evidence(
    checkpoint: SystemCheckpoint, translation: Translation, removal: SourceWordRemoval | None
) -> None:
    """Draw the verdict and what it rests on."""
    st.header(
        tr("Source words taken out"),
        anchor=False,
        help=tr(
            "The translation is kept, one source word is taken out at a time, and the model "
            "says again how likely each word of the translation is."
        ),
    )
    with hooked("verdict", key="translate_verdict"):
        if removal is None:
            st.markdown(tr("**Not measured.** It takes two source words or more."))
        else:
            assert isinstance(checkpoint.config, TranslatorConfig)
            sentence = verdict_sentence(removal, unit(checkpoint.config))
            st.markdown(
                tr(
                    "**{title}.** {sentence}",
                    title=tr(VERDICTS[removal.verdict]),
                    sentence=sentence,
                )
            )
    if error := alignment_error_sentence(checkpoint.metrics):
        st.caption(plain(error))
    if removal is not None:
        with st.expander(tr("Word by word"), key="translate_words"):
            st.dataframe(removal_rows(translation, removal), hide_index=True,
                         key="translate_table")  # fmt: skip
            st.caption(
                tr("Losses in points of probability; negative where the word becomes likelier.")
            )


def _coverage(translation: Translation) -> None:
    st.header(
        tr("Coverage"),
        anchor=False,
        help=tr(
            "The attention that a source word got in all, over the words of the translation. "
            "The last row of the table has the sums."
        ),
    )
    with st.container(key="translate_covered", gap=None):
        for sentence in coverage_sentences(translation, coverage(translation)):
            st.markdown(plain(sentence))


def _other(checkpoint: SystemCheckpoint, own: Translation, settings: SearchSettings) -> None:
    """Draw a translation that the user writes or begins by a candidate, as the model reads it."""
    is_stale("translate_other")
    st.header(
        tr("Another translation"),
        anchor=False,
        help=tr(
            "The model reads your translation and says how likely each word is, and to which "
            "source words it attends. Click a candidate of a step to let it go on from there."
        ),
    )
    st.text_input(tr("Your translation"), key="translate_other",
                  placeholder=own.translation, label_visibility="collapsed")  # fmt: skip
    mark_drawn("translate_other")
    typed = str(st.session_state["translate_other"]).strip()
    if not typed:
        return
    (other,) = translate_texts(checkpoint, [own.text], [typed])
    st.markdown(plain(forced_sentence(own, other)))
    _draw(checkpoint, other, settings, "other")
